"""Asking somebody to agree before an application is filed, and what that person answers.

Whoever fills in shows a code, the other one types it in, signed in as themself: nobody is searched for among all
people, and whoever guesses or overhears a code sees nothing, for it opens only to the account that the form names.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from desk import reference as references
from desk.applicants.consents import UNASKED
from desk.applicants.disclosure import Recipient, about_person
from desk.applicants.drafts import Drafts
from desk.book import Book
from desk.errors import (
    AgreementChanged,
    DraftFiled,
    InvalidAnswers,
    Moved,
    NoMandate,
    NotNow,
    NotTheParty,
    UnknownAgreement,
    UnknownAgreementCode,
    UnknownBundle,
    UnknownDraft,
)
from desk.parties.parties import Parties, Party, State
from desk.parties.persons import person
from desk.parties.statements import Statement
from desk.premises import Premises
from desk.values import Draft
from forms.shown.public import can_be_filed
from store import agreements, audit, drafts, failpoints
from store.agreements import MOST_LISTED, AgreementRow
from store.audit import Entry
from store.errors import UnknownAgreement as NotStored
from store.errors import UnknownDraft as NoDraft
from store.port import Tx

CODE_LIFE = timedelta(hours=24)
FILED = "申请已经提交，不能在这里收回同意；想停办，请和申请人一起撤回申请，或者向办理部门提出。"
UNFINISHED = "请先把申请表填完整、按提示改好，再请对方确认：对方要看到完整的内容。"
NO_NEED = "这份申请不用请这个人确认。"
SHUT = "填表人的委托已经结束，这份申请现在不能提交，不用确认。"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person was asked, as that person sees it: `statement` as it is shown now, once filed as it was agreed to;
    None where nothing may be shown any more. `reference` once it is filed; `stands`: a yes that could be taken back."""

    agreement: str
    state: State
    statement: dict[str, Any] | None
    digest: str | None
    made_at: datetime
    said_at: datetime | None
    bundle_name: str
    role_name: str
    filer: str
    reference: str | None
    stands: bool
    recipients: tuple[Recipient, ...] = ()

    @property
    def open(self) -> bool:
        """Whether it waits for this person."""
        return self.reference is None and self.statement is not None and self.state in {"opened", "changed"}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a person says to the statement of a digest; `sensitive`: also, apart, to the use of what is sensitive."""

    yes: bool
    digest: str | None
    sensitive: bool = False


class Agreements:
    """Both sides of every agreement; each call sees only what its caller may."""

    def __init__(self, premises: Premises, book: Book, kept: Drafts) -> None:
        self._premises, self._book, self._drafts = premises, book, kept
        self._parties = Parties(premises)

    # --- whoever fills in

    def invite(self, subject: str, draft: str, role: str, now: datetime) -> tuple[str, datetime]:
        """A new code by which the person in a role of a draft opens what is asked of them, and until when; the one
        before is worth nothing. The form must be complete, so that they see all of it."""
        shown = self._drafts.read(subject, draft, now)
        if shown.filed_as:
            raise DraftFiled(more={"reference": shown.filed_as})
        asked = next((one for one in shown.parties if one.statement.role == role), None)
        if asked is None and role not in {one.role for one in shown.plan.agreements}:
            raise UnknownAgreement(NO_NEED)
        if asked is None or not complete(shown):
            raise NotNow(NO_NEED if complete(shown) else UNFINISHED)
        if asked.agrees:
            raise NotNow("对方已经确认过，不用再请。")
        code, until = references.new_code(), now + CODE_LIFE
        day = now.astimezone(self._premises.zone).date()
        row = AgreementRow(f"QR{references.new_reference(day)}", draft, role, subject, "invited", now,
                           _names(asked.statement))

        def unit(tx: Tx) -> None:
            if drafts.get(tx, draft, subject, lock=True).submitted_as:
                raise DraftFiled
            if not self._parties.unmoved(tx, draft, [asked]):
                raise Moved  # answered just now: a new code would take that back
            agreements.invite(tx, row, code, until)

        try:
            self._premises.database.write(unit)
        except NoDraft:
            raise UnknownDraft from None
        return code, until

    # --- whoever is asked

    def open(self, party: str, code: str, now: datetime) -> Seen:
        """Open what is asked by its code, once, for the person whom the form names; `UnknownAgreementCode`,
        `NotTheParty`."""
        code = references.clean_code(code)
        with self._premises.database.read() as tx:
            row = agreements.behind(tx, code, now)
        if row is None or row.reference is not None:
            raise UnknownAgreementCode
        self._asked(party, row, now)
        if not self._premises.database.write(lambda tx: agreements.open_for(tx, code, party, now)):
            raise UnknownAgreementCode
        return self.one(party, row.agreement, now)

    def one(self, party: str, agreement: str, now: datetime) -> Seen:
        """One that the person opened; anybody else's is as unknown as none. `NotTheParty` once the form names somebody
        else."""
        with self._premises.database.read() as tx:
            row = _own(tx, party, agreement)
        if row.reference is not None:
            return self._filed(row, row.reference)
        asked = self._asked(party, row, now)[1]
        return _seen(row, asked.state, asked.statement.kept(), asked.statement.digest)

    def of(self, party: str, now: datetime, after: str | None = None,
           limit: int = MOST_LISTED) -> tuple[list[Seen], str | None]:
        """What a person opened, the newest first, and where the next page begins (None: this was the last)."""
        with self._premises.database.read() as tx:
            found, then = agreements.of_party(tx, party, after, limit)
        return [self._listed(party, row, now) for row in found], then

    def _listed(self, party: str, row: AgreementRow, now: datetime) -> Seen:
        try:
            return self.one(party, row.agreement, now)
        except (NotTheParty, UnknownAgreement, NotNow):  # what may not be shown any more is only named
            return _seen(row, "changed", None, None)

    def answer(self, party: str, agreement: str, reply: Reply, now: datetime) -> Seen:
        """Say yes or no to what was shown; `AgreementChanged` unless that is what the reply's digest says. A yes that
        is said already is said once."""
        row = self._open(party, agreement)
        draft, asked = self._asked(party, row, now)
        shown = asked.statement
        if reply.digest != shown.digest:
            raise AgreementChanged
        if reply.yes and shown.sensitive and not reply.sensitive:
            raise InvalidAnswers(errors={"sensitive": [UNASKED]})
        if reply.yes and asked.agrees:
            return self.one(party, agreement, now)
        said = replace(row, state="agreed" if reply.yes else "refused", digest=shown.digest, said_at=now,
                       body={**_names(shown), "statement": shown.kept()})
        self._write(said, draft.version, now)
        return self.one(party, agreement, now)

    def take_back(self, party: str, agreement: str, now: datetime) -> Seen:
        """Take a yes back before it is filed, whatever became of the form since: also where it names somebody else just
        now, for that could be changed back."""
        row = self._open(party, agreement)
        if row.state != "agreed":
            raise NotNow("您现在没有同意这件事，不用收回。")
        self._write(replace(row, state="taken_back", said_at=now), None, now)
        return self._listed(party, row, now)

    def _open(self, party: str, agreement: str) -> AgreementRow:
        """One of the person's own that is not filed yet."""
        with self._premises.database.read() as tx:
            row = _own(tx, party, agreement)
        if row.reference is not None:
            raise NotNow(FILED)
        return row

    def _write(self, said: AgreementRow, version: str | None, now: datetime) -> None:
        """Keep what somebody said of a draft of this version, and look up at once what it allows: so a paper that is
        not found can still be brought, and what was found with a yes goes with it."""
        def unit(tx: Tx) -> None:
            self._drafts.answered(tx, said.draft, said.owner, version, now)
            if _own(tx, str(said.party), said.agreement, lock=True).reference is not None:
                raise DraftFiled
            agreements.say(tx, said)
            audit.record(tx, Entry(now, "applicant", f"agreement.{said.state}", said.agreement))
            failpoints.reach("agreement.before_commit")

        try:
            self._premises.database.write(unit)
            failpoints.reach("agreement.after_commit")
        except Moved:
            raise AgreementChanged from None
        except DraftFiled:
            raise NotNow(FILED) from None
        except UnknownDraft:
            raise UnknownAgreement from None
        self._look_up(said, now)

    def _look_up(self, said: AgreementRow, now: datetime) -> None:
        with suppress(NoDraft, UnknownBundle):  # deleted just now, or not offered any more: nothing is to be found
            with self._premises.database.read() as tx:
                row = drafts.get(tx, said.draft, said.owner)
            self._drafts.looked_up(row, now)

    def _asked(self, party: str, row: AgreementRow, now: datetime) -> tuple[Draft, Party]:
        """What a person is asked now, with the draft; `NotTheParty` unless the form names this very person."""
        try:
            draft = self._drafts.read(row.owner, row.draft, now)
        except (UnknownDraft, UnknownBundle):
            raise UnknownAgreement from None
        except NoMandate:
            raise NotNow(SHUT) from None
        asked = next((one for one in draft.parties if one.statement.role == row.role), None)
        if asked is None or draft.filed_as:
            raise UnknownAgreement
        with self._premises.database.read() as tx:
            who = person(tx, party, self._premises.catalog)
        if not who.is_called(asked.statement.number, asked.statement.name):
            raise NotTheParty
        return draft, asked

    def _filed(self, row: AgreementRow, reference: str) -> Seen:
        """What became of it: what was agreed to stands as it was shown, and who has got what since."""
        known = self._book.fresh(reference)
        told = about_person(known, row.role)
        return replace(_seen(row, "agreed", row.body["statement"], row.digest), recipients=told)


def complete(draft: Draft) -> bool:
    """Whether a form is filled in and nothing forbids to file it, so that all of it can be shown; papers may be
    missing."""
    papers = {line.key for line in draft.plan.materials}
    return can_be_filed(draft.plan) and not (draft.errors.keys() - {"materials"}) and not (set(draft.missing) - papers)


def _own(tx: Tx, party: str, agreement: str, *, lock: bool = False) -> AgreementRow:
    try:
        row = agreements.get(tx, agreement, lock)
    except NotStored:
        raise UnknownAgreement from None
    if row.party != party:
        raise UnknownAgreement
    return row


def _names(statement: Statement) -> dict[str, Any]:
    """What a list says of an agreement without looking at the draft."""
    return {"bundle_name": statement.bundle_name, "role_name": statement.role_name, "filer": statement.filer}


def _seen(row: AgreementRow, state: State, statement: dict[str, Any] | None, digest: str | None) -> Seen:
    said = row.body
    return Seen(row.agreement, state, statement, digest, row.made_at, row.said_at, said["bundle_name"],
                said["role_name"], said["filer"], row.reference,
                row.state == "agreed" and row.reference is None)
