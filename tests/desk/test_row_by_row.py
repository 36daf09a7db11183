"""One refusal among the legs of many rows: who waits for it in the same row stops, everybody else is served."""

from datetime import timedelta

import pytest

from cases.news import Fresh, pieces
from desk.errors import InvalidAnswers
from desk.view import view
from tests.desk.conftest import NOW
from tests.desk.filings import Filed

STAFF = [{"staff_no": "A01", "card_wanted": True, "archive_in": True, "contract_kind": "open"},
         {"staff_no": "A02", "card_wanted": True, "archive_in": False, "contract_kind": "open"}]


def minute(n):
    return NOW + timedelta(minutes=n)


@pytest.fixture
def hiring(desk, catalog):
    return Filed(desk, catalog, "hiring", {"employees": STAFF, "filer": "legal_rep"})


def test_the_legs_of_rows_are_told_apart_by_everybody_and_named_to_whoever_may_know(hiring, premises):
    hiring.deliver(minute(1))
    mine = hiring.desk.case_view("sample", hiring.reference, minute(2))
    assert {leg["why"] for leg in mine["legs"] if leg["why"]} == {
        "等待“单位职工参保登记”的结果", "等待“单位就业登记”的结果"}
    book = hiring.desk._book
    masked = view(book.known(hiring.reference), premises, {}, minute(2), None)
    assert [leg["instance_name"] for leg in masked["legs"] if leg["matter"] == "staff-card"] == ["第 1 人", "第 2 人"]
    hiring.say("02.2", "leg.refused", minute(2), reason_code="CB-1", reason="原单位还没有给这位员工停保")
    case = book.known(hiring.reference).case
    assert [piece.text.partition("，")[0] for piece in pieces(case, [Fresh(1, "02.2", "leg.refused")])] == [
        "“单位职工参保登记（第 2 人）”不予办理"]


def test_one_employee_who_cannot_be_insured_keeps_nobody_elses_card_and_no_archive_waiting(hiring, premises):
    hiring.deliver(minute(1))
    why = "原单位还没有给这位员工停保"
    assert hiring.say("02.1", "leg.refused", minute(2), reason_code="CB-1", reason=why) == "applied"
    for leg in ("01.1", "01.2", "02.2", "03.1", "03.2"):
        hiring.say(leg, "leg.granted", minute(3), results=[])
    assert {leg for leg, type_ in hiring.deliver(minute(4)) if type_ == "leg.filed"} == {"04.1", "05.2"}
    for leg in ("04.1", "05.2"):
        hiring.say(leg, "leg.granted", minute(5), results=[])
    seen = hiring.desk.case_view("sample", hiring.reference, minute(6))
    assert {leg["leg"]: leg["state"] for leg in seen["legs"]} == {
        "01.1": "granted", "01.2": "granted", "02.1": "refused", "02.2": "granted", "03.1": "granted",
        "03.2": "granted", "04.1": "granted", "05.1": "voided", "05.2": "granted"}
    assert seen["state"] == "partly_finished"
    assert {leg["instance_name"] for leg in seen["legs"]} == {"示例姓名"}
    assert {leg["instance"] for leg in seen["legs"]} == {"A01", "A02"}
    masked = view(hiring.desk._book.known(hiring.reference), premises, {}, minute(6), None)
    assert not {"示例姓名", "A01"} & {str(value) for leg in masked["legs"] for value in leg.values()}


@pytest.mark.parametrize("called", ["lxdh", "employees.mobile"])
def test_what_is_asked_about_one_row_is_that_row_s_and_no_field_of_the_same_name(hiring, called):
    filed = hiring.deliver(minute(1))["02.2", "leg.filed"]
    hiring.say("02.2", "leg.supplement_required", minute(2), ask="a1", reason="号码打不通", limit="5wd",
               fields=[{"field": called}])
    hiring.say("01.2", "leg.supplement_required", minute(2), ask="a2", reason="是简称", limit="5wd",
               fields=[{"field": "full_name"}])
    (asked,), (bare,) = (hiring.leg(leg, minute(3))["asks"] for leg in ("02.2", "01.2"))
    assert [(one["field"], one["name"]) for one in (*asked["fields"], *bare["fields"])] == [
        ("employees.mobile", "员工手机"), ("employees.full_name", "姓名")]
    with pytest.raises(InvalidAnswers) as wrong:
        hiring.answer("02.2", "a1", minute(3), **{"employees.mobile": "12"})
    assert "11 位手机号" in str(wrong.value.errors["employees.mobile"])
    hiring.answer("02.2", "a1", minute(4), **{"employees.mobile": "139 0013 9001"})
    told = hiring.deliver(minute(5))["02.2", "leg.supplemented"]
    group, = (name for name, value in filed["fields"].items() if isinstance(value, list))
    assert told["fields"] == {group: [{"lxdh": "13900139001"}]}
    before, after = hiring.filing.form, hiring.desk.anew.begin("sample", hiring.reference, minute(6)).draft.form
    assert [row["mobile"] for row in after["employees"]] == [before["employees"][0]["mobile"], "13900139001"]
    assert (after["mobile"], "employees.mobile" in after) == (before["mobile"], False), "the contact's stays"
