"""What departments said: the replay store, in the same transaction as the effect, and the quarantine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store.encoding import stamp
from store.errors import UnknownEntry
from store.paging import Order
from store.port import Row, Tx
from store.rows import insert, one, params, shape
from store.sealing import seal, seal_maybe, unseal_maybe

_ORDER = Order(("at", "id"))
_PLAIN = "id, department, message_id, code, at, type, reference, leg"


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as it came: `digest` of its content, `outcome` applied, known or quarantined; `body` is kept sealed."""

    department: str
    message_id: str
    digest: str
    at: datetime
    outcome: str
    reference: str | None = None
    leg: str | None = None
    type: str = ""
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Strange:
    """A notice that could not be applied, whole (in a list `body` is empty), with the stable `code` of why; settled by
    a person."""

    id: str
    department: str
    message_id: str
    code: str
    at: datetime
    type: str
    body: str
    reference: str | None = None
    leg: str | None = None
    settled_at: datetime | None = None
    decision: str | None = None
    actor: str | None = None
    reason: str | None = None


def claim(tx: Tx, notice: Notice) -> Notice | None:
    """Take a message id of a department: None if it is new, else the notice that came with it before."""
    body = None if notice.body is None else tx.cipher.seal(notice.body, _place(notice.department, notice.message_id))
    made = insert(tx, "notices", {**params(notice, "body"), "body": body},
                  "on conflict (department, message_id) do nothing")
    return None if made else find(tx, notice.department, notice.message_id)


def find(tx: Tx, department: str, message_id: str) -> Notice | None:
    """The notice that came under this id, or None."""
    found = tx.rows("select * from notices where department = :d and message_id = :m", d=department, m=message_id)
    if not found:
        return None
    body = found[0]["body"]
    opened = None if body is None else tx.cipher.open(bytes(body), _place(department, message_id))
    return shape(Notice, found[0], body=opened)


def outcome(tx: Tx, department: str, message_id: str, outcome: str) -> None:
    """Write what came of a notice that this transaction took."""
    tx.run("update notices set outcome = :outcome where department = :d and message_id = :m",
           outcome=outcome, d=department, m=message_id)


def quarantine(tx: Tx, strange: Strange) -> None:
    """Keep a notice that cannot be applied; twice the same id is one entry."""
    insert(tx, "quarantine", {
        **params(strange, "body", "reason"), "body": seal(tx, strange.body, _held("body", strange.id)),
        "reason": seal_maybe(tx, strange.reason, _held("reason", strange.id)),
    }, "on conflict (id) do nothing")


def entry(tx: Tx, strange: str) -> Strange:
    """One entry of the quarantine; UnknownEntry."""
    return opened_entry(tx, one(tx, UnknownEntry, "select * from quarantine where id = :id", id=strange))


def unsettled(tx: Tx, after: Strange | None = None, limit: int = 100) -> list[Strange]:
    """Entries that nobody has settled yet, oldest first, after `after`."""
    found = _open_entries(tx, "*", _ORDER.text(stamp(after.at), after.id) if after else None, limit)
    return [opened_entry(tx, row) for row in found]


def listed(tx: Tx, after: str | None, limit: int) -> tuple[list[Strange], str | None]:
    """A page of entries that nobody has settled yet, oldest first, without what was said; and where the next page
    begins (None: this was the last)."""
    found, then = _ORDER.page(_open_entries(tx, _PLAIN, after, limit + 1), limit)
    return [shape(Strange, row, body="") for row in found], then


def _open_entries(tx: Tx, columns: str, after: str | None, limit: int) -> list[Row]:
    return tx.rows(f"select {columns} from quarantine where settled_at is null and {_ORDER.behind}"
                   f" order by {_ORDER.by} limit :limit", limit=limit, **_ORDER.place(after))


def open_about(tx: Tx, reference: str, leg: str, code: str) -> list[Strange]:
    """Entries about a leg under a code that nobody has settled yet."""
    found = tx.rows("select * from quarantine where settled_at is null and reference = :reference and leg = :leg"
                    " and code = :code order by at, id", reference=reference, leg=leg, code=code)
    return [opened_entry(tx, row) for row in found]


def code_of(tx: Tx, department: str, message_id: str) -> str | None:
    """Why what came last under this id was set aside; None if nothing was."""
    found = tx.rows("select code from quarantine where department = :d and message_id = :m"
                    " order by at desc, id limit 1", d=department, m=message_id)
    return str(found[0]["code"]) if found else None


def settle(tx: Tx, settled: Strange) -> None:
    """Write `decision`, `actor`, `reason` and `settled_at` on an open entry; UnknownEntry if none is open."""
    touched = tx.run(
        "update quarantine set settled_at = :at, decision = :decision, actor = :actor, reason = :reason"
        " where id = :id and settled_at is null",
        at=None if settled.settled_at is None else stamp(settled.settled_at), decision=settled.decision,
        actor=settled.actor, reason=seal_maybe(tx, settled.reason, _held("reason", settled.id)), id=settled.id,
    )
    if not touched:
        raise UnknownEntry


def _place(department: str, message_id: str) -> str:
    return f"notices:body:{department}/{message_id}"


def _held(column: str, strange: str) -> str:
    return f"quarantine:{column}:{strange}"


def opened_entry(tx: Tx, row: Row) -> Strange:
    """A row of `quarantine` with its sealed columns opened."""
    return shape(Strange, row, body=unseal_maybe(tx, row["body"], _held("body", row["id"])),
                 reason=unseal_maybe(tx, row["reason"], _held("reason", row["id"])))
