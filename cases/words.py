"""What states and events are called for the applicant: plain Chinese.

Nobody approves a supply of water, and nobody merely handles a permit: how a decision is called follows from the class
of the matter (`class` in the bundle), and what still has to be done after it from its milestones.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from cases.marks import corrected_state
from cases.model import CaseState, Event, Leg, LegState
from cases.states import TRANSFERRED
from catalog.units import unit_words
from forms.plan import Plan, PlannedLeg

STATE_NAMES: Mapping[LegState, str] = {
    LegState.WAITING: "等待前一环节", LegState.HELD: "等您补充", LegState.QUEUED: "即将送达部门",
    LegState.SENDING: "正在送达部门", LegState.SENT: "已送出", LegState.OUTCOME_UNKNOWN: "送达情况核实中",
    LegState.STUCK: "平台人工处理中", LegState.RECEIVED: "部门已收到", LegState.ACCEPTED: "已受理",
    LegState.IN_REVIEW: "办理中", LegState.SUPPLEMENT_REQUIRED: "需要补正", LegState.SUPPLEMENTED: "已补正",
    LegState.SPECIAL: "特别程序中", LegState.FORWARDED: "已上报", LegState.SIMULATED: "模拟审批已出意见",
    LegState.GRANTED: "已办结", LegState.DELIVERED: "已送达", LegState.REFUSED: "不予办理",
    LegState.NOT_ACCEPTED: "不予受理", LegState.WITHDRAWN: "已撤回", LegState.TERMINATED: "逾期未补正，已终止",
    LegState.VOIDED: "已关闭", LegState.NOT_NEEDED: "不需办理",
}
TO_BE_OPENED = "已到部门，等部门查收"  # a leg for an office that fetches: nothing is on its way
CASE_NAMES: Mapping[CaseState, str] = {
    CaseState.DRAFT: "草稿", CaseState.FILED: "已提交", CaseState.IN_PROGRESS: "办理中",
    CaseState.NEEDS_APPLICANT: "需要您处理", CaseState.PARTLY_FINISHED: "部分办结", CaseState.FINISHED: "办结",
    CaseState.NOT_GRANTED: "不予办结", CaseState.WITHDRAWN: "已撤回",
}
EVENT_NAMES: Mapping[str, str] = {
    "case.filed": "申请已提交", "case.erased": "个人信息已依法删除",
    "leg.created": "已生成分办件", "leg.released": "前面的事项已办好，开始办理",
    "leg.sending": "正在送达部门", "leg.sent": "已送出", "leg.outcome_unknown": "送达情况不明，正在核实",
    "leg.again": "稍后重新送达", "leg.stuck": "送达遇到问题，平台人员处理中",
    "leg.message_refused": "部门系统未接收本次送达，平台人员处理中", "leg.supplemented": "已提交补正",
    "leg.held": "需要您补充", "leg.continued": "前面的事项没有办成，本事项继续办理", "leg.start_lapsed": "超过衔接期限",
    "leg.tolerated": "容缺办理，请按期补交", "leg.ask_dropped": "前面的事项补来了，不用您再补充",
    "leg.material_added": "已补充送达材料", "leg.urged": "已催办", "leg.withdraw_requested": "已申请撤回",
    "leg.withdraw_received": "部门已收到撤回通知", "leg.never_sent": "申请没有送达部门，已直接撤回",
    "leg.revoke_requested": "已通知部门撤销结果",
    "leg.voided": "本事项已关闭", "leg.not_needed": "本事项不再需要办理", "leg.lapsed": "逾期未答复",
    "leg.received": "部门已收到", "leg.accepted": "部门已受理", "leg.not_accepted": "部门不予受理",
    "leg.supplement_required": "部门要求补正", "leg.special_started": "进入特别程序，暂停计时",
    "leg.special_ended": "特别程序结束，恢复计时", "leg.extended": "依法延长办理期限",
    "leg.in_review": "办理中", "leg.forwarded": "已上报", "leg.simulated": "已出模拟审批意见",
    "leg.granted": "部门已办结", "leg.refused": "部门不予办理",
    "leg.delivered": "结果已送达", "leg.withdraw_confirmed": "部门确认撤回", "leg.withdraw_rejected": "部门不同意撤回",
    TRANSFERRED: "已转由别的单位办理", "leg.remark": "部门说明", "leg.fee": "收费告知", "leg.corrected": "已更正",
}
# By the class of a matter, or its kind where it is no decision: under review, granted, refused.
_DECISIONS: Mapping[str, tuple[str, str, str]] = {
    "行政许可": ("审查中", "已批准", "不予批准"), "行政确认": ("审核中", "已办结", "不予办理"),
    "行政给付": ("审核中", "已核定", "不予给付"), "行政备案": ("核对中", "已备案", "不予备案"),
    "check": ("核实中", "已核实", "核实未通过"),
}
_PLACES = {LegState.IN_REVIEW: 0, LegState.GRANTED: 1, LegState.REFUSED: 2}
_DECIDED_BY = {"leg.in_review": LegState.IN_REVIEW, "leg.granted": LegState.GRANTED, "leg.refused": LegState.REFUSED}
_DETAILS: Mapping[str, tuple[str, ...]] = {
    "leg.in_review": ("step",), "leg.forwarded": ("to",), "leg.special_started": ("kind",), "leg.remark": ("text",),
    "leg.extended": ("ends", "reason"), "leg.simulated": ("opinion",), "leg.delivered": ("mode", "carrier", "tracking"),
    "leg.fee": ("amount",), "leg.corrected": ("state", "reason"),
    # What one system said of another's message is the operators' business, and not always fit to be read.
    TRANSFERRED: (), "leg.again": (), "leg.outcome_unknown": (), "leg.stuck": (), "leg.message_refused": (),
}

_URGED: Mapping[str, str] = {
    "applicant": "申请人已催办", "supervisor": "督办人员已催办", "platform": "已超期，平台自动催办部门"}
_MODES: Mapping[str, str] = {"electronic": "电子送达", "window": "窗口领取", "post": "邮寄送达"}


def state_name(state: LegState, planned: PlannedLeg) -> str:
    """What the state of a leg of this matter is called."""
    name = _decision(state, planned) or STATE_NAMES[state]
    if state is not LegState.GRANTED or not planned.milestones:
        return name
    done = "已办好" if name == STATE_NAMES[state] else name  # what is still to be built is not over
    return f"{done}，待{planned.milestones[0]}"


def event_name(event: Event, planned: PlannedLeg) -> str:
    """What an event of a leg of this matter is called."""
    if event.type == "leg.withdraw_requested" and event.data.get("why", "applicant") != "applicant":
        return "已通知部门停止办理"  # a rule stops the leg; nobody took it back
    if event.type == TRANSFERRED:
        return f"已转由{event.data.get('to_name') or event.data.get('to')}办理"
    if event.type == "leg.material_added" and event.data.get("corrected"):
        return "已补充送达更正后的结果"
    if event.type == "leg.urged":
        return _URGED.get(event.by.partition(":")[0], EVENT_NAMES[event.type])
    state = _DECIDED_BY.get(event.type)
    if state is None:
        return EVENT_NAMES.get(event.type, event.type)
    name = state_name(state, planned)
    return name if state is LegState.IN_REVIEW else f"部门{name}"


def _decision(state: LegState, planned: PlannedLeg) -> str | None:
    words = _DECISIONS.get(planned.kind) or _DECISIONS.get(planned.matter_class)
    return words[_PLACES[state]] if words is not None and state in _PLACES else None


def is_reviewable(planned: PlannedLeg) -> bool:
    """Whether a refusal of this matter is an act of administration, against which 行政复议法 第11条 gives a review and
    行政诉讼法 第12条 a suit; a supply of water or a look into data is none, whatever limits it has."""
    return planned.kind != "check" and planned.matter_class in _DECISIONS


def handler(leg: Leg, planned: PlannedLeg) -> str:
    """Who deals with a leg: its department, or the office that it was transferred to last."""
    came = last_transfer(leg)
    return str(planned.department_name) if came is None else str(came.data.get("to_name") or leg.office)


def last_transfer(leg: Leg) -> Event | None:
    """How a leg came to the office that has it; None while that is the one it was filed for."""
    return None if leg.office is None else next(one for one in reversed(leg.history) if one.type == TRANSFERRED)


def of_row(plan: Plan, planned: PlannedLeg) -> str | None:
    """Which row of its table a leg is repeated for, as its applicant counts them: 第 2 人; None for any other leg.
    Whoever may know neither name nor key of a row still tells its legs apart by this."""
    if planned.row is None or planned.instance == planned.region:
        return None
    unit = next((line.unit for line in plan.fields if line.code == planned.each), None)
    return f"第 {planned.row + 1} {unit_words(unit) or '项'}"


def public_name(plan: Plan, planned: PlannedLeg) -> str:
    """What a leg is called where anybody may read it, or a telephone shows it: without key or name of a row."""
    row = of_row(plan, planned)
    return f"{planned.name}（{row}）" if row else planned.title


def line(event: Event, planned: PlannedLeg) -> str:
    """One line of the timeline: what happened and, where it is known, why."""
    name = event_name(event, planned)
    inside = event.type == "leg.urged" and event.by.partition(":")[0] != "applicant"  # what one tells a department
    said = _put_right(event, planned) if event.type == "leg.corrected" else event.data
    detail = [] if inside else [said.get(key) for key in _DETAILS.get(event.type, ("reason",))]
    words = [_shown(event, d) for d in detail if isinstance(d, (str, int, float)) and str(d) and str(d) not in name]
    return f"{name}：{'，'.join(words)}" if words else name


def _put_right(event: Event, planned: PlannedLeg) -> Mapping[str, Any]:
    """What a correction says: the state that is right, if another one is, and why."""
    what = event.data.get("what")
    said: Mapping[str, Any] = what if isinstance(what, Mapping) else {"reason": what}
    state = corrected_state(event)
    return {**said, "state": "" if state is None else f"改为{state_name(state, planned)}"}


def _shown(event: Event, detail: Any) -> str:
    if event.type == "leg.delivered":
        return _MODES.get(detail, str(detail))
    if event.type == "leg.extended" and detail == event.data.get("ends"):
        day = date.fromisoformat(detail)
        return f"到{day.year}年{day.month}月{day.day}日"
    return f"{detail}元" if event.type == "leg.fee" else str(detail)
