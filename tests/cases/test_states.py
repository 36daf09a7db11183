"""The table, its printed page and the names people read cover each other."""

from pathlib import Path

import pytest

from cases.diagram import diagram, states_page
from cases.fold import NATURAL_COURSE
from cases.follow import outgoing
from cases.model import CaseState, Event, LegState
from cases.states import FINAL, NOTICES, OURS, TABLE, Move
from cases.words import CASE_NAMES, EVENT_NAMES, STATE_NAMES, event_name, is_reviewable, line, state_name
from catalog.text import Text
from tests.cases.case_plans import a_leg, a_plan, at, filed

PAGE = Path(__file__).parents[2] / "docs" / "states.md"


def test_the_page_in_the_docs_is_what_the_table_prints() -> None:
    assert PAGE.read_text(encoding="utf-8") == states_page()


def test_every_state_and_event_has_one_chinese_name() -> None:
    assert set(STATE_NAMES) == set(LegState) and set(CASE_NAMES) == set(CaseState)
    assert set(EVENT_NAMES) == {*NOTICES, *OURS, "case.filed", "case.erased"}


def test_the_table_answers_every_event_in_every_state_and_every_notice_has_its_place() -> None:
    assert set(TABLE) == {(state, event) for state in LegState for event in (*NOTICES, *OURS)}
    assert set(NATURAL_COURSE) == set(NOTICES)


def test_every_state_can_be_reached_and_every_open_one_left() -> None:
    moves = [(state, row.to) for (state, _), cell in TABLE.items() for row in cell if isinstance(row, Move) and row.to]
    assert {to for _, to in moves} | {LegState.WAITING} == set(LegState)
    assert {state for state, to in moves if to is not state} >= set(LegState) - FINAL
    assert "unsent --> queued: released" in diagram()


def test_no_row_but_a_correction_leaves_a_final_state() -> None:
    assert not [
        (state, event) for (state, event), cell in TABLE.items() if state in FINAL
        for row in cell if isinstance(row, Move) and row.to not in (None, state)
    ]


def test_a_timeline_line_says_what_happened_and_why() -> None:
    lines = {
        "部门要求补正：缺盖章": Event("leg.supplement_required", at(1), "d", "01", {"reason": "缺盖章"}),
        "收费告知：30元": Event("leg.fee", at(1), "d", "01", {"amount": "30"}),
        "已上报：市级": Event("leg.forwarded", at(1), "d", "01", {"to": "市级"}),
        "部门已收到": Event("leg.received", at(1), "d", "01"),
    }
    assert {line(event, a_leg("01")): event for event in lines.values()} == lines


@pytest.mark.parametrize(("matter", "review", "granted", "refused"), [
    ({"matter_class": "行政许可"}, "审查中", "已批准", "不予批准"),
    ({"matter_class": "行政给付"}, "审核中", "已核定", "不予给付"),
    ({"matter_class": "行政备案"}, "核对中", "已备案", "不予备案"),
    ({"matter_class": "行政确认"}, "审核中", "已办结", "不予办理"),
    ({"matter_class": "公共服务"}, "办理中", "已办结", "不予办理"), ({}, "办理中", "已办结", "不予办理"),
    ({"matter_class": "公共服务", "kind": "check"}, "核实中", "已核实", "核实未通过"),
])
def test_a_decision_is_called_by_the_class_of_its_matter(
    matter: dict[str, str], review: str, granted: str, refused: str,
) -> None:
    leg = a_leg("01", **matter)
    assert [state_name(s, leg) for s in (LegState.IN_REVIEW, LegState.GRANTED, LegState.REFUSED)] == [
        review, granted, refused]
    said: dict[str, dict[str, str]] = {
        "leg.in_review": {"step": "现场勘察"}, "leg.refused": {"reason": "不在范围内"}, "leg.granted": {},
        "leg.accepted": {}}
    assert [line(Event(name, at(1), "d", "01", data), leg) for name, data in said.items()] == [
        f"{review}：现场勘察", f"部门{refused}：不在范围内", f"部门{granted}", "部门已受理"]
    assert is_reviewable(leg) is matter.get("matter_class", "").startswith("行政"), "a supply or a look-up is no act"


@pytest.mark.parametrize(("mode", "shown"), [
    ("electronic", "电子送达"), ("post", "邮寄送达"), ("上门送达", "上门送达")])
def test_how_a_result_was_handed_over_is_said_in_chinese(mode: str, shown: str) -> None:
    event = Event("leg.delivered", at(1), "d", "01", {"mode": mode})
    assert line(event, a_leg("01")) == f"结果已送达：{shown}"


def test_what_still_has_to_be_built_is_not_called_over() -> None:
    stones = (Text("施工"), Text("通水"))
    water, permit = (a_leg("01", matter_class=c, milestones=stones) for c in ("公共服务", "行政许可"))
    assert state_name(LegState.GRANTED, water) == "已办好，待施工"
    assert state_name(LegState.GRANTED, permit) == "已批准，待施工"
    assert state_name(LegState.DELIVERED, water) == "已送达"
    assert event_name(Event("leg.granted", at(1), "d", "01"), water) == "部门已办好，待施工"


@pytest.mark.parametrize(("why", "name"), [("applicant", "已申请撤回"), ("stop", "已通知部门停止办理")])
def test_a_leg_that_a_rule_stops_was_not_taken_back_by_anybody(why: str, name: str) -> None:
    event = Event("leg.withdraw_requested", at(1), "p", "01", {"why": why, "reason": "前面的事项没有办成"})
    assert line(event, a_leg("01")) == f"{name}：前面的事项没有办成"


@pytest.mark.parametrize("type_", ["leg.again", "leg.outcome_unknown", "leg.stuck", "leg.message_refused"])
def test_what_one_system_says_of_anothers_message_is_not_shown_to_the_applicant(type_: str) -> None:
    event = Event(type_, at(1), "platform", "01", {"reason": "no answer: RemoteDisconnected"})
    assert line(event, a_leg("01")) == event_name(event, a_leg("01"))


def test_an_urge_becomes_a_message_and_a_made_up_step_never_does() -> None:
    case = filed(a_plan([a_leg("01")])).case
    assert [m.type for m in outgoing(case, Event("leg.urged", at(1), "p", "01"))] == ["leg.urged"]
    assert outgoing(case, Event("leg.urged", at(1), "p", "01", filled=True)) == ()
