"""A host that is older than others on the same store, on both stores: it leaves alone what it does not know, says so,
and loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.inside import SUBJECT, Inside, inside
from cases.model import Event
from desk.behind import Behind
from desk.desk import Desk
from desk.errors import Outdated
from store import events, leases, messages
from store.engine.opening import Place

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
ALONE = {"services": ["power"], "outside_line": False, "filer": "legal_rep"}
OFFICE = "power-grid"
ROOM = {OFFICE: 9}
LATER = {"leg.reborn": "03", "case.joined": None}  # kinds of events that a later version may have


@pytest.fixture
def there(place: Place, tmp_path: Path) -> Iterator[Inside]:
    with inside(tmp_path, place.data, place.url) as made:
        yield made


def older(there: Inside) -> Desk:
    """A host that has met nothing yet, on the store of this test."""
    return Desk(replace(there.desk._premises, behind=Behind()))


def test_what_a_newer_version_wrote_is_left_alone_and_all_else_goes_on(there: Inside) -> None:
    strange = [there.file(ALONE, kind, NOW).reference for kind in LATER]
    known = there.file(ALONE, "known", NOW).reference
    with there.house.database.read() as tx:
        before = {one.reference: (one.state, one.attempts) for reference in strange
                  for one in messages.of_case(tx, reference)}
    there.house.database.write(lambda tx: [events.append(tx, reference, [Event(kind, NOW, "platform", leg)])
                                           for reference, (kind, leg) in zip(strange, LATER.items(), strict=True)])
    old = older(there)
    assert old.behind == ""
    assert [claim.id.reference for claim in old.claim(ROOM, NOW)] == [known]
    assert old.behind.startswith("event ")
    for reference in strange:
        with pytest.raises(Outdated):
            old.case_view(SUBJECT, reference, NOW)
        with pytest.raises(Outdated):
            Inside.say(Said(old), OFFICE, f"{reference}-03", "leg.accepted", NOW)
    old.sweep(NOW)
    assert old.case_view(SUBJECT, known, NOW)["reference"] == known
    with there.house.database.read() as tx:
        left = [one for reference in strange for one in messages.of_case(tx, reference)]
        assert {one.reference: (one.state, one.attempts) for one in left} == before
        assert [leases.attempts_of(tx, one) for one in left] == [[]] * len(left)
    # Where newer hosts share the store all work is theirs; the only process of a store goes on with what it knows.
    another = there.file(ALONE, "another", NOW).reference
    embedded = there.desk._premises.embedded
    assert [claim.id.reference for claim in old.claim(ROOM, NOW)] == ([another] if embedded else [])
    due = [one.next_at for one in left]
    assert due == [NOW + timedelta(minutes=1) if embedded else NOW] * len(left)


class Said(Inside):
    """What an office says to one desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._said = desk, 0

    @property
    def desk(self) -> Desk:
        return self._desk


def test_a_newer_layout_is_seen_while_the_older_host_runs_and_it_says_so(there: Inside, place: Place) -> None:
    old, embedded = older(there), there.desk._premises.embedded
    there.file(ALONE, "one", NOW)
    there.house.database.write(lambda tx: tx.run(
        "insert into _sqlite_migrations (migration_set, name, applied_at) values ('yijianshi', '9999_later', 'x')"))
    try:
        old.sweep(NOW)
        assert old.behind == ("" if embedded else "layout 9999_later")  # an embedded store has one process at a time
        assert len(old.claim(ROOM, NOW)) == int(embedded)
    finally:  # the database of this test serves others too, with all that was migrated
        there.house.database.write(lambda tx: tx.run("delete from _sqlite_migrations where name = '9999_later'"))
    place.data.mkdir(exist_ok=True)
    assert there.app is not None
    asks = there.app.test_client()
    assert b"\nyijianshi_outdated 0.0\n" in asks.get("/metrics").data
    there.desk.sweep(there.house.clock.now())
    there.desk._premises.behind.met(old.behind or "event leg.reborn")
    asked = asks.get("/readyz")
    said = asked.json or {}
    assert asked.status_code == (200 if embedded else 503)  # nobody else could serve what the only process still does
    assert "leg.reborn" in str(said["look"]) if embedded else said["code"] == "outdated"
    assert b"\nyijianshi_outdated 1.0\n" in asks.get("/metrics").data
