"""A paper that may follow later (容缺) is an offer: it decides no state, whatever else is asked of its leg."""

import json
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest

from bench.applicant import jsonable
from bench.filling import answers
from cases.model import Event
from connectors.base import Answer
from desk.applicant import Supply
from desk.desk import Desk
from desk.notices import Incoming
from desk.recording import Came
from desk.values import Filing
from dispatch.retry import Then
from sources.samples import sample_paper
from store import cases, events, legs, messages, tallies
from tests.desk.conftest import NOW

LATER, SURVEY, PERMIT = "K20", "08", "02"
HOUR = timedelta(hours=1)


class Drain:
    """A connection to the drains whose water report (K20) is to follow later, and its two offices."""

    def __init__(self, desk, catalog):
        self.desk, self.catalog, self.said = desk, catalog, 0
        situation = {**catalog.bundles["utilities"].figures, "services": ["drain"]}
        form = answers(desk.plan("utilities", situation, NOW), NOW.date())
        plan = desk.plan("utilities", situation, NOW, form)
        papers = {line.key: self.paper(line.key) for line in plan.materials if line.key != LATER}
        consent = {"agreed": True, "sensitive": [line.code for line in plan.fields if line.sensitive]}
        receipt = desk.file("sample", Filing(bundle="utilities", situation=jsonable(situation), form=form,
                                             materials=papers, consent=consent), "key-1", NOW)
        self.reference = receipt.reference
        self.offices = {leg.leg.rpartition("-")[2]: leg.department for leg in receipt.legs}

    def paper(self, key):
        kind = self.catalog.materials[key.partition("#")[0].partition("@")[0]]
        name, type_, content = sample_paper(key, kind.spec.file_types)
        return (self.desk.keep_file("sample", (name, type_), [content], NOW).file,)

    def deliver(self, now):
        claims = self.desk.claim(dict.fromkeys(self.offices.values(), 9), now)
        assert self.desk.record([Came(claim, Answer("received"), Then("done")) for claim in claims], now) == []
        return [(claim.id.leg, claim.id.type) for claim in claims]

    def say(self, leg, type_, now, **data):
        self.said += 1
        said = {"type": type_, "timestamp": now.isoformat(), "data": {"leg": f"{self.reference}-{leg}", **data}}
        notice = Incoming(self.offices[leg], f"m{self.said}", json.dumps(said).encode(), said)
        assert self.desk.notice(notice, now) == "applied"

    def leg(self, number, now):
        return next(leg for leg in self.desk.case_view("sample", self.reference, now)["legs"] if leg["leg"] == number)

    def answer(self, ask, now):
        asked = next(one for one in self.leg(PERMIT, now)["asks"] if one["id"] == ask)
        papers = {entry["material"]: self.paper(entry["material"]) for entry in asked["materials"]}
        self.desk.supplement("sample", self.reference, Supply(PERMIT, ask, {}, papers), f"answer-{ask}", now)

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
    settings = MappingProxyType({"authorities": "复核"})
    bodies = {name: replace(body, settings=settings) for name, body in premises.deployment.bodies.items()}
    return replace(premises, deployment=replace(premises.deployment, bodies=MappingProxyType(bodies)))


@pytest.fixture
def drain(desk, catalog):
    return Drain(desk, catalog)


def test_a_held_leg_goes_on_once_the_hold_is_answered_though_another_paper_may_still_follow(drain, desk):
    hold = drain.hold()
    drain.answer(hold, NOW + 3 * HOUR)
    assert drain.leg(PERMIT, NOW + 3 * HOUR)["state"] == "queued"
    assert (PERMIT, "leg.filed") in drain.deliver(NOW + 4 * HOUR)
    late = NOW + timedelta(days=60)
    desk.sweep(late)
    assert drain.leg(PERMIT, late)["state"] == "received"
    assert all(ask["lapsed"] == (LATER in ask["id"]) for ask in drain.leg(PERMIT, late)["asks"])


def test_an_answered_supplement_is_answered_though_a_tolerated_paper_may_still_follow(drain, desk):
    drain.deliver(NOW + HOUR)
    drain.say(SURVEY, "leg.granted", NOW + HOUR, results=[{"material": "K14", "name": "踏勘意见"}])
    drain.deliver(NOW + 2 * HOUR)
    drain.say(PERMIT, "leg.supplement_required", NOW + 2 * HOUR, ask="a1", reason="缺图", limit="5wd",
              materials=["CO05"])
    drain.answer("a1", NOW + 3 * HOUR)
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
