"""Sample rows (示例) for the tests of the store."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from cases.model import Event, LegState
from cases.states import FINAL
from store import cases, editions, events, legs, messages, tallies
from store.cases import CaseRow
from store.editions import Edition
from store.engine.opening import Opened
from store.legs import LegRow
from store.messages import Message, MessageId
from store.port import Tx

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
REFERENCE = "20261123-SAMPLE-1"


def minutes(n: float) -> datetime:
    """`n` minutes after NOW."""
    return NOW + timedelta(minutes=n)


def a_case(reference: str = REFERENCE, **more: Any) -> CaseRow:
    """A sample case."""
    given: dict[str, Any] = {
        "reference": reference, "subject": "someone", "bundle": "utilities", "edition": "e1", "plan": "p2",
        "filed_at": NOW, "code": "示例码", "body": {"form": {"name": "示例申请人"}},
    }
    return CaseRow(**{**given, **more})


def a_leg(number: str = "01", reference: str = REFERENCE, **more: Any) -> LegRow:
    """A sample leg."""
    given: dict[str, Any] = {
        "reference": reference, "leg": number, "matter": "water", "department": "water-works", "office": "water-works",
        "state": LegState.QUEUED, "n": 1, "since": NOW, "filed_at": NOW,
    }
    return LegRow(**{**given, **more})


def a_message(number: str = "01", reference: str = REFERENCE, **more: Any) -> Message:
    """A sample message, due now."""
    given: dict[str, Any] = {
        "reference": reference, "leg": number, "type": "leg.filed", "n": 1, "message_id": f"{reference}{number}",
        "department": "water-works", "office": "water-works", "next_at": NOW, "created_at": NOW,
    }
    return Message(**{**given, **more})


def message_of(tx: Tx, which: MessageId) -> Message:
    """One message as it is kept."""
    found, = (one for one in messages.of_case(tx, which.reference) if one.id == which)
    return found


def file_case(tx: Tx, reference: str = REFERENCE, count: int = 2, **more: Any) -> None:
    """File a sample case with `count` legs, their messages and first events."""
    editions.keep(tx, Edition("e1", "utilities", "{}", NOW))
    numbers = [f"{n:02d}" for n in range(1, count + 1)]
    editions.keep_plan(tx, f"p{count}", json.dumps({"legs": [{"leg": n} for n in numbers]}))
    more.setdefault("plan", f"p{count}")
    cases.add(tx, a_case(reference, **more))
    events.append(tx, reference, [Event("case.filed", NOW, "someone"),
                                  *(Event("leg.queued", NOW, "service", n, {"why": "示例"}) for n in numbers)])
    rows = [a_leg(n, reference) for n in numbers]
    legs.put(tx, rows)
    tallies.note(tx, "utilities", {}, rows, NOW)
    messages.add(tx, [a_message(n, reference) for n in numbers])


class Walk:
    """Files cases and moves their legs through random states, as the desk does it: rows and counts in one unit."""

    def __init__(self, store: Opened, dice: Random, name: str) -> None:
        self.store, self.dice, self.name = store, dice, name
        self.cases: list[str] = []

    def step(self, fails: bool = False) -> None:
        """File a case or change one; with `fails` the unit gives up when everything is written."""
        def unit(tx: Tx) -> None:
            if self.dice.random() < 0.3 or not self.cases:
                file_case(tx, reference, self.dice.randint(1, 4))
            else:
                self._change(tx, self.dice.choice(self.cases))
            if fails:
                raise TimeoutError

        reference = f"{self.name}-{len(self.cases)}"
        self.store.db.write(unit)
        with self.store.db.read() as tx:
            if legs.of_case(tx, reference):
                self.cases.append(reference)

    def _change(self, tx: Tx, reference: str) -> None:
        before = {row.leg: row for row in legs.of_case(tx, reference)}
        number = events.append(tx, reference, [Event("leg.remark", NOW, "someone", leg) for leg in before]).n
        changed = [replace(before[leg], n=number, state=self.dice.choice(list(LegState)))
                   for leg in self.dice.sample(sorted(before), self.dice.randint(1, len(before)))]
        changed = [replace(row, closed_at=NOW if row.state in FINAL else None) for row in changed]
        legs.put(tx, changed)
        tallies.note(tx, "utilities", before, changed, NOW)
