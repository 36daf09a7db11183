"""What a department found, row by row and field by field, is shown with its result to whoever it is for."""

from datetime import timedelta

import pytest

from desk import errors
from tests.desk.conftest import NOW
from tests.desk.filings import Filed

VEHICLES, LATER = "02", NOW + timedelta(days=56)
TWO = [{"found_plate": "鲁B12345", "found_state": "pledged"},
       {"found_plate": "鲁B12346", "found_vin": "LSGJA52U9AH000018", "found_state": "free"}]


@pytest.fixture(autouse=True)
def _later(monkeypatch):
    """The court of the sample person had not accepted the case on the usual day."""
    monkeypatch.setattr("tests.desk.filings.NOW", LATER)


def minute(n):
    return LATER + timedelta(minutes=n)


@pytest.fixture
def found(desk, catalog):
    """What is looked up of a debtor; nobody has answered yet."""
    case = Filed(desk, catalog, "bankruptcy-check", dict(catalog.bundles["bankruptcy-check"].figures))
    case.filed = case.deliver(minute(1))
    return case


def say(case, rows):
    return case.say(VEHICLES, "leg.granted", minute(2), results=[
        {"material": "debtor_vehicles_result", "number": "查0001", "fields": {"vehicles_found": rows}}])


def test_rows_that_a_department_found_are_a_table_by_the_names_of_the_dictionary(found):
    assert say(found, TWO) == "applied"
    result, = found.leg(VEHICLES, minute(3))["results"]
    assert result["fields"] == [{
        "code": "vehicles_found", "name": "名下机动车", "text": "", "columns": ["号牌号码", "车架号", "状态"],
        "rows": [["鲁B12345", "", "已抵押"], ["鲁B12346", "LSGJA52U9AH000018", "正常"]]}]
    text = found.desk.sheet("sample", found.reference, minute(3))
    assert "名下机动车：号牌号码 鲁B12345，状态 已抵押；号牌号码 鲁B12346，车架号 LSGJA52U9AH000018，状态 正常" in text


def test_no_row_says_that_nothing_was_found(found):
    assert say(found, []) == "applied"
    said, = found.leg(VEHICLES, minute(3))["results"][0]["fields"]
    assert (said["text"], said["rows"]) == ("没有", [])


def test_whoever_only_has_the_code_sees_none_of_it(found):
    say(found, TWO)
    code = found.desk.intake.receipt("sample", found.reference, minute(3)).code
    masked = found.desk.track(found.reference, code, minute(3))
    assert [result["fields"] for leg in masked["legs"] for result in leg["results"]] == [[]]


@pytest.mark.parametrize(("rows", "where"), [
    ([{"found_plate": "12345"}], {"0": ["found_plate"]}), ([{"found_state": "stolen"}], {"0": ["found_state"]}),
    ([TWO[0], {"colour": "red"}], {"1": ["colour"]}),
])
def test_rows_that_are_none_of_these_are_refused_with_row_and_column(found, rows, where):
    with pytest.raises(errors.MalformedNotice) as refused:
        say(found, rows)
    said = refused.value.errors["data"]["results"]["0"]["fields"]["vehicles_found"]
    assert {row: [*columns] for row, columns in said.items()} == where


def test_a_department_is_told_the_columns_that_a_row_may_have(found):
    wanted, = found.filed[VEHICLES, "leg.filed"]["gives"]["fields"]
    assert [(one["field"], one["type"], [option["code"] for option in one.get("options", ())])
            for one in wanted["columns"]] == [
        ("found_plate", "plate", []), ("found_vin", "vin", []),
        ("found_state", "choice", ["free", "pledged", "sealed", "scrapped"])]


def test_single_fields_are_shown_too_as_people_call_their_values(desk, catalog):
    case = Filed(desk, catalog, "retirement", dict(catalog.bundles["retirement"].figures))
    case.deliver(minute(1))
    case.say("09", "leg.granted", minute(2), results=[{"name": "确认", "fields": {"household_region": "370202"}}])
    said, = case.leg("09", minute(3))["results"][0]["fields"]
    name = str(catalog.fields["household_region"].name)
    assert (said["name"], said["text"], said["columns"]) == (name, "市南区", [])


def test_rows_that_were_filled_in_stand_in_the_text_of_the_case(desk, catalog):
    case = Filed(desk, catalog, "transport-company", dict(catalog.bundles["transport-company"].figures))
    assert "车辆：车架号" in desk.sheet("sample", case.reference, minute(1))
