"""Settling what departments said and could not be applied: judge it again now, or put it away, each with a reason."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from cases import judge
from cases.fold import stay
from cases.model import Case, Event
from cases.states import TRANSFERRED
from cases.stays import BEFORE_RETURN
from connectors.base import Body
from desk.book import Book
from desk.errors import StillStrange, UnknownStrange
from desk.hearing.notice_schemas import read_data
from desk.hearing.notices import ID_REUSED, Notices, authorities_of
from desk.premises import Premises
from desk.staff.acts import Act
from store import notices
from store.errors import UnknownEntry
from store.notices import Strange
from store.port import Tx

# Set aside only because of when it was said: judged again as said now.
OF_ITS_TIME = frozenset({"wait_running", "implausible_time"})
# Said of a time at the office that is over. Whoever applies it lets it count for the time that it has the leg now.
OF_A_STAY = frozenset({"transferred", BEFORE_RETURN})


class Quarantine:
    """The strange notices."""

    def __init__(self, premises: Premises, book: Book, window: Notices) -> None:
        self._premises, self._book, self._window = premises, book, window

    def apply(self, entry: str, act: Act, now: datetime) -> dict[str, Any]:
        """Judge an entry again on the case as it stands now and apply it; `StillStrange` if it cannot be."""
        strange = self._open(entry)
        reference, leg = strange.reference or "", strange.leg or ""
        event = self._event(strange, now, keep=not act.dry_run)
        authorities = authorities_of(self._office(strange))
        last: list[judge.Verdict] = []

        def decide(case: Case) -> Sequence[Event]:
            last[:] = [judge.judge(case, leg, event, self._premises.calendar, authorities)]
            if last[0].kind == "quarantined":
                raise StillStrange(f"{last[0].text}（{last[0].code}）；什么都没有改动。")
            return last[0].events if last[0].kind == "applied" else ()

        if act.dry_run:
            decide(self._book.fresh(reference).case)
        else:
            self._book.advance(reference, decide, now, partial(self._applied, strange, event, act, now))
        return _shown(strange, "apply", last[0].kind)

    def discard(self, entry: str, act: Act, now: datetime) -> dict[str, Any]:
        """Put an entry away for good; the case stays as it is."""
        strange = self._open(entry)
        if not act.dry_run:
            self._premises.database.write(lambda tx: settled(tx, strange, "discarded", act, now))
        return _shown(strange, "discard", "discarded")

    def show(self, entry: str, act: Act, now: datetime) -> dict[str, Any]:
        """An entry with what the department said; the sight of it is recorded, for it may hold personal data."""
        strange = self._open(entry)
        self._premises.database.write(lambda tx: act.record(tx, "quarantine.show", strange.id, now, {}))
        return {**_shown(strange, "show", "open"), "said": strange.body, "why": judge.QUARANTINE.get(strange.code, "")}

    def _open(self, entry: str) -> Strange:
        with self._premises.database.read() as tx:
            try:
                found = notices.entry(tx, entry)
            except UnknownEntry:
                raise UnknownStrange from None
        if found.settled_at is not None:
            raise UnknownStrange(f"这条异常回告已由 {found.actor} 处理（{found.decision}）。")
        return found

    def _office(self, strange: Strange) -> Body:
        office = self._premises.deployment.bodies.get(strange.department)
        if office is None or not strange.reference or not strange.leg:
            raise StillStrange("发出这条回告的单位已不在接入清单里，或回告没有指明分办件；只能用 discard 处理。")
        return office

    def _event(self, strange: Strange, now: datetime, *, keep: bool) -> Event:
        """What was said, as an event; a state that came with the answer to a push was said when it came.

        `keep`: files that came inside it are stored now.
        """
        said = _read(strange)
        office = self._office(strange)
        at = strange.at if "timestamp" not in said else datetime.fromisoformat(said["timestamp"])
        public = f"{strange.reference}-{strange.leg}"
        data = read_data(strange.type, {"leg": public, **dict(said.get("data") or {})})
        data.pop("belongs_to", None)  # whoever applies it has decided that nobody else is competent
        data = self._window.understood(strange.reference or "", strange.leg or "", strange.type, data)
        if keep:
            data = self._window.with_files(office.id, data, now)
        event = Event(strange.type, now if strange.code in OF_ITS_TIME else at, f"department:{office.id}", strange.leg,
                      data)
        return self._of_now(strange, event) if strange.code in OF_A_STAY else event

    def _of_now(self, strange: Strange, event: Event) -> Event:
        """What was said of an earlier time at an office, as said of the present one: not before that began, and without
        the numbers that counted then."""
        leg = self._book.fresh(strange.reference or "").case.legs[strange.leg or ""]
        data = {name: value for name, value in event.data.items() if name not in {"ref", "seq"}}
        began = [one.at for one in stay(leg) if one.type == TRANSFERRED]
        return event._replace(at=max([event.at, *began]), data=data)

    def _applied(self, strange: Strange, event: Event, act: Act, now: datetime, tx: Tx) -> None:
        """In the transaction that applies it: the files, the notice's own outcome, the entry, the audit log."""
        self._window.link(tx, strange.reference or "", strange.department, event.data)
        if strange.code != ID_REUSED:  # the row under that id belongs to another notice
            notices.outcome(tx, strange.department, strange.message_id, "applied")
        settled(tx, strange, "applied", act, now)


def settled(tx: Tx, strange: Strange, decision: str, act: Act, now: datetime) -> None:
    """Write what was decided on an entry, and record it; `UnknownStrange` if somebody has settled it."""
    done = replace(strange, settled_at=now, decision=decision, actor=act.by, reason=act.reason)
    try:
        notices.settle(tx, done)
    except UnknownEntry:
        raise UnknownStrange("这条异常回告刚刚已由他人处理，或已随办件删除；请回到清单查看。") from None
    act.record(tx, f"quarantine.{decision}", strange.id, now, {"code": strange.code, "leg": public_leg(strange)})


def _read(strange: Strange) -> Mapping[str, Any]:
    try:
        said = json.loads(strange.body)
        datetime.fromisoformat(said.get("timestamp", "2000-01-01"))
    except (ValueError, AttributeError, TypeError):
        raise StillStrange("这条回告的内容读不出来；只能用 discard 处理。") from None
    return dict(said)


def public_leg(strange: Strange) -> str:
    """The public id of the leg that an entry is about; empty if it names none."""
    return f"{strange.reference}-{strange.leg}" if strange.reference and strange.leg else ""


def _shown(strange: Strange, decision: str, outcome: str) -> dict[str, Any]:
    return {"id": strange.id, "leg": public_leg(strange), "department": strange.department, "type": strange.type,
            "code": strange.code, "at": strange.at.isoformat(), "decision": decision, "outcome": outcome}
