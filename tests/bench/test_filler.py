"""A filled store is one that the portal could have written: what benchmarks ask of it has an answer."""

import pytest

from bench.inside import SUBJECT
from bench.queries import fill, portal
from bench.questions import NOW, QUESTIONS, Filled, claim
from store import leases, messages, tallies
from store.chains.proof import verify
from store.choosing import Wanted

APPLICATIONS, LEGS = 100, 2
ABOUT_NOTHING = {"leftovers_with_nothing_over", "urges_with_nothing_late", "nothing_to_be_erased",
                 "what_hinders_erasing"}


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filled")
    references = fill(folder, APPLICATIONS, LEGS)
    with portal(folder) as there:
        yield Filled(there, references)


def test_every_chain_of_a_copy_holds(filled):
    verdict = verify(filled.there.house.database)
    assert verdict.first_bad is None
    assert verdict.chains >= APPLICATIONS


def test_every_frozen_letter_of_a_copy_opens(filled):
    for reference in filled.references:
        with filled.there.house.database.read() as tx:
            told = messages.of_case(tx, reference)
            letters = messages.bodies(tx, told)
        assert told
        assert set(letters) == {one.id for one in told if one.attempts or one.type != "leg.filed"}
        assert all(letters.values())


def test_counters_are_what_is_there(filled):
    with filled.there.house.database.read() as tx:
        assert not tallies.drift(tx)
        assert tallies.created(tx) >= APPLICATIONS * LEGS


def test_a_copy_is_tracked_under_its_own_reference(filled):
    for reference in filled.references:
        shown = filled.there.desk.case_view(SUBJECT, reference, NOW)
        assert shown["reference"] == reference


def test_a_claim_finds_as_much_the_second_time(filled):
    database, offices = filled.there.house.database, dict.fromkeys(filled.there.house.deployment.bodies, 4)
    seen = []
    for _ in range(2):
        with database.read() as tx:
            seen.append([one.message for one in leases.due(tx, Wanted(offices, NOW))])
        claim(filled)
    assert seen[0]
    assert seen[0] == seen[1]


@pytest.mark.parametrize("name", sorted(QUESTIONS.keys() - {"claim"}))
def test_every_question_has_an_answer(filled, name):
    answer = QUESTIONS[name].ask(filled)
    first = answer[0] if isinstance(answer, tuple) else answer
    assert bool(getattr(first, "lines", getattr(first, "legs", first))) is (name not in ABOUT_NOTHING)
