"""What a person at an office may choose in each state: what the table lets happen and what makes sense."""

import pytest

from cases.model import LegState
from cases.offered import ACTS, offered, progress, said_next
from cases.states import NOTICES, OVER
from tests.cases.case_plans import a_leg, a_plan, at, filed, ours, say
from tests.cases.case_years import CALENDAR

ALWAYS = {"leg.fee", "leg.remark"}
OPEN = {"leg.accepted", "leg.supplement_required", "leg.not_accepted", "leg.in_review", "leg.special_started",
        "leg.granted", "leg.refused", "leg.forwarded", "leg.simulated"}
AT_WORK = OPEN - {"leg.accepted", "leg.not_accepted"} | {"leg.extended"}
ASK = {"ask": "A1", "reason": "缺盖章", "limit": "5wd", "materials": [{"material": "M1"}]}
SPECIAL = {"kind": "听证", "basis": "第45条"}
NO = {"reason_code": "R1", "reason": "不符合条件"}
LIVES = [
    ("just received", [], OPEN | ALWAYS),
    ("accepted", [("leg.accepted", {})], AT_WORK | ALWAYS),
    ("asked before it was accepted", [("leg.supplement_required", ASK)],
     OPEN - {"leg.in_review", "leg.special_started", "leg.forwarded", "leg.simulated"} | ALWAYS),
    ("in a special procedure", [("leg.accepted", {}), ("leg.special_started", SPECIAL)],
     {"leg.special_ended", "leg.extended", "leg.granted", "leg.refused"} | ALWAYS),
    ("extended", [("leg.accepted", {}), ("leg.extended", {"limit": "2wd"})], AT_WORK - {"leg.extended"} | ALWAYS),
    ("out of it", [("leg.special_started", SPECIAL), ("leg.special_ended", {"kind": "听证"})], AT_WORK | ALWAYS),
    ("granted with results", [("leg.granted", {"results": [{"name": "证"}]})], {"leg.delivered"} | ALWAYS),
    ("granted with nothing", [("leg.granted", {"results": []})], {"leg.granted", "leg.delivered"} | ALWAYS),
    ("handed over", [("leg.granted", {"results": [{"name": "证"}]}), ("leg.delivered", {"mode": "post"})],
     {"leg.remark"}),
    ("refused", [("leg.refused", NO)], {"leg.remark"}),
    ("not accepted", [("leg.not_accepted", NO)], {"leg.remark"}),
]


def lived(plan, life):
    case, _ = say(filed(plan).case, "01", "leg.received", 1)
    for hour, (type_, data) in enumerate(life, 2):
        case, _ = say(case, "01", type_, hour, **data)
    return case


@pytest.mark.parametrize(("life", "acts"), [(life, acts) for _, life, acts in LIVES], ids=[name for name, *_ in LIVES])
def test_what_may_be_chosen_follows_from_what_happened(life, acts):
    case = lived(a_plan([a_leg("01")]), life)
    assert set(offered(case, case.legs["01"], CALENDAR, at(20))) == acts


def test_a_withdrawal_is_answered_and_nothing_is_decided_meanwhile():
    case, _ = ours(lived(a_plan([a_leg("01")]), [("leg.accepted", {})]), "01", "leg.withdraw_requested", 5,
                   why="applicant", reason="改期")
    acts = offered(case, case.legs["01"], CALENDAR, at(6))
    assert acts[:2] == ("leg.withdraw_confirmed", "leg.withdraw_rejected")
    assert not {"leg.granted", "leg.refused"} & set(acts)


def test_nothing_is_granted_while_a_publicity_period_runs():
    case = lived(a_plan([a_leg("01", wait="5nd")]), [("leg.accepted", {})])
    assert "leg.granted" not in offered(case, case.legs["01"], CALENDAR, at(24))
    assert "leg.granted" in offered(case, case.legs["01"], CALENDAR, at(24 * 20))


def test_what_is_over_may_be_corrected_where_somebody_may_decide_on_it():
    for _, life, acts in LIVES:
        case = lived(a_plan([a_leg("01")]), life)
        more = set(offered(case, case.legs["01"], CALENDAR, at(20), ["复核科"])) - acts
        assert more == ({"leg.corrected"} if case.legs["01"].state in OVER else set())


def test_of_a_leg_that_has_not_come_nothing_may_be_chosen():
    case = filed(a_plan([a_leg("01")])).case
    assert case.legs["01"].state is LegState.QUEUED
    assert offered(case, case.legs["01"], CALENDAR, at(1)) == ()


def test_every_act_is_a_notice_of_the_contract():
    assert set(ACTS) <= NOTICES


def test_how_far_a_leg_has_come_is_told_by_what_happened_and_not_by_how_much():
    plan = a_plan([a_leg("01")])
    asked, reviewed = (lived(plan, [("leg.accepted", {}), last]).legs["01"]
                       for last in (("leg.supplement_required", ASK), ("leg.in_review", {"step": "技术审查"})))
    assert len(asked.history) == len(reviewed.history)
    assert progress(asked) != progress(reviewed)
    urged, _ = ours(lived(plan, [("leg.accepted", {})]), "01", "leg.urged", 9, by="platform", times=1)
    assert progress(urged.legs["01"]) == progress(lived(plan, [("leg.accepted", {})]).legs["01"])


def test_what_a_person_does_counts_behind_what_the_person_has_seen():
    leg = lived(a_plan([a_leg("01")]), [("leg.accepted", {})]).legs["01"]
    assert leg.history[-1].at < said_next(leg, leg.history[-1].at) < at(3)
    assert said_next(leg, at(9)) == at(9)
