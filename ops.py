"""The commands of `flask` for operators: what is stuck, sending again, strange notices, pausing, keys."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any

import click

from connectors.advice import advice, explained
from desk.troubles import PAGE, Health, Trouble, health, troubles
from dispatch.loop import STOP_SECONDS
from ops_archiving import archive
from ops_copies import COPIES
from ops_erasing import erase
from ops_people import PEOPLE
from ops_reading import READING, known_offices
from ops_report import pledges_, report_
from ops_transfer import transfer
from shell import JSON, act, beside, changed, clock, house, printable, read_settings, stop, who
from store import notices
from store.errors import StoreError
from store.keys import add_key, create_keys
from store.lanes import Lane
from store.notices import Strange
from web.wiring import RefusedStart


@click.group(invoke_without_command=True)
@click.option("--retrying", is_flag=True, help="Also what is being tried again by itself.")
@click.option("--department", default=None, help="Only this department or office.")
@click.option("--recount", is_flag=True, help="Look at every case and leg anew (a minute for each few million legs).")
@JSON
@click.pass_context
def legs(command: click.Context, *, retrying: bool, department: str | None, recount: bool, as_json: bool) -> None:
    """What did not reach its department: stuck, refused, outcome unknown; and whether anything fell out."""
    if command.invoked_subcommand is not None:
        return
    with beside() as opened:
        if department is not None and not known_offices(opened.db, department):
            stop(f"没有单位 {department}；请写接入清单里的单位编号或部门代码")
        found = [*troubles(opened.db), *(troubles(opened.db, retrying=True) if retrying else ())]
        found = [one for one in found if department in (None, one.department, one.office)]
        state = health(opened.db, clock().now(), recount=recount)
    if as_json:
        click.echo(json.dumps({"legs": [one.as_json() for one in found], "counted": state.as_json()},
                              ensure_ascii=False, indent=2))
        return
    zone = read_settings().zone
    for one in found:
        click.echo(_line(one, zone))
    click.echo("\n".join(_summary(len(found), state, zone)))


legs.add_command(transfer)


def _line(one: Trouble, zone: tzinfo) -> str:
    then = f"，将于 {_minute(one.next_at, zone)} 再试" if one.next_at else \
        "，部门已读取，等待其确认" if one.message_state == "due" else "，等待人工处理"
    return (f"{one.leg}  {one.office}  {one.state}/{one.message_state}  {one.key.partition(':')[2]}  "
            f"自 {_minute(one.since, zone)}  试过 {one.attempts} 次{then}  {printable(explained(one.reason))}")


def _minute(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _resting(lane: Lane, zone: tzinfo) -> str:
    until = f"，{_minute(lane.open_until, zone)} 试送一件" if lane.open_until else ""
    return (f"停送：{lane.office}  连续 {lane.failures} 次失败（{printable(lane.reason)}）{until}；对方恢复后自动续送。"
            f"{advice(lane.reason)}")


def _summary(count: int, state: Health, zone: tzinfo) -> list[str]:
    lines = [f"未送达 {count} 条；分办件共 {sum(state.by_state.values())} 件："
             + "，".join(f"{name} {number}" for name, number in state.by_state.items())]
    lines += [_resting(one, zone) for one in state.resting]
    lines += [f"待取：{one.office}  {one.count} 条，最早自 {_minute(one.since, zone)}；由该单位来取，太久请联系它"
              for one in state.unfetched]
    lines += [f"异常：{one.rule}  {one.reference} {one.leg}" for one in state.breaches]
    lines += [f"计数不符：{one.name} {one.key}  记 {one.kept}，实有 {one.counted}" for one in state.drift or ()]
    if state.drift is not None and not state.drift and not state.breaches:
        lines.append("已逐件核对：没有异常，计数相符。")
    return [*lines, *([f"服务已暂停：{printable(state.paused)}"] if state.paused else [])]


@click.command()
@click.argument("names", metavar="LEG…", nargs=-1, required=True)
@click.option("--corrected", is_flag=True, help="A new message n+1, only after a definite refusal or not-found.")
@act()
def retry(names: tuple[str, ...], corrected: bool, **said: Any) -> None:
    """Send again exactly these legs: the same key and bytes."""
    answer = changed("retry", {"legs": names, "corrected": corrected, **said})
    for one in answer["messages"]:
        how = "将改发新消息" if corrected else "将原样重发"
        click.echo(f"{one['key']}  {one['office']}  原状态 {one['was']}，试过 {one['attempts']} 次："
                   f"{how if said['dry_run'] else how.replace('将', '已安排')}")
        if one["warning"]:
            click.echo(f"  注意：{one['warning']}", err=True)


@click.command()
@click.argument("names", metavar="LEG…", nargs=-1, required=True)
@act()
def settle(names: tuple[str, ...], **said: Any) -> None:
    """Put away messages that did not arrive and need not any more: their departments were told in another way."""
    for one in changed("settle", {"legs": names, **said})["messages"]:
        when = "将" if said["dry_run"] else "已"
        click.echo(f"{one['key']}  {one['office']}  原状态 {one['was']}：{when}登记为另行告知")


@click.group()
def quarantine() -> None:
    """Settle what departments said and could not be applied."""


@quarantine.command("list")
@JSON
def quarantine_list(as_json: bool) -> None:
    """Entries that nobody has settled yet, oldest first."""
    found: list[Strange] = []
    then: str | None = ""
    with beside() as opened, opened.db.read() as tx:
        while then is not None:
            page, then = notices.listed(tx, then, PAGE)
            found += page
    shown = [{"id": one.id, "at": one.at.isoformat(), "department": one.department, "type": one.type,
              "code": one.code, "leg": f"{one.reference}-{one.leg}"} for one in found]
    if as_json:
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    for line in shown:
        click.echo("  ".join(map(printable, line.values())))
    click.echo(f"共 {len(shown)} 条待处理。")


@quarantine.command("show")
@click.argument("entry", metavar="ID")
@click.option("--by", default=who, help="Who looks; the login name if not given.")
@click.option("--reason", default="查看异常回告", help="Why; the sight is recorded in the audit log.")
def quarantine_show(entry: str, by: str, reason: str) -> None:
    """One entry with what the department said (it may hold personal data)."""
    found = changed("quarantine-show", {"id": entry, "by": by, "reason": reason})
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))


@quarantine.command("apply")
@click.argument("entry", metavar="ID")
@act()
def quarantine_apply(entry: str, **said: Any) -> None:
    """Judge an entry again on the case as it stands now, and apply it."""
    _settled("quarantine-apply", entry, said)


@quarantine.command("discard")
@click.argument("entry", metavar="ID")
@act()
def quarantine_discard(entry: str, **said: Any) -> None:
    """Put an entry away; the case stays as it is."""
    _settled("quarantine-discard", entry, said)


def _settled(verb: str, entry: str, said: dict[str, Any]) -> None:
    done = changed(verb, {"id": entry, **said})
    words = {"applied": "采用", "known": "登记为已知（没有新内容）", "discarded": "作废"}
    when = "将" if said["dry_run"] else "已"
    click.echo(f"{done['id']}  {done['leg']}  {done['type']}：{when}{words[done['outcome']]}")


@click.command()
@act()
def pause(**said: Any) -> None:
    """Nothing leaves for departments, and their notices get 503 until `flask resume`."""
    changed("pause", said)
    click.echo("将暂停。" if said["dry_run"] else "已暂停：不再派发，部门回告得到 503；恢复请用 flask resume。")


@click.command()
@act("恢复运行")
def resume(**said: Any) -> None:
    """Go on after a pause or a restore."""
    before = changed("resume", said)
    if before["was"] is None:
        click.echo("服务没有暂停。")
    else:
        since = _minute(datetime.fromisoformat(before["since"]), read_settings().zone)
        click.echo(f"{'将恢复' if said['dry_run'] else '已恢复'}；自 {since} 起暂停，原因：{printable(before['was'])}")


@click.group()
def keys() -> None:
    """The file of encryption keys (YJS_KEYS)."""


@keys.command("create")
def keys_create() -> None:
    """Make the key file; never overwrites one."""
    _on_keys(create_keys, "已生成")


@keys.command("add")
def keys_add() -> None:
    """Add a newer key: what is sealed from the next start on uses it, the older ones still open the rest."""
    _on_keys(add_key, "已加入新密钥，重新启动服务后生效：")


def _on_keys(work: Callable[[Any], None], said: str) -> None:
    path = read_settings().key_file
    try:
        work(path)
    except StoreError as error:
        stop(error.says)
    except OSError as error:
        stop(f"{path} 不能写入（{error.strerror}）；请检查 YJS_KEYS 和目录的属主、权限")
    click.echo(f"{said} {path}；请另存一份在安全的地方，丢失密钥就无法读出已保存的资料。")


@click.command()
def dispatch() -> None:
    """A dispatcher of its own beside the portals, until interrupted (PostgreSQL only)."""
    if read_settings().database_url is None:
        stop("内嵌数据库只有一个进程，派发就在门户里运行；设置 DATABASE_URL 使用 PostgreSQL 后才能单独派发。")
    ended, home = threading.Event(), house()
    try:
        _on_stop(lambda *_: sys.exit(0))  # while it still waits for the database
        home.begin()
        _on_stop(lambda *_: ended.set())
        click.echo("dispatching")
        ended.wait()
    except (RefusedStart, StoreError) as refused:
        stop(refused.says if isinstance(refused, StoreError) else str(refused))
    finally:
        home.close(STOP_SECONDS)


def _on_stop(act: Callable[..., object]) -> None:
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, act)


OPERATIONS = (legs, dispatch, retry, settle, quarantine, pause, resume, keys, archive, erase, report_, pledges_,
              *PEOPLE, *READING, *COPIES)
