"""Who else must agree to a draft, and how far they have: shown with the draft, and made sure of when it is filed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from desk.errors import AgreementMissing, Moved
from desk.parties.persons import person
from desk.parties.statements import Statement, is_theirs, statements
from desk.premises import Premises
from forms.papers.planned import RemovedMaterial
from forms.plan import Plan
from store import agreements, audit, drafts, people
from store.agreements import AgreementRow
from store.audit import Entry
from store.errors import UnknownDraft
from store.port import Tx

State = Literal["uninvited", "invited", "opened", "agreed", "changed", "refused", "taken_back", "closed"]
STATE_NAMES: Mapping[State, str] = {
    "uninvited": "还没有请对方确认", "invited": "等对方打开", "opened": "对方已打开，还没有答复", "agreed": "已同意",
    "changed": "内容改过，要重新确认", "refused": "不同意", "taken_back": "对方收回了同意",
    "closed": "对方的账号已经停用"}
Consent = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who must agree to a draft: what they are shown now, and what they were asked and have said."""

    statement: Statement
    row: AgreementRow | None
    closed: bool = False

    @property
    def state(self) -> State:
        """How it stands for what is shown now."""
        if self.row is None:
            return "uninvited"
        if self.row.state != "agreed":
            return self.row.state
        if self.closed:
            return "closed"
        return "agreed" if self.row.digest == self.statement.digest else "changed"

    @property
    def state_name(self) -> str:
        """The same in Chinese."""
        return STATE_NAMES[self.state]

    @property
    def agrees(self) -> bool:
        """Whether this person has said yes to what is shown now."""
        return self.state == "agreed"

    def line(self) -> dict[str, Any]:
        """As whoever files it is told."""
        said = self.row.said_at if self.row is not None else None
        return {"role": self.statement.role, "role_name": self.statement.role_name, "name": self.statement.name,
                "state": self.state, "said_at": None if said is None else said.isoformat()}

    def consent(self) -> Consent | None:
        """Under which consent papers of this person are looked up; None while there is none."""
        if self.row is None or self.row.said_at is None or not self.agrees:
            return None
        return {"agreed": True, "agreement": self.row.agreement, "digest": self.row.digest}

    def kept(self) -> dict[str, Any]:
        """As a case keeps it: who agreed, when, and to what."""
        assert self.row is not None
        assert self.row.said_at is not None
        return {"agreement": self.row.agreement, "role": self.statement.role, "name": self.statement.name,
                "agreed_at": self.row.said_at.isoformat(), "digest": self.statement.digest}


class Parties:
    """Who must agree besides those who file."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises

    def of(self, plan: Plan, answers: Mapping[str, Any], filers: Sequence[str], draft: str | None) -> tuple[Party, ...]:
        """Everybody who must agree to what is filed with these answers; `plan` is the one before any look-up, `filers`
        whom it is for and who fills it in. Without a draft nobody was asked yet."""
        if not plan.agreements:
            return ()
        catalog = self._premises.catalog
        with self._premises.database.read() as tx:
            who = [person(tx, subject, catalog) for subject in dict.fromkeys(filers)]
            said = {row.role: row for row in agreements.of_draft(tx, draft)} if draft is not None else {}
            closed = people.closed(tx, [row.party for row in said.values() if row.party is not None])
        return tuple(Party(statement, said.get(role), role in said and said[role].party in closed)
                     for role, statement in statements(plan, answers, who, catalog.regions).items())

    def unmoved(self, tx: Tx, draft: str, parties: Sequence[Party]) -> bool:
        """Whether what these were asked and have said is still so."""
        now = {row.role: row for row in agreements.of_draft(tx, draft)}
        return all(now.get(one.statement.role) == one.row for one in parties)

    def hold(self, tx: Tx, draft: tuple[str, str], parties: Sequence[Party]) -> None:
        """Make sure, in the transaction of a filing, that everybody still agrees as they did, and hold that: whoever
        takes it back now waits for this filing, or was quicker and has stopped it. `draft` is its id and its owner."""
        try:
            drafts.get(tx, *draft, lock=True)  # first the draft, as everybody does who holds both
        except UnknownDraft:
            raise Moved from None
        now = {row.role: row for row in agreements.of_draft(tx, draft[0], lock=True)}
        closed = people.closed(tx, [row.party for row in now.values() if row.party is not None])
        then = [Party(one.statement, row, row is not None and row.party in closed)
                for one in parties for row in [now.get(one.statement.role)]]
        refuse_missing(then)
        if [one.kept() for one in then] != [one.kept() for one in parties]:
            raise Moved  # taken back and given again meanwhile: what the case would say of it is not so

    def file(self, tx: Tx, parties: Sequence[Party], reference: str, now: datetime) -> None:
        """Note that a case stands under these agreements."""
        for one in parties:
            assert one.row is not None
            agreements.file(tx, one.row.agreement, reference)
            audit.record(tx, Entry(now, "applicant", "agreement.file", one.row.agreement, {"case": reference}))


def refuse_missing(parties: Sequence[Party]) -> None:
    """`AgreementMissing` names everybody who has not agreed to what is shown now."""
    missing = [one for one in parties if not one.agrees]
    if missing:
        names = "、".join(f"{one.statement.role_name}{one.statement.name}（{one.state_name}）" for one in missing)
        raise AgreementMissing(f"还差{names}的确认，现在不能提交；请对方登录后打开、看清楚并同意，再提交。",
                               errors={"agreements": {one.statement.role: [one.state_name] for one in missing}},
                               more={"missing": [one.line() for one in missing]})


def consent_of(line: RemovedMaterial, plan: Plan, own: Consent, parties: Sequence[Party]) -> Consent | None:
    """The consent on which a paper is looked up: that of the person it is about, where this is somebody who must agree,
    else that of whoever files; None where it has not been given."""
    roles = {asked.role for asked in plan.agreements if is_theirs(line, asked)}
    theirs = [one.consent() for one in parties if one.statement.role in roles]
    return own if not theirs else None if None in theirs else theirs[0]
