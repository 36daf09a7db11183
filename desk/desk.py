"""The desk: the rooms in which applications are read and changed, and the verbs that need several of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from cases.calendar_days import WorkCalendar
from catalog.model import Catalog
from desk import reference as references
from desk.agents.agency import Agency, Filed, agent_name, agents_code, beside_mandate
from desk.agents.mandates import Mandates
from desk.applicants.afterwards import AfterFiling
from desk.applicants.anew import Anew
from desk.applicants.disclosure import Disclosure, disclosure
from desk.applicants.drafts import Drafts
from desk.applicants.filing import Intake
from desk.book import Book
from desk.editions import Editions
from desk.errors import UnknownCase
from desk.hearing.notices import Notices
from desk.news.bells import Bells
from desk.news.bulletins import Bulletins
from desk.news.inbox import Inbox
from desk.news.telling import Telling
from desk.parties.agreements import Agreements
from desk.premises import Premises
from desk.records.archive_sheet import Names, sheet
from desk.sending.claims import Claim, Claims
from desk.sending.feed import Feed
from desk.sending.letters import Letters
from desk.sending.recording import Came, Recorder, Unwritten
from desk.staff.counter import Counter
from desk.staff.officer_acts import OfficerActs
from desk.staff.officers import Officers
from desk.staff.operations import Operations
from desk.staff.sights import Sights
from desk.staff.urging import Urging
from desk.upkeep.journaling import write_down
from desk.upkeep.late_scans import LateScans
from desk.upkeep.sweeps import Sweeper
from desk.uploads import files as stored_files
from desk.uploads.scanning import Scans
from desk.values import FileInfo, Filing, Receipt, Reviewed
from desk.view import about, contact, expected_at_filing, summary, view
from forms.plan import Plan
from store import cases, consents, files, reading, submissions
from store.lanes import Lane
from store.messages import TOPIC

NOT_SAID = Reviewed()
MOST_LISTED = 200  # cases of one person on one page, the newest first


class Desk:
    """Every change to a case goes through here or through a room of it, as `desk.drafts.save`; each verb is one
    transaction around pure functions. The dispatcher knows no rooms: it claims, records and sweeps."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._editions = Editions(premises)
        self._letters = Letters(premises, self._editions)
        self._book = Book(premises, self._editions, self._letters)
        self.drafts = Drafts(premises, self._editions)
        self.intake = Intake(premises, self._book, self._editions)
        self.scans = Scans(premises)
        self.notices = Notices(premises, self._book, self.scans)
        self.afterwards = AfterFiling(premises, self._book)
        self.anew = Anew(premises, self.afterwards, self.drafts)
        self.counter = Counter(premises, self._book)
        self._claims = Claims(premises, self._book, self._letters)
        self._recorder = Recorder(premises, self._book, self.notices)
        self.feed = Feed(premises, self._book, self._letters)
        self._sweeper = Sweeper(premises, self._book, self._claims)
        self.agency, self.mandates = Agency(premises), Mandates(premises)
        self.agreements = Agreements(premises, self._book, self.drafts)
        self.urging = Urging(premises, self._book)
        self.inbox, self.bells = Inbox(premises), Bells(premises)
        self.bulletins = Bulletins(premises, self._book, self.bells)
        self.telling = Telling(premises, self._book)
        self.operations = Operations(premises, self._book, self._letters, self.notices)
        self.officers = Officers(premises, self._book, self._letters, self.feed)
        self.sights = Sights(premises)
        self.late_scans = LateScans(premises, self.scans, self._book, self._letters)
        self.officer_acts = OfficerActs(premises, self._book, self.feed, self.notices)

    @property
    def behind(self) -> str:
        """What this process has met of a newer version, for which it has to be upgraded; empty for nothing."""
        return self._premises.behind.why

    @property
    def rests(self) -> bool:
        """Whether this process leaves all work to newer ones, or to ones with a newer key, on the same store."""
        return self._premises.rests

    @property
    def calendar(self) -> WorkCalendar:
        """The calendar that limits are counted by."""
        return self._premises.calendar

    # --- definitions

    def edition(self, bundle: str) -> str:
        """The hash of the edition in force."""
        return self._editions.of(bundle).hash

    def plan(self, bundle: str, situation: Mapping[str, Any], now: datetime,
             form: Mapping[str, Any] | None = None) -> Plan:
        """The plan of a situation with the edition in force."""
        return self._editions.compose(bundle, situation, now, form=form).plan

    def plan_for_agent(self, bundle: str, situation: Mapping[str, Any], now: datetime) -> Plan:
        """The same for whoever files under a mandate."""
        return self._editions.mandated(self._editions.compose(bundle, situation, now)).plan

    def definitions(self, plan: Plan) -> Catalog:
        """What holds for a case with this plan: the definitions of its edition."""
        return self._editions.definitions(plan.bundle, plan.edition)

    # --- filing a draft

    def submit_draft(self, subject: str, draft: str, consent: Mapping[str, Any] | None, now: datetime,
                     reviewed: Reviewed = NOT_SAID) -> Receipt:
        """File a draft; a second call gives the same receipt. `Moved`, `EditionChanged`: it is not as `reviewed`."""
        kept, key = self.drafts.ready(subject, draft, consent, now, reviewed.version), f"draft:{draft}"
        if kept.filed_as is not None:
            return self.intake.receipt_again(subject, kept.filed_as, key, now)
        filing = Filing(bundle=kept.bundle, situation=kept.situation, form=kept.form, materials=kept.materials,
                        consent=kept.consent, edition=reviewed.edition or kept.edition,
                        on_behalf_of=kept.on_behalf_of, found=kept.found, draft=draft, counter=reviewed.counter)
        return self.intake.file(subject, filing, key, now, partial(self.drafts.became, kept))

    # --- files

    def keep_file(self, owner: str, described: tuple[str, str], chunks: Iterable[bytes], now: datetime, *,
                  cleared: bool = False) -> FileInfo:
        """Store a file durably; `described` is (name, type); filing or answering links it to a case. One that the
        scanner has not `cleared` (`scans`) waits for it, if there is one."""
        name, type_ = described
        return stored_files.keep(self._premises, stored_files.fresh(owner, name, type_, now), chunks, cleared=cleared)

    def open_file(self, subject: str, file: str, now: datetime | None = None) -> tuple[FileInfo, Iterator[bytes]]:
        """One's own upload, or a file of one's own case."""
        return stored_files.open_for_subject(self._premises, subject, file, now)

    def describe_file(self, subject: str, file: str) -> FileInfo:
        """Name, type and size of what is one's own, without opening it."""
        return stored_files.describe_for_subject(self._premises, subject, file)

    def infected(self, names: Iterable[str]) -> frozenset[str]:
        """Those of these files in which something was found."""
        return stored_files.infected(self._premises, names)

    def open_department_file(self, office: str, file: str) -> tuple[FileInfo, Iterator[bytes]]:
        """A file that a leg of this office asks or was answered with."""
        return stored_files.open_for_office(self._premises, office, file, self._files_told)

    def _files_told(self, reference: str, office: str) -> set[str]:
        known = self._book.fresh(reference)
        return self._letters.about(known, known.case.filed_at).files_for(office)

    # --- the dispatcher

    def claim(self, room: Mapping[str, int], now: datetime, limit: int = 64) -> list[Claim]:
        """Lease due messages for offices with room; each with its frozen body."""
        return [] if self.operations.surely_paused() else self._claims.claim(room, now, limit)

    def record(self, ended: Sequence[Came], now: datetime) -> list[Unwritten]:
        """Record what attempts came to; those that could not be recorded."""
        return self._recorder.record(ended, now)

    def absent_since(self, claim: Claim) -> datetime | None:
        """Since when the department has said without a break that it does not have a message's leg."""
        return self._claims.absent_since(claim)

    def note_lanes(self, lanes: Sequence[Lane]) -> None:
        """Keep for operators how these offices' lanes stand."""
        self._claims.note_lanes(lanes)

    def next_due(self) -> datetime | None:
        """When the earliest message wants to leave; None while nothing does, or nothing may."""
        return None if self.operations.surely_paused() else self._claims.next_due()

    def recover(self, now: datetime) -> int:
        """At start: attempts found open become unknown outcomes."""
        return self._claims.recover(now)

    def sweep(self, now: datetime) -> datetime:
        """Do what is due by time alone; when to be called again."""
        return self._sweeper.sweep(now)

    def write_down(self, now: datetime) -> None:
        """Have the journal know at once what was just erased or closed; else the next sweep sees to it."""
        write_down(self._premises, now)

    def on_work(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each commit that put something into the outbox, but not while nothing may leave."""
        def told(topic: str) -> None:
            if topic == TOPIC and not self.operations.surely_paused():
                callback()

        self._premises.database.listen(told)

    # --- reading

    def case_view(self, subject: str, reference: str, now: datetime) -> dict[str, Any]:
        """One's own case with every leg."""
        known, hand = self.afterwards.seen(subject, reference, now)
        with self._premises.database.read() as tx:
            rows = {row.file: row for row in files.of_case(tx, reference)}
        shown = view(known, self._premises, rows, now, self.definitions(known.case.plan))
        return beside_mandate(shown, hand, self.agency.filed_by(known.row))

    def case_after(self, subject: str, reference: str, now: datetime) -> dict[str, Any]:
        """What is answered to an act that was done: the case as one may see it now; to an agent whose mandate has ended
        since, as after any repetition, only that it was filed."""
        try:
            return self.case_view(subject, reference, now)
        except UnknownCase:
            known = self._book.fresh(reference)
            filed = self.agency.filed_by(known.row)
            if filed is None or filed[0].agent != subject:
                raise
            over = Filed(*filed, stands=False)
            return {**over.line(), **over.bare(known)}

    def sees(self, subject: str, reference: str, now: datetime) -> bool:
        """Whether somebody may look at a case now."""
        try:
            self.afterwards.seen(subject, reference, now)
        except UnknownCase:
            return False
        return True

    def did(self, subject: str, reference: str, key: str) -> bool:
        """Whether somebody did something with a case under this key, whatever they may see of it by now."""
        with self._premises.database.read() as tx:
            found = submissions.find(tx, subject, key)
        return found is not None and found.reference == reference

    def expected_at_filing(self, subject: str, reference: str, now: datetime | None = None) -> dict[str, Any]:
        """When one's own case was expected to end on the day it was filed."""
        return expected_at_filing(self.afterwards.seen(subject, reference, now)[0].case, self._premises.calendar)

    def answers(self, subject: str, reference: str) -> dict[str, Any]:
        """What was filled in for one's own case: its situation and its form."""
        known, _ = self.afterwards.seen(subject, reference, None)
        return {name: known.row.body[name] for name in ("situation", "form")}

    def sheet(self, subject: str, reference: str, now: datetime | None = None) -> str:
        """One's own case as a text for people: what was filed, what each department said, what it gave."""
        known, _ = self.afterwards.seen(subject, reference, now)
        with self._premises.database.read() as tx:
            rows = {row.file: row for row in files.of_case(tx, reference)}
        its = self.definitions(known.case.plan)
        return sheet(known.case, known.row.body, Names(rows, its.regions, its.fields), self._premises.zone)

    def about(self, subject: str, reference: str, now: datetime | None = None) -> str:
        """Whom or what one's own case is about: the project and its first person, as its form names them."""
        known, _ = self.afterwards.seen(subject, reference, now)
        return about(known.case.plan, {**known.row.body["situation"], **known.row.body["form"]})

    def disclosure(self, subject: str, reference: str, now: datetime | None = None) -> Disclosure:
        """Who gets what of one's own case, and the consent that it rests on."""
        known, _ = self.afterwards.seen(subject, reference, now)
        with self._premises.database.read() as tx:
            given = consents.of_case(tx, reference)
        filed = self.agency.filed_by(known.row)
        return disclosure(known, given[0] if given else None, agent=None if filed is None else agent_name(filed[1]))

    def contact(self, reference: str) -> tuple[str, list[str]]:
        """Who filed a case and the numbers to call, for whoever may know it and has said why."""
        known = self._book.fresh(reference)
        return contact(known.case.plan, {**known.row.body["situation"], **known.row.body["form"]})

    def track(self, reference: str, code: str, now: datetime) -> dict[str, Any]:
        """The same, masked, for whoever has reference and query code; wrong and unknown look alike."""
        clean = references.clean_reference(reference)
        with self._premises.database.read() as tx:
            typed = references.clean_code(code)
            if clean is None or not (cases.has_code(tx, clean, typed) or agents_code(tx, clean, typed, now)):
                raise UnknownCase
        return view(self._book.fresh(clean), self._premises, {}, now, None)

    def cases_of(self, subject: str, now: datetime, after: str | None = None,
                 limit: int = MOST_LISTED) -> tuple[list[dict[str, Any]], str | None]:
        """A person's cases, newest first, and where the next page begins (None: this was the last)."""
        with self._premises.database.read() as tx:
            own, then = reading.cases_of(tx, subject, after, limit)
        known = self._book.looked_at(own)
        return [summary(known[reference], self._premises.calendar, now)
                for reference in own if reference in known], then

    def running(self, subject: str, bundle: str) -> list[tuple[str, datetime]]:
        """A person's newest cases of a bundle that go on, so that nobody files again for not knowing."""
        with self._premises.database.read() as tx:
            return cases.running(tx, subject, bundle)

    def filed_for_others(self, agent: str, now: datetime, after: str | None = None,
                         limit: int = MOST_LISTED) -> tuple[list[dict[str, Any]], str | None]:
        """What a person filed as an agent, newest first, and where the next page begins (None: this was the last). Of
        cases whose mandate is over only that they were filed."""
        filed, then = self.agency.filed_for_others(agent, now, after, limit)
        known = self._book.looked_at(one.agency.reference for one in filed)
        return [{**one.line(), **(summary(case, self._premises.calendar, now) if one.stands else one.bare(case))}
                for one in filed if (case := known.get(one.agency.reference)) is not None], then
