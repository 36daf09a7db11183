"""The light of a leg in every situation, and odd data in notices that must leave no trace."""

from datetime import timedelta
from typing import Any

import pytest

from cases.due import LegDue
from cases.lights import light
from cases.marks import read_results
from cases.model import Leg, LegState
from cases.said import entries, read_day, read_limit
from tests.cases.case_plans import T0, a_leg

S = LegState
DAY = timedelta(days=1)
RUNNING: dict[str, Any] = {"start": T0, "started": True, "due": T0 + 3 * DAY, "yellow_at": T0 + 2 * DAY}


@pytest.mark.parametrize(("state", "leg", "dates", "days", "colour", "words"), [
    (S.ACCEPTED, {}, {}, 1, "white", "正常办理"), (S.ACCEPTED, {}, {}, 2, "yellow", "即将到期"),
    (S.ACCEPTED, {}, {}, 4, "red", "已超期"), (S.RECEIVED, {}, {"started": False}, 4, "yellow", "部门尚未受理"),
    (S.ACCEPTED, {}, {"waits_for": ("02",)}, 2, "white", "正在办理，等前一环节的结果"),
    (S.ACCEPTED, {}, {"due": None}, 9, "white", "正在办理"), (S.WAITING, {}, {}, 9, "white", "等待前一环节"),
    (S.SPECIAL, {}, {"paused": "特别程序(听证)"}, 9, "grey", "特别程序(听证)，暂停计时"),
    (S.HELD, {}, {}, 9, "grey", "等待申请人，暂停计时"),
    (S.IN_REVIEW, {"withdrawing": True}, {}, 9, "grey", "等部门确认撤回"),
    (S.OUTCOME_UNKNOWN, {}, {}, 0, "yellow", "送达情况核实中"), (S.STUCK, {}, {}, 0, "yellow", "平台人工处理中"),
    (S.GRANTED, {"decided_at": T0 + DAY}, {}, 9, "green", "已办结"),
    (S.DELIVERED, {"decided_at": T0 + 5 * DAY}, {}, 9, "green", "已送达(超过时限)"),
    (S.REFUSED, {"decided_at": T0 + DAY}, {}, 9, "green", "不予办理"), (S.WITHDRAWN, {}, {}, 9, "grey", "已撤回"),
])
def test_the_light_follows_from_state_and_clock(
    state: LegState, leg: dict[str, Any], dates: dict[str, Any], days: int, colour: str, words: str
) -> None:
    found = light(Leg("01", "m", "d", state, **leg), a_leg("01"), LegDue("01", **{**RUNNING, **dates}), T0 + days * DAY)
    assert (found.colour, found.words) == (colour, words)


@pytest.mark.parametrize("odd", [None, 7, "K1", {}, [None, 3, [], {}, {"x": 1}], [{"name": 4}]])
def test_lists_of_another_shape_are_taken_as_empty(odd: object) -> None:
    assert entries(odd, "material") == ()
    assert [r.name for r in read_results(odd)] in ([], ["办理结果"], ["办理结果"] * 2)


def test_what_a_department_names_otherwise_is_still_found() -> None:
    asked = entries(["K1", {"code": "K2"}, {"name": "图纸"}], "material")
    assert [e["material"] for e in asked] == ["K1", "K2", "图纸"]
    assert (read_day("2025-02-30"), read_day(5), read_day("2025-10-13")) == (None, None, "2025-10-13")
    assert (read_limit("5days"), read_limit(None), str(read_limit("5wd"))) == (None, None, "5wd")
