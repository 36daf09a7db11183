"""Random lives of real applications through the desk, with failures at the worst places: after every step nothing has
fallen out, and what is counted is what is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bench.applicant import CATALOG
from bench.inside import SUBJECT, Inside, inside
from cases.states import OVER
from connectors.base import Answer
from desk.applicants.afterwards import Supply, Withdrawal
from desk.errors import DeskError
from desk.staff.acts import Act
from desk.staff.transfers import BASES, Order
from desk.upkeep.watch import Watch
from dispatch.retry import Then
from store import failpoints, legs, tallies
from store.engine.opening import Place
from store.errors import StoreUnavailable
from store.legs import LegRow
from tests.store.lists import changed_list, entry

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
CHAINED = {**CATALOG.bundles["utilities"].figures, "services": ["water", "drain", "power"]}
SIDE_BY_SIDE = {**CHAINED, "outside_line": False}
OFFICES, EAST = ("water-group", "water-bureau", "power-grid"), "-east"
FAILURES = "accept.before_commit:raise,p=0.2;notice.before_commit:raise,p=0.2;audit.before_append:raise,p=0.05"
ANSWERS: tuple[tuple[Answer, str], ...] = (
    *[(Answer("received", ref="A-1"), "done")] * 5, (Answer("received"), "done"), (Answer("unknown"), "ask"),
    (Answer("again", sent=False), "send"), (Answer("refused", reason="格式不符"), "done"), (Answer("unknown"), "stuck"),
)
NOTICES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("leg.received", {}), ("leg.accepted", {}), ("leg.in_review", {"step": "初审"}),
    ("leg.supplement_required", {"ask": "a1", "reason": "缺附图", "limit": "5wd", "fields": ["pipe_plan"]}),
    ("leg.special_started", {"kind": "公示", "basis": "规定"}), ("leg.special_ended", {"kind": "公示"}),
    ("leg.granted", {"results": []}), ("leg.granted", {"results": [{"name": "方案"}]}),
    ("leg.delivered", {"mode": "post"}), ("leg.refused", {"reason_code": "R1", "reason": "不符"}),
    ("leg.not_accepted", {"reason_code": "R1", "reason": "不符"}), ("leg.withdraw_confirmed", {}),
    ("leg.extended", {"limit": "5wd", "reason": "复杂", "basis": "第42条", "approved_by": "局长"}),
    ("leg.forwarded", {"to": "省厅"}), ("leg.corrected", {"what": {"state": "in_review"}, "authority": "water-group"}),
)


class Life:
    """What applicants, departments, the network and time do, at random."""

    def __init__(self, there: Inside, dice: Random) -> None:
        self.there, self.dice, self.now = there, dice, NOW
        self.filed: list[str] = []

    def step(self) -> None:
        """One thing happens, or fails."""
        acts = [self.deliver] * 2 + [self.notice] * 3 + [self.supply, self.withdraw, self.wait, self.transfer]
        act = self.file if len(self.filed) < 4 and self.dice.random() < 0.2 else self.dice.choice(acts)
        with suppress(DeskError, StoreUnavailable):
            act()

    def file(self) -> None:
        situation = (SIDE_BY_SIDE, CHAINED)[len(self.filed) % 2]
        self.filed.append(self.there.file(situation, f"key-{len(self.filed)}-{self.now}", self.now).reference)

    def deliver(self) -> None:
        answer, then = self.dice.choice(ANSWERS)
        at = None if then in {"done", "stuck"} else self.now + timedelta(minutes=1)
        self.there.deliver(self.now, answer, Then(then, at))  # type: ignore[arg-type]

    def notice(self) -> None:
        if leg := self.some_leg():
            type_, data = self.dice.choice(NOTICES)
            self.there.say(leg.office, f"{leg.reference}-{leg.leg}", type_, self.now, **data)

    def transfer(self) -> None:
        """A leg goes to the other office of its kind, or back; sometimes the one that it left still speaks of it."""
        if leg := self.some_leg():
            to = leg.office.removesuffix(EAST) if leg.office.endswith(EAST) else f"{leg.office}{EAST}"
            public = f"{leg.reference}-{leg.leg}"
            order = Order(to, [public], basis=self.dice.choice(BASES), unanswered=self.dice.random() < 0.5)
            self.there.desk.operations.transfers.transfer(order, Act("operator", "单位撤并"), self.now)
            self.there.say(leg.office, public, "leg.accepted", self.now)

    def supply(self) -> None:
        leg = self.some_leg()
        if leg and leg.state == "supplement_required":
            supply = Supply(leg.leg, "a1", {"pipe_plan": "沿示例路"})
            self.there.desk.afterwards.supplement(SUBJECT, leg.reference, supply, f"s{self.now}", self.now)

    def withdraw(self) -> None:
        leg = self.some_leg()
        if leg and self.dice.random() < 0.2:
            self.there.desk.afterwards.withdraw(SUBJECT, leg.reference, Withdrawal((leg.leg,), "改期"), f"w{self.now}",
                                                self.now)

    def wait(self) -> None:
        self.now += self.dice.choice([timedelta(minutes=2), timedelta(hours=30), timedelta(days=9)])
        self.there.desk.sweep(self.now)

    def compare(self) -> None:
        """The rows of all legs are what their events say."""
        for reference in self.filed:
            known = self.there.desk._book._read(reference)
            for number, leg in known.case.legs.items():
                row = known.legs[number]
                assert (row.state, row.ref, leg.office or row.office) == (leg.state, leg.ref, row.office)

    def some_leg(self) -> LegRow | None:
        self.now += timedelta(seconds=1)
        if not self.filed:
            return None
        with self.there.house.database.read() as tx:
            return self.dice.choice(legs.of_case(tx, self.dice.choice(self.filed)))


@pytest.fixture
def there(place: Place, tmp_path: Path) -> Iterator[Inside]:
    east = "".join(f'{entry(f"{office}{EAST}", office)}    region: "370203"\n' for office in OFFICES)
    list_ = changed_list(tmp_path, OFFICES[0], more=east)
    with inside(tmp_path, place.data, place.url, FAILPOINTS=FAILURES, YJS_DEPARTMENTS=str(list_)) as made:
        yield made
    failpoints.arm("")


@pytest.mark.parametrize("seed", range(4))
def test_nothing_falls_out_of_random_lives_and_counters_equal_a_recount(there: Inside, seed: int) -> None:
    life, watch = Life(there, Random(seed)), Watch(there.house.database)
    for step in range(150):
        life.step()
        if step % 5 == 4:
            assert list(watch.everything()) == []
            with there.house.database.read() as tx:
                assert tallies.drift(tx) == []
            life.compare()
    with there.house.database.read() as tx:
        counted = tallies.by_state(tx)
        assert tallies.created(tx) == sum(counted.values()) > 4
        moved = tx.rows("select leg from events where type = 'leg.transferred'")
    assert set(counted) & OVER and moved
