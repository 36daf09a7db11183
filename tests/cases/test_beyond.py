"""What a department asked beside what is published follows from what was said."""

from typing import Any

import pytest

from cases.beyond import BEYOND, beyond
from cases.fold import apply_all
from cases.model import Event
from tests.cases.case_plans import a_leg, a_plan, filed
from tests.cases.case_years import CALENDAR
from tests.cases.test_due import on

Said = tuple[str, str, dict[str, Any]]


def asked(day: str, ask: str, *papers: str, fields: tuple[str, ...] = (), **more: Any) -> Said:
    return day, "leg.supplement_required", {
        "ask": ask, "reason": "缺", "materials": [{"material": code, "name": f"{code}纸"} for code in papers],
        "fields": [{"field": code, "name": f"{code}栏"} for code in fields], **more}


def fee(day: str, amount: object, basis: str = "标准", declared: str = "100.00") -> Said:
    listed = ["收费 100.00 元"] if declared != "0" else []
    return day, "leg.fee", {"amount": amount, "basis": basis, BEYOND: {"declared": declared, "listed": listed}}


ON_NO_LIST = {BEYOND: {"papers": ["K99纸"], "listed": ["图纸"]}}


@pytest.mark.parametrize(("said", "found"), [
    ([asked("09-26T10:00", "a", "K1", "K2", fields=("f",))], []),
    ([asked("09-26T10:00", "a", "K1", "K99", **ON_NO_LIST)], [("unlisted_paper", ("“K99纸”",))]),
    ([asked("09-26T10:00", "a", "K1"), asked("09-26T15:00", "b", "K2")], []),  # a system that writes one for each paper
    ([asked("09-26T10:00", "a", "K1"), asked("09-29T10:00", "b", "K1@agent#2")], []),  # what was brought did not do
    ([asked("09-26T10:00", "a", "K1"), asked("09-29T10:00", "b", "K1", "K2", fields=("f",))],
     [("asked_later", ("“K2纸”", "“f栏”"))]),
    ([asked("09-26T10:00", "a", "K1"), asked("09-29T10:00", "b", "K2"), asked("09-30T10:00", "c", "K3")],
     [("asked_later", ("“K2纸”",)), ("asked_later", ("“K3纸”",))]),
    ([fee("09-26T10:00", 100)], []),
    ([fee("09-26T10:00", "0", declared="0")], []),
    ([fee("09-26T10:00", 12.5, declared="0")], [("undeclared_fee", ("12.5 元",))]),
    ([fee("09-26T10:00", "100.01")], [("higher_fee", ("100.01 元",))]),
    ([fee("09-26T10:00", 90), fee("09-29T10:00", 100)], []),  # told again under its basis
    ([fee("09-26T10:00", 90), fee("09-29T10:00", 20, "另一个标准")], [("higher_fee", ("110 元",))]),
    ([("09-26T10:00", "leg.fee", {"amount": 5, "basis": "x"})], []),  # before the list was kept with it
])
def test_what_is_beside_the_list_is_told_from_what_was_said(said: list[Said], found: list[Any]) -> None:
    case = filed(a_plan([a_leg("01")])).case
    events = [Event(type_, on(day), "department:water", "01", data) for day, type_, data in said]
    case = apply_all(case, [Event("leg.accepted", on("09-26T09:00"), "department:water", "01"), *events])
    assert [(one.kind, one.what) for one in beyond(case.legs["01"], CALENDAR)] == found


def test_another_office_asks_for_the_first_time_what_it_asks_first() -> None:
    case = filed(a_plan([a_leg("01")])).case
    events = [Event(type_, on(day), f"department:{office}:clerk", "01", data) for office, (day, type_, data) in (
        ("water", asked("09-26T10:00", "a", "K1")), ("water-west", asked("09-29T10:00", "b", "K2")))]
    assert beyond(apply_all(case, events).legs["01"], CALENDAR) == ()
