"""A leg that an earlier one's result makes needless is filed with nobody, and its applicant hears of it: 残疾人服务."""

from dataclasses import replace
from datetime import timedelta

import pytest

from desk.desk import Desk
from store.telling import news
from tests.desk.conftest import NOW
from tests.desk.filings import Filed
from tests.oversight.conftest import ON_BOTH

CARD, LIVING, NURSING = "02", "03", "04"
CHANGED = {"card_need": "replace", "card_region": "370202", "replace_reason": "changed", "guarded": False,
           "wants": ["living", "nursing"], "filer": "self"}
SAID = "重度残疾人护理补贴发给一级、二级残疾人，这次评定的等级不是；等级以后有变化的可以再申请"


def minute(n):
    return NOW + timedelta(minutes=n)


class Changed(Filed):
    """A card that is changed since the grade is another, with the two allowances; offices may correct themselves."""

    def __init__(self, premises, catalog):
        bodies = {name: replace(body, authorities=("市残联",)) for name, body in premises.deployment.bodies.items()}
        self.premises = replace(premises, deployment=replace(premises.deployment, bodies=bodies))
        super().__init__(Desk(self.premises), catalog, "disability", CHANGED)
        self.deliver(minute(1))

    def graded(self, grade, now, type_="leg.granted"):
        fields = {"disability_card_no": "37020219900512993741", "disability_grade": grade}
        results = [{"material": "ID07", "fields": fields}]
        said = {"results": results} if type_ == "leg.granted" else {"what": {"results": results}, "authority": "市残联"}
        assert self.say(CARD, type_, now, **said) == "applied"

    def states(self, now):
        return {number: self.leg(number, now)["state"] for number in (CARD, LIVING, NURSING)}

    def heard(self, now):
        """Kind and leg of all that was told."""
        self.desk.sweep(now)
        with self.premises.database.read() as tx:
            return sorted((one.kind, one.leg, one.text) for one in news.of_subject(tx, "sample")[0])


@pytest.fixture
def changed(premises, catalog):
    return Changed(premises, catalog)


@ON_BOTH
def test_a_grade_that_gives_no_right_to_it_ends_the_leg_with_its_reason_and_files_it_nowhere(changed):
    changed.graded("three", minute(2))
    assert changed.states(minute(3)) == {CARD: "granted", LIVING: "queued", NURSING: "not_needed"}
    assert changed.leg(NURSING, minute(3))["reason"] == SAID
    assert set(changed.deliver(minute(3))) == {(LIVING, "leg.filed")}
    assert ("stopped", NURSING, "“重度残疾人护理补贴”不再办理（不需办理），请查看原因") in changed.heard(minute(4))
    changed.say(LIVING, "leg.granted", minute(5), results=[{"material": "living_decision"}])
    assert changed.desk.case_view("sample", changed.reference, minute(6))["state"] == "finished"
    changed.graded("two", minute(7), "leg.corrected")  # what has ended stays so: it is applied for anew
    assert changed.states(minute(8))[NURSING] == "not_needed"
    assert {kind for kind, leg, _ in changed.heard(minute(9)) if leg in {CARD, ""}} == {"corrected", "ended", "granted"}


@ON_BOTH
def test_a_grade_that_gives_a_right_to_it_files_the_leg_and_goes_along_in_the_departments_words(changed):
    expected = changed.catalog.fields["disability_grade"].options
    changed.graded("two", minute(2))
    filed = changed.deliver(minute(3))[NURSING, "leg.filed"]
    assert filed["fields"]["cjdj"] == "2" and len(expected) == 4
    changed.say(NURSING, "leg.accepted", minute(4))
    changed.graded("three", minute(5), "leg.corrected")  # a grade put right stops what is not decided yet
    withdrawn = changed.deliver(minute(6))[NURSING, "leg.withdrawn"]
    assert (withdrawn["why"], withdrawn["reason"]) == ("not_needed", SAID)
    assert changed.states(minute(7))[NURSING] == "withdrawn"


def test_a_department_is_told_which_values_a_choice_that_it_gives_has(premises, catalog):
    case = Filed(Desk(premises), catalog, "disability", CHANGED)
    given = case.deliver(minute(1))[CARD, "leg.filed"]["gives"]["fields"]
    assert [one["code"] for one in given[1]["options"]] == ["one", "two", "three", "four"]
    assert "options" not in given[0]
