"""Acting for somebody (代办): what a mandate allows, checked in the transaction of the act.

A case that an agent files belongs to the principal like any other. The agent may do with it what a mandate in force
between the two allows at that very moment, and nothing else; what the agent did bears the mandate's number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any

from cases.urges import APPLICANT
from desk.errors import NoMandate, UnknownCase
from desk.known import Known
from desk.premises import Premises
from desk.reference import new_code
from store import files, mandates, people
from store.cases import CaseRow
from store.mandates import AgencyRow, MandateRow
from store.port import Tx

FILE, ANSWER, WITHDRAW, RESULTS, URGE = "file", "answer", "withdraw", "results", "urge"
ACTS: Mapping[str, str] = {
    FILE: "填表、提交申请，看办理进度", ANSWER: "按部门的要求补充材料和内容", WITHDRAW: "撤回申请",
    RESULTS: "查看和下载办理结果", URGE: "催办和评价",
}
_WITHHELD = {"number": None, "valid_from": None, "valid_to": None}
_WHY: Mapping[str, str] = {
    "none": (NoMandate.__doc__ or "").strip(),
    "early": "这项委托还没有开始；请到开始那天再办，或者让委托人重新委托您。",
    "expired": "委托已经到期；请让委托人在“委托”页面重新委托您，再继续办理。",
    "revoked": "委托已经结束；请让委托人在“委托”页面重新委托您，再继续办理。",
    "closed": "委托人的账号已经停用，委托随之失效；请委托人到大厅窗口办理。",
    "scope": "委托的范围不包括这件事；请让委托人重新委托您，或者由委托人自己办理。",
    "act": "委托的范围不包括这样做；请让委托人重新委托您，或者由委托人自己办理。",
}


@dataclass(frozen=True, slots=True)
class Hand:
    """Who acts on a case: its owner, or an agent under a mandate; `acts`: all that mandates allow with it now."""

    subject: str
    mandate: MandateRow | None = None
    agency: AgencyRow | None = None
    acts: frozenset[str] = frozenset(ACTS)

    @property
    def by(self) -> str:
        """The actor of events: the applicant, and behind a colon the mandate under which somebody acted as one."""
        return APPLICANT if self.mandate is None else actor(self.mandate)


def actor(mandate: MandateRow) -> str:
    """The actor of what is done under a mandate."""
    return f"{APPLICANT}:{mandate.mandate}"


def refused(why: str) -> NoMandate:
    """The refusal for a reason."""
    return NoMandate(_WHY[why], more={"why": why})


def in_force(row: MandateRow, now: datetime) -> bool:
    """Whether a mandate holds now."""
    return row.revoked_at is None and row.valid_from <= now < row.valid_until


def covers(row: MandateRow, bundle: str, act: str) -> bool:
    """Whether an act on a bundle is in the scope of a mandate."""
    bundles = row.body["bundles"]
    return act in row.body["acts"] and (bundles is None or bundle in bundles)


def standing(tx: Tx, pair: tuple[str, str], what: tuple[str, str], now: datetime, *, lock: bool = False) -> MandateRow:
    """The mandate of a pair (principal, agent) that allows `what` (bundle, act) now; `NoMandate` says why there is
    none. With `lock` nobody takes it back before this transaction has ended."""
    (principal, agent), (bundle, act) = pair, what
    rows = mandates.between(tx, principal, agent, lock)
    found = next((row for row in rows if in_force(row, now) and covers(row, bundle, act)), None)
    if found is None or people.is_closed(tx, principal) or people.is_closed(tx, agent):
        raise refused(_why(tx, rows, pair, what, now))
    return found


def _why(tx: Tx, rows: list[MandateRow], pair: tuple[str, str], what: tuple[str, str], now: datetime) -> str:
    """Why no mandate allows it. Only what the agent was told before is said again."""
    holding = [row for row in rows if in_force(row, now)]
    if any(covers(row, *what) for row in holding):
        return "closed"
    if holding:
        return "act" if any(covers(row, what[0], FILE) for row in holding) else "scope"
    if any(row.valid_from > now for row in rows):
        return "early"
    if rows:
        return "expired"
    return "revoked" if mandates.ever_between(tx, *pair) else "none"


@dataclass(frozen=True, slots=True)
class Filed:
    """A case that an agent filed under a mandate; `stands`: one between the two still holds."""

    agency: AgencyRow
    mandate: MandateRow
    stands: bool

    def line(self) -> dict[str, Any]:
        """What of it stands in the agent's list in any event."""
        return {"principal_name": self.mandate.body["principal_name"], "mandate": self.mandate.mandate,
                "stands": self.stands}

    def bare(self, known: Known) -> dict[str, Any]:
        """All that its agent may still know of it: that it was filed, when and as what."""
        plan = known.case.plan
        return {"reference": self.agency.reference, "bundle": plan.bundle, "bundle_name": str(plan.bundle_name),
                "filed_at": self.agency.filed_at.isoformat(), "principal_name": None}


class Agency:
    """Who may act on which case, and files for whom."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises

    def acting(self, agent: str, principal: str | None, bundle: str, now: datetime) -> MandateRow | None:
        """The mandate under which `agent` may file `bundle` for `principal`; None where one files for oneself."""
        if principal is None or principal == agent:
            return None
        with self._premises.database.read() as tx:
            return standing(tx, (principal, agent), (bundle, FILE), now)

    def hand(self, subject: str, case: CaseRow, now: datetime | None, act: str = FILE) -> Hand:
        """Who `subject` is to a case: its owner, or the agent who filed it, with a mandate that allows `act`. For
        anybody else there is no such case; nor for an agent whose mandate is over, or where no moment is given."""
        if case.subject == subject:
            return Hand(subject)
        if case.on_behalf_of is None or now is None:
            raise UnknownCase
        with self._premises.database.read() as tx:
            return hand_of(tx, subject, case, now, act)

    def filed_for_others(self, agent: str, now: datetime, after: str | None,
                         limit: int) -> tuple[list[Filed], str | None]:
        """What an agent filed, newest first, each with whether a mandate still holds; and where the next page begins
        (None: this was the last)."""
        with self._premises.database.read() as tx:
            sees = cache(partial(_sees, tx, now, agent))
            found, then = mandates.agencies_of(tx, agent, after, limit)
            rows = [(row, mandates.get(tx, row.mandate)) for row in found]
            return [Filed(row, under, sees(under.principal, row.bundle)) for row, under in rows], then

    def filed_by(self, case: CaseRow) -> tuple[AgencyRow, MandateRow] | None:
        """The agent who filed a case, and the mandate; None where its owner did."""
        if case.on_behalf_of is None:
            return None
        with self._premises.database.read() as tx:
            agency = mandates.agency(tx, case.reference)
            return None if agency is None else (agency, mandates.get(tx, agency.mandate))


def hand_of(tx: Tx, subject: str, case: CaseRow, now: datetime, act: str) -> Hand:
    """`Agency.hand` within a transaction, for whoever is not the owner."""
    agency = mandates.agency(tx, case.reference)
    if agency is None or agency.agent != subject:
        raise UnknownCase
    pair = (case.subject, subject)
    try:
        under = standing(tx, pair, (case.bundle, act), now)
    except NoMandate as none:
        if none.more["why"] == "act":  # the case is seen, this is not done with it
            raise
        raise UnknownCase from None
    holding = [row for row in mandates.between(tx, *pair) if in_force(row, now)]
    return Hand(subject, under, agency, frozenset(
        one for one in ACTS if any(covers(row, case.bundle, one) for row in holding)))


def _sees(tx: Tx, now: datetime, agent: str, principal: str, bundle: str) -> bool:
    return _may(tx, now, (principal, agent), (bundle, FILE))


def _may(tx: Tx, now: datetime, pair: tuple[str, str], what: tuple[str, str]) -> bool:
    try:
        standing(tx, pair, what, now)
    except NoMandate:
        return False
    return True


def unseen(tx: Tx, agent: str, references: Iterable[str], now: datetime) -> set[str]:
    """Of these cases those that this agent may not see, or not any more."""
    asked = set(references)
    filed, sees = mandates.filed_by(tx, agent, asked), cache(partial(_sees, tx, now, agent))
    return {reference for reference in asked if reference not in filed or not sees(*filed[reference])}


def still_sees(tx: Tx, agent: str, reference: str, now: datetime, acts: Iterable[str] = (FILE,)) -> bool:
    """Whether this agent filed a case under a mandate that still lets it be seen, or lets all these `acts` be done."""
    agency = mandates.agency(tx, reference)
    if agency is None or agency.agent != agent:
        return False
    principal = mandates.get(tx, agency.mandate).principal
    return all(_may(tx, now, (principal, agent), (agency.bundle, act)) for act in acts)


def agents_code(tx: Tx, reference: str, code: str, now: datetime) -> bool:
    """Whether `code` is what the agent of a case looks it up with, and the mandate still holds."""
    agency = mandates.agency(tx, reference)
    if agency is None or not mandates.has_code(agency, code):
        return False
    return _sees(tx, now, agency.agent, mandates.get(tx, agency.mandate).principal, agency.bundle)


def agent_name(mandate: MandateRow) -> str:
    """What the agent was called when the mandate was given."""
    return str(mandate.body["agent_name"])


def beside_mandate(view: dict[str, Any], hand: Hand, filed: tuple[AgencyRow, MandateRow] | None) -> dict[str, Any]:
    """A view that names the agent of the case, in its history too, and shows an agent no more than is entrusted."""
    if filed is None:
        return view
    agent, mandate = agent_name(filed[1]), filed[1]
    for line in (line for leg in view["legs"] for line in leg["timeline"] if line["on_behalf"]):
        line["text"] += f"（由{agent}代办）"
    acts = hand.acts
    for leg in view["legs"]:
        leg["can_withdraw"] &= WITHDRAW in acts
        leg["can_urge"] &= URGE in acts
        if RESULTS not in acts:  # that there are any is progress; what they are is the principal's
            leg["results"] = [{**result, **_WITHHELD, "files": [], "fields": []} for result in leg["results"]]
            leg["documents"] = [{**one, "number": None, "files": []} for one in leg["documents"]]
    if RESULTS not in acts and view["composite"] is not None:
        parts = [{**part, "number": None, "valid_to": None} for part in view["composite"]["parts"]]
        view = {**view, "composite": {**view["composite"], "parts": parts}}
    return {**view, "on_behalf": {
        "principal_name": mandate.body["principal_name"], "agent_name": agent, "mandate": mandate.mandate,
        "yours": "principal" if hand.mandate is None else "agent", "acts": [act for act in ACTS if act in acts]}}


def may_do(view: Mapping[str, Any], act: str) -> bool:
    """Whether whoever looks at a view of a case may do `act` with it."""
    return view["on_behalf"] is None or act in view["on_behalf"]["acts"]


def hold(tx: Tx, hand: Hand, case: CaseRow, now: datetime, act: str) -> None:
    """Make sure, in the transaction of an act, that the mandate still allows it; nothing for the owner."""
    if hand.mandate is not None:
        hold_mandate(tx, hand.mandate, (case.bundle, act), now)


def hold_mandate(tx: Tx, mandate: MandateRow, what: tuple[str, str], now: datetime) -> None:
    """Make sure that the very mandate that an act bears still allows it, and hold it: another one that does as well
    lets it be done again, but what is written names this one."""
    pair = (mandate.principal, mandate.agent)
    standing(tx, pair, what, now, lock=True)
    if not any(row.mandate == mandate.mandate and in_force(row, now) for row in mandates.between(tx, *pair)):
        raise refused("revoked")


def take_over(tx: Tx, hand: Hand, case: CaseRow) -> None:
    """What an agent gave to a case is the principal's from now on, like the case itself."""
    if hand.mandate is not None:
        files.hand_over(tx, case.reference, hand.subject, case.subject)


def agency_row(case: CaseRow, mandate: MandateRow) -> AgencyRow:
    """That a case is filed under a mandate, with a fresh query code for the agent."""
    return AgencyRow(case.reference, case.bundle, mandate.mandate, mandate.agent, case.filed_at, new_code())
