"""Officers without a system of their own are told that work waits for them: how much of it, and nothing of whose it is.

An office that works on the portal's pages hears of a new leg only by looking. Whoever of its officers wants it is told
by the city's message gateway, in office hours alone: each working morning what stands there unopened, ends that day or
is late, and during the day what has come since, no more often than `APART`. What did not leave on its day never does:
the next morning's counts anew.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import partial

from desk.errors import InvalidAnswers
from desk.faults import told
from desk.news.inbox import MOBILE
from desk.premises import Premises
from store import audit, people
from store.audit import Entry
from store.people import Account
from store.port import Tx
from store.telling import bells, bulletins
from store.telling.bells import Bell, Work
from store.telling.bulletins import Bulletin

LOG = logging.getLogger("yijianshi.news")
AT_ONCE = 20  # officers looked at together
LOOK_EVERY, APART = timedelta(minutes=10), timedelta(hours=2)
FURTHEST = 31  # days within which the calendar has a working day
MARK = "work_"  # how the key of such a bulletin begins
PURPOSE = "bells.key"


class Bells:
    """Who is reminded of work, and when it is time."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises

    def chosen(self, account: str) -> str | None:
        """By which number an officer agreed to be reached (empty: by none of theirs); None for one who does not want
        to be reminded."""
        with self._premises.database.read() as tx:
            return bells.mobiles(tx, [account]).get(account)

    def readers(self, office: str) -> int:
        """How many officers of an office are reminded."""
        with self._premises.database.read() as tx:
            return bells.readers(tx, office)

    def choose(self, account: str, office: str, now: datetime, *, wanted: bool, mobile: str = "") -> None:
        """Keep whether an officer wants to be reminded, and the number they agree to be reached by (empty: none)."""
        if mobile and not MOBILE.fullmatch(mobile):
            raise InvalidAnswers(errors={"mobile": ["应为 11 位手机号，例如 13800138000"]})

        def unit(tx: Tx) -> None:
            if wanted:
                bells.put(tx, account, office, mobile, now)
            else:
                bells.forget(tx, account)
            audit.record(tx, Entry(now, account, "bell.set", office, {"wanted": wanted, "mobile": bool(mobile)}))

        self._premises.database.write(unit)

    def make(self, now: datetime) -> int:
        """Write a bulletin for each of the next officers for whose office it is time; how many were looked at."""
        with self._premises.database.read() as tx:
            due = bells.to_look(tx, now, AT_ONCE)
        if not due:
            return 0
        opens = self._opens(now)
        done = self._premises.database.write_all(
            [partial(self._look, one=one, opens=opens, now=now) for one in due])
        for one, came in zip(due, done, strict=True):
            if came.error is not None:  # their office keeps no other waiting
                LOG.error("an officer is not reminded: %s", told(came.error))
                self._premises.database.write(partial(_later, one=one, now=now))
        return len(due)

    def _look(self, tx: Tx, one: Bell, opens: datetime, now: datetime) -> None:
        """One officer; between office hours the next look is when they begin."""
        if opens > now:
            bells.looked(tx, one, opens, one.told_at)
            return
        waits = bells.work(tx, one.office, one.told_at, now, self._midnight(now))
        first = one.told_at is None or self._day(one.told_at) < self._day(now)
        tells = (waits.any if first else waits.fresh > 0) and self._works_there(tx, one)
        then = now + (APART if tells else LOOK_EVERY)
        if bells.looked(tx, one, then, now if tells else one.told_at) and tells:
            key = f"{MARK}{tx.cipher.index(f'{one.account} {now.isoformat()}', PURPOSE)[:32]}"
            bulletins.add(tx, key, one.account, self._body(tx, one, waits, now), now)

    def true(self, tx: Tx, due: Iterable[Bulletin], now: datetime) -> set[str]:
        """The keys of those of these bulletins that are of this kind and still say what is so, on the day that they
        were made, to an officer who wants it."""
        ours = [one for one in due if one.bulletin.startswith(MARK)]
        chosen = bells.of(tx, (one.subject for one in ours))
        return {one.bulletin for one in ours
                if (to := chosen.get(one.subject)) is not None and self._works_there(tx, to)
                and self._day(one.created_at) == self._day(now)
                and bells.work(tx, to.office, None, now, self._midnight(now)).any}

    def numbers(self, tx: Tx, due: Iterable[Bulletin]) -> dict[str, str]:
        """By officer the number that the gateway may be told."""
        ours = {one.subject for one in due if one.bulletin.startswith(MARK)}
        return bells.mobiles(tx, ours) if self._premises.gateway_gets_mobiles else {}

    def _works_there(self, tx: Tx, one: Bell) -> bool:
        account: Account | None = people.known(tx, one.account)
        body = self._premises.deployment.bodies.get(one.office)
        return (account is not None and not account.disabled and account.department == one.office
                and body is not None and body.channel != "push")

    def _body(self, tx: Tx, one: Bell, waits: Work, now: datetime) -> bytes:
        """The message as it is frozen."""
        url, recipient = self._premises.public_url, {"subject": one.account}
        gets = self._premises.gateway_gets_mobiles
        if number := bells.mobiles(tx, [one.account]).get(one.account) if gets else "":
            recipient["mobile"] = number
        return json.dumps({"type": "news.told", "timestamp": now.isoformat(), "data": {
            "kind": "work", "urgent": bool(waits.late or waits.today), "recipient": recipient, "reference": None,
            "references": [], "text": f"{self._name(one.office)}{said(waits)}，请登录办理。",
            "link": f"{url}/staff/{'arrivals' if waits.unopened else 'inbox'}"}}, ensure_ascii=False).encode()

    def _name(self, office: str) -> str:
        return self._premises.deployment.bodies[office].name or office

    def _day(self, at: datetime) -> date:
        return self._premises.calendar.date_of(at)

    def _midnight(self, now: datetime) -> datetime:
        calendar = self._premises.calendar
        return calendar.end_of(calendar.date_of(now))

    def _opens(self, now: datetime) -> datetime:
        """Now in office hours; else when the next ones begin."""
        calendar = self._premises.calendar
        day = calendar.date_of(now)
        for ahead in range(FURTHEST):
            for begins, ends in calendar.office_hours(day + timedelta(days=ahead)):
                if now < ends:
                    return max(begins, now)
        return now + timedelta(days=1)


def _later(tx: Tx, one: Bell, now: datetime) -> None:
    bells.looked(tx, one, now + LOOK_EVERY, one.told_at)


def said(waits: Work) -> str:
    """What waits, in words."""
    parts = ((waits.unopened, "新到 {} 件还没有打开"), (waits.today, "今天到期 {} 件"), (waits.late, "已超期 {} 件"))
    return "，".join(text.format(count) for count, text in parts if count)
