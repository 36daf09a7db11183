"""The whole store as lines by id: cases, legs, attempts, consents, agreements, ratings, events, mandates, quarantine,
audit head.

Personal values leave as keyed digests unless asked for: equal values give equal digests, so lines can still be
compared and joined, and nobody can guess back from them. Query codes, message bodies and tokens never leave.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store import agreements, audit, consents, leases, mandates, operating, ratings, reading, since
from store.agreements import AgreementRow
from store.cases import is_erased
from store.chains import seals
from store.consents import Consent
from store.encoding import stamp, to_json
from store.events import Recorded
from store.leases import Attempt
from store.mandates import MandateRow
from store.messages import Message
from store.notices import Strange
from store.port import Database, Tx
from store.ratings import Rating
from store.reading import Whole

Line = dict[str, Any]
PAGE = 100
PURPOSE = "export"
# What an event says that is about the process and not about a person.
OPEN_WORDS = frozenset({"state", "message", "seq", "never_sent", "reason_code", "round", "legs", "kind", "limit",
                        "until", "by", "times"})


def _no_codes(_matter: str, _office: str) -> Mapping[str, str | None]:
    return {}


@dataclass(frozen=True, slots=True)
class Extent:
    """What is wanted: only what happened `since` then; `personal`: personal values as they are. `codes` are those of a
    matter at an office, which stand in no row: as definitions and list have them today."""

    since: datetime | None = None
    personal: bool = False
    codes: Callable[[str, str], Mapping[str, str | None]] = _no_codes


def export(database: Database, extent: Extent) -> Iterator[Line]:
    """Every line in the order of its `id`; read in short pages, so that it may run for hours beside the portal."""
    yield from heapq.merge(_cases(database, extent), _mandates(database, extent), _strange(database, extent),
                           _audit(database), key=_id)


def _id(line: Line) -> str:
    return str(line["id"])


def _pages(database: Database, page: Callable[[Tx, str], tuple[list[Line], str | None]]) -> Iterator[Line]:
    """The lines of all pages; no transaction is open while a line is looked at. `page` gives its lines and where the
    next one begins (None: this was the last)."""
    after: str | None = ""
    while after is not None:
        with database.read() as tx:
            lines, after = page(tx, after)
        yield from lines


def _cases(database: Database, extent: Extent) -> Iterator[Line]:
    moved = None if extent.since is None else since.moved(database, extent.since)

    def page(tx: Tx, after: str) -> tuple[list[Line], str | None]:
        if moved is None or extent.since is None:
            found, then = since.references(tx, after, extent.since, PAGE)
        else:
            first = bisect_right(moved, after)
            some = moved[first:first + PAGE]
            found, then = since.fresh_of(tx, some, extent.since), some[-1] if len(some) == PAGE else None
        wholes = (reading.whole_case(tx, reference) for reference in found)
        lines = [line for whole in wholes for line in sorted(of_case(tx, whole, extent), key=_id)]
        return lines, then

    return _pages(database, page)


def of_case(tx: Tx, whole: Whole, extent: Extent) -> Iterator[Line]:
    """The lines of one case."""
    hide = _hider(tx, extent)
    if _fresh(extent, whole.case.filed_at, whole.case.closed_at):
        yield _case(whole, hide)
    for leg in whole.legs:
        if _fresh(extent, leg.since, leg.closed_at, leg.filed_at):
            yield {"kind": "leg", "id": f"{leg.reference}-{leg.leg}", "case": leg.reference, "matter": leg.matter,
                   **extent.codes(leg.matter, leg.office), "department": leg.department, "office": leg.office,
                   "state": leg.state.value, "since": leg.since, "filed_at": leg.filed_at,
                   "started_at": leg.started_at, "due_at": leg.due_at, "closed_at": leg.closed_at, "ref": leg.ref,
                   "next_actor": leg.next_actor}
    for message in whole.messages:
        for attempt in leases.attempts_of(tx, message):
            if _fresh(extent, attempt.started_at, attempt.ended_at):
                yield _attempt(message, attempt, hide)
    yield from (_rating(rating, hide) for rating in ratings.of_case(tx, whole.case.reference)
                if _fresh(extent, rating.at, rating.fixed_at, rating.called_at))
    yield from (_consent(consent, hide) for consent in consents.of_case(tx, whole.case.reference)
                if _fresh(extent, consent.given_at, consent.withdrawn_at))
    yield from (_agreement(row, hide) for row in agreements.of_case(tx, whole.case.reference)
                if _fresh(extent, whole.case.filed_at))
    for recorded in whole.events:
        if _fresh(extent, recorded.event.at):
            yield _event(whole.case.reference, recorded, hide)


def _case(whole: Whole, hide: Callable[[Any], Any]) -> Line:
    case = whole.case
    files = [{"file": file.file, "name": hide(file.name), "type": file.type, "size": file.size, "sha256": file.sha256}
             for file in whole.files]
    return {"kind": "case", "id": case.reference, "bundle": case.bundle, "edition": case.edition, "plan": case.plan,
            "filed_at": case.filed_at, "closed_at": case.closed_at, "subject": hide(case.subject),
            "on_behalf_of": hide(case.on_behalf_of), "agent": hide(whole.agency.agent if whole.agency else None),
            "mandate": whole.agency.mandate if whole.agency else None, "content": hide(case.body), "files": files,
            "erased": is_erased(case)}


def _rating(rating: Rating, hide: Callable[[Any], Any]) -> Line:
    return {"kind": "rating", "id": f"{rating.reference}/rating/{rating.leg}", "case": rating.reference,
            "leg": f"{rating.reference}-{rating.leg}" if rating.leg else None, "level": rating.level, "at": rating.at,
            "said": hide(rating.body), "due_at": rating.due_at, "fixed_at": rating.fixed_at, "fix": hide(rating.fix),
            "called_at": rating.called_at, "call": hide(rating.call)}


def _consent(consent: Consent, hide: Callable[[Any], Any]) -> Line:
    return {"kind": "consent", "id": f"{consent.consent}/consent", "case": consent.reference,
            "given_at": consent.given_at, "taken_back_at": consent.withdrawn_at, "scope": hide(consent.scope)}


def _agreement(row: AgreementRow, hide: Callable[[Any], Any]) -> Line:
    return {"kind": "agreement", "id": f"{row.reference}/agreement/{row.role}", "case": row.reference,
            "agreement": row.agreement, "role": row.role, "party": hide(row.party), "agreed_at": row.said_at,
            "digest": row.digest, "statement": hide(row.body["statement"])}


def _attempt(message: Message, attempt: Attempt, hide: Callable[[Any], Any]) -> Line:
    answer = None if attempt.answer is None else attempt.answer.decode("utf-8", "replace")
    return {"kind": "attempt", "id": f"{message.key}/{attempt.attempt:04d}",
            "leg": f"{message.reference}-{message.leg}", "key": message.key, "message_id": message.message_id,
            "office": message.office, "purpose": attempt.kind,
            "started_at": attempt.started_at, "ended_at": attempt.ended_at, "outcome": attempt.outcome,
            "status": attempt.status, "detail": attempt.detail, "answer": hide(answer), "message_state": message.state}


def _event(reference: str, recorded: Recorded, hide: Callable[[Any], Any]) -> Line:
    event = recorded.event
    leg = f"{reference}-{event.leg}" if event.leg else None
    data = {name: value if name in OPEN_WORDS else hide(value) for name, value in event.data.items()}
    return {"kind": "event", "id": f"{reference}/{recorded.n:06d}", "case": reference, "leg": leg, "type": event.type,
            "at": event.at, "by": _who(event.by, hide), "filled": event.filled, "erased": recorded.erased,
            "data": data}


def _who(by: str, hide: Callable[[Any], Any]) -> Any:
    """Departments, the platform and whoever applied stand by name, persons do not, also not a department's officer."""
    kind, _, name = by.partition(":")
    office, _, person = name.partition(":")
    if kind == "department" and person:
        return f"{kind}:{office}:{hide(person)}"
    return by if by == "platform" or kind in ("applicant", "department") else hide(by)


def _mandates(database: Database, extent: Extent) -> Iterator[Line]:
    def page(tx: Tx, after: str) -> tuple[list[Line], str | None]:
        found = mandates.page(tx, after, PAGE, extent.since)
        return [mandate_line(tx, row, extent) for row in found], found[-1].mandate if len(found) == PAGE else None

    return _pages(database, page)


def mandate_line(tx: Tx, row: MandateRow, extent: Extent) -> Line:
    """The line of a mandate."""
    body, hide = row.body, _hider(tx, extent)
    return {"kind": "mandate", "id": row.mandate, "principal": hide(row.principal), "agent": hide(row.agent),
            "principal_name": hide(body["principal_name"]), "agent_name": hide(body["agent_name"]),
            "bundles": body["bundles"], "acts": body["acts"], "reason": hide(body["reason"]),
            "valid_from": row.valid_from, "valid_until": row.valid_until, "given_at": row.given_at,
            "revoked_at": row.revoked_at}


def _strange(database: Database, extent: Extent) -> Iterator[Line]:
    def page(tx: Tx, after: str) -> tuple[list[Line], str | None]:
        found = operating.strange_by_id(tx, after, extent.since, PAGE)
        hide = _hider(tx, extent)
        return [_quarantined(strange, hide) for strange in found], found[-1].id if len(found) == PAGE else None

    return _pages(database, page)


def _quarantined(strange: Strange, hide: Callable[[Any], Any]) -> Line:
    leg = f"{strange.reference}-{strange.leg}" if strange.reference and strange.leg else None
    return {"kind": "quarantine", "id": strange.id, "leg": leg, "department": strange.department,
            "message_id": strange.message_id, "type": strange.type, "code": strange.code, "at": strange.at,
            "said": hide(strange.body), "settled_at": strange.settled_at, "decision": strange.decision,
            "actor": strange.actor, "reason": strange.reason}


def _audit(database: Database) -> Iterator[Line]:
    """How far the audit log and the sealed list go; whoever keeps this line can find out later what was cut."""
    with database.read() as tx:
        head, sealed = audit.head(tx), seals.latest(tx)
    yield {"kind": "audit", "id": "@audit", "n": head.n, "hash": head.hash,
           "sealed": {"n": sealed.n, "hash": sealed.hash} if sealed else None}


def _fresh(extent: Extent, *times: datetime | None) -> bool:
    return extent.since is None or any(at is not None and at >= extent.since for at in times)


def _hider(tx: Tx, extent: Extent) -> Callable[[Any], Any]:
    """How personal values leave: as they are, or as keyed digests part by part."""
    if extent.personal:
        return lambda value: value

    def hide(value: Any) -> Any:
        if value is None or value == "":
            return value
        if isinstance(value, Mapping):
            return {name: hide(part) for name, part in value.items()}
        if isinstance(value, list | tuple):
            return [hide(part) for part in value]
        return f"digest:{tx.cipher.index(to_json(value), PURPOSE)[:32]}"

    return hide


def plain(value: Any) -> Any:
    """What JSON has no form for: times as stamps."""
    if isinstance(value, datetime):
        return stamp(value)
    raise TypeError(type(value).__name__)
