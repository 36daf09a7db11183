"""What pages, commands and loops ask of a store, each as they ask it, and how much that may grow with the store."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import cycle
from typing import NamedTuple

from bench.inside import SUBJECT, Inside
from bench.lives import BY_HAND, LAST_DAY
from desk.staff.officers import Sheet
from desk.upkeep.troubles import health, troubles, troubles_after
from oversight import figures
from store import (
    audit,
    cases,
    conservation,
    drafts,
    erasure,
    files,
    leases,
    notices,
    overseeing,
    people,
    ratings,
    reading,
    tallies,
)
from store.choosing import Wanted
from store.conservation import PAGE
from store.overseeing import After
from store.port import Tx

ROUNDS = 300
SLOW = 15
AT_ONCE = 50
NOW = LAST_DAY + timedelta(minutes=5)
FEBRUARY = date(2026, 2, 1), date(2026, 2, 28)
LONG_AGO = LAST_DAY - timedelta(days=90)


@dataclass
class Filled:
    """A filled store in a house of its own, with what the questions need of it."""

    there: Inside
    references: list[str]
    busy: str = ""
    asked: Iterator[str] = field(init=False)
    worked_on: Iterator[str] = field(init=False)

    def __post_init__(self) -> None:
        """Choose the office with the most legs in review, and the applications that are looked at."""
        with self.there.house.database.read() as tx:
            found = {office: amount for (_, office, state), amount in tallies.by_department(tx).items()
                     if state == "in_review"}
            opened = [row for row in reading.inbox(tx, BY_HAND, None, AT_ONCE).legs if row.state == "accepted"]
        self.busy = max(found, key=lambda office: found[office])
        self.worked_on = cycle([f"{row.reference}-{row.leg}" for row in opened])
        self.asked = cycle(random.Random(1).sample(self.references, min(len(self.references), 3 * ROUNDS)))

    def read(self, question: Callable[[Tx], object]) -> object:
        """Ask in a snapshot of its own, as a page does."""
        with self.there.house.database.read() as tx:
            return question(tx)

    def undone(self, question: Callable[[Tx], object]) -> None:
        """Ask in a unit that is not kept, so that the next one finds the same."""
        def unit(tx: Tx) -> None:
            question(tx)
            raise _Undone

        with suppress(_Undone):
            self.there.house.database.write(unit)


def cockpit(tx: Tx) -> object:
    """What a cockpit counts: legs by department and state, cases by bundle, what does not hold."""
    return tallies.by_department(tx), tallies.by_bundle(tx), conservation.counts(tx)


class _Undone(Exception):
    """Ends a unit that is not to be kept."""


def claim(filled: Filled) -> None:
    """Claim what is due for every office, up to a batch; it is not kept, so that the next one finds the same."""
    offices = dict.fromkeys(filled.there.house.deployment.bodies, 4)
    filled.undone(lambda tx: leases.claim(tx, Wanted(offices, NOW, limit=32)))


class Question(NamedTuple):
    """What is asked, how often here, and how many times as long the answer of a tenfold store may take (None: it grows
    with what is open, late or in trouble, of which that store has ten times as much)."""

    ask: Callable[[Filled], object]
    times: int
    most: float | None


def _read(question: Callable[[Tx], object]) -> Callable[[Filled], object]:
    return lambda here: here.read(question)


def warnings(tx: Tx, office: str = "", *, soon: bool = False) -> object:
    """A page of legs that are late, or soon will be, with how often each was urged."""
    found = (overseeing.soon if soon else overseeing.late)(tx, NOW, After(), AT_ONCE + 1, office)
    return found, overseeing.urges(tx, [row.reference for row in found])


def leftovers(tx: Tx) -> object:
    """What a round of leftovers finds where nothing is over."""
    return drafts.drop_untouched(tx, LONG_AGO, 100), files.unlinked(tx, LONG_AGO)


def _sheet(here: Filled) -> Sheet:
    return here.there.desk.officers.sheet(BY_HAND, next(here.worked_on), NOW)


QUESTIONS: Mapping[str, Question] = {
    "tracking": Question(lambda here: here.there.desk.case_view(SUBJECT, next(here.asked), NOW), ROUNDS, 2.0),
    "tracking_rows": Question(lambda here: here.read(lambda tx: reading.whole_case(tx, next(here.asked))), ROUNDS, 2.0),
    "ratings_of_a_case": Question(
        lambda here: here.there.house.ratings.of_case(SUBJECT, next(here.asked)), ROUNDS, 2.0),
    "claim": Question(claim, ROUNDS, 1.2),
    "next_due": Question(lambda here: here.there.desk.next_due(), ROUNDS, 1.2),
    "sweep_with_nothing_due": Question(lambda here: here.there.desk.sweep(NOW), SLOW, 1.2),
    "leftovers_with_nothing_over": Question(lambda here: here.undone(leftovers), ROUNDS, 1.2),
    # An office's pages.
    "inbox_page": Question(lambda here: here.read(lambda tx: reading.inbox(tx, here.busy)), ROUNDS, 1.2),
    "inbox_as_shown": Question(lambda here: here.there.desk.officers.inbox(here.busy, None, NOW), SLOW, 1.2),
    "arrivals_as_shown": Question(lambda here: here.there.desk.officers.fresh(BY_HAND, None, NOW), SLOW, 1.2),
    "done_as_shown": Question(lambda here: here.there.desk.officers.done(here.busy, None, NOW), SLOW, 1.2),
    "sizes_of_an_office": Question(lambda here: here.there.desk.officers.sizes(BY_HAND), ROUNDS, None),
    "sheet_of_a_leg": Question(_sheet, SLOW, 1.2),
    "next_after_a_leg": Question(lambda here: here.there.desk.officers.next_after(_sheet(here), NOW), SLOW, 1.2),
    # What supervisors look at.
    "late_page": Question(_read(warnings), ROUNDS, 1.2),
    "late_page_of_an_office": Question(lambda here: here.read(lambda tx: warnings(tx, here.busy)), ROUNDS, 1.2),
    # It passes, in its index, over what is late already.
    "soon_page": Question(_read(lambda tx: warnings(tx, soon=True)), ROUNDS, None),
    "soon_page_of_an_office": Question(
        lambda here: here.read(lambda tx: warnings(tx, here.busy, soon=True)), SLOW, None),
    "late_by_office": Question(_read(lambda tx: overseeing.by_office(tx, NOW)), SLOW, None),
    "urges_with_nothing_late": Question(_read(lambda tx: overseeing.late(tx, LONG_AGO, After(), 200)), ROUNDS, 1.2),
    "urges_with_much_late": Question(_read(lambda tx: overseeing.late(tx, NOW, After(), 200)), ROUNDS, 1.2),
    "bad_ratings_page": Question(_read(lambda tx: ratings.owed(tx, None, AT_ONCE)), ROUNDS, 1.2),
    "bad_ratings_counted": Question(_read(lambda tx: ratings.late(tx, NOW)), ROUNDS, None),
    "figures_of_ratings": Question(_read(lambda tx: (figures.by_bundle(tx), figures.by_office(tx))), ROUNDS, 1.2),
    "figures_of_endings": Question(_read(figures.by_standing), ROUNDS, 1.2),
    "report_of_a_month": Question(lambda here: here.there.house.daily.added(*FEBRUARY, NOW), SLOW, 1.2),
    # What operators look at, on pages and by commands.
    "cockpit_counts": Question(_read(cockpit), ROUNDS, 1.2),
    "undelivered_page": Question(lambda here: troubles_after(here.there.house.database, None, AT_ONCE), ROUNDS, 1.2),
    "undelivered_page_of_an_office": Question(lambda here: troubles_after(
        here.there.house.database, None, AT_ONCE, office=here.busy), SLOW, 1.2),
    "retried_page": Question(
        lambda here: troubles_after(here.there.house.database, None, AT_ONCE, retrying=True), ROUNDS, 1.2),
    "strange_page": Question(_read(lambda tx: notices.listed(tx, None, AT_ONCE)), ROUNDS, 1.2),
    "audit_of_the_last_minute": Question(
        _read(lambda tx: audit.by_time(tx, LAST_DAY - timedelta(minutes=1), None)), ROUNDS, 1.2),
    "accounts_of_staff": Question(_read(lambda tx: people.accounts(tx, "officer")), SLOW, 1.2),
    "nothing_to_be_erased": Question(_read(lambda tx: erasure.closed_before(tx, LONG_AGO, "")), ROUNDS, 1.2),
    "what_hinders_erasing": Question(lambda here: here.read(
        lambda tx: erasure.obstacle(tx, cases.get(tx, next(here.asked)), NOW + erasure.REST)), ROUNDS, 1.2),
    "metrics": Question(_read(lambda tx: reading.figures(tx, NOW)), SLOW, None),
    "first_page_of_troubles": Question(lambda here: next(troubles(here.there.house.database)), SLOW, None),
    "flask_legs_health": Question(lambda here: health(here.there.house.database, NOW, ()), SLOW, None),
    "watched_page_of_500": Question(_read(lambda tx: conservation.look(tx, PAGE, "", 500)), SLOW, None),
}
