"""The department list against what is under way: offices that are gone, and offices that are reached in another way.

The list is read at the start, legs live for months. So a start is refused while an office that the list does not know
has open legs, and what waited in the old way goes on in the new one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from cases.states import OVER
from desk.premises import Premises
from desk.sending.outgoing import NOT_LISTED
from store import choosing, messages, offers, reading, tallies
from store.port import Database

PAGE = 500


@dataclass(frozen=True, slots=True)
class Absent:
    """An office that the list does not have, with how many open legs and messages on their way it has."""

    office: str
    department: str
    legs: int
    messages: int

    def __str__(self) -> str:
        return f"{self.office}（{self.department}）：在办 {self.legs} 件，待送达消息 {self.messages} 条"


def absent(database: Database, listed: Collection[str]) -> list[Absent]:
    """The offices that are not `listed` although they have open legs, or messages that must still reach them."""
    with database.read() as tx:
        counted, waiting = tallies.by_department(tx), reading.waiting(tx)
        waiting |= {office: waiting[office] - reading.parting(tx, office) for office in {*waiting} - set(listed)}
    open_, kinds = Counter[str](), dict[str, str]()
    for (department, office, state), amount in counted.items():
        kinds[office] = department
        if state not in OVER:
            open_[office] += amount
    return [Absent(office, kinds.get(office, "?"), open_[office], waiting.get(office, 0))
            for office in sorted({*open_, *waiting} - set(listed)) if open_[office] > 0 or waiting.get(office, 0)]


def advice(missing: Collection[Absent]) -> str:
    """What to do about absent offices, in Chinese, each by its name."""
    lines = "\n".join(map(str, missing))
    return (f"部门接入清单里没有下列 {len(missing)} 个单位，但它们还有没办完的分办件：\n{lines}\n"
            "只是改名的，请写回清单，编号不变，只改 name；撤并、拆分或换了编号的，保留原来的一段并加上 takes_new: no，"
            "它就不再接新件，等这些分办件办完，或用 flask legs transfer --from 原单位 --to 接手单位 --reason 原因 "
            "转走之后再删去。详见 docs/operating.md。")


class Offices:
    """Takes what waited for an office in the old way to the new one."""

    def __init__(self, premises: Premises) -> None:
        self._premises, self._handed_over = premises, False

    def settle(self, now: datetime) -> None:
        """Offer what waits to be pushed to offices that fetch; at the first time push what offices that do not fetch
        any more have not taken, and tell offices that are gone nothing of legs that left them. A host that still has
        the older list may bring messages later, so the first is looked at each time, which costs an index of what
        waits."""
        channels = {body.id: body.channel for body in self._premises.deployment.bodies.values()}
        fetching = sorted(office for office, channel in channels.items() if channel != "push")
        database = self._premises.database
        with database.read() as tx:
            waits = bool(fetching) and choosing.next_due(tx, fetching) is not None
            known = [] if self._handed_over else offers.fed(tx)
            gone = [] if self._handed_over else sorted({*known, *reading.waiting(tx)} - channels.keys())
        for office in fetching if waits else ():
            while database.write(partial(offers.offer_instead, office=office, now=now, limit=PAGE)) == PAGE:
                pass
        for office in known:
            if channels.get(office) == "push":
                database.write(partial(offers.push_instead, office=office, now=now))
        for office in gone:
            database.write(partial(messages.forgo, office=office, detail=NOT_LISTED))
        self._handed_over = True
