"""What leaves through the city's message gateway: bundled for each person at the last moment, and never twice.

What is told is looked at again just before it leaves and before each further attempt: whatever is no longer true, or
no longer wanted, does not leave. A bulletin's key follows from what is in it, and its bytes are kept, so that whatever
is not known to have arrived can be sent again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from cases import news as made
from desk.agents.agency import still_sees
from desk.book import Book
from desk.faults import told
from desk.news.bells import Bells
from desk.news.telling import folded
from desk.premises import Premises
from desk.staff.acts import Act
from store import pausing, people
from store.errors import Stale, StoreClosed, StoreUnavailable
from store.port import Tx
from store.telling import bulletins, news, preferences
from store.telling.bulletins import Bulletin
from store.telling.news import News
from store.telling.preferences import Preferences

LOG = logging.getLogger("yijianshi.news")
PEOPLE, MOST_NEWS = 20, 100  # persons looked at together, and how much one bulletin tells of
SHOWN = 4  # pieces of news that are written out; the rest is counted
UNREADABLE = timedelta(minutes=10)  # what cannot be judged just now is looked at again, behind all others
PURPOSE = "bulletins.key"
OVERTAKEN = "nothing in it is true any more"


@dataclass(frozen=True, slots=True)
class Departing:
    """A bulletin that was taken for an attempt, with its frozen bytes."""

    bulletin: Bulletin
    body: bytes


class Bulletins:
    """Makes bulletins of news, hands them out for attempts, and keeps what came of them."""

    def __init__(self, premises: Premises, book: Book, bells: Bells) -> None:
        self._premises, self._book, self._bells = premises, book, bells

    def make(self, now: datetime) -> int:
        """Make a bulletin for each of the next persons to whom something is to be told; of how many persons something
        was settled. Nothing while the service is paused, and at night."""
        with self._premises.database.read() as tx:
            if self._rests(tx, now):
                return 0
            readers = news.to_tell(tx, now, PEOPLE)
        return self._made(readers, now) + self._bells.make(now)

    def _made(self, readers: Sequence[str], now: datetime) -> int:
        """One person for whom none can be made keeps no other waiting: what they are told waits."""
        if not readers:
            return 0
        try:
            return self._made_together(readers, now)
        except (StoreUnavailable, StoreClosed):
            raise
        except Exception as fault:  # noqa: BLE001  # whose fault it is, each finds out by itself
            if readers[1:]:
                return sum(self._made([subject], now) for subject in readers)
            LOG.error("no bulletin is made for a person: %s", told(fault))
        self._premises.database.write(
            lambda tx: news.wait(tx, news.untold(tx, readers[0], MOST_NEWS), now + UNREADABLE))
        return 0

    def _made_together(self, readers: Sequence[str], now: datetime) -> int:
        with self._premises.database.read() as tx:
            untold = {subject: news.untold(tx, subject, MOST_NEWS) for subject in readers}
            chosen = preferences.of(tx, readers)
        true = self._true((one for some in untold.values() for one in some), now)
        units = [partial(self._unit, some=some, true=true, chosen=chosen.get(subject, Preferences()), now=now)
                 for subject, some in untold.items()]
        done = self._premises.database.write_all(units)
        for one in done:
            if one.error is not None and not isinstance(one.error, Stale):
                raise one.error
        return sum(bool(one.result) for one in done)

    def _rests(self, tx: Tx, now: datetime) -> bool:
        return self._premises.rests or self._premises.quiet.is_quiet(now) or pausing.paused(tx) is not None

    def _true(self, some: Iterable[News], now: datetime) -> dict[News, bool]:
        """Which of these still say what is so, to somebody who may know it and whose account is not closed. Those of a
        case that cannot be read just now are in neither part: they wait."""
        asked = list(some)
        found = folded(self._book, (one.reference for one in asked))
        with self._premises.database.read() as tx:
            closed = people.closed(tx, (one.subject for one in asked))
            return {one: (known := found.known.get(one.reference)) is not None
                    and made.is_true(known.case, one.piece)
                    and one.subject not in closed
                    and _may_know(tx, one, now)
                    for one in asked if one.reference not in found.bad}

    def _unit(self, tx: Tx, some: Sequence[News], true: Mapping[News, bool], chosen: Preferences,
              now: datetime) -> int:
        """One person's bulletin, and what is left out of it; how much was settled. `Stale` if another host was
        quicker."""
        leaving = [one for one in some if chosen.wants(one.kind) and true.get(one)]
        if leaving:
            name = _key(tx, leaving)
            if not bulletins.add(tx, name, leaving[0].subject, self._body(leaving, chosen, now), now):
                raise Stale
            if news.leave(tx, leaving, name) != len(leaving):
                raise Stale
        news.wait(tx, [one for one in some if one not in true], now + UNREADABLE)
        return len(leaving) + news.leave(tx, [one for one in some if one in true and one not in leaving], None)

    def _body(self, leaving: Sequence[News], chosen: Preferences, now: datetime) -> bytes:
        """The message as it is frozen: no value of the person but the number that they agreed to be reached by."""
        first = sorted(leaving, key=lambda one: list(made.KINDS).index(one.kind))
        names = {one.reference: one.bundle for one in first}
        references = list(names)
        url = self._premises.public_url
        recipient = {"subject": first[0].subject}
        if number := self._number_of(chosen):
            recipient["mobile"] = number
        said: dict[str, Any] = {"type": "news.told", "timestamp": now.isoformat(), "data": {
            "kind": first[0].kind, "urgent": first[0].kind in made.URGENT, "recipient": recipient,
            "reference": references[0], "references": references,
            "text": made.bundled(names, [(one.reference, one.text) for one in first], SHOWN),
            "link": f"{url}/cases/{references[0]}" if len(references) == 1 else f"{url}/news"}}
        return json.dumps(said, ensure_ascii=False).encode()

    def claim(self, room: int, now: datetime) -> list[Departing]:
        """Take due bulletins for an attempt each; what is overtaken ends here instead."""
        with self._premises.database.read() as tx:
            due = [] if self._rests(tx, now) else bulletins.due(tx, now, room)
        return self._taken(due, now)

    def _taken(self, due: Sequence[Bulletin], now: datetime) -> list[Departing]:
        """One that cannot be judged or read keeps no other from leaving: it is a person's."""
        if not due:
            return []
        try:
            return self._taken_together(due, now)
        except (StoreUnavailable, StoreClosed):
            raise
        except Exception as fault:  # noqa: BLE001  # which of them it is, each finds out by itself
            if due[1:]:
                return [departing for one in due for departing in self._taken([one], now)]
            LOG.error("a bulletin cannot leave: %s", told(fault))
            why = f"cannot be read: {type(fault).__name__}"
        self._premises.database.write(lambda tx: bulletins.end(tx, due[0], "stuck", why, now))
        return []

    def _taken_together(self, due: Sequence[Bulletin], now: datetime) -> list[Departing]:
        with self._premises.database.read() as tx:
            inside = news.of_bulletins(tx, (one.bulletin for one in due))
            chosen = preferences.of(tx, (one.subject for one in due))
            numbers = {subject: self._number_of(one) for subject, one in chosen.items()}
            numbers |= self._bells.numbers(tx, due)
            working = self._bells.true(tx, due, now)
            shut = {name for name, some in inside.items() for one in some if not _may_know(tx, one, now)}
        judged = self._true((one for some in inside.values() for one in some), now)
        true = {name for name, some in inside.items() for one in some
                if judged.get(one, True) and chosen.get(one.subject, Preferences()).wants(one.kind)} | working

        def unit(tx: Tx) -> list[Departing]:
            for one in due:
                if one.bulletin not in true:
                    bulletins.end(tx, one, "overtaken", OVERTAKEN, now)
                elif one.bulletin in shut:  # its bytes tell of a case that its reader may know nothing of any more
                    bulletins.undo(tx, one)
            leaving = [one for one in due if one.bulletin in true - shut]
            leased = [Departing(*taken) for taken in bulletins.lease(tx, leaving, now)]
            return [one for one in leased if not _taken_back(tx, one, numbers)]

        return self._premises.database.write(unit)

    def _number_of(self, chosen: Preferences) -> str:
        """The number by which the gateway may reach a person; empty if by none."""
        return chosen.mobile if self._premises.gateway_gets_mobiles else ""

    def again(self, departing: Departing, at: datetime, detail: str) -> None:
        """An attempt came to nothing; the next one is at `at`, or in the morning after."""
        later = self._premises.quiet.after(at)
        self._premises.database.write(lambda tx: bulletins.again(tx, departing.bulletin, later, detail))

    def end(self, departing: Departing, state: str, detail: str, now: datetime) -> None:
        """A bulletin has arrived (`sent`), was `refused`, or is `stuck`: a person has to look."""
        self._premises.database.write(lambda tx: bulletins.end(tx, departing.bulletin, state, detail, now))

    def resend(self, names: Sequence[str], act: Act, now: datetime) -> int:
        """Send again what did not arrive, with the same key and bytes; how many they were, or would be."""
        def unit(tx: Tx) -> int:
            made_due = bulletins.resend(tx, names, now)
            act.record(tx, "bulletin.resend", ",".join(names)[:200], now, {"bulletins": made_due})
            return made_due

        return self._premises.database.write(unit)


def _taken_back(tx: Tx, one: Departing, numbers: Mapping[str, str]) -> bool:
    """Whether its bytes hold a number by which the person does not want to be reached any more; it is made anew."""
    number = json.loads(one.body)["data"]["recipient"].get("mobile")
    stale = number is not None and number != numbers.get(one.bulletin.subject, "")
    return stale and bulletins.undo(tx, one.bulletin)


def _may_know(tx: Tx, one: News, now: datetime) -> bool:
    """Whether the person whom something is told of a case may know of that case."""
    return not one.agents or still_sees(tx, one.subject, one.reference, now)


def _key(tx: Tx, leaving: Sequence[News]) -> str:
    """A key that says nothing and follows from what is told alone: whoever tells the same again has the same one."""
    text = "\n".join(sorted(f"{one.reference} {one.key}" for one in leaving))
    return f"news_{tx.cipher.index(text, PURPOSE)[:32]}"
