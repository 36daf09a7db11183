"""What an office's officers read on our own pages: their lists, and one leg with all that the office may know of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cases import fold, lights, words
from cases.documents import Document, documents
from cases.due import Dates, LegDue
from cases.lights import Light
from cases.model import Ask, Event, Leg, LegState
from cases.offered import offered, progress
from cases.states import NOTICES, OUT
from cases.urges import URGED
from catalog.model import Catalog
from catalog.text import Text
from connectors.base import Body
from desk.bodies import supervisor_of
from desk.book import Book
from desk.errors import UnknownLeg
from desk.known import Known, by_leg, has_it, may_have_it
from desk.premises import Premises
from desk.sending.feed import FILED, Feed
from desk.sending.letters import Correspondence, Letters
from desk.sending.payload import Dossier, answers_of
from forms.plan import Plan, PlannedLeg
from forms.split import applicant_part, declared_values
from store import reading
from store.legs import LegRow

AT_ONCE = 50
NEW = "新件，还没有打开"
STATES: Mapping[LegState, str] = {
    **dict.fromkeys(OUT, "正在送达本单位系统"), LegState.RECEIVED: "已接收，等受理",
    LegState.SUPPLEMENT_REQUIRED: "等申请人补正", LegState.SUPPLEMENTED: "申请人已补正",
    LegState.GRANTED: "已办结，等送达",
}
# Beside its own notices an office is told of these.
TOLD = frozenset({"leg.supplemented", "leg.material_added", "leg.withdraw_requested", "leg.withdraw_received",
                  "leg.revoke_requested", "leg.urged", "leg.tolerated", "leg.lapsed"})


@dataclass(frozen=True, slots=True)
class Line:
    """A leg in a list: its public id, what it is called, whose it is, how it stands; `fresh` while something of it has
    not been opened, `opened` once the office has it, `readable` if it can be opened."""

    leg: str
    title: str
    who: str
    state: str
    light: Light
    dates: LegDue
    since: datetime
    fresh: bool
    opened: bool
    readable: bool
    ref: str | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list and where the next one begins."""

    lines: tuple[Line, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Happened:
    """A line of a leg's history: what happened, by which officer of ours if by one, and whether it was filled in."""

    at: datetime
    text: str
    officer: str
    filled: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What the applicant was asked for this leg: the names of what is wanted by code, and, once there is an answer, its
    values by our codes and its files by paper."""

    at: datetime
    reason: str
    until: str | None
    open: bool
    wanted: Mapping[str, str]
    answered_at: datetime | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    papers: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One leg for its office. `data` is what its program would read of it now (contract 3.1) and `told` the values of
    the form in it under our codes; both empty until it is `opened`. `fresh` are the types of messages that nobody has
    opened, `acts` the notices that may be chosen now, `seen` the mark of how far its history goes. `supervised_by` is
    the department that supervises what the office decides in its place, if that is another."""

    id: str
    row: LegRow
    line: Line
    office: Body
    planned: PlannedLeg
    plan: Plan
    definitions: Catalog
    leg: Leg
    due: LegDue
    opened: bool
    data: Mapping[str, Any]
    told: Mapping[str, Any]
    fresh: tuple[str, ...]
    acts: tuple[str, ...]
    history: tuple[Happened, ...]
    asked: tuple[Asked, ...]
    supervised_by: Text | None = None

    @property
    def seen(self) -> str:
        """The progress of the leg that this shows; an act chosen on an older page is not done."""
        return progress(self.leg)

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents that were served with its notices."""
        return documents(self.leg, self.planned) if self.opened else ()

    @property
    def by_hand(self) -> bool:
        """Whether this office's officers work here; one that is pushed to answers by its own system."""
        return self.office.channel != "push"


class Officers:
    """The reading side of the officers' pages."""

    def __init__(self, premises: Premises, book: Book, letters: Letters, feed: Feed) -> None:
        self._premises, self._book, self._letters, self._feed = premises, book, letters, feed

    def office(self, office: str) -> Body:
        """The office of the list; `UnknownLeg` for one that is not, which has nothing to read."""
        found = self._premises.deployment.bodies.get(office)
        if found is None:
            raise UnknownLeg
        return found

    def sizes(self, office: str) -> tuple[int, int]:
        """How many legs the office has to work on, and of how many something is new."""
        with self._premises.database.read() as tx:
            return reading.inbox_size(tx, office), reading.arrived(tx, office)

    def inbox(self, office: str, after: str | None, now: datetime) -> Listed:
        """What the office has to work on, by due date."""
        with self._premises.database.read() as tx:
            page = reading.inbox(tx, office, after, AT_ONCE)
        return self._listed(office, page.places, page.next, now)

    def done(self, office: str, after: str | None, now: datetime) -> Listed:
        """What is granted or over, the latest first."""
        with self._premises.database.read() as tx:
            page = reading.done_of(tx, office, after, AT_ONCE)
        return self._listed(office, page.places, page.next, now)

    def fresh(self, office: str, after: str | None, now: datetime) -> Listed:
        """Of what something has not been opened, the oldest message first."""
        with self._premises.database.read() as tx:
            page = reading.arrivals(tx, office, after, AT_ONCE)
        return self._listed(office, page.legs, page.next, now)

    def legs_of(self, office: str, reference: str) -> list[str]:
        """The public ids of the legs of a case that this office may read."""
        known = self._book.fresh(reference)
        return [f"{reference}-{number}" for number, row in known.legs.items()
                if row.office == office and may_have_it(known.case.legs[number])]

    def next_after(self, sheet: Sheet, now: datetime) -> Line | None:
        """The leg that stands behind this one in the inbox, behind the last one the first; None if it is alone."""
        with self._premises.database.read() as tx:
            pages = [reading.inbox(tx, sheet.office.id, after, 2)
                     for after in (reading.place_in_inbox(sheet.row), None)]
        places = [place for page in pages for place in page.places]
        lines = self._listed(sheet.office.id, places, None, now).lines
        return next((line for line in lines if line.readable and line.leg != sheet.id), None)

    def sheet(self, office: str, leg: str, now: datetime) -> Sheet:
        """One leg of the office; `UnknownLeg` for anything that is not its own to read."""
        body = self.office(office)
        known, number = self._feed.own(office, leg)
        held, pushed = known.case.legs[number], body.channel == "push"
        if pushed and not has_it(held):
            raise UnknownLeg
        fresh = () if pushed else tuple(self._feed.untaken(known, number))
        line = self._line(body, known, number, now, fresh=bool(fresh))
        assert line is not None  # `own` has looked
        opened, planned = pushed or held.received_at is not None, by_leg(known.case)[number]
        about = self._letters.about(known, now)
        return Sheet(
            id=line.leg, row=known.legs[number], line=line, office=body, planned=planned, plan=known.case.plan,
            leg=held, opened=opened,
            definitions=self._book.definitions(known), due=line.dates,
            data=about.data(number, FILED, {}) if opened else {},
            told=declared_values(known.case.plan, number, about.dossier.answers) if opened else {},
            fresh=fresh,
            acts=() if pushed else offered(known.case, held, self._premises.calendar, now, body.authorities),
            history=tuple(_history(held, planned)) if opened else (),
            asked=tuple(_asked(ask, held, about, planned) for ask in held.asks) if opened else (),
            supervised_by=supervisor_of(planned, office, self._premises.deployment, self._premises.catalog))

    def _listed(self, office: str, legs: Sequence[tuple[str, str]], then: str | None, now: datetime) -> Listed:
        """Legs (reference and number) as a list shows them, without those whose case was erased."""
        body, known = self.office(office), self._book.looked_at(reference for reference, _ in legs)
        with self._premises.database.read() as tx:
            arrived = reading.with_arrivals(tx, known) if body.channel != "push" else set()
        lines = (self._line(body, known[reference], number, now, fresh=(reference, number) in arrived)
                 for reference, number in legs if reference in known)
        return Listed(tuple(line for line in lines if line is not None), then)

    def _line(self, body: Body, known: Known, number: str, now: datetime, *, fresh: bool) -> Line | None:
        """A leg as a list shows it; None for one that is nothing to this office (yet)."""
        row, leg, reference = known.legs[number], known.case.legs[number], known.row.reference
        if row.office != body.id or not may_have_it(leg):
            return None
        pushed, planned = body.channel == "push", by_leg(known.case)[number]
        dates = Dates(known.case, self._premises.calendar, now).of(number)
        opened = has_it(leg) if pushed else leg.received_at is not None
        return Line(
            leg=f"{reference}-{number}", title=planned.title, who=_who(known, number) if opened else "",
            state=_state(row, leg, planned, opened or pushed), light=lights.light(leg, planned, dates, now),
            dates=dates, since=row.since, fresh=fresh,
            opened=opened, readable=opened or not pushed, ref=leg.ref)


def _state(row: LegRow, leg: Leg, planned: PlannedLeg, opened: bool) -> str:
    if not opened and row.state in OUT:
        return NEW
    return STATES.get(leg.state) or words.state_name(leg.state, planned)


def _who(known: Known, number: str) -> str:
    """Whom the office knows as applicant: the first person whom its matter names."""
    answers = Dossier(known.case, known.row.body, {}).answers
    people = applicant_part(known.case.plan, number, answers).values()
    return next((str(person["name"]) for person in people if person.get("name")), "")


def _asked(ask: Ask, leg: Leg, about: Correspondence, planned: PlannedLeg) -> Asked:
    """A request with its answer, whose files are those of the message that brought it."""
    wanted = {str(entry[key]): str(entry.get("name") or entry[key])
              for key, entries in (("material", ask.materials), ("field", ask.fields)) for entry in entries}
    made = Asked(ask.asked_at, ask.reason, ask.until, ask.open, wanted)
    answer = next((event for event in reversed(answers_of(leg))
                   if event.data.get("ask") == ask.id and event.at >= ask.asked_at), None)
    if answer is None:
        return made
    brought = about.data(planned.leg, "leg.supplemented", answer.data)["materials"]
    return replace(made, answered_at=answer.at, fields=answer.data.get("fields", {}),
                   papers={paper["material"]: paper["files"] for paper in brought})


def _history(leg: Leg, planned: PlannedLeg) -> Iterable[Happened]:
    """What the office did and was told of; its own words are shown whole, of others only that they came."""
    for event in fold.story(leg):
        if event.type in NOTICES or event.type in TOLD:
            yield Happened(event.at, _said(event, planned), event.by.partition(":")[2].partition(":")[2], event.filled)


def _said(event: Event, planned: PlannedLeg) -> str:
    if event.type in NOTICES or event.type == "leg.withdraw_requested":
        return words.line(event, planned)
    reason = event.data.get("reason", "") if event.type == URGED else ""  # what a supervisor tells the office
    return f"{words.event_name(event, planned)}{'：' if reason else ''}{reason}"
