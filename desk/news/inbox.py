"""What a person reads of their news, and what they choose to be told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from datetime import datetime

from cases.news import CHOICES
from desk.agents.agency import still_sees, unseen
from desk.errors import InvalidAnswers, UnknownNews
from desk.premises import Premises
from store.errors import StoreUnavailable
from store.port import Tx
from store.telling import news, preferences
from store.telling.news import News, Place
from store.telling.preferences import Preferences

MOST_ROUNDS = 5  # of what an ended mandate left, at one look
MOBILE = re.compile(r"1[3-9][0-9]{9}", re.ASCII)


class Inbox:
    """The news of persons (消息); what is somebody else's is like what is not there."""

    def __init__(self, premises: Premises) -> None:
        self._database = premises.database

    def page(self, subject: str, after: str | None, now: datetime,
             limit: int = news.AT_ONCE) -> tuple[list[News], str | None]:
        """A person's news, the latest first, and where the next page begins (None: this was the last). What an agent
        was told goes with the mandate."""
        with self._database.read() as tx:
            found, then = news.of_subject(tx, subject, after, limit)
            shut = _shut(tx, subject, (one.place for one in found), now)
        self._forget(shut)
        return [one for one in found if one.place not in shut], then

    def unread(self, subject: str, now: datetime) -> int:
        """How many a person has not read, up to a hundred."""
        return self._unread(subject, None, now).total()

    def unread_by_case(self, subject: str, references: Collection[str], now: datetime) -> Counter[str]:
        """The same of each of these cases, up to a hundred of each."""
        return self._unread(subject, references, now)

    def _unread(self, subject: str, references: Collection[str] | None, now: datetime) -> Counter[str]:
        """What an agent may not see any more is not among them."""
        for _ in range(MOST_ROUNDS):
            with self._database.read() as tx:
                found = news.unread(tx, subject, references)
                shut = _shut(tx, subject, found, now)
            if not shut or not self._forget(shut):
                break
        return Counter(reference for reference, key in found if (reference, key) not in shut)

    def _forget(self, shut: Collection[Place]) -> bool:
        """Take away what its reader may not see any more; whether it could be, for the store may be full."""
        return not shut or self._if_it_can(lambda tx: news.forget(tx, shut))

    def open(self, subject: str, reference: str, key: str, now: datetime) -> News:
        """One of them, which is read from now on; `UnknownNews`."""
        with self._database.read() as tx:
            found = news.get(tx, subject, reference, key)
            if found is None or (found.agents and not still_sees(tx, subject, reference, now)):
                raise UnknownNews
        if found.read_at is None:
            self._if_it_can(lambda tx: news.read(tx, found, now))
        return found

    def _if_it_can(self, note: Callable[[Tx], None]) -> bool:
        """Note what follows from reading; while nothing can be written, reading goes on."""
        with suppress(StoreUnavailable):
            self._database.write(note)
            return True
        return False

    def read_all(self, subject: str, until: datetime, now: datetime, reference: str = "") -> int:
        """Whatever came by `until` is read, of one case where that is named; how much that was."""
        return self._database.write(lambda tx: news.read_all(tx, subject, until, now, reference))

    def preferences(self, subject: str) -> Preferences:
        """What a person wants to be told."""
        with self._database.read() as tx:
            return preferences.get(tx, subject)

    def choose(self, subject: str, kinds: Iterable[str], mobile: str) -> Preferences:
        """Keep what a person wants to be told, and the number they agree to be reached by (empty: none)."""
        wrong = {"kinds": ["没有这一种消息，或它不能单独选择"]} if set(kinds) - set(CHOICES) else {}
        wrong |= {"mobile": ["应为 11 位手机号，例如 13800138000"]} if mobile and not MOBILE.fullmatch(mobile) else {}
        if wrong:
            raise InvalidAnswers(errors=wrong)
        chosen = Preferences(frozenset(kinds), mobile)
        self._database.write(lambda tx: preferences.put(tx, subject, chosen))
        return chosen


def _shut(tx: Tx, subject: str, places: Iterable[Place], now: datetime) -> set[Place]:
    """Of news by case and key what its reader was told as an agent, of cases that they may not see any more."""
    told = {place for place in places if news.is_agents(place[1])}
    gone = unseen(tx, subject, {reference for reference, _ in told}, now) if told else set()
    return {place for place in told if place[0] in gone}
