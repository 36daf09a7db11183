"""A desk that urges by itself, on the shipped definitions and the demo deployment, on a store of either kind."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from cases.calendar_days import work_calendar
from connectors.base import Answer
from desk.desk import Desk
from desk.hearing.notices import Incoming
from desk.premises import Premises
from desk.sending.recording import Came
from dispatch.retry import Then
from store import legs, messages, overseeing
from store.engine.opening import Place
from tests.desk.conftest import NOW, SHANGHAI, Generous, catalog
from tests.desk.filings import FORM, small_filing
from tests.store.conftest import store

__all__ = ["catalog", "store"]
ON_BOTH = pytest.mark.parametrize("place", ["sqlite", "postgres"], indirect=True)
ROOM = {"water-group": 9, "power-grid": 9}
SOON = timedelta(seconds=1)


def at(day, hour=10, minute=0):
    """A moment of January 2026; the 5th is a Monday, and each case is filed on it."""
    return datetime(2026, 1, day, hour, minute, tzinfo=SHANGHAI)


@pytest.fixture
def place(request, tmp_path, migrated):
    """Where the store is: in a folder, and where a test is marked `ON_BOTH` in a PostgreSQL, too."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield Place(migrated(tmp_path / "data"))
        return
    server = request.getfixturevalue("server")
    yield Place(tmp_path / "data", server.url)
    server.empty()


@pytest.fixture
def premises(catalog, store, place, shipped_offices):
    return Premises(database=store.db, vault=store.vault, catalog=catalog, zone=SHANGHAI, sources=Generous(),
                    deployment=shipped_offices,
                    calendar=work_calendar(catalog.calendar.values(), SHANGHAI), public_url="http://127.0.0.1:5000",
                    embedded=place.url is None, urges=True)


@dataclass
class Town:
    """The desk, and what happens to the cases that are filed at it."""

    premises: Premises
    desk: Desk

    def file(self, key="key-1", **form):
        """A case of a water leg (01) and a power leg (03) that both departments have accepted."""
        reference = self.desk.intake.file("somebody", small_filing(form={**FORM, **form}), key, NOW).reference
        self.deliver(NOW, Answer("received", state="accepted"))
        return reference

    def deliver(self, now, answer=None):
        """Whatever waits reaches its department; the types that arrived, by leg."""
        claims = self.desk.claim(ROOM, now)
        came = [Came(claim, answer or Answer("received"), Then("done")) for claim in claims]
        assert self.desk.record(came, now) == []
        return sorted((claim.id.leg, claim.id.type) for claim in claims)

    def say(self, reference, number, type_, now, **data):
        """A notice of a leg's department that is applied."""
        said = {"type": type_, "timestamp": now.isoformat(), "data": {"leg": f"{reference}-{number}", **data}}
        office = self.rows(reference)[number].office
        assert self.desk.notices.take(Incoming(office, f"{reference}{number}{type_}{now}", json.dumps(said).encode(),
                                               said), now) == "applied"

    def leg(self, reference, number, now):
        """A leg as its applicant sees it."""
        return next(leg for leg in self.desk.case_view("somebody", reference, now)["legs"] if leg["leg"] == number)

    def rows(self, reference):
        """The stored legs."""
        with self.premises.database.read() as tx:
            return {leg.leg: leg for leg in legs.of_case(tx, reference)}

    def standing(self, now):
        """The legs that have stood still for too long, as supervisors read them."""
        with self.premises.database.read() as tx:
            found = overseeing.stalled(tx, now, overseeing.After(), 9)
            assert sum(overseeing.stalled_by_state(tx, now).values()) == len(found) == sum(
                one.stalled for one in overseeing.by_office(tx, now))
        return [row.leg for row in found]

    def told(self, reference):
        """Which legs departments were urged about, an entry for each message."""
        with self.premises.database.read() as tx:
            return sorted(one.leg for one in messages.of_case(tx, reference) if one.type == "leg.urged")


@pytest.fixture
def town(premises):
    return Town(premises, Desk(premises))
