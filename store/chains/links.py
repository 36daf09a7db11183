"""The chain of one case, taken out of the store so that it can be proved elsewhere, without the store and its keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cases.model import Event
from store import events
from store.chains.chain import GENESIS, Entry, Head, fault, is_digest, payload_of
from store.encoding import moment
from store.port import Tx


@dataclass(frozen=True, slots=True)
class Link:
    """An event as it is linked. `payload` is its data behind their salt: what the chain has a digest of."""

    n: int
    leg: str | None
    type: str
    at: str
    actor: str
    filled: int
    payload: bytes
    digest: str
    prev: str
    hash: str

    @property
    def data(self) -> Any:
        """What the event says."""
        return payload_of(self.payload)

    @property
    def event(self) -> Event:
        """The event itself."""
        return Event(self.type, moment(self.at), self.actor, self.leg, self.data, bool(self.filled))


def of_case(tx: Tx, reference: str) -> tuple[list[Link], Head]:
    """The links of a case in order, and where its chain ends by the list of heads."""
    rows = tx.rows("select * from events where reference = :r and body is not null order by n", r=reference)
    found = [Link(row["n"], row["leg"], row["type"], row["at"], row["actor"], row["filled"],
                  tx.cipher.open(bytes(row["body"]), events.place(reference, row["n"])),
                  row["digest"], row["prev"], row["hash"]) for row in rows]
    kept = tx.rows("select n, hash from heads where chain = :r", r=reference)
    return found, Head(reference, kept[0]["n"], kept[0]["hash"]) if kept else Head(reference, 0, GENESIS)


def wrong_in(links: Iterable[Link], end: Head) -> str | None:
    """What is wrong with a chain that is said to end with `end`, or None."""
    head = Head(end.chain, 0, GENESIS)
    for link in links:
        plain = (link.leg, link.type, link.at, link.actor, link.filled)
        wrong = fault(head, Entry(link.n, plain, link.digest, link.prev, link.hash))
        if wrong is None and not is_digest(link.digest, link.payload):
            wrong = f"the payload of entry {link.n} was changed"
        if wrong is not None:
            return wrong
        head = Head(end.chain, link.n, link.hash)
    return None if head == end else f"entry {head.n + 1} is missing or the head was changed"
