"""A paper that may follow later (容缺) is an offer: it decides no state, whatever else is asked of its leg."""

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest

from cases.model import Event
from desk.desk import Desk
from desk.errors import InvalidAnswers
from store import cases, events, legs, messages, overseeing, tallies
from store.telling import news
from tests.desk.conftest import NOW
from tests.desk.filings import Filed

LATER, SURVEY, PERMIT = "K20", "08", "02"
HOUR = timedelta(hours=1)


class Drain(Filed):
    """A connection to the drains whose water report (K20) is to follow later."""

    def __init__(self, desk, catalog):
        situation = {**catalog.bundles["utilities"].figures, "services": ["drain"]}
        super().__init__(desk, catalog, "utilities", situation, later=(LATER,))

    def papers(self, keys):
        """Files of one's own for these papers and the one that was to follow."""
        return {key: self.paper(key) for key in (*keys, LATER)}

    def hold(self):
        """The survey is granted and revoked before the permit left, so that its paper is asked of the applicant."""
        self.deliver(NOW + HOUR)
        self.say(SURVEY, "leg.granted", NOW + HOUR, results=[{"material": "K14", "name": "踏勘意见"}])
        self.say(SURVEY, "leg.corrected", NOW + 2 * HOUR, what={"void": True}, authority="复核")
        held = self.leg(PERMIT, NOW + 2 * HOUR)
        assert held["state"] == "held"
        return next(ask["id"] for ask in held["asks"] if ask["open"] and LATER not in ask["id"])


@pytest.fixture
def premises(premises):
    bodies = {name: replace(body, authorities=("复核",)) for name, body in premises.deployment.bodies.items()}
    return replace(premises, deployment=replace(premises.deployment, bodies=MappingProxyType(bodies)))


@pytest.fixture
def drain(desk, catalog):
    return Drain(desk, catalog)


def test_a_held_leg_goes_on_once_the_hold_is_answered_though_another_paper_may_still_follow(drain, desk):
    hold = drain.hold()
    drain.answer(PERMIT, hold, NOW + 3 * HOUR)
    assert drain.leg(PERMIT, NOW + 3 * HOUR)["state"] == "queued"
    assert (PERMIT, "leg.filed") in drain.deliver(NOW + 4 * HOUR)
    late = NOW + timedelta(days=60)
    desk.sweep(late)
    assert drain.leg(PERMIT, late)["state"] == "received"
    assert [(LATER in ask["id"], ask["lapsed"]) for ask in drain.leg(PERMIT, late)["asks"] if ask["overdue"]] == [
        (True, False)]


def test_an_answered_supplement_is_answered_though_a_tolerated_paper_may_still_follow(drain, desk):
    drain.deliver(NOW + HOUR)
    drain.say(SURVEY, "leg.granted", NOW + HOUR, results=[{"material": "K14", "name": "踏勘意见"}])
    drain.deliver(NOW + 2 * HOUR)
    drain.say(PERMIT, "leg.supplement_required", NOW + 2 * HOUR, ask="a1", reason="缺图", limit="5wd",
              materials=["CO05"])
    drain.answer(PERMIT, "a1", NOW + 3 * HOUR)
    assert drain.leg(PERMIT, NOW + 3 * HOUR)["state"] == "supplemented"
    desk.sweep(NOW + timedelta(days=60))
    assert drain.leg(PERMIT, NOW + timedelta(days=60))["state"] == "supplemented"
    assert list(desk._sweeper._watch.everything()) == []


def test_a_leg_that_older_rules_kept_held_goes_on_after_a_start(drain, premises, opened):
    """Such a store has the answer among its events, and the leg's row still as it was before."""
    hold = drain.hold()
    answered = Event("leg.supplemented", NOW + 3 * HOUR, "applicant:sample", PERMIT,
                     {"ask": hold, "fields": {}, "materials": {}})

    def as_it_was(tx):
        n = events.last(tx, drain.reference)
        events.append(tx, drain.reference, (answered,), n)
        row = next(row for row in legs.of_case(tx, drain.reference) if row.leg == PERMIT)
        legs.put(tx, [row.but(n=n + 1)])

    opened.db.write(as_it_was)
    started = Desk(premises)
    assert rows_of(opened, drain)[PERMIT].state == "held"
    started.sweep(NOW + 4 * HOUR)
    assert rows_of(opened, drain)[PERMIT].state == "queued"
    with opened.db.read() as tx:
        sent = [m.state for m in messages.of_case(tx, drain.reference) if (m.leg, m.type) == (PERMIT, "leg.filed")]
        assert sent == ["cancelled", "due"] and tallies.drift(tx) == []
    assert list(started._sweeper._watch.everything()) == []


def test_a_row_that_older_rules_left_behind_is_put_right_after_a_start_and_counted(drain, premises, opened):
    drain.deliver(NOW + HOUR)
    drain.say(SURVEY, "leg.supplement_required", NOW + HOUR, ask="a1", reason="缺图", limit="5wd", materials=["CO05"])
    folded = rows_of(opened, drain)[SURVEY]

    def as_it_was(tx):
        older = folded.but(state="special", next_actor="department")
        legs.put(tx, [older])
        tallies.note(tx, cases.get(tx, drain.reference).bundle, {SURVEY: folded}, [older], NOW)

    opened.db.write(as_it_was)
    started = Desk(premises)
    started.sweep(NOW + 2 * HOUR)
    assert rows_of(opened, drain)[SURVEY] == folded.but(since=NOW + 2 * HOUR)
    with opened.db.read() as tx:
        assert tallies.drift(tx) == []


def rows_of(opened, drain):
    with opened.db.read() as tx:
        return {row.leg: row for row in legs.of_case(tx, drain.reference)}


def test_a_promised_paper_that_did_not_come_is_told_of_listed_and_can_still_be_brought(drain, desk, opened):
    drain.deliver(NOW + HOUR)
    drain.say(SURVEY, "leg.granted", NOW + HOUR, results=[{"material": "K14", "name": "踏勘意见"}])
    filed = drain.deliver(NOW + 2 * HOUR)[PERMIT, "leg.filed"]["materials"]
    until = {one["material"]: one["until"] for one in filed if "until" in one}
    assert list(until) == [LATER]
    for day in (0, 2, 8):
        late = NOW + timedelta(days=day, hours=3)
        desk.sweep(late)
    with opened.db.read() as tx:
        told = {one.kind: one.text for one in news.of_subject(tx, "sample")[0] if one.leg == PERMIT}
    assert "请在 " in told["ask"] and "别的事也不能再先办后补" in told["owed"] and "请马上补上" in told["overdue"]
    assert not {"reminder", "stopped"} & told.keys(), "the leg does not end by it"
    assert owed(opened, late) == ([PERMIT], 1)
    told = drain.deliver(late)[PERMIT, "leg.material_overdue"]
    assert told["materials"] == [{"material": LATER, "name": "排水水质检测报告"}] and told["until"] == until[LATER]
    offer = next(ask["id"] for ask in drain.leg(PERMIT, late)["asks"] if ask["overdue"])
    desk.sweep(late + HOUR)
    assert (PERMIT, "leg.material_overdue") not in drain.deliver(late + HOUR)
    drain.answer(PERMIT, offer, late + 2 * HOUR)
    assert owed(opened, late + 2 * HOUR) == ([], 0)
    assert (PERMIT, "leg.material_added") in drain.deliver(late + 3 * HOUR)
    assert not drain.leg(PERMIT, late + 3 * HOUR)["asks"][0]["overdue"]


def test_whoever_owes_a_promised_paper_brings_the_next_with_the_application_until_that_is_settled(drain, desk):
    drain.deliver(NOW + HOUR)
    drain.say(SURVEY, "leg.granted", NOW + HOUR, results=[{"material": "K14", "name": "踏勘意见"}])
    drain.deliver(NOW + 2 * HOUR)
    late = NOW + timedelta(days=8)
    draft = desk.drafts.open("sample", "utilities", drain.filing.situation, late)
    assert paper(draft).tolerable is not None
    desk.sweep(late)
    again = desk.drafts.read("sample", draft.id, late)
    assert paper(again).tolerable is None and "补上以前" in paper(again).why.text
    assert paper(desk.drafts.open("another", "utilities", drain.filing.situation, late)).tolerable is not None
    for blank in ({}, {LATER: ()}):
        filing = replace(drain.filing, materials={**drain.filing.materials, **blank})
        with pytest.raises(InvalidAnswers) as refused:
            desk.intake.file("sample", filing, "key-2", late)
        assert list(refused.value.errors["materials"]) == [LATER]
    whole = replace(drain.filing, materials=drain.papers(drain.filing.materials))
    assert desk.intake.file("sample", whole, "key-3", late).reference, "who brings it all may file"
    drain.say(PERMIT, "leg.refused", late, reason_code="R1", reason="没有补齐水质检测")
    assert paper(desk.drafts.read("sample", draft.id, late)).tolerable is not None


def paper(draft):
    return next(line for line in draft.plan.materials if line.key == LATER)


def owed(opened, now):
    """The legs for which a promised paper is overdue, and how many of them are counted."""
    with opened.db.read() as tx:
        found = overseeing.owed(tx, now, overseeing.After(), 9)
        return [row.leg for row in found], sum(one.owed for one in overseeing.by_office(tx, now))
