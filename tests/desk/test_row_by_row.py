"""One refusal among the legs of many rows: who waits for it in the same row stops, everybody else is served."""

from datetime import timedelta

import pytest

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
