"""The table, its printed page and the names people read cover each other."""

from pathlib import Path

from cases.diagram import diagram, states_page
from cases.fold import NATURAL_COURSE
from cases.follow import outgoing
from cases.model import CaseState, Event, LegState
from cases.states import FINAL, NEEDS, NOTICES, OURS, TABLE, Move
from cases.words import CASE_NAMES, EVENT_NAMES, STATE_NAMES, line
from tests.cases.case_plans import a_leg, a_plan, at, filed

PAGE = Path(__file__).parents[2] / "docs" / "states.md"


def test_the_page_in_the_docs_is_what_the_table_prints() -> None:
    assert PAGE.read_text(encoding="utf-8") == states_page()


def test_every_state_and_event_has_one_chinese_name() -> None:
    assert set(STATE_NAMES) == set(LegState) and set(CASE_NAMES) == set(CaseState)
    assert set(EVENT_NAMES) == {*NOTICES, *OURS, "case.filed"}


def test_the_table_answers_every_event_in_every_state_and_every_notice_has_its_place() -> None:
    assert set(TABLE) == {(state, event) for state in LegState for event in (*NOTICES, *OURS)}
    assert set(NATURAL_COURSE) == set(NOTICES) == set(NEEDS)


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
    assert {line(event): event for event in lines.values()} == lines


def test_an_urge_becomes_a_message_and_a_made_up_step_never_does() -> None:
    case = filed(a_plan([a_leg("01")])).case
    assert [m.type for m in outgoing(case, Event("leg.urged", at(1), "p", "01"))] == ["leg.urged"]
    assert outgoing(case, Event("leg.urged", at(1), "p", "01", filled=True)) == ()
