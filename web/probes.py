"""What operators and their machines ask: is the process alive, is it ready, and the figures for Prometheus.

No answer here holds personal data; figures are read from the store at the moment of asking, so that any number of
processes tells the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from math import inf
from shutil import disk_usage

from flask import Blueprint, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from desk.staff.rekeying import BACKUP
from desk.upkeep import expiring
from desk.upkeep.guard import failing
from desk.upkeep.sweeps import HEARTBEAT
from desk.upkeep.watch import drifted
from store import conservation, lanes, marks, overseeing, pausing, people, reading, tallies
from store.chains import moved, verifications
from store.copies import journal as journals
from store.copies.again import FORGOTTEN
from store.copies.journal import Journal
from store.errors import StoreError
from store.port import Tx
from store.telling import bulletins
from store.uploads import uncleared
from web.answers import shown
from web.api.operations import Operation, operation
from web.errors import Problem
from web.wiring import House, house

probes = Blueprint("operation", __name__)
PROBE = "web.probe"
UNKNOWN = "unknown"  # settles by itself
LONGEST_SILENCE = timedelta(seconds=150)


@probes.get("/healthz")
@operation(Operation("Is the process alive", {200: "yes"}))
def healthz() -> Response:
    """The process answers."""
    return shown({"status": "ok"})


@probes.get("/readyz")
@operation(Operation("Is the store writable and the dispatcher beating", {200: "yes"}, refuses=(503,)))
def readyz() -> Response:
    """The store takes a write, and a dispatcher (this process's own, else any) gave a sign of life. A scanner that is
    away stops nothing but what waits for it, so it is told and no reason to send people elsewhere."""
    now = house().clock.now()
    beat = _probe(now)
    if house().database.cipher.retired:
        raise Problem(503, "outdated", "本机加密用的密钥已经销毁，请换上现在的密钥文件后重新启动")
    if house().desk.rests:
        raise Problem(503, "outdated", f"本机的程序比数据旧（{house().desk.behind}），请升级后再启动")
    own = house().dispatcher
    beating = own.alive() if own is not None else beat is not None and now - beat <= LONGEST_SILENCE
    if not beating:
        raise Problem(503, "not_ready", "派发还没有开始或已停止，请稍后再试", headers={"Retry-After": "5"})
    return shown({"status": "ready", "look": _to_look_at(now)})


def _to_look_at(now: datetime) -> list[str]:
    """What a person should look at though it keeps nobody out: no balancer may take us away for it."""
    with house().database.read() as tx:
        walked, scans = verifications.standing(tx), uncleared.figures(tx)
        lacking, waits = marks.get(tx, FORGOTTEN), _for_somebody(tx, now)
        unwritten = journals.lags(tx, Journal(house().settings.journal_file), now)
    unseen = not (house().parts.scanner.name or house().settings.demonstrates)
    behind, missing, silent = house().desk.behind, house().parts.unconnected, house().parts.sources.resting()
    found = {**waits, f"有办件由更新的版本办理过（{behind}），这里打不开，请升级程序": bool(behind),
             "审计链对不上，请在审计日志页看第一处，并查清": walked.failed,
             f"超过 {verifications.OLD.days} 天没有核对审计链，请运行 flask verify": walked.overdue(now),
             "删除记录(YJS_JOURNAL)读不出来或有一行已损坏，恢复备份时会用不了，原因见日志": not house().journal_whole,
             "有删除或注销没有写进删除记录(YJS_JOURNAL)，原因见日志，请照着处理": unwritten,
             "数据里没有删除记录里的一些操作：如果退回过以前的数据，请停下服务后运行 flask redo；没有退回过的，"
             "请查是不是克隆的机器在写同一份删除记录，分开以后运行 flask redo --none": lacking is not None,
             "没有设置病毒扫描程序(YJS_SCANNER)，上传的文件没有查毒": unseen,
             missing: bool(missing),
             f"证照和数据来源没有应答，暂时改由办事人上传：{'、'.join(silent)}": bool(silent),
             f"有 {scans.waiting} 个文件在等病毒检查，请看扫描程序是否在运行(flask scans)": scans.waiting > 0,
             f"有 {scans.infected} 个文件查出病毒、已经停用，请逐个查看(flask scans)，处理后登记(flask scans seen)":
                 scans.infected > 0}
    return [says for says, holds in found.items() if holds]


def _for_somebody(tx: Tx, now: datetime) -> dict[str, bool]:
    """What goes on only once somebody does something, each with what that is and whether it is so."""
    wrong, strange = sum(conservation.counts(tx).values()), reading.strange(tx, now)
    held = sum(n for state, n in reading.held(tx).items() if state != UNKNOWN)
    rests, faults = len(lanes.resting(tx, now)), "、".join(one.part for one in failing(tx, now))
    return {f"有 {wrong} 处不符合必须成立的规则，请留一份备份并看 flask legs": wrong > 0,
            "服务暂停着：什么都不派发，部门的回告也不收；不该再停的请运行 flask resume": pausing.paused(tx) is not None,
            f"有 {held} 条消息没有送到、等人处理，请看原因(flask legs)": held > 0,
            f"有 {rests} 个单位因为对方系统的应答暂时停送，请看原因(flask legs)": rests > 0,
            f"定时做的事有做不成的（{faults}），请看“运行概况”": bool(faults),
            f"有 {strange} 个异常回告要处理(flask quarantine list)": strange > 0}


def _probe(now: datetime) -> datetime | None:
    """Write a mark and read a dispatcher's last one; raises a 503 problem when the store cannot."""
    try:
        house().database.write(lambda tx: marks.put(tx, PROBE, now.isoformat(), now))
        with house().database.read() as tx:
            found = marks.get(tx, HEARTBEAT)
    except StoreError as error:
        raise Problem(503, "not_ready", "数据库暂时不能写入，请稍后再试", headers={"Retry-After": "5"}) from error
    return found.at if found else None


@probes.get("/metrics")
@operation(Operation("Figures in Prometheus' text form", {200: "the figures"}))
def metrics() -> Response:
    """The figures of this moment."""
    now, home = house().clock.now(), house()
    with home.database.read() as tx:
        kept = {**_kept(tx, now), "legs_undelivered": tallies.undelivered(tx, home.deployment.bodies),
                **_ages(tx, now), **_news(tx, now), **_scans(tx, now), **_here(home, now)}
        shown_now = _Figures(reading.figures(tx, now), kept, now)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(shown_now)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


KEPT: Mapping[str, str] = {
    "paused": "1 while nothing leaves and no notice is taken",
    "legs": "all legs, by state",
    "legs_undelivered": "granted and not delivered by an office that is not in the list, by office",
    "legs_stalled": "legs that have stood still for too long, and what was granted and not handed over, by state",
    "cases": "all cases, by bundle and whether they are open",
    "breaches": "what must hold of cases and does not, by rule; anything above 0 is an alarm",
    "counter_drift": "counters that the last daily recount found wrong; anything above 0 is an alarm",
    "cases_unlooked": "cases that moved and were not looked at for news yet",
    "bulletins_waiting": "messages for applicants that wait for the message gateway",
    "bulletins_oldest_seconds": "how long the oldest of them is overdue",
    "bulletins_troubled": "messages for applicants that need somebody, by state; anything above 0 is an alarm",
    "scans_waiting": "files that wait for the virus scanner, and nothing that names them leaves",
    "scans_oldest_seconds": "how long the oldest of them waits",
    "scans_infected": "files in which something was found after they were kept, and that no operator has seen to",
    "sweep_seconds": "how long ago a dispatcher last did what is due by time",
    "sweep_faults": "1 for a part of what is due by time that failed when it was last done; alarm",
    "verify_seconds": "how long ago all chains were last walked (flask verify); +Inf if never",
    "verify_failed": "1 once a walk found a chain that does not hold, until a later one as wide finds nothing; alarm",
    "backup_seconds": "how long ago the last good backup began; +Inf if there was none since the start or a restore",
    "outdated": "1 for a process that has met what only a newer version knows and must be upgraded",
    "writes_waiting": "callers of this process that wait to write",
    "sources_resting": "sources that this process leaves alone because they do not answer",
    "disk_free_bytes": "what is left on the disk of this host's data folder",
    "certificate_days": "for how many days the certificates are good with which this process reaches an office",
    "token_days": "for how many days the tokens of programs are good, by id",
    "calendar_days": "for how many days from now the days off are known and announced",
}


def _kept(tx: Tx, now: datetime) -> dict[str, float | Mapping[str, float]]:
    """The figures that stand ready in the store, whatever is in it."""
    return {"paused": float(pausing.paused(tx) is not None), "legs": tallies.by_state(tx),
            "legs_stalled": overseeing.stalled_by_state(tx, now),
            "cases": tallies.by_bundle(tx), "breaches": conservation.counts(tx), "counter_drift": drifted(tx),
            "sweep_faults": {one.part: 1.0 for one in failing(tx, now)},
            "token_days": {one.of: one.days(now) for one in expiring.tokens(people.tokens(tx), now)}}


def _news(tx: Tx, now: datetime) -> dict[str, float | Mapping[str, float]]:
    """What applicants are still to be told, here or through the gateway."""
    found = bulletins.figures(tx)
    overdue = (now - found.due_since).total_seconds() if found.due_since else 0.0
    return {"cases_unlooked": float(moved.count(tx)), "bulletins_waiting": float(found.waiting),
            "bulletins_oldest_seconds": max(0.0, overdue), "bulletins_troubled": found.troubled}


def _scans(tx: Tx, now: datetime) -> dict[str, float]:
    """What waits for the virus scanner."""
    found = uncleared.figures(tx)
    waits = (now - found.since).total_seconds() if found.since else 0.0
    return {"scans_waiting": float(found.waiting), "scans_oldest_seconds": max(0.0, waits),
            "scans_infected": float(found.infected)}


def _ages(tx: Tx, now: datetime) -> dict[str, float]:
    """How long ago what must happen again and again was last done."""
    found = {name: marks.get(tx, mark) for name, mark in (("sweep_seconds", HEARTBEAT), ("backup_seconds", BACKUP))}
    walked = verifications.standing(tx)
    ages = {name: mark.at if mark else None for name, mark in found.items()} | {
        "verify_seconds": walked.last.at if walked.last else None}
    return {"verify_failed": float(walked.failed),
            **{name: max(0.0, (now - at).total_seconds()) if at else inf for name, at in ages.items()}}


def _here(home: House, now: datetime) -> dict[str, float | Mapping[str, float]]:
    """What only this process and this host know."""
    today, calendar = now.astimezone(home.settings.zone).date(), home.catalog.calendar
    year = today.year
    while year in calendar and not calendar[year].provisional:
        year += 1
    return {"outdated": float(bool(home.desk.behind)), "writes_waiting": float(home.database.waiting()),
            "sources_resting": float(len(home.parts.sources.resting())),
            "disk_free_bytes": float(disk_usage(home.settings.data).free),
            "certificate_days": {f"{one.of}:{one.what}": one.days(now) for one in reversed(expiring.certificates(
                home.parts.registry, home.parts.reached))},  # of a source called like an office, who ends first
            "calendar_days": float(max(0, (date(year, 1, 1) - today).days))}


GAUGES: Mapping[str, tuple[str, str]] = {
    "waiting": ("messages_waiting", "messages that will leave by themselves, by office"),
    "leased": ("messages_leased", "messages being sent right now, by office"),
    "unfetched": ("messages_unfetched", "messages that an office which fetches has yet to take, by office"),
    "held": ("messages_troubled", "messages that need somebody, by state"),
    "yellow": ("legs_yellow", "legs close to their due time"),
    "red": ("legs_red", "legs past their due time"),
    "strange": ("notices_quarantined", "notices that a person has to settle"),
    "resting": ("offices_resting", "1 for an office that is left alone because of what its system answers"),
    "size": ("database_bytes", "bytes of the database, without the files of the data folder"),
}
WAITS: Mapping[str, tuple[str, str]] = {
    "due_since": ("office_oldest_seconds", "how long the oldest message of an office is overdue"),
    "offered_since": ("unfetched_oldest_seconds", "how long the oldest message waits to be fetched, by office"),
}


class _Figures(Collector):
    """One gauge for each figure; a figure that is a mapping has one line for each key."""

    def __init__(self, figures: reading.Figures, kept: Mapping[str, float | Mapping[str, float]],
                 now: datetime) -> None:
        self._figures, self._kept, self._now = figures, kept, now

    def collect(self) -> Iterator[Metric]:
        """The gauges."""
        oldest = self._figures.oldest_due
        age = self._age(oldest) if oldest else 0.0
        yield _gauge("oldest_message_seconds", "how long the oldest message is overdue", age)
        for name, says in KEPT.items():
            yield _gauge(name, says, self._kept[name])
        for name, (shown_name, says) in GAUGES.items():
            yield _gauge(shown_name, says, getattr(self._figures, name))
        for name, (shown_name, says) in WAITS.items():
            since = getattr(self._figures, name)
            yield _gauge(shown_name, says, {office: self._age(at) for office, at in since.items()})

    def _age(self, since: datetime) -> float:
        return max(0.0, (self._now - since).total_seconds())


def _gauge(name: str, says: str, value: float | Mapping[str, float]) -> Metric:
    if not isinstance(value, Mapping):
        return GaugeMetricFamily(f"yijianshi_{name}", says, value=float(value))
    gauge = GaugeMetricFamily(f"yijianshi_{name}", says, labels=["key"])
    for key, number in value.items():
        gauge.add_metric([key], float(number))
    return gauge
