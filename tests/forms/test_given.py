"""Fields that legs give are read by their own type, whoever says them; what was let in before goes on as it came."""

from typing import Any

import pytest

from desk.sending.letters import gives
from forms.given import read_given, read_in_place
from forms.split import leg_fields, with_results
from sandbox.answers_given import field_value
from tests.bundles.shipped import CATALOG, TODAY
from tests.bundles.shipped import public_plan as plan

NO_NUMBERS = ["十二", "nan", "Infinity", "1e150000", "1e1000000", {"a": 1}, [1, 2], True, 1e300, "9" * 400, "1.5"]


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_a_department_and_an_applicant_give_no_number_that_the_form_would_not_read(value: Any) -> None:
    fields = CATALOG.fields
    for clean, wrong in (read_given(plan("retirement"), fields, {"deemed_months": value}),
                         read_in_place(plan("retirement"), "01", CATALOG, {"deemed_months": value})):
        assert clean == {} and set(wrong) == {"deemed_months"} and all(wrong["deemed_months"])


def test_a_value_is_clean_and_what_is_blank_is_not_given() -> None:
    given = {"deemed_months": "１２", "household_region": None, "note": {"any": [1]}}
    assert read_given(plan("retirement"), CATALOG.fields, given) == ({"deemed_months": 12, "note": {"any": [1]}}, {})
    assert read_given(plan("transport-company"), CATALOG.fields, {"plate": "鲁b·12345"})[0] == {"plate": "鲁B12345"}


def test_a_departments_own_value_is_held_to_its_type_and_the_applicants_to_the_bounds_too() -> None:
    retirement, fields = plan("retirement"), CATALOG.fields
    assert read_given(retirement, fields, {"deemed_months": 601, "household_region": "110101"})[1] == {}
    assert read_given(retirement, fields, {"died_on": "1888-05-01"}) == ({"died_on": "1888-05-01"}, {})
    wrong = read_in_place(retirement, "01", CATALOG, {"deemed_months": 601, "mobile": "1"})[1]
    assert set(wrong) == {"deemed_months"} and "600" in wrong["deemed_months"][0]


def test_a_dictionary_that_says_otherwise_since_leaves_the_type_to_the_plan() -> None:
    assert read_given(plan("retirement"), {}, {"deemed_months": "十二"})[1] != {}
    assert read_given(plan("retirement"), {}, {"deemed_months": 12})[0] == {"deemed_months": 12}
    retyped = {"deemed_months": CATALOG.fields["birth_cert_no"]}
    assert read_given(plan("retirement"), retyped, {"deemed_months": 12})[0] == {"deemed_months": 12}


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_a_number_that_was_let_in_before_goes_to_the_next_department_as_it_came(value: Any) -> None:
    known = with_results(plan("retirement"), {}, "02", {"deemed_months": value})
    said = leg_fields(plan("retirement"), "06", known)["stjfys"]
    assert said == (1.5 if value == "1.5" else value)


@pytest.mark.parametrize("group", ["粤B1", 7, [1, "x"], {"plate": "粤B1"}])
def test_what_is_no_list_of_rows_gives_none(group: Any) -> None:
    known = with_results(plan("transport-company"), {"vehicles": group}, "03.1", {"vehicles.plate": "鲁B12345"})
    assert known["vehicles"] == [{"plate": "鲁B12345"}]
    assert "cllb" not in leg_fields(plan("transport-company"), "01", {"vehicles": group})


def test_what_demo_departments_give_is_of_the_type_they_are_asked_for() -> None:
    catalog = CATALOG
    given = {one["field"]: (bundle, one) for bundle in catalog.bundles for leg in plan(bundle).legs
             for one in gives(leg, catalog)["fields"]}
    assert {"disability_grade", "deemed_months"} <= given.keys()
    found = {(code, leg): field_value(leg, given[code][1], TODAY) for code in given for leg in ("R-01", "R-02", "R-03")}
    for (code, _), value in found.items():
        assert read_given(plan(given[code][0]), catalog.fields, {code: value})[1] == {}, code
    assert {bool(value) for (code, _), value in found.items() if code == "violations"} == {True, False}
