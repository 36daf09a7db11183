"""Filing: from one filled form to a durable case with all its legs, in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from cases import outcome
from cases.urges import APPLICANT
from desk import reference as references
from desk import repeats
from desk.agents import agency
from desk.agents.agency import Agency, Hand
from desk.agents.under_mandate import as_agent, filed_for, with_mandate
from desk.applicants.consents import Scope, pinned, refuse_uncovered
from desk.applicants.lookups import Findings, look_up
from desk.applicants.openings import Openings
from desk.applicants.owing import owes
from desk.book import Book
from desk.editions import REMEMBERED_PLANS, Composed, Editions, difference, stood_for
from desk.errors import (
    CannotBeFiled,
    ConsentMissing,
    EditionChanged,
    IdempotencyMismatch,
    InvalidAnswers,
    NoMandate,
    VisitOver,
)
from desk.known import Known
from desk.parties.holders import Holders, grounds
from desk.parties.parties import Parties, Party, refuse_missing
from desk.premises import Premises
from desk.repeats import Repeated
from desk.uploads.papers import fit, lost_file, wrong_papers
from desk.values import AtCounter, Filing, Receipt, ReceiptLeg
from desk.writing import Change
from forms.compose import compose
from forms.plan import Plan
from forms.same import Same
from forms.schema import validate_form, validate_materials
from forms.windows import out_of_hours
from store import cases, consents, failpoints, files, mandates, submissions
from store.cases import CaseRow
from store.chains.chain import Head
from store.consents import Consent
from store.encoding import written
from store.errors import FileTaken, UnknownEdition
from store.errors import UnknownFile as NotStored
from store.mandates import AgencyRow, MandateRow
from store.port import Tx
from store.submissions import Submission
from store.visits import filed, visits

Also = Callable[[Tx, str], None]


@dataclass(frozen=True, slots=True)
class Ready:
    """A filing that passed every check and only needs its transaction; `agency` where an agent files, `parties` have
    agreed to it."""

    filing: Filing
    row: CaseRow
    composed: Composed
    offices: Mapping[str, str]
    files: tuple[str, ...]
    agency: AgencyRow | None = None
    mandate: MandateRow | None = None
    parties: tuple[Party, ...] = ()


class UnfitPaper(Exception):
    """A file is of a kind or size that its paper does not take; the unit that found out is undone."""


class Intake:
    """Takes applications in."""

    def __init__(self, premises: Premises, book: Book, plans: Editions) -> None:
        self._premises, self._book, self._plans = premises, book, plans
        self._openings = Openings(premises, book)
        self._agency, self._parties = Agency(premises), Parties(premises)
        self._holders = Holders(premises, plans)

    def file(self, subject: str, filing: Filing, key: str, now: datetime, also: Also | None = None) -> Receipt:
        """File one application; the same key with the same content gives the same receipt, for ever.

        `also` writes into the same transaction what belongs to it; it gets the reference. Who files for somebody else
        needs a mandate for it (`NoMandate`).
        """
        key, digest = repeats.checked_key(key), content_digest(filing)
        answered = self._answered(subject, key, filing, digest)
        if answered is not None:
            return _read(answered)
        try:
            ready = self._ready(subject, filing, now)
        except (InvalidAnswers, NoMandate):
            answered = self._answered(subject, key, filing, digest)
            if answered is None:
                raise
            return _read(answered)  # its twin was quicker and has the files, or filed while it still could
        by = APPLICANT if ready.mandate is None else agency.actor(ready.mandate)
        change = self._openings.change(ready.row, ready.composed, by, later_papers(ready))
        receipt = with_code_of(ready.agency, receipt_of(change.known, ready.offices))
        claim = Submission(subject=subject, key=key, digest=digest, reference=ready.row.reference, at=now,
                           answer=receipt.kept())
        try:
            self._commit(ready, change, claim, also)
        except Repeated as repeated:
            return _read(repeats.answer_of(repeated.earlier, digest))
        return receipt

    def _answered(self, subject: str, key: str, filing: Filing, digest: str) -> Mapping[str, Any] | None:
        """The answer that this filing got before under its key, or None."""
        try:
            return repeats.earlier(self._premises.database, subject, key, digest)
        except IdempotencyMismatch:  # unless it was kept by a version whose digests were of the stock writer's text
            return repeats.earlier(self._premises.database, subject, key, repeats.digest_of(_content(filing)))

    def receipt(self, subject: str, reference: str, now: datetime | None = None) -> Receipt:
        """The receipt of a case, for its owner, and for an agent while the mandate holds at `now`, with a code of the
        agent's own."""
        known = self._book.fresh(reference)
        hand = self._agency.hand(subject, known.row, now)
        return with_code_of(hand.agency, receipt_of(known, {leg: row.office for leg, row in known.legs.items()}))

    def receipt_again(self, subject: str, reference: str, key: str, now: datetime) -> Receipt:
        """The receipt of what was filed under a key, word for word as it was given, however far its legs are by now;
        also to an agent whose mandate is over."""
        with self._premises.database.read() as tx:
            given = submissions.find(tx, subject, key)
        return self.receipt(subject, reference, now) if given is None or given.answer is None else _read(given.answer)

    def _ready(self, subject: str, filing: Filing, now: datetime) -> Ready:
        """The filing checked; for somebody else, with their mandate and what it says."""
        mandate = self._agency.acting(subject, filing.on_behalf_of, filing.bundle, now)
        if mandate is None:
            return self._checked(subject, filing, now)
        filing = as_agent(filing)
        plan = self._plans.compose(filing.bundle, filing.situation, now, form=filing.form).plan
        filing = filed_for(filing, mandate, plan, self._premises.zone)
        ready = self._checked(mandate.principal, filing, now, mandate)
        row = replace(ready.row, on_behalf_of=mandate.principal)
        return replace(ready, row=row, mandate=mandate, agency=agency.agency_row(row, mandate))

    def _checked(self, owner: str, filing: Filing, now: datetime, mandate: MandateRow | None = None) -> Ready:
        edition = self._plans.of(filing.bundle)
        if filing.edition is not None and filing.edition != edition.hash:
            raise EditionChanged(more={"edition": edition.hash, "difference": self._difference(filing, now)})
        if filing.consent.get("agreed") is not True:
            raise ConsentMissing
        self._refuse_out_of_hours(filing.bundle, now)
        whole = self._plans.compose(filing.bundle, filing.situation, now, form=filing.form)
        clean = validate_form(whole.plan, filing.form, self._premises.catalog.regions)
        refuse_unready(whole.plan, clean.errors)
        filers = (owner,) if mandate is None else (owner, mandate.agent)
        own = self._holders.own(filers)
        whole = self._holders.within(whole, clean.clean, own)
        consent = consented(filing.consent, whole.scope)
        parties = self._parties.of(whole.plan, clean.clean, filers, filing.draft)
        refuse_missing(parties)
        found = Findings(**filing.found) if filing.found is not None else look_up(
            self._premises, whole.plan, clean.clean, grounds(whole.plan, clean.clean, own, consent, parties), now)
        if found.outcomes:
            whole = self._plans.settled(whole, found.outcomes)
        if mandate is not None:  # it stands for what no look-up has brought, as it does in a draft
            found = with_mandate(found, mandate, stood_for(whole.plan, self._premises.catalog), self._premises)
            whole = self._plans.settled(whole.plain, found.outcomes) if found.outcomes else whole
        whole = self._plans.at_once(whole) if owes(self._premises, whole.plan, owner, filing.materials) else whole
        papers = validate_materials(whole.plan, {key: list(names) for key, names in filing.materials.items()})
        if papers.errors:
            raise InvalidAnswers(errors={"materials": papers.errors})
        offices = whole.offices
        kept = {key: list(filing.materials[key]) for key in whole.specs if key in filing.materials}
        body: dict[str, Any] = {"situation": dict(filing.situation), "form": dict(clean.clean), "materials": kept,
                                "consent": consent, **found.without(whole.arranged.others).pinned()}
        if filing.counter is not None:
            body["counter"] = filing.counter.kept()
        if parties:
            body["agreements"] = [one.kept() for one in parties]
        row = CaseRow(reference=references.new_reference(now.astimezone(self._premises.zone).date()), subject=owner,
                      bundle=filing.bundle, edition=edition.hash, plan=whole.hash, filed_at=now,
                      code=references.new_code(), body=body)
        names = tuple(sorted(filing.scans.union(*kept.values())))
        return Ready(filing, row, whole, offices, names, parties=parties)

    def _refuse_out_of_hours(self, bundle: str, now: datetime) -> None:
        catalog = self._premises.catalog
        closed = out_of_hours(catalog, catalog.bundles[bundle], now.astimezone(self._premises.zone))
        if closed is not None:
            raise CannotBeFiled(closed)

    def _difference(self, filing: Filing, now: datetime) -> dict[str, list[str]]:
        today = now.astimezone(self._premises.zone).date()
        try:
            catalog = self._plans.stored_catalog(filing.edition or "")
        except UnknownEdition:
            return {}
        old = compose(catalog, filing.bundle, filing.situation, today=today, off=self._plans.off)
        return difference(old, self._plans.compose(filing.bundle, filing.situation, now).plan)

    def _commit(self, ready: Ready, change: Change, claim: Submission, also: Also | None) -> None:
        now, papers, specs = claim.at, ready.row.body["materials"], ready.composed.specs

        def unit(tx: Tx) -> Head | None:
            repeats.claim(tx, claim)
            if ready.mandate is not None:
                self._still_may(tx, ready, now)
            if ready.parties:
                assert ready.filing.draft is not None
                self._parties.hold(tx, (ready.filing.draft, claim.subject), ready.parties)
            self._plans.keep(tx, ready.filing.bundle, ready.composed, now)
            cases.add(tx, ready.row)
            linked = files.link(tx, ready.row.reference, claim.subject, ready.files)
            if not fit(papers, specs, linked):
                raise UnfitPaper
            end = self._book.write(tx, change, now)
            consents.give(tx, Consent(consent=ready.row.reference, subject=ready.row.subject, given_at=now,
                                      scope=ready.row.body["consent"], reference=ready.row.reference))
            if ready.agency is not None:
                self._under(tx, ready)
            if ready.filing.counter is not None:
                _at_counter(tx, ready.filing.counter, ready.row)
            self._parties.file(tx, ready.parties, ready.row.reference, now)
            if also is not None:
                also(tx, ready.row.reference)
            failpoints.reach("accept.before_commit")
            return end

        try:
            end = self._premises.database.write(unit)
            failpoints.reach("accept.after_commit")
            ready.composed.kept = True
        except (NotStored, FileTaken, UnfitPaper) as wrong:
            # Which files these are is looked up where one is wrong, and not for every filing.
            named = wrong_papers(self._premises.database, (claim.subject, None), papers, specs)
            if not named and isinstance(wrong, (NotStored, FileTaken)):
                named = lost_file(papers, wrong)
            raise InvalidAnswers(errors={"materials": named}) from wrong
        self._book.remember_filed(ready.row, change, end)

    def _still_may(self, tx: Tx, ready: Ready, now: datetime) -> None:
        """Whoever takes the mandate back now waits for this filing, or was quicker and has stopped it."""
        assert ready.mandate is not None
        agency.hold_mandate(tx, ready.mandate, (ready.row.bundle, agency.FILE), now)

    def _under(self, tx: Tx, ready: Ready) -> None:
        assert ready.agency is not None
        mandates.file_under(tx, ready.agency)
        agency.take_over(tx, Hand(ready.agency.agent, ready.mandate), ready.row)


def _at_counter(tx: Tx, at: AtCounter, row: CaseRow) -> None:
    """The case is filed while the visit is open, or not at all."""
    if not visits.hold(tx, at.visit, row.filed_at):
        raise VisitOver
    filed.add(tx, row.reference, (at.counter, at.visit), row.filed_at)


def with_code_of(agent: AgencyRow | None, receipt: Receipt) -> Receipt:
    """The receipt as its agent gets it: with the agent's own code, which is worth as much as the mandate."""
    return receipt if agent is None else replace(receipt, code=agent.code)


def _read(answer: Mapping[str, Any]) -> Receipt:
    return Receipt(**{**answer, "legs": tuple(ReceiptLeg(**leg) for leg in answer["legs"])})


def receipt_of(known: Known, offices: Mapping[str, str]) -> Receipt:
    """The receipt of a case with its legs as they stand."""
    row, case = known.row, known.case
    legs = tuple(ReceiptLeg(f"{row.reference}-{leg}", matter, name, offices[leg], str(case.legs[leg].state))
                 for leg, matter, name in _named(Same(case.plan)))
    return Receipt(row.reference, row.code, str(outcome.case_state(case)), row.edition, legs)


@lru_cache(maxsize=REMEMBERED_PLANS)
def _named(same: Same) -> tuple[tuple[str, str, str], ...]:
    """Number, matter and name of every leg of a plan."""
    plan, = same.parts
    assert isinstance(plan, Plan)
    return tuple((leg.leg, leg.matter, str(leg.name)) for leg in plan.legs)


def later_papers(ready: Ready) -> list[str]:
    """The tolerated papers (容缺) that were not brought with the filing."""
    tolerable = [line.key for line in ready.composed.plan.materials if line.tolerable is not None]
    return [key for key in tolerable if key not in ready.row.body["materials"]]


def refuse_unready(plan: Plan, wrong: Mapping[str, Any]) -> None:
    """Refuse wrong answers together with an open question, a blocking rule or a plan without legs, each named."""
    tree: dict[str, list[str]] = {}
    stops = [problem for problem in plan.problems if problem.level in {"block", "undecided"}]
    for stop in stops:
        tree.setdefault(stop.at or stop.rule, []).append(stop.text)
    if wrong:
        raise InvalidAnswers(errors={**wrong, **({"situation": tree} if tree else {})})
    if stops or not plan.legs:
        raise CannotBeFiled("；".join(stop.text for stop in stops[:3]) or None, errors={"situation": tree})


def consented(consent: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """The consent with its scope, if it covers `scope`; one that comes with the filing itself is given for it."""
    whole = dict(consent) if "scope" in consent else pinned(consent, scope)
    refuse_uncovered(whole, scope)
    return whole


def content_digest(filing: Filing) -> str:
    """The digest of everything that was sent."""
    return hashlib.sha256(written(_content(filing))).hexdigest()


def _content(filing: Filing) -> tuple[Any, ...]:
    return (filing.bundle, filing.situation, filing.form, filing.edition, filing.on_behalf_of,
            {key: list(names) for key, names in filing.materials.items()}, filing.consent)
