"""Claiming messages and writing what came of them: a late worker never overwrites a later one's outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from cases.states import TAKEN, TRANSFERRED
from store.choosing import Wanted, chosen
from store.encoding import moment, stamp
from store.errors import LeaseLost
from store.messages import KEY, TOPIC, Enclosed, Message, MessageId, keep, key_of, opened, overtaken, place
from store.port import Row, Tx
from store.rows import insert_text, shape
from store.sealing import seal

_TAKE = (
    "update messages set state = 'leased', next_at = null, token = :token, attempts = :attempt, lease_until = :until,"
    f" doing = :doing, started_at = :at, frozen = :frozen, line = :line"
    f" where {KEY} and state = :was and token = :token - 1"
)
_PUT_OFF = (
    "update messages set state = :was, next_at = :next_at, lease_until = null, doing = null, attempts = :attempts,"
    f" started_at = :started_at where {KEY} and state = 'leased' and token = :token"
)
_SETTLE = (
    "update messages set state = :state, next_at = :next_at, lease_until = null, doing = null,"
    f" settled_at = :settled_at, detail = :detail, reason = :reason where {KEY} and state = 'leased' and token = :token"
)
_DOES = {"due": "send", "unknown": "ask"}
_ENDED = insert_text("attempts", ("reference", "leg", "type", "n", "attempt", "kind", "token", "started_at", "ended_at",
                                  "outcome", "status", "detail", "answer"))
_LEFT = "its leg left the office"


class Claimed(NamedTuple):
    """A message for whose next attempt `token` stands; `leased`: its lease is in the store already. `was` due: send it;
    `was` unknown: ask the department first. `attempt` counts from 1 and begins at `since`."""

    message: Message
    token: int
    attempt: int
    was: str
    lease_until: datetime
    since: datetime
    leased: bool = True

    @property
    def kind(self) -> str:
        """What the attempt does."""
        return _DOES[self.was]


class Outcome(NamedTuple):
    """What an attempt came to: the message's new state, when to go on (`next_at` for due and unknown), and the
    record for operators: `kind` of answer, HTTP `status`, `detail` without personal data; `answer` (the raw reply)
    and `reason` (the department's words) are sealed."""

    state: str
    kind: str = ""
    next_at: datetime | None = None
    status: int | None = None
    detail: str = ""
    answer: bytes | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a message: `kind` send or ask; it runs while `ended_at` is None."""

    attempt: int
    kind: str
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str | None = None
    status: int | None = None
    detail: str = ""
    answer: bytes | None = None


def due(tx: Tx, wanted: Wanted) -> list[Claimed]:
    """What is due, oldest first in each office; not leased yet: the only dispatcher of a store does that by `begin`."""
    # What is due goes by the service's clock, a lease by the one clock that all hosts share.
    until = tx.clock(wanted.now) + timedelta(seconds=wanted.lease_seconds)
    return [Claimed(opened(tx, row), row["token"] + 1, row["attempts"] + 1, row["state"], until, wanted.now,
                    leased=False) for row in chosen(tx, wanted)]


def claim(tx: Tx, wanted: Wanted) -> list[Claimed]:
    """Lease what is due, oldest first in each office; two dispatchers never get one."""
    found = due(tx, wanted)
    _take(tx, found, {})
    return [one._replace(leased=True) for one in found]


def begin(tx: Tx, items: Sequence[Claimed], letters: Sequence[Enclosed]) -> None:
    """Attempts at these begin, those that `letters` hold with the bodies that count for ever. LeaseLost if a message is
    not as it was claimed (the unit must write nothing then); else it is held until this transaction ends."""
    lines = {which: (one.frozen, line) for one in letters for line, which in enumerate(one.holds)}
    _take(tx, [item for item in items if not item.leased], lines)
    _hold(tx, [item for item in items if item.leased and item.message.id not in lines])
    _freeze(tx, [item for item in items if item.leased and item.message.id in lines], lines)
    keep(tx, letters)


def _take(tx: Tx, items: Sequence[Claimed], lines: Mapping[MessageId, tuple[str, int]]) -> None:
    rows = []
    for item in items:
        frozen, line = lines.get(item.message.id, (item.message.frozen, item.message.line))
        rows.append({**item.message.id.where, "token": item.token, "attempt": item.attempt, "was": item.was,
                     "until": stamp(item.lease_until), "doing": item.kind, "at": stamp(item.since),
                     "frozen": frozen, "line": line})
    _all(tx, _TAKE, rows)


def _hold(tx: Tx, items: Sequence[Claimed]) -> None:
    _all(tx, f"update messages set token = token where {KEY} and state = 'leased' and token = :token",
         [{**item.message.id.where, "token": item.token} for item in items])


def _freeze(tx: Tx, items: Sequence[Claimed], lines: Mapping[MessageId, tuple[str, int]]) -> None:
    _all(tx, f"update messages set frozen = :frozen, line = :line where {KEY} and state = 'leased'"
             " and token = :token and frozen is null",
         [{**item.message.id.where, "token": item.token, "frozen": frozen, "line": line}
          for item in items for frozen, line in (lines[item.message.id],)])


def _all(tx: Tx, sql: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows and tx.many(sql, rows) != len(rows):
        raise LeaseLost


def put_off(tx: Tx, items: Sequence[tuple[Claimed, datetime]]) -> None:
    """Messages that are not sent now after all are as they were, and due at these moments; no attempt at them began.
    LeaseLost if one is not as it was claimed."""
    _take(tx, [item for item, _ in items if not item.leased], {})
    _all(tx, _PUT_OFF, [
        {**item.message.id.where, "was": item.was, "next_at": stamp(until), "attempts": item.message.attempts,
         "started_at": stamp(item.message.started_at) if item.message.started_at else None, "token": item.token}
        for item, until in items])


def settle(tx: Tx, claimed: Claimed, outcome: Outcome, now: datetime) -> None:
    """Write what an attempt came to; LeaseLost if the lease was taken away meanwhile (then nothing is written)."""
    settle_all(tx, [(claimed, outcome)], now)


def settle_all(tx: Tx, ended: Sequence[tuple[Claimed, Outcome]], now: datetime) -> None:
    """`settle` for several attempts; LeaseLost if a lease of them was taken away (the unit must write nothing then)."""
    _all(tx, _SETTLE, [_settled(tx, claimed, outcome, now) for claimed, outcome in ended])
    tx.fill(_ENDED, [_ended(tx, claimed, outcome, now) for claimed, outcome in ended])


def _settled(tx: Tx, claimed: Claimed, outcome: Outcome, now: datetime) -> dict[str, Any]:
    which, held = claimed.message.id, outcome.state in ("due", "unknown")
    return {
        **which.where, "state": outcome.state, "next_at": stamp(outcome.next_at) if held and outcome.next_at else None,
        "settled_at": None if held else stamp(now), "detail": outcome.detail, "token": claimed.token,
        "reason": seal(tx, outcome.reason, place("reason", which)) if outcome.reason else None}


def _ended(tx: Tx, claimed: Claimed, outcome: Outcome, now: datetime) -> tuple[Any, ...]:
    which = claimed.message.id
    answer = None if outcome.answer is None else tx.cipher.seal(outcome.answer, _answer(which, claimed.attempt))
    return (which.reference, which.leg, which.type, which.n, claimed.attempt, claimed.kind, claimed.token,
            stamp(claimed.since), stamp(now), outcome.kind or outcome.state, outcome.status, outcome.detail, answer)


def expire(tx: Tx, now: datetime) -> list[MessageId]:
    """Leases that ran out become unknown outcomes, to be asked at once; which messages they were. One whose body was
    never frozen was never begun: it is due again; one whose leg its department has spoken of is done."""
    found = tx.rows(
        "select * from messages where state = 'leased' and lease_until < :now order by lease_until limit 500 {skip}",
        now=stamp(tx.clock(now)),
    )
    return _voided(tx, found, now, "lease ran out")


def retire(tx: Tx, reference: str, leg: str, now: datetime) -> None:
    """End whatever is on its way to an office that a leg leaves, tried or not: that it leaves is all that the office
    must know from now on. Nobody waits for the end of an attempt that runs; its worker finds its lease lost."""
    theirs = "reference = :reference and leg = :leg and type <> :apart"
    which = {"reference": reference, "leg": leg, "apart": TRANSFERRED}
    running = tx.rows(f"select * from messages where {theirs} and state = 'leased' {{lock}}", **which)
    tx.run("update messages set state = 'cancelled', next_at = null, lease_until = null, doing = null,"
           f" settled_at = :now, detail = :why where {theirs}"
           " and state in ('due', 'leased', 'unknown', 'stuck', 'refused')", now=stamp(now), why=_LEFT, **which)
    tx.fill(_ENDED, [_given_up(row, now, _LEFT) for row in running])


def first_end(tx: Tx) -> datetime | None:
    """When the first of all running leases ends, or None while nothing is leased."""
    found = tx.rows("select min(lease_until) as first from messages where state = 'leased'")[0]["first"]
    return moment(found) if found else None


def void_leases(tx: Tx, now: datetime) -> list[MessageId]:
    """At the start of the embedded store: who holds the folder voids every older lease; an attempt found open is an
    unknown outcome, unless its message was never frozen or its department has spoken of the leg."""
    return _voided(tx, tx.rows("select * from messages where state = 'leased'"), now, "found open at start")


def attempts_of(tx: Tx, message: Message) -> list[Attempt]:
    """Every attempt at a message, the first one first; the last may run."""
    which = message.id
    found = tx.rows(f"select * from attempts where {KEY} order by attempt", **which.where)
    ended = [shape(Attempt, row, answer=_opened_answer(tx, which, row)) for row in found]
    if message.doing is None or message.started_at is None:
        return ended
    return [*ended, Attempt(message.attempts, message.doing, message.started_at)]


def absent_since(attempts: Sequence[Attempt]) -> datetime | None:
    """Since when a department has said without a break that it does not have the leg: the end of the first of the last
    attempts that all came to that; None if the last came to something else. Whoever sends again begins anew."""
    since = None
    for attempt in reversed(attempts):
        if attempt.outcome != "absent" or attempt.ended_at is None:
            break
        since = attempt.ended_at
    return since


def _voided(tx: Tx, found: Sequence[Row], now: datetime, why: str) -> list[MessageId]:
    if not found:
        return []
    arrived = {key_of(row) for row in found if row["type"] == "leg.filed" and _spoken_of(tx, row)}
    # A body is frozen when its first attempt begins; until then nothing can have left.
    left = [key_of(row) for row in found if row["frozen"] is not None]
    # The token moves on, so that the worker that still runs finds its lease lost.
    tx.many("update messages set state = case when frozen is null then 'due' else 'unknown' end, next_at = :now,"
            f" lease_until = null, doing = null, token = token + 1, detail = :why where {KEY}",
            [{**MessageId(*key_of(row)).where, "now": stamp(now), "why": why} for row in found])
    tx.fill(_ENDED, [_given_up(row, now, why) for row in found])
    for reference, leg, *_ in sorted(arrived):
        overtaken(tx, reference, leg, now)
    tx.notify(TOPIC)
    return [MessageId(*key) for key in left if key not in arrived]


def _given_up(row: Row, now: datetime, why: str) -> tuple[Any, ...]:
    """The record of an attempt that runs and whose end nobody waits for."""
    outcome = "not_sent" if row["frozen"] is None else "unknown"
    return (*key_of(row), row["attempts"], row["doing"], row["token"], row["started_at"], stamp(now), outcome, None,
            why, None)


def _spoken_of(tx: Tx, row: Row) -> bool:
    """Whether its department has said something of a leg, so that its filing arrived, whatever came of the attempt."""
    found = tx.rows("select state from legs where reference = :reference and leg = :leg",
                    reference=row["reference"], leg=row["leg"])
    return bool(found) and found[0]["state"] in TAKEN


def _answer(which: MessageId, attempt: int) -> str:
    return f"attempts:answer:{which.key}/{attempt}"


def _opened_answer(tx: Tx, which: MessageId, row: Row) -> bytes | None:
    return None if row["answer"] is None else tx.cipher.open(bytes(row["answer"]), _answer(which, row["attempt"]))
