"""An edit of the dictionary changes nothing for cases that are under way: they keep what they were filed under."""

import base64
from dataclasses import replace

import pytest

from catalog.dictionary import Option
from catalog.text import Text
from desk import errors
from desk.applicants.afterwards import Supply
from desk.desk import Desk
from tests.desk.conftest import NOW
from tests.desk.filings import PNG
from tests.desk.test_given_fields import MEDICAL, YEARS, Retirement, minute, sheet

MONTHS = "deemed_months"
LATER = "ID01@agent"  # a paper that is not in the plan of this case


def with_field(catalog, **changes):
    return replace(catalog, fields={**catalog.fields, MONTHS: replace(catalog.fields[MONTHS], **changes)})


def as_choice(catalog, *codes):
    options = tuple(Option(code, Text(f"档{code}")) for code in codes)
    return with_field(catalog, type="choice", unit=None, min=None, max=None, options=options)


def with_paper(catalog, key, **changes):
    return replace(catalog, materials={**catalog.materials, key: replace(catalog.materials["ID01"], **changes)})


class Edited(Retirement):
    """A retirement filed under one dictionary; from then on the desk works with another."""

    def __init__(self, premises, filed_under, now_in_force):
        super().__init__(Desk(replace(premises, catalog=filed_under)), filed_under)
        self.desk = Desk(replace(premises, catalog=now_in_force))


def test_an_option_that_is_gone_today_is_still_an_option_of_the_case(premises, catalog):
    case = Edited(premises, as_choice(catalog, "a", "b"), as_choice(catalog, "x", "y"))
    with pytest.raises(errors.MalformedNotice):
        case.say(YEARS, "leg.granted", minute(4), results=sheet("x"))
    assert case.to_medical("a")["stjfys"] == "a"


def test_a_bound_of_today_does_not_hold_for_the_answer_to_an_ask(premises, catalog):
    case = Edited(premises, catalog, with_field(catalog, max=10))
    case.to_medical(12)
    case.say(MEDICAL, "leg.supplement_required", minute(8), ask="a1", reason="月数不符", limit="5wd", fields=["stjfys"])
    with pytest.raises(errors.InvalidAnswers):
        case.answer(MEDICAL, "a1", minute(9), deemed_months=601)
    case.answer(MEDICAL, "a1", minute(9), deemed_months=300)
    assert case.deliver(minute(10))[MEDICAL, "leg.supplemented"]["fields"] == {"stjfys": 300}


@pytest.mark.parametrize(("filed", "today", "taken"), [("png", "ofd", True), ("ofd", "png", False)])
def test_a_paper_asked_again_may_be_of_the_kinds_it_could_be_of_at_filing(premises, catalog, filed, today, taken):
    def only(kind):
        return with_paper(catalog, "ID01", spec=replace(catalog.materials["ID01"].spec, file_types=(kind,)))

    case = Edited(premises, only(filed), only(today))
    case.to_medical(12)
    case.say(MEDICAL, "leg.supplement_required", minute(8), ask="a1", reason="看不清", limit="5wd", materials=[LATER])
    picture = case.desk.keep_file("sample", ("a.png", "image/png"), [base64.b64decode(PNG)], NOW).file
    supply = Supply(MEDICAL, "a1", {}, {LATER: (picture,)})
    if taken:
        case.desk.afterwards.supplement("sample", case.reference, supply, "k", minute(9))
    else:
        with pytest.raises(errors.InvalidAnswers):
            case.desk.afterwards.supplement("sample", case.reference, supply, "k", minute(9))
    assert case.leg(MEDICAL, minute(9))["asks"][0]["open"] is not taken


def test_a_paper_that_came_into_the_dictionary_since_may_be_named_by_a_department(premises, catalog):
    case = Edited(premises, catalog, with_paper(catalog, "NEW1", code="NEW1", name=Text("新证")))
    assert case.say(YEARS, "leg.granted", minute(4), results=[*sheet(12), {"material": "NEW1"}]) == "applied"
