"""Fields that departments give, or that the applicant answers in their place, are of the right type or refused."""

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest

from cases.model import Event
from connectors.base import Answer
from desk import errors
from desk.desk import Desk
from desk.hearing.asking import in_their_words
from desk.sending.payload import Dossier
from store import events, notices
from tests.desk.conftest import NOW
from tests.desk.filings import Filed

YEARS, PENSION, MEDICAL, HOUSEHOLD, RETIREMENT = "02", "05", "06", "09", "01"
NO_MONTHS = ["十二", "nan", "1e1000000", {"a": 1}, [1, 2], True, 1e300, 1.5]


@pytest.fixture
def premises(premises):
    bodies = {name: replace(body, authorities=("复核",)) for name, body in premises.deployment.bodies.items()}
    return replace(premises, deployment=replace(premises.deployment, bodies=MappingProxyType(bodies)))


def minute(n):
    return NOW + timedelta(minutes=n)


def sheet(months):
    return [{"material": "deemed_years_sheet", "fields": {"deemed_months": months}}]


class Retirement(Filed):
    """A retirement of which the deemed years are about to be decided; medical insurance is told the months."""

    def __init__(self, desk, catalog):
        super().__init__(desk, catalog, "retirement", dict(catalog.bundles["retirement"].figures))
        self.deliver(minute(1))
        region = [{"name": "确认", "fields": {"household_region": "370202"}}]
        self.say(HOUSEHOLD, "leg.granted", minute(2), results=region)
        self.say(RETIREMENT, "leg.granted", minute(2), results=[{"material": "retire_decision"}])
        self.deliver(minute(3))

    def to_medical(self, months):
        """Everything is granted; what medical insurance was told."""
        assert self.say(YEARS, "leg.granted", minute(4), results=sheet(months)) == "applied"
        self.deliver(minute(5))
        self.say(PENSION, "leg.granted", minute(6), results=[{"material": "pension_sheet"}])
        return self.deliver(minute(7))[MEDICAL, "leg.filed"]["fields"]


@pytest.fixture
def retirement(desk, catalog):
    return Retirement(desk, catalog)


@pytest.mark.parametrize("months", NO_MONTHS)
def test_a_grant_with_a_field_of_another_type_is_malformed_and_says_where(retirement, months):
    for n, data in enumerate([{"results": sheet(months)}, {"results": [{"name": "别的"}, *sheet(months)]}]):
        with pytest.raises(errors.MalformedNotice) as refused:
            retirement.say(YEARS, "leg.granted", minute(4 + n), **data)
        said = refused.value.errors["data"]["results"][str(n)]["fields"]
        assert set(said) == {"deemed_months"} and said["deemed_months"][0]
    assert retirement.leg(YEARS, minute(6))["state"] == "received"


def test_a_correction_is_looked_at_like_a_grant(retirement):
    retirement.to_medical(12)
    wrong = {"results": [{"material": "no_such_paper", "fields": {"deemed_months": "十二"}}]}
    with pytest.raises(errors.MalformedNotice) as refused:
        retirement.say(YEARS, "leg.corrected", minute(8), what=wrong, authority="复核")
    assert set(refused.value.errors["data"]["what"]["results"]["0"]) == {"fields", "material"}
    right = {"results": sheet("13"), "reason": "少算一个月"}
    assert retirement.say(YEARS, "leg.corrected", minute(9), what=right, authority="复核") == "applied"


def test_a_grant_in_the_answer_to_the_push_is_set_aside_for_such_a_field(desk, catalog, opened):
    case = Filed(desk, catalog, "retirement", dict(catalog.bundles["retirement"].figures))
    given = [{"name": "确认", "fields": {"household_region": "青岛"}}]
    case.deliver(minute(1), Answer("received", state="granted", data={"results": given}))
    assert case.leg(HOUSEHOLD, minute(1))["state"] == "received"
    with opened.db.read() as tx:
        found = [entry for entry in notices.unsettled(tx) if entry.leg == HOUSEHOLD]
    assert [(entry.code, entry.type) for entry in found] == [("malformed", "leg.granted")]


def test_what_is_given_reaches_the_next_department_clean_in_its_own_unit(retirement):
    assert retirement.to_medical(" １2 ")["stjfys"] == 12


@pytest.mark.parametrize("months", NO_MONTHS)
def test_a_value_that_was_let_in_before_stops_no_follower(retirement, premises, opened, months):
    granted = Event("leg.granted", minute(4), "department:x", YEARS, {"results": sheet(months)})

    def let_in(tx):
        n = events.last(tx, retirement.reference)
        events.append(tx, retirement.reference, (granted,), n)

    opened.db.write(let_in)
    retirement.desk = Desk(premises)
    retirement.say(PENSION, "leg.remark", minute(4), text="例")
    retirement.deliver(minute(5))
    retirement.say(PENSION, "leg.granted", minute(6), results=[{"material": "pension_sheet"}])
    assert retirement.deliver(minute(7))[MEDICAL, "leg.filed"]["fields"]["stjfys"] == months


@pytest.mark.parametrize("months", [*NO_MONTHS, 601, " "])
def test_an_applicant_who_is_asked_for_a_given_field_is_told_what_to_write(retirement, months):
    retirement.to_medical(12)
    retirement.say(MEDICAL, "leg.supplement_required", minute(8), ask="a1", reason="月数不符", limit="5wd",
                   fields=["stjfys"])
    with pytest.raises(errors.InvalidAnswers) as refused:
        retirement.answer(MEDICAL, "a1", minute(9), deemed_months=months)
    assert set(refused.value.errors) == {"deemed_months"} and refused.value.errors["deemed_months"][0]
    retirement.answer(MEDICAL, "a1", minute(9), deemed_months="12")
    assert retirement.deliver(minute(10))[MEDICAL, "leg.supplemented"]["fields"] == {"stjfys": 12}


def test_what_the_applicant_says_in_place_of_a_leg_that_fails_reaches_the_one_that_waits_for_it(retirement):
    retirement.say(YEARS, "leg.refused", minute(4), reason_code="R1", reason="档案不全")
    retirement.say(PENSION, "leg.granted", minute(5), results=[{"material": "pension_sheet"}])
    held = retirement.leg(MEDICAL, minute(5))
    ask = next(ask for ask in held["asks"] if ask["open"])
    assert [entry["field"] for entry in ask["fields"]] == ["deemed_months"]
    retirement.answer(MEDICAL, ask["id"], minute(6), deemed_months="7")
    told = {type_: data for (leg, type_), data in retirement.deliver(minute(7)).items() if leg == MEDICAL}
    assert [data["fields"].get("stjfys") for data in told.values()] == [7] * len(told) and told


def test_what_a_leg_gives_stands_above_what_the_applicant_said_to_one_that_doubted_it(retirement):
    retirement.to_medical(12)
    retirement.say(MEDICAL, "leg.supplement_required", minute(8), ask="a1", reason="月数不符", limit="5wd",
                   fields=["stjfys"])
    retirement.answer(MEDICAL, "a1", minute(9), deemed_months="13")
    case = retirement.desk._book.known(retirement.reference).case
    assert Dossier(case, {"form": {}, "materials": {}}, {}).answers["deemed_months"] == 12


def test_a_row_leg_is_answered_in_its_own_row(desk, catalog):
    plan = desk.plan("transport-company", dict(catalog.bundles["transport-company"].figures), NOW)
    leg = next(leg for leg in plan.legs if leg.matter == "transport-permit")
    assert in_their_words(plan, leg.leg, {"vehicles.plate": "鲁B12345", "other": "x"}) == {
        "vehicles": [{"cphm": "鲁B12345"}], "other": "x"}


def test_who_was_told_before_a_correction_is_told_what_is_right(retirement):
    retirement.to_medical(12)
    right = {"results": sheet(13), "reason": "少算一个月"}
    assert retirement.say(YEARS, "leg.corrected", minute(9), what=right, authority="复核") == "applied"
    told = retirement.deliver(minute(10))
    assert {(leg, type_) for leg, type_ in told} == {(MEDICAL, "leg.material_added")}
    said = told[MEDICAL, "leg.material_added"]
    assert (said["from"], said["corrected"], said["fields"]) == (YEARS, True, {"stjfys": 13})
    assert retirement.deliver(minute(11)) == {}
