"""Sample rows (示例) for the tests of the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from cases.model import Event, LegState
from store import cases, editions, events, legs, messages
from store.cases import CaseRow
from store.editions import Edition
from store.legs import LegRow
from store.messages import Message
from store.port import Tx

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
REFERENCE = "20261123-SAMPLE-1"


def minutes(n: float) -> datetime:
    """`n` minutes after NOW."""
    return NOW + timedelta(minutes=n)


def a_case(reference: str = REFERENCE, **more: Any) -> CaseRow:
    """A sample case."""
    given: dict[str, Any] = {
        "reference": reference, "subject": "someone", "bundle": "utilities", "edition": "e1", "plan": "p1",
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


def file_case(tx: Tx, reference: str = REFERENCE, count: int = 2, **more: Any) -> None:
    """File a sample case with `count` legs, their messages and first events."""
    editions.keep(tx, Edition("e1", "utilities", "{}", NOW))
    editions.keep_plan(tx, "p1", '{"legs":[]}')
    cases.add(tx, a_case(reference, **more))
    numbers = [f"{n:02d}" for n in range(1, count + 1)]
    events.append(tx, reference, [Event("case.filed", NOW, "someone"),
                                  *(Event("leg.queued", NOW, "service", n, {"why": "示例"}) for n in numbers)])
    legs.put(tx, [a_leg(n, reference) for n in numbers])
    messages.add(tx, [a_message(n, reference) for n in numbers])
