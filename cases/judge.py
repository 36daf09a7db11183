"""What to do with one notice of a department: apply it, know it already, or put it aside for a person.

Pure: the caller appends the verdict's events in one transaction and answers 204 (applied, known) or 202 (quarantined).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from cases.beyond import BEYOND
from cases.calendar_days import WorkCalendar
from cases.clock import explain
from cases.fold import Step, fold_leg, leg_of, stay, tried
from cases.marks import corrected_state
from cases.model import Case, Event, Leg
from cases.running import extended, wait_until
from cases.said import read_limit
from cases.states import FINAL, NOTICES, Move, Reply, move
from cases.stays import BEFORE_RETURN, said_by
from catalog.limits import Limit

DEFAULT_ASK_LIMIT = Limit(5, "wd")
CLOCK_SKEW = timedelta(days=1)
LONGEST_LIFE = timedelta(days=365 * 30)
_ONCE = frozenset({
    "leg.received", "leg.accepted", "leg.not_accepted", "leg.granted", "leg.refused", "leg.delivered",
    "leg.withdraw_confirmed",
})
BELONGS_ELSEWHERE = "belongs_elsewhere"
QUARANTINE: Mapping[str, str] = {
    "not_a_notice": "回告类型不在协议之列；请核对 type",
    "not_sent": "该分办件尚未送达贵部门，暂不能受理回告；平台人员将核实",
    "after_final": "该分办件已经办结或关闭，之后的回告需平台人员核实；如需更正请用 leg.corrected",
    "contradiction": "回告与已经登记的结果相矛盾，已转平台人员核实；如需更正请用 leg.corrected，"
                     "补送文书请用 leg.remark",
    "beyond_authority": "更正须由已登记有更正权限的主体作出，已转平台人员核实",
    "not_requested": "没有收到过该分办件的撤回申请，已转平台人员核实",
    "wait_running": "法定公示或公告期还没有届满，不能提前作出决定；已转平台人员核实",
    "implausible_time": "回告的时间早于申请或在遥远的将来；请校准系统时钟，用新的 webhook-id 重发",
    "ask_changed": "同一补正编号的内容前后不一致；请为新的补正使用新的编号",
    "unknown_state": "接收应答里的 state 不在可用之列，只登记为已接收；请改用回告说明进展",
    "bad_ref": "接收应答里的 ref 不是 200 字以内的文字，没有登记编号；请在回告里写明 ref",
    "seq_reused": "同一个 seq 已用于这个分办件另一条同类的回告；请让 seq 逐条增大，用新的 webhook-id 重发",
    "id_reused": "同一个 webhook-id 已用于另一份内容；请为每条回告使用新的 webhook-id，重发时才保持不变",
    BELONGS_ELSEWHERE: "贵单位认为该分办件应由其他单位办理，没有登记为不予受理；平台人员核实后转办",
    "extended_before": "该分办件已经延长过一次办理期限，不能再次延长；已转平台人员核实",
    "extension_late": "该分办件的办理期限在延长以前已经届满，没有登记延长；已转平台人员核实",
    "extension_too_long": "延长后超出法定办理时限十个工作日以上（行政许可法 第42条），没有登记；已转平台人员核实",
    "extension_unfit": "没有可以延长的办理时限，或写明的日期不晚于现在的截止日，没有登记；已转平台人员核实",
    "transferred": "该分办件已转由其他单位办理，贵单位的回告没有登记，已转平台人员核实；请停止办理",
    BEFORE_RETURN: "这条回告说的是该分办件转出以前的办理；现在已经转回、另行送达，没有登记，已转平台人员核实。"
                   "请按新送达的一件办理，在回告里写明新的 ref",
    "malformed": "接收应答里的 state 缺少该回告必填的内容或写法不对，只登记为已接收；请补发回告",
    "not_read": "接收应答里的 state 当时没有读进来（例如结果文件没能打开），只登记为已接收；平台人员核实后登记，"
                "也可以补发回告",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`applied`: append `events` (made-up steps first). `known`: nothing new. `quarantined`: keep the notice aside
    under the stable `code`, with `text` in Chinese."""

    kind: Literal["applied", "known", "quarantined"]
    events: tuple[Event, ...] = ()
    code: str = ""
    text: str = ""


def judge(
    case: Case, leg: str, notice: Event, calendar: WorkCalendar | None = None,
    authorities: frozenset[str] = frozenset(),
) -> Verdict:
    """What `notice` does to leg `leg`, in any order, any number of copies, before or after the push's own answer.

    `calendar` turns the limit of a supplement into its day `until` and guards a running `wait`; `authorities` are
    those whose corrections count here. Raises `UnknownLeg`.
    """
    current = leg_of(case, leg)
    notice = notice if notice.leg == leg else notice._replace(leg=leg)
    code = _unfit(case, current, notice) or _copy_of(current, notice)
    if code is not None:
        return Verdict("known") if code == "known" else put_aside(code)
    if notice.type == "leg.corrected" and notice.data.get("authority") not in authorities:
        return put_aside("beyond_authority")
    if notice.type == "leg.granted" and _wait_runs(case, current, notice, calendar):
        return put_aside("wait_running")
    if notice.type == "leg.extended" and calendar is not None and isinstance(move(current, notice), Move):
        found = extended(case.plan.parts[leg].line, current, notice, calendar)
        return put_aside(found) if isinstance(found, str) else _tried(case, current, found)
    return _tried(case, current, _with_day(notice, calendar))


def _unfit(case: Case, leg: Leg, notice: Event) -> str | None:
    """Why a notice is none that this leg can take, whatever its state: a quarantine code."""
    if notice.type not in NOTICES:
        return "not_a_notice"
    if leg.office is not None and said_by(notice) != leg.office:
        return "transferred"
    plausible = case.filed_at - CLOCK_SKEW <= notice.at <= case.filed_at + LONGEST_LIFE
    return None if plausible else "implausible_time"


def put_aside(code: str) -> Verdict:
    """The verdict that keeps a notice for a person, under this code."""
    return Verdict("quarantined", code=code, text=QUARANTINE[code])


def _content(event: Event) -> dict[str, Any]:
    """What the notice says. A result file counts by its digest: sent again inline, it gets another id."""
    ours = ("adds", "ends") if event.type == "leg.extended" else ("until", BEYOND)
    said = {k: v for k, v in event.data.items() if k not in ("seq", "leg", "ref", *ours)}
    for key in ("results", "documents"):
        if isinstance(said.get(key), (list, tuple)):
            said[key] = [_without_ids(one) if isinstance(one, Mapping) else one for one in said[key]]
    return _without_ids(said) if "files" in said else said


def _without_ids(bearer: Mapping[str, Any]) -> dict[str, Any]:
    files = bearer.get("files")
    listed = files if isinstance(files, (list, tuple)) else ()
    return {**bearer, "files": [f.get("sha256", f.get("file")) if isinstance(f, Mapping) else f for f in listed]}


def _copy_of(leg: Leg, notice: Event) -> str | None:
    """`known` for a copy of what we have, a quarantine code for a changed copy, None for news."""
    seq = notice.data.get("seq")
    for old in stay(leg):
        if old.type != notice.type:
            continue
        same = _content(old) == _content(notice)
        if seq is not None and old.data.get("seq") == seq:
            return "known" if same else "contradiction" if notice.type in _ONCE else "seq_reused"
        if same and (old.at == notice.at or (old.type in _ONCE and not _reopened_between(leg, old, notice))):
            return "known"
        if old.type == "leg.supplement_required" and old.data.get("ask") == notice.data.get("ask"):
            return "known" if same else "ask_changed"
    return None


def _reopened_between(leg: Leg, old: Event, notice: Event) -> bool:
    """Whether a correction put the leg into another state after `old`, so that the same words are said anew."""
    return any(corrected_state(event) is not None and _later(event, old) and _later(notice, event)
               for event in leg.history if event.type == "leg.corrected")


def _later(event: Event, than: Event) -> bool:
    """Whether the department said `event` after `than`: by its numbers where both have one, else by time."""
    mine, other = event.data.get("seq"), than.data.get("seq")
    return mine > other if isinstance(mine, int) and isinstance(other, int) else event.at > than.at


def _wait_runs(case: Case, leg: Leg, notice: Event, calendar: WorkCalendar | None) -> bool:
    until = wait_until(case.plan.parts[leg.leg].line, leg, calendar) if calendar is not None else None
    return until is not None and notice.at <= until


def _with_day(notice: Event, calendar: WorkCalendar | None) -> Event:
    """A supplement request with the day its limit ends, counted from the request: the limit alone says how long the
    applicant has, so a day of the department's own (no part of the contract) does not count."""
    if calendar is None or notice.type != "leg.supplement_required":
        return notice
    limit = read_limit(notice.data.get("limit")) or DEFAULT_ASK_LIMIT
    until = calendar.date_of(explain(notice.at, limit, (), calendar).due).isoformat()
    return notice._replace(data={**notice.data, "until": until})


def _tried(case: Case, leg: Leg, notice: Event) -> Verdict:
    """Fold the leg with the notice in its place: it must move something and undo no ending that stood before."""
    then, steps = tried(case, leg, notice)
    taken = next(step for step in steps if step.event is notice)
    if isinstance(taken.effect, Reply):
        return Verdict("known") if taken.effect is Reply.KNOWN else put_aside(taken.effect.value)
    if notice.data.get("belongs_to") and notice.type == "leg.not_accepted":
        return put_aside(BELONGS_ELSEWHERE)  # nobody refuses it: an operator takes it to the office that is competent
    reopened = leg.state in FINAL and then.state is not leg.state and notice.type != "leg.corrected"
    lost = any(step.undone for step in steps) and not _endings(fold_leg(leg, leg.history)[1]) <= _endings(steps)
    return put_aside("contradiction") if reopened or lost else Verdict("applied", (*taken.filled, notice))


def _endings(steps: tuple[Step, ...]) -> set[int]:
    return {id(step.event) for step in steps if step.ends}
