"""What a withdrawal leads to is foreseen by the rules that will apply, and is what then happens."""

from __future__ import annotations

from typing import Any

import pytest

from cases.ahead import Effect, foresee
from cases.model import Case, Event, LegState
from tests.cases.case_plans import a_leg, a_plan, a_slot, an_edge, at, filed, happen, say

S = LegState


def take_back(case: Case, *legs: str) -> list[Event]:
    return [Event("leg.withdraw_requested", at(9), "applicant", leg, {"why": "applicant", "reason": "改期"})
            for leg in legs]


def told(case: Case, *legs: str) -> list[tuple[str, LegState, str, str | None, bool]]:
    return [(one.leg, one.state, one.text, one.of, one.agreed) for one in foresee(case, take_back(case, *legs), at(9))]


def at_work(**of_last: Any) -> Case:
    """01 is with its department; 02 waits for it, and 03, with its department too, for 02."""
    plan = a_plan([a_leg("01"), a_leg("02"), a_leg("03")],
                  [an_edge("02", "01"), an_edge("03", "02", "before_decide", **of_last)],
                  [a_slot("03", "K1", "02")])
    case = say(filed(plan).case, "01", "leg.accepted", 1)[0]
    return say(case, "03", "leg.accepted", 1)[0]


def test_what_follows_only_once_a_department_agrees_is_told_beforehand_and_of_which() -> None:
    assert told(at_work(), "01") == [
        ("01", S.WITHDRAWN, "将通知部门撤回，等部门确认", None, False),
        ("02", S.VOIDED, "这一项也不再办", "01", True),
        ("03", S.WITHDRAWN, "这一项也不再办：将通知部门停止办理", "02", False),
    ]


def test_a_leg_that_nobody_has_goes_at_once_with_all_that_waits_for_it() -> None:
    case = filed(a_plan([a_leg("01"), a_leg("02"), a_leg("03")], [an_edge("02", "01")])).case
    assert told(case, "01") == [("01", S.WITHDRAWN, "将变为“已撤回”", None, False),
                                ("02", S.VOIDED, "这一项也不再办", "01", False)]
    assert [one[:3] for one in told(case, "03")] == [("03", S.WITHDRAWN, "将变为“已撤回”")]


@pytest.mark.parametrize(("effect", "state", "text"), [
    ("ask", S.ACCEPTED, "这一项要请您自己补充材料K1，才能接着办"),
    ("continue", S.ACCEPTED, "这一项接着办，要请您自己补交材料K1"),
])
def test_what_the_applicant_must_bring_instead_is_told_beforehand(effect: str, state: LegState, text: str) -> None:
    case = at_work(on={"withdrawn": effect, "refused": effect}, feeds=["K1"])
    assert told(case, "01")[-1] == ("03", state, text, "02", False)


def test_a_result_that_will_be_revoked_is_told_beforehand() -> None:
    plan = a_plan([a_leg("01"), a_leg("02")], [an_edge("02", "01", "before_deliver", on={"withdrawn": "void"})])
    case = say(filed(plan).case, "01", "leg.accepted", 1)[0]
    case = say(case, "02", "leg.granted", 2, results=[{"name": "许可证"}])[0]
    assert told(case, "01")[-1] == ("02", S.GRANTED, "将请部门撤销这一项已经办好的结果", "01", True)


def test_what_was_foreseen_is_what_happens_once_all_departments_agree() -> None:
    case = at_work()
    foreseen: list[Effect] = foresee(case, take_back(case, "01"), at(9))
    assert [one.leg for one in foreseen if one.asks] == ["01"], "the one department that may refuse"
    after = happen(case, *take_back(case, "01"))[0]
    for leg in ("01", "03"):
        after = say(after, leg, "leg.withdraw_confirmed", 10)[0]
    assert {one.leg: one.state for one in foreseen} == {number: leg.state for number, leg in after.legs.items()}
