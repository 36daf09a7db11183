"""Drafts: partial content is fine and kept; every problem is listed; one draft files once.

What the sources found is kept with the draft from the consent on, so that a paper that was not found can be uploaded
before filing; answers that change afterwards void it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, time
from functools import lru_cache
from typing import Any

import orjson

from desk import repeats
from desk.agents import agency
from desk.agents.agency import Agency
from desk.agents.under_mandate import AS_AGENT
from desk.applicants.asked import aside, asked_materials, settled_plan
from desk.applicants.consents import covers, given, pinned, scope_of
from desk.applicants.lookups import look_up
from desk.applicants.owing import owes
from desk.editions import Editions
from desk.errors import DraftFiled, DraftTooLarge, Moved, NoMandate, SourcesBusy, TooManyDrafts, UnknownDraft
from desk.parties.holders import Holders, Own, grounds
from desk.parties.parties import Parties, Party
from desk.premises import Premises
from desk.values import Draft, DraftLine
from desk.view import about
from forms.answers import FILER
from forms.papers.lines import at_once
from forms.plan import Plan
from forms.schema import validate_form, validate_materials, wrong_in
from store import audit, drafts
from store.audit import Entry
from store.errors import UnknownDraft as NotStored
from store.errors import UnknownEdition
from store.port import Tx

CHANGEABLE = ("situation", "form", "materials", "consent")
LARGEST = 2_000_000  # bytes of all that a draft holds; each save adds to it, and each look reads it whole
FOR = "on_behalf_of"  # in the body of a draft for somebody else: whom
FOUND_ON = "found_on"  # in the body of a draft: the city's day on which the sources were asked; older hosts drop it
VOID_FINDINGS = ("situation", "form", "consent")
MOST_UNFILED = 50  # of one person
NOT_THERE = "这件事已不在网上受理；填过的还留着，不需要了可以在“我的办件”里删除，要办请到政务大厅窗口或拨打 12345"
REMEMBERED_LINES = 5_000  # of lists of drafts, of all persons
Body = Mapping[str, Any]
Changes = Mapping[str, Any]


class Drafts:
    """The drafts of every subject; each call sees only the subject's own."""

    def __init__(self, premises: Premises, editions: Editions) -> None:
        self._premises = premises
        self._editions = editions
        self._agency, self._parties = Agency(premises), Parties(premises)
        self._holders = Holders(premises, editions)
        self._line = lru_cache(maxsize=REMEMBERED_LINES)(self._line_of)

    def open(self, subject: str, bundle: str, situation: Mapping[str, Any], now: datetime,
             principal: str | None = None) -> Draft:
        """Begin a draft of `bundle`, for somebody else if there is a mandate (else `NoMandate`); the situation may be
        partial. `TooManyDrafts` of one person are refused."""
        edition = self._editions.of(bundle)
        body: dict[str, Any] = {"situation": dict(situation), "form": {}, "materials": {}, "consent": {}, "found": None}
        mandate = self._agency.acting(subject, principal, bundle, now)
        if mandate is not None:
            body |= {FOR: mandate.principal, "situation": {**situation, FILER: AS_AGENT}}
        row = drafts.Draft(draft=secrets.token_hex(16), subject=subject, bundle=bundle, edition=edition.hash,
                           body=body, created_at=now, updated_at=now)

        def unit(tx: Tx) -> None:
            if drafts.unfiled(tx, subject) >= MOST_UNFILED:
                raise TooManyDrafts
            drafts.add(tx, row)

        self._premises.database.write(unit)
        return self._shown(row, now)

    def save(self, subject: str, draft: str, changes: Changes, now: datetime, expected: str | None = None) -> Draft:
        """Lay `changes` over what is kept: `situation` replaces, the others merge by key (null deletes).

        With a consent, what it is given for is pinned: what the plan of these answers asks consent for now. `Moved`
        if the draft is not `expected` any more, the version that was shown.
        """
        saved = self._change(subject, draft, lambda _: changes, now, expected)
        if "consent" in changes:
            with suppress(SourcesBusy):  # it is saved, and looked up before it is filed
                return self.looked_up(saved, now)
        return self._shown(saved, now)

    def attach(self, subject: str, draft: str, key: str, files: Sequence[str], now: datetime) -> Draft:
        """Put files to one paper beside those that are there; uploads at once do not lose one another."""
        def more(body: Body) -> Changes:
            return {"materials": {key: list(dict.fromkeys([*body["materials"].get(key, ()), *files]))}}

        return self._shown(self._change(subject, draft, more, now), now)

    def detach(self, subject: str, draft: str, key: str, file: str, now: datetime) -> Draft:
        """Take one file away from one paper."""
        def less(body: Body) -> Changes:
            return {"materials": {key: [one for one in body["materials"].get(key, ()) if one != file] or None}}

        return self._shown(self._change(subject, draft, less, now), now)

    def _change(self, subject: str, draft: str, how: Callable[[Body], Changes], now: datetime,
                expected: str | None = None) -> drafts.Draft:
        """Change a draft by what it holds in this very transaction."""
        def unit(tx: Tx) -> drafts.Draft:
            row = _usable(tx, draft, subject, now, lock=True)
            if row.submitted_as:
                raise DraftFiled(more={"reference": row.submitted_as})
            if expected is not None and version_of(row.body) != expected:
                raise Moved
            body = self._changed(tx, row, how(row.body), now)
            if len(orjson.dumps(body, default=str)) > LARGEST:
                raise DraftTooLarge
            new = replace(row, body=body, edition=self._editions.of(row.bundle).hash, updated_at=now)
            drafts.save(tx, new)
            return new

        return self._premises.database.write(unit)

    def _changed(self, tx: Tx, row: drafts.Draft, changes: Changes, now: datetime) -> dict[str, Any]:
        body: dict[str, Any] = {
            name: _merged(name, row.body.get(name, {}), changes.get(name)) for name in CHANGEABLE}
        if FOR in row.body:
            body |= {FOR: row.body[FOR], "situation": {**body["situation"], FILER: AS_AGENT}}
        if (changes.get("consent") or {}).get("agreed") is not None:
            own = self._holders.own_by(tx, _filers(row, body))
            body["consent"] = pinned(body["consent"], scope_of(self._plan((row.bundle, body), None, own, now)[0]))
        same = all(body[name] == row.body.get(name) for name in VOID_FINDINGS)
        body |= {"found": row.body.get("found"), FOUND_ON: row.body.get(FOUND_ON)} if same else {"found": None}
        return body

    def looked_up(self, row: drafts.Draft, now: datetime) -> Draft:
        """Ask the sources with the consent in the draft, once its answers are right; what they found stays with it for
        the day."""
        asked = row if self._found_today(row.body, now) else replace(row, body={**row.body, "found": None})
        shown = self._shown(asked, now)
        if asked.body["found"] is not None or not shown.consented or shown.errors:
            return shown
        clean = validate_form(shown.plan, shown.form, self._premises.catalog.regions, partial=True)
        if clean.missing:
            return shown
        ground = grounds(shown.plan, clean.clean, self._holders.own(_filers(row, row.body)), row.body["consent"],
                         shown.parties)
        found = look_up(self._premises, shown.plan, clean.clean, ground, now)

        def unit(tx: Tx) -> drafts.Draft:
            current = _own(tx, row.draft, row.subject, lock=True)
            if current.submitted_as or current.body != row.body:
                return current  # changed while the sources were asked: what they said is about other answers
            if shown.parties and not self._parties.unmoved(tx, row.draft, shown.parties):
                return current  # somebody has agreed, or taken it back, meanwhile
            kept = replace(row, body={**row.body, "found": found.kept(), FOUND_ON: self._today(now)}, updated_at=now)
            drafts.save(tx, kept)
            return kept

        return self._shown(self._premises.database.write(unit), now)

    def _found_today(self, body: Body, now: datetime) -> bool:
        """Whether the sources were asked today: a paper must be good on the day on which it is filed, and one that was
        found before may have ended or been cancelled since."""
        return body.get("found") is not None and body.get(FOUND_ON) == self._today(now)

    def _today(self, now: datetime) -> str:
        return now.astimezone(self._premises.zone).date().isoformat()

    def look_again(self, subject: str, draft: str, now: datetime) -> Draft:
        """Ask the sources anew, for one that did not answer may do so now; what was brought meanwhile stays."""
        def unit(tx: Tx) -> drafts.Draft:
            row = _usable(tx, draft, subject, now, lock=True)
            if row.submitted_as:
                raise DraftFiled(more={"reference": row.submitted_as})
            new = replace(row, body={**row.body, "found": None}, updated_at=now)
            drafts.save(tx, new)
            return new

        return self.looked_up(self._premises.database.write(unit), now)

    def ready(self, subject: str, draft: str, consent: Mapping[str, Any] | None, now: datetime,
              expected: str | None = None) -> Draft:
        """The draft with its findings, about to be filed under `consent`; `Moved` unless it is as `expected`. What was
        filed is told whoever filed it, also an agent whose mandate is over."""
        with self._premises.database.read() as tx:
            row = _own(tx, draft, subject)
            if not row.submitted_as:
                _refuse_shut(tx, row, now)
        if not row.submitted_as and expected is not None and version_of(row.body) != expected:
            raise Moved
        kept = row.body["consent"]
        if not row.submitted_as and consent is not None and dict(consent) not in (kept, given(kept)):
            row = self._change(subject, draft, lambda _: {"consent": consent}, now, expected)
        shown = self._shown(row, now) if row.submitted_as else self.looked_up(row, now)
        if not shown.filed_as and shown.version != version_of(row.body):  # while the sources were asked
            raise Moved
        return shown

    def became(self, kept: Draft, tx: Tx, reference: str) -> None:
        """Note, in the transaction of its filing, that a draft became this case; `Moved` if it is not as it was."""
        row = _own(tx, kept.id, kept.subject, lock=True)
        if row.submitted_as is None and version_of(row.body) != kept.version:
            raise Moved
        drafts.submitted(tx, kept.id, reference)

    def read(self, subject: str, draft: str, now: datetime) -> Draft:
        """One draft with its plan and problems as of now."""
        with self._premises.database.read() as tx:
            row = _usable(tx, draft, subject, now)
        return self._shown(row, now)

    def of_subject(self, subject: str, now: datetime) -> list[DraftLine]:
        """The unfiled drafts of a person, newest first; those for somebody whose mandate is over are shut."""
        zone = self._premises.zone
        today = datetime.combine(now.astimezone(zone).date(), time(), zone)
        with self._premises.database.read() as tx:
            kept = drafts.listed(tx, subject)
        found, own = [], self._holders.own((subject,))
        for one in kept:
            if one.bundle not in self._premises.catalog.bundles:
                found.append(self._gone(one))
                continue
            with suppress(UnknownDraft):  # deleted just now
                found.append(self._line(subject, one, (self._editions.of(one.bundle).hash, own), today))
        with self._premises.database.read() as tx:
            return [one if _stands(tx, subject, one.on_behalf_of, one.bundle, now) else _shut(one) for one in found]

    def _gone(self, listed: drafts.Line) -> DraftLine:
        """The line of a draft whose bundle is not there any more: what it was called, if a case of it says so."""
        name = ""
        with suppress(UnknownEdition):
            name = str(self._editions.stored_catalog(listed.edition).bundles[listed.bundle].name)
        return DraftLine(listed.draft, listed.bundle, name, listed.updated_at, closed=NOT_THERE, gone=True)

    def _line_of(self, subject: str, listed: drafts.Line, _by: tuple[str, Own], today: datetime) -> DraftLine:
        """The line of a draft as it was saved last, which is composed for it once a day, edition and what the account
        knows."""
        with self._premises.database.read() as tx:
            row = _own(tx, listed.draft, subject)
        shown = self._shown(row, today)
        papers = {line.key for line in shown.plan.materials}
        missing = sum(code in papers for code in shown.missing)
        return DraftLine(
            id=shown.id, bundle=shown.bundle, bundle_name=str(shown.plan.bundle_name), updated_at=listed.updated_at,
            about=about(shown.plan, {**shown.situation, **shown.form}), fields=sum(shown.lacking.values()) - missing,
            papers=missing, errors=wrong_in(shown.errors), on_behalf_of=shown.on_behalf_of,
            waits=tuple(one.statement.role_name for one in shown.parties if not one.agrees),
            closed=next((problem.text for problem in shown.plan.problems if problem.rule == "closed"), ""))

    def answered(self, tx: Tx, draft: str, owner: str, version: str | None, now: datetime) -> None:
        """In the transaction of what somebody who must agree says of a draft: hold it as it was shown to them (None:
        as it is), else `Moved`; and forget what the sources found, for it was looked up with another consent."""
        row = _own(tx, draft, owner, lock=True)
        if row.submitted_as:
            raise DraftFiled
        if version is not None and version_of(row.body) != version:
            raise Moved
        drafts.save(tx, replace(row, body={**row.body, "found": None}, updated_at=now))

    def drop(self, subject: str, draft: str, now: datetime) -> None:
        """Delete a draft that was not filed. Its uploads stay the subject's own until they are linked."""
        def unit(tx: Tx) -> None:
            if _own(tx, draft, subject, lock=True).submitted_as:
                raise DraftFiled
            drafts.drop(tx, draft, subject)
            audit.record(tx, Entry(now, "applicant", "draft.drop", draft))

        self._premises.database.write(unit)

    def _shown(self, row: drafts.Draft, now: datetime) -> Draft:
        body, found, own = row.body, row.body.get("found"), self._holders.own(_filers(row, row.body))
        plan, form = self._plan((row.bundle, body), found, own, now)
        plain = plan if found is None else self._plan((row.bundle, body), None, own, now)[0]
        if owes(self._premises, plan, _filers(row, body)[0], {}):
            plan = at_once(plan)
        scope = scope_of(plain)
        materials = asked_materials(plan, body["materials"])
        errors, lacking = problems(plan, form, materials, self._premises)
        return Draft(id=row.draft, subject=row.subject, bundle=row.bundle, situation=body["situation"], form=form,
                     materials={key: tuple(files) for key, files in materials.items()}, consent=body["consent"],
                     found=found, plan=plan, edition=plan.edition, updated_at=row.updated_at, errors=errors,
                     lacking=lacking, filed_as=row.submitted_as, aside=aside(body, form, materials), scope=scope,
                     consented=covers(body["consent"], scope), version=version_of(body), on_behalf_of=body.get(FOR),
                     parties=self._asked(row, plain, form))

    def _asked(self, row: drafts.Draft, plain: Plan, form: Mapping[str, Any]) -> tuple[Party, ...]:
        """Who else must agree, as far as the form says who they are."""
        if not plain.agreements:
            return ()
        clean = validate_form(plain, form, self._premises.catalog.regions, partial=True).clean
        return self._parties.of(plain, clean, _filers(row, row.body), row.draft)

    def _plan(self, draft: tuple[str, Body], found: Mapping[str, Any] | None, own: Own,
              now: datetime) -> tuple[Plan, dict[str, Any]]:
        """The plan of a draft (its bundle and body), look-ups having come to what is `found`, and the answers it asks;
        `own` are the numbers of whoever files it. Reads nothing from the store: it runs within transactions, too."""
        (bundle, body), outcomes = draft, found["outcomes"] if found else None

        def composed(asked: Mapping[str, Any]) -> Plan:
            plain = self._editions.compose(bundle, body["situation"], now, form=asked)
            clean = validate_form(plain.plan, asked, self._premises.catalog.regions, partial=True).clean
            plain = self._holders.within(plain, clean, own)
            whole = self._editions.settled(plain, outcomes) if outcomes else plain
            return self._editions.mandated(whole, outcomes).plan if FOR in body else whole.plan

        return settled_plan(composed, body["form"], self._premises.catalog.fields)


def _filers(row: drafts.Draft, body: Body) -> tuple[str, str]:
    """Whom a draft is for, and who fills it in."""
    return body.get(FOR, row.subject), row.subject


def version_of(body: Body) -> str:
    """Equal as long as nobody changed an answer, a file or the consent."""
    return repeats.digest_of({name: body.get(name) for name in CHANGEABLE})[:32]


def _own(tx: Tx, draft: str, subject: str, *, lock: bool = False) -> drafts.Draft:
    try:
        return drafts.get(tx, draft, subject, lock=lock)
    except NotStored:
        raise UnknownDraft from None


def _usable(tx: Tx, draft: str, subject: str, now: datetime, *, lock: bool = False) -> drafts.Draft:
    """One's own draft; `NoMandate` where it is for somebody else and the mandate is over."""
    row = _own(tx, draft, subject, lock=lock)
    _refuse_shut(tx, row, now)
    return row


def _refuse_shut(tx: Tx, row: drafts.Draft, now: datetime) -> None:
    if FOR in row.body:
        agency.standing(tx, (row.body[FOR], row.subject), (row.bundle, agency.FILE), now)


def _stands(tx: Tx, subject: str, principal: str | None, bundle: str, now: datetime) -> bool:
    """Whether a draft may be seen: one's own, or for somebody whose mandate stands."""
    try:
        return principal is None or bool(agency.standing(tx, (principal, subject), (bundle, agency.FILE), now))
    except NoMandate:
        return False


def _shut(line: DraftLine) -> DraftLine:
    return DraftLine(line.id, line.bundle, line.bundle_name, line.updated_at, on_behalf_of=line.on_behalf_of, shut=True)


def _merged(name: str, kept: Mapping[str, Any], change: Mapping[str, Any] | None) -> dict[str, Any]:
    if change is None:
        return dict(kept)
    if name == "situation":
        return dict(change)
    return {key: value for key, value in {**kept, **change}.items() if value is not None}


def problems(plan: Plan, form: Mapping[str, Any], materials: Mapping[str, Any],
             premises: Premises) -> tuple[dict[str, Any], dict[str, int]]:
    """The error tree of a partial filing, and how many answers and papers each code of what is missing lacks."""
    filled = validate_form(plan, form, premises.catalog.regions, partial=True)
    papers = validate_materials(plan, materials, partial=True)
    errors = {**filled.errors, **({"materials": papers.errors} if papers.errors else {})}
    return errors, {**filled.lacking, **papers.lacking}
