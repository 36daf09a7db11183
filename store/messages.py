"""The outbox: what a department must be told, one row a message, leased for an attempt with a fencing token.

States: due (send at `next_at`), leased (an attempt runs), unknown (it may have had its effect: asked at `next_at`, or
a person decides), stuck (a person must act), refused (by the department), done, cancelled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple

from cases.states import OVER, TRANSFERRED
from store.cipher import Cipher
from store.encoding import squeeze, stamp, unsqueeze
from store.errors import UnknownMessage
from store.port import Row, Tx
from store.rows import attributes, filled, insert_text, one, written
from store.sealing import unseal

TOPIC = "messages"
TROUBLED = "(state = 'stuck' or state = 'unknown' or state = 'refused')"  # the words of the partial index
KEY = "reference = :reference and leg = :leg and type = :type and n = :n"
# A message in trouble that is as somebody saw it: no attempt was made at it since.
AS_SEEN = f"{KEY} and {TROUBLED} and state = :was and token = :seen"
# Whether the leg of a message is over.
_STATES_OVER = ", ".join(f"'{state}'" for state in sorted(OVER))
ABOUT_OVER = (f"exists (select 1 from legs where legs.reference = messages.reference and legs.leg = messages.leg"
              f" and legs.state in ({_STATES_OVER}))")
_KEEP = insert_text("bodies", ("reference", "frozen", "mapping", "body"))


class MessageId(NamedTuple):
    """The n-th message of a type to a leg; its key is the Idempotency-Key of contract 3.1."""

    reference: str
    leg: str
    type: str
    n: int

    @property
    def key(self) -> str:
        """`{leg}:{type}:{n}`, the same over all retries."""
        return f"{self.reference}-{self.within}"

    @property
    def within(self) -> str:
        """What identifies the message within its case."""
        return f"{self.leg}:{self.type}:{self.n}"

    @property
    def where(self) -> dict[str, Any]:
        """The parameters of the clause KEY."""
        return {"reference": self.reference, "leg": self.leg, "type": self.type, "n": self.n}


@dataclass(frozen=True)
class Message:
    """A message; `office` is its lane, `next_at` None needs a person. `frozen` names what it was frozen with (None: it
    has no body yet), `line` its place in that; while it is leased an attempt has been running since `started_at`,
    `doing` send or ask."""

    reference: str
    leg: str
    type: str
    n: int
    message_id: str
    department: str
    office: str
    next_at: datetime | None
    created_at: datetime
    state: str = "due"
    attempts: int = 0
    frozen: str | None = None
    line: int = 0
    token: int = 0
    lease_until: datetime | None = None
    doing: str | None = None
    started_at: datetime | None = None
    settled_at: datetime | None = None
    detail: str = ""
    reason: str = ""

    @cached_property
    def id(self) -> MessageId:
        """What identifies the message."""
        return MessageId(self.reference, self.leg, self.type, self.n)

    @property
    def key(self) -> str:
        """The Idempotency-Key."""
        return self.id.key


_WRITTEN = written(Message, ("frozen", "line", "reason", "lease_until", "doing", "started_at", "settled_at"))
_BETWEEN = b"\n"


@dataclass(frozen=True, slots=True)
class Enclosed:
    """Bodies of messages of one case that are frozen together as one row, in the order of `holds`, written by
    `mapping`: they say much the same, so together they are compressed to a fraction, and they are sealed once."""

    holds: tuple[MessageId, ...]
    mapping: str
    sealed: bytes

    @property
    def frozen(self) -> str:
        """What names the row within its case: a message is frozen once, so its first one does."""
        return self.holds[0].within


def enclosed(cipher: Cipher, bodies: Mapping[MessageId, bytes], mapping: str) -> Enclosed:
    """Bodies (JSON without line feeds) of messages of one case, sealed: that takes longer than all the rest of freezing
    them, so it is done before the transaction where it can be."""
    holds = tuple(bodies)
    return Enclosed(holds, mapping, cipher.seal(squeeze(_BETWEEN.join(bodies.values())), place("body", holds[0])))


def add(tx: Tx, messages: Sequence[Message], letters: Enclosed | None = None) -> None:
    """Store new messages of a case, those that `letters` holds with the bodies that they will always have, and wake the
    dispatcher after the commit."""
    if not messages:
        return
    if letters is not None:
        keep(tx, [letters])
    lines = {} if letters is None else {which: line for line, which in enumerate(letters.holds)}
    tx.fill(insert_text("messages", (*_WRITTEN.columns, "frozen", "line")), [
        [*_WRITTEN.row(message), letters.frozen if letters and message.id in lines else None, lines.get(message.id, 0)]
        for message in messages])
    tx.notify(TOPIC)


def last_numbers(tx: Tx, reference: str) -> dict[tuple[str, str], int]:
    """The number of the last message of each type to each leg of a case, by leg and type."""
    found = tx.rows("select leg, type, max(n) as n from messages where reference = :r group by leg, type", r=reference)
    return {(row["leg"], row["type"]): row["n"] for row in found}


def number_of(key: str) -> int:
    """The number in a key."""
    return int(key.rpartition(":")[2])


def next_number(tx: Tx, reference: str, leg: str, kind: str) -> int:
    """The number the next message of type `kind` to this leg gets, from 1."""
    return last_numbers(tx, reference).get((leg, kind), 0) + 1


def of_case(tx: Tx, reference: str) -> list[Message]:
    """Every message of a case, oldest first."""
    found = tx.rows("select * from messages where reference = :r order by created_at, leg, type, n", r=reference)
    return [opened(tx, row) for row in found]


def keep(tx: Tx, letters: Iterable[Enclosed]) -> None:
    """Store bodies; their messages are pointed to them by whoever calls this."""
    tx.fill(_KEEP, [(one.holds[0].reference, one.frozen, one.mapping, one.sealed) for one in letters])


def bodies(tx: Tx, messages: Iterable[Message]) -> dict[MessageId, bytes]:
    """The frozen bodies of messages, of those that have one."""
    by_row: dict[tuple[str, str], list[Message]] = {}
    for message in messages:
        if message.frozen is not None:
            by_row.setdefault((message.reference, message.frozen), []).append(message)
    found: dict[MessageId, bytes] = {}
    for (reference, frozen), held in by_row.items():
        lines = _lines(tx, reference, frozen)
        found |= {message.id: lines[message.line] for message in held}
    return found


def _lines(tx: Tx, reference: str, frozen: str) -> list[bytes]:
    """The bodies that were frozen together."""
    row = one(tx, UnknownMessage, "select body from bodies where reference = :reference and frozen = :frozen",
              reference=reference, frozen=frozen)
    return unsqueeze(tx.cipher.open(bytes(row["body"]), _sealed_at(reference, frozen))).split(_BETWEEN)


def _sealed_at(reference: str, frozen: str) -> str:
    return f"messages:body:{reference}-{frozen}"


def open_offered(tx: Tx, which: MessageId, body: bytes, mapping: str) -> bytes:
    """Freeze the body that a fetching department reads, the first one for ever; the first reading is the attempt."""
    message = opened(tx, one(tx, UnknownMessage, f"select * from messages where {KEY} {{lock}}", **which.where))
    frozen = bodies(tx, [message]).get(which)
    if frozen is None:
        letters = enclosed(tx.cipher, {which: body}, mapping)
        keep(tx, [letters])
        tx.run(f"update messages set frozen = :frozen, attempts = 1 where {KEY}", frozen=letters.frozen, **which.where)
    elif not message.attempts:
        tx.run(f"update messages set attempts = 1 where {KEY}", **which.where)
    return body if frozen is None else frozen


def taken(tx: Tx, which: MessageId, now: datetime) -> None:
    """A fetching department has this message."""
    tx.run(f"update messages set state = 'done', next_at = null, settled_at = :now where {KEY} and state = 'due'",
           now=stamp(now), **which.where)


def settled_by_hand(tx: Tx, seen: Message, now: datetime) -> bool:
    """A message that did not arrive is over: its department was told in another way. False if it is not as seen."""
    return tx.run(f"update messages set state = 'done', next_at = null, settled_at = :now, detail = 'told by hand'"
                  f" where {AS_SEEN}", now=stamp(now), **as_seen(seen)) == 1


def cancel(tx: Tx, reference: str, leg: str, but: str = "") -> int:
    """Cancel what was never tried for a leg that its department may have, except messages of the type `but`; how many.
    What was tried may have arrived. Whatever becomes of it, an office that it has left hears that."""
    return tx.run(
        "update messages set state = 'cancelled', next_at = null"
        " where reference = :r and leg = :leg and type <> :but and type <> :apart and state = 'due' and attempts = 0",
        r=reference, leg=leg, but=but, apart=TRANSFERRED,
    )


def recall(tx: Tx, reference: str, leg: str) -> bool:
    """Cancel whatever waits for a leg of which nothing ever left, however often that was tried; whether its department
    can get nothing of it any more. If not, an attempt at its filing runs, or one ended and nobody knows how.

    Another host that takes the filing meanwhile either has it before this and is met here, or finds it cancelled."""
    tx.run("update messages set state = 'cancelled', next_at = null where reference = :r and leg = :leg"
           " and type <> :apart and state in ('due', 'stuck', 'refused')", r=reference, leg=leg, apart=TRANSFERRED)
    return not tx.rows("select 1 as yes from messages where reference = :r and leg = :leg and type = 'leg.filed'"
                       " and state in ('leased', 'unknown')", r=reference, leg=leg)


def forgo(tx: Tx, office: str, detail: str) -> None:
    """Nobody is left at an office who could hear that legs have left it. What else was on its way to it about legs that
    are over waits for a person, under this detail: somebody may have to be told in another way."""
    tx.run(f"update messages set state = 'stuck', next_at = null, detail = :detail where office = :office"
           f" and type <> :type and state in ('due', 'unknown') and {ABOUT_OVER}",
           office=office, type=TRANSFERRED, detail=detail)
    end = "update messages set state = 'cancelled', next_at = null, detail = 'its office is gone' where type = :type"
    tx.run(f"{end} and office = :office and next_at is not null and state in ('due', 'unknown')",
           office=office, type=TRANSFERRED)
    tx.run(f"{end} and state = 'due' and (reference, leg, type, n) in (select reference, leg, type, message from offers"
           " where department = :office and type = :type and taken_at is null)", office=office, type=TRANSFERRED)


def held_back(tx: Tx, reference: str, now: datetime) -> list[Message]:
    """The messages of a case that were never tried and are not due yet."""
    found = tx.rows("select * from messages where reference = :r and state = 'due' and attempts = 0 and next_at > :now"
                    " order by created_at, leg, type, n", r=reference, now=stamp(now))
    return [opened(tx, row) for row in found]


def let_go(tx: Tx, which: MessageId, at: datetime | None) -> bool:
    """A message that was held back is due at a moment (None: it waits to be fetched); False if it is not held back any
    more."""
    done = tx.run(f"update messages set next_at = :at where {KEY} and state = 'due' and attempts = 0"
                  " and next_at is not null", at=None if at is None else stamp(at), **which.where) == 1
    if done:
        tx.notify(TOPIC)
    return done


def drop_untold(tx: Tx, reference: str, leg: str, names: Callable[[bytes], bool]) -> None:
    """Cancel those messages about a leg that never left and whose bytes `names` says they must not."""
    for which, body in bodies(tx, [message for message in _untold(tx, reference) if message.leg == leg]).items():
        if names(body):
            tx.run(f"update messages set state = 'cancelled', next_at = null where {KEY}", **which.where)


def redo_untold(tx: Tx, reference: str, redo: Callable[[bytes], bytes]) -> None:
    """Write anew, each in its place, the bodies of a case's messages that nobody ever saw, as `redo` has them. Also of
    those that are about to leave, or were: what names a file that nobody may have was put off each time."""
    for message in _with_body(tx, reference, "state in ('due', 'leased', 'unknown', 'stuck')"):
        lines = _lines(tx, reference, str(message.frozen))
        if (body := redo(lines[message.line])) != lines[message.line]:
            lines[message.line] = body
            sealed = tx.cipher.seal(squeeze(_BETWEEN.join(lines)), _sealed_at(reference, str(message.frozen)))
            tx.run("update bodies set body = :body where reference = :reference and frozen = :frozen",
                   body=sealed, reference=reference, frozen=message.frozen)


def _untold(tx: Tx, reference: str) -> list[Message]:
    """The messages of a case that have a body and were never tried."""
    return _with_body(tx, reference, "state = 'due' and attempts = 0")


def _with_body(tx: Tx, reference: str, which: str) -> list[Message]:
    return [opened(tx, row) for row in tx.rows(
        f"select * from messages where reference = :r and {which} and frozen is not null {{lock}}", r=reference)]


def awaits_earlier(tx: Tx, which: MessageId) -> bool:
    """Whether an earlier message of its type to its leg may still arrive."""
    return bool(tx.rows("select 1 as yes from messages where reference = :reference and leg = :leg and type = :type"
                        " and n < :n and state in ('due', 'leased', 'unknown', 'stuck') limit 1", **which.where))


def hasten(tx: Tx, reference: str, leg: str, now: datetime) -> None:
    """Whatever waits for the filing of a leg and was never tried is due now."""
    if tx.run("update messages set next_at = :now where reference = :r and leg = :leg and type <> 'leg.filed'"
              " and state = 'due' and attempts = 0 and next_at > :now", r=reference, leg=leg, now=stamp(now)):
        tx.notify(TOPIC)


def overtaken(tx: Tx, reference: str, leg: str, now: datetime) -> None:
    """The department spoke of the leg, so its filing arrived: it is neither sent nor asked about any more, and nobody
    has to act on how it was answered."""
    tx.run(
        "update messages set state = 'done', next_at = null, settled_at = :now, detail = 'a notice came first'"
        " where reference = :r and leg = :leg and type = 'leg.filed' and attempts > 0"
        " and state in ('due', 'unknown', 'stuck', 'refused')", r=reference, leg=leg, now=stamp(now),
    )


def resend(tx: Tx, seen: Message, at: datetime | None) -> bool:
    """Send a stuck, unknown or refused message again from `at` on (None: it waits to be fetched), same key and bytes;
    False if it is not as seen."""
    touched = tx.run(
        f"update messages set state = 'due', next_at = :at, settled_at = null where {AS_SEEN}",
        at=None if at is None else stamp(at), **as_seen(seen),
    )
    if touched:
        tx.notify(TOPIC)
    return bool(touched)


def as_seen(message: Message) -> dict[str, Any]:
    """The parameters of the clause AS_SEEN."""
    return {**message.id.where, "was": message.state, "seen": message.token}


def leased(tx: Tx) -> dict[str, int]:
    """How many attempts run for each office."""
    found = tx.rows("select office, count(*) as n from messages where state = 'leased' group by office")
    return {row["office"]: row["n"] for row in found}


def opened(tx: Tx, row: Row) -> Message:
    """A row of `messages` with its sealed column opened."""
    values, sealed = attributes(Message, row), row["reason"]
    values["reason"] = "" if sealed is None else unseal(tx, sealed, place("reason", MessageId(*key_of(row))))
    return filled(Message, values)


# The parts of a `MessageId`, of a row of `messages` or `attempts`.
key_of = itemgetter("reference", "leg", "type", "n")


def place(column: str, which: MessageId) -> str:
    """Where a column of a message is sealed."""
    return f"messages:{column}:{which.key}"
