"""What auditors (审计) read: who did what to what, when and why; the seal of it; and what was set aside or did not
arrive. Nothing here changes anything, and no page shows what applicants or departments said."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Response, render_template, request, stream_with_context

from cases.judge import QUARANTINE
from cases.model import LegState
from cases.words import EVENT_NAMES, STATE_NAMES
from desk.staff.quarantine import public_leg
from desk.upkeep.troubles import Trouble, troubles_after
from oversight.sheets import period_of, plain
from store import audit, notices
from store.audit import Entry, Wanted
from store.chains import seals, verifications
from store.notices import Strange
from web.errors import not_found
from web.sign_in_notes import HOW
from web.staff.names import matter_name, office_name
from web.staff.report import attached
from web.staff.root import AT_ONCE, bp, turned
from web.staff.undelivered import STANDS, message_name
from web.wiring import house

ACTIONS: Mapping[str, str] = {
    "leg.seen": "看了分办件", "file.seen": "看了文件", "leg.opened": "领取了分办件", "bell.set": "设置了来件提醒",
    "retry": "重发消息", "settle": "了结未送达", "transfer": "转办", "deliver": "登记送达",
    "quarantine.show": "看了异常回告", "quarantine.applied": "采用异常回告", "quarantine.discarded": "作废异常回告",
    "pause": "暂停服务", "resume": "恢复服务", "urge": "催办", "rating.show": "看了差评", "rating.fix": "登记整改",
    "rating.call": "登记回访", "mandate.give": "给出委托", "mandate.revoke": "撤销委托", "token.issue": "签发令牌",
    "token.revoke": "吊销令牌", "account.add": "建立账号", "account.disable": "停用账号", "account.enable": "恢复账号",
    "account.password": "替人换密码", "account.own_password": "本人换密码", "account.factor": "登记验证器",
    "account.codes": "换恢复码", "account.reset-factor": "取消验证器", "account.bind": "绑定身份",
    "account.identify": "登记证件号码", "account.unbind": "解除身份", "account.erase": "注销账号", "sign_in": "登录",
    "sign_in.failed": "登录没有成功",
    "visit.open": "窗口开始接待", "visit.act": "窗口代为操作", "visit.end": "窗口结束接待",
    "file.refused": "拒收有病毒的文件", "file.infected": "停用查出病毒的文件",
    "scan.seen": "处理查出病毒的文件",
    "bulletin.resend": "重发提醒", "case.erase": "删除个人信息", "draft.drop": "删除草稿",
    "store.redone": "恢复后重做", "redo": "运行重做",
    "export.personal": "导出个人信息", "archive": "归档", "backup": "备份",
    "keys.reseal": "换用新密钥", "keys.destroy": "销毁密钥", "verify": "核对审计链",
    "restore": "恢复数据", "reconcile": "对账",
}
SAID = {"role": "角色", "department": "单位", "decision": "决定", "was": "原来", "key": "消息",
        "network": "网络", "how": "方式", "found": "病毒名",
        "visit": "接待", "counter": "窗口", "of": "办件或草稿"}  # is told of an act
HEADINGS = ("序号", "时间", "谁", "做了什么", "代码", "对什么", "原因")
FIELDS = ("actor", "action", "target")
USUAL, OLDEST = timedelta(days=29), date(2000, 1, 1)
AT_ONCE_IN_FILES, MOST_IN_A_FILE = 500, 5_000
HIDDEN = "※"
# Ten digits and more are a telephone number or an identity number, up to three letters and seven digits and more are on
# a passport or a permit; an application's number is longer, and has letters in between.
_NUMBERS = re.compile(r"(?<![0-9A-Za-z])(?:\d(?:[ -]?\d){9,}[Xx]?|[A-Za-z]{1,3}\d{7,12})(?![0-9A-Za-z])")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form asks for: the days as they are shown, and the entries that they mean."""

    first: date
    last: date
    wanted: Wanted
    problem: str = ""


@bp.get("/audit", endpoint="audit")
def list_audit() -> str | tuple[str, int]:
    """The entries that are asked for, the latest first, and the seal."""
    asked = _asked()
    with house().database.read() as tx:
        found, then = audit.listed(tx, asked.wanted, request.args.get("after"), AT_ONCE)
        sealed, at, head = seals.latest(tx), seals.latest_at(tx), audit.head(tx)
        walks, standing = verifications.latest(tx), verifications.standing(tx)
    page = render_template("staff/audit.html", lines=[_shown(one) for one in found], asked=asked, actions=_actions(),
                           sealed=sealed, sealed_at=at, head=head, most=MOST_IN_A_FILE, filters=_filters(asked),
                           walks=walks, failed=standing.failed, overdue=standing.overdue(house().clock.now()),
                           **turned(then))
    return (page, 422) if asked.problem else page


def _actions() -> dict[str, str]:
    """What can be asked for: acts, and what officers said on our pages."""
    return {**ACTIONS, **{type_: name for type_, name in EVENT_NAMES.items() if type_ not in ACTIONS}}


def _asked() -> Asked:
    calendar, args = house().desk.calendar, request.args
    today = calendar.date_of(house().clock.now())
    first, last, problem = today - USUAL, today, ""
    try:
        first = date.fromisoformat(args["first"]) if args.get("first") else first
        last = date.fromisoformat(args["last"]) if args.get("last") else last
    except ValueError:
        problem = "请把起止日写成 2026-01-01 这样的日期"
    if first > last:
        first, last, problem = last, first, problem or "结束日在起始日之前，已调换"
    first, last = max(first, OLDEST), min(last, today)
    period = period_of(min(first, last), last, calendar.zone)
    said = {name: args.get(name, "").strip() for name in FIELDS}
    return Asked(first, last, Wanted(period.start, period.end, **said), problem)


def _filters(asked: Asked) -> dict[str, str]:
    """The form in an address."""
    wanted = asked.wanted
    return {"first": asked.first.isoformat(), "last": asked.last.isoformat(),
            **{name: said for name in FIELDS if (said := getattr(wanted, name))}}


def _shown(one: Entry) -> dict[str, Any]:
    """An entry as it is shown: numbers of people are hidden in the reason, and of the rest only plain words told."""
    more = {SAID[name]: HOW.get(value, value) if name == "how" else value for name, value in one.data.items()
            if name in SAID and isinstance(value, str) and value}
    return {"n": one.n, "at": one.at, "actor": one.actor, "action": one.action, "name": _actions().get(one.action, ""),
            "target": one.target, "reason": hidden(str(one.data.get("reason") or "")),
            "more": hidden("；".join(f"{name} {value}" for name, value in more.items()))}


def hidden(text: str) -> str:
    """A text without telephone and identity numbers."""
    return _NUMBERS.sub(HIDDEN * 6, text)


@bp.get("/audit.<kind>")
def audit_file(kind: str) -> Response:
    """What is asked for as a file, from where the page stands: a spreadsheet, or one JSON object a line."""
    if kind not in {"csv", "jsonl"}:
        raise not_found()
    asked = _asked()
    lines = stream_with_context(_lines(asked.wanted, request.args.get("after"), kind))
    made = attached("", "text/csv" if kind == "csv" else "application/x-ndjson",
                    f"audit-{asked.first}-{asked.last}.{kind}")
    made.response = lines
    made.headers.pop("Content-Length", None)
    return made


def _lines(wanted: Wanted, after: str | None, kind: str) -> Iterator[str]:
    zone, count, then = house().settings.zone, 0, after
    yield "\ufeff" + _row(HEADINGS) if kind == "csv" else ""
    while count < MOST_IN_A_FILE:
        with house().database.read() as tx:
            found, then = audit.listed(tx, wanted, then, min(AT_ONCE_IN_FILES, MOST_IN_A_FILE - count))
        count += len(found)
        for one in map(_shown, found):
            at = one["at"].astimezone(zone).isoformat(timespec="seconds")
            if kind == "csv":
                yield _row((one["n"], at, one["actor"], one["name"], one["action"], one["target"], one["reason"]))
            else:
                yield _json({"n": one["n"], "at": at, "by": one["actor"], "action": one["action"],
                             "target": one["target"], "reason": one["reason"]})
        if then is None:
            return
    more = f"还有更多：这里只有 {MOST_IN_A_FILE} 条，请缩小期间再下载"
    yield _row((more,)) if kind == "csv" else _json({"more": more, "after": then})


def _row(values: Sequence[Any]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerow([plain(value) for value in values])
    return text.getvalue()


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"


@bp.get("/audit/strange")
def audit_strange() -> str:
    """What was set aside and is not settled, oldest first: why, and nothing of what was said."""
    with house().database.read() as tx:
        found, then = notices.listed(tx, request.args.get("after"), AT_ONCE)
    return render_template("staff/audit_strange.html", lines=[_strange(one) for one in found], **turned(then))


def _strange(one: Strange) -> dict[str, Any]:
    return {"at": one.at, "leg": public_leg(one), "office": office_name(one.department), "id": one.id,
            "type": EVENT_NAMES.get(one.type, one.type), "why": QUARANTINE.get(one.code, one.code)}


@bp.get("/audit/undelivered")
def audit_undelivered() -> str:
    """What did not arrive at its department, oldest first, and nothing of what it says."""
    found, then = troubles_after(house().database, request.args.get("after"), AT_ONCE)
    return render_template("staff/audit_undelivered.html", lines=[_trouble(one) for one in found], **turned(then))


def _trouble(one: Trouble) -> dict[str, Any]:
    return {"leg": one.leg, "office": office_name(one.office), "matter": matter_name(one.matter),
            "message": message_name(one.key), "state": STATE_NAMES[LegState(one.state)], "since": one.since,
            "stands": STANDS.get(one.message_state, one.message_state), "attempts": one.attempts}
