"""Taking legs to another office (转办): one is closed, merged or down, or the leg was never its business.

The office that has the leg, or may have it, hears that it left (`leg.transferred`), and the new one gets a filing under
the leg's next key. Where an attempt runs, or one ended and nobody knows how, the leg stays until the answer is there;
a person who cannot wait decides that it goes all the same, and then the old office hears of it whatever it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from cases.edges import planned, unsent
from cases.judge import BELONGS_ELSEWHERE
from cases.model import Case, Event, Leg, LegState
from cases.running import clock_start
from cases.states import FILED, OUT, OVER, TRANSFERRED, UNSENT
from connectors.base import Body
from desk.book import Book
from desk.errors import CannotTransfer, UnknownCase, UnknownLeg
from desk.hearing.notices import split_leg
from desk.known import Known
from desk.premises import Premises
from desk.staff.acts import Act
from desk.staff.quarantine import settled
from store import messages, notices, operating
from store.messages import MessageId
from store.port import Tx

Basis = Literal["successor", "misdirected"]
# The new office stands in the old one's place, and its limit runs on; or only the new one was ever competent, and the
# limit begins with its acceptance (行政许可法 第32条 第1款 第2项, 第42条; decision 33).
BASES: tuple[Basis, ...] = ("successor", "misdirected")
ACT = "transfer"  # what is recorded; and the decision on a notice that said where the leg belongs
HERE, GONE, OVER_ALREADY = "已经在这个单位", "已经不在原来的单位", "已经办结或关闭"
AT_ONCE = 500  # legs; the next request goes on behind them
UNSURE = "正在送达原单位，或送达结果不明；请等结果出来再转"
UNHEARD = "这个单位还没有收到上次把它转走的通知；请等通知送达，再转回去"


@dataclass(frozen=True, slots=True)
class Order:
    """What goes to the office `to`: these legs by their public ids, or what is open at `office`, of one `matter` if it
    is named; of many some at once, those behind `after`. With `unanswered` also what the old office may have, without
    waiting for its answer."""

    to: str
    legs: Sequence[str] = ()
    office: str = ""
    matter: str = ""
    basis: Basis = "successor"
    unanswered: bool = False
    after: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A leg of an order: from where it goes, whether the office there hears of it (`told`), and `why` it stays (empty:
    it goes). `other_kind`: the new office is of another kind of department, or has other matters of it alone."""

    leg: str
    matter: str
    office: str
    state: str
    told: bool
    why: str
    other_kind: bool


@dataclass(frozen=True, slots=True)
class Part:
    """What became of some legs of an order, or would; and behind what the order goes on (None: this was all)."""

    legs: tuple[Line, ...]
    next: str | None

    def as_json(self) -> dict[str, Any]:
        """As the command gets it."""
        return asdict(self)


@dataclass(slots=True)
class _Plan:
    """What was decided last on the legs of one case."""

    numbers: Sequence[str]
    lines: list[Line] = field(default_factory=list)

    @property
    def going(self) -> list[Line]:
        return [line for line in self.lines if not line.why]


class Transfers:
    """The operators' way to move legs."""

    def __init__(self, premises: Premises, book: Book) -> None:
        self._premises, self._book = premises, book

    def transfer(self, order: Order, act: Act, now: datetime) -> Part:
        """Take what may go to its new office, case by case; each leg with what became of it, or would. What stays is
        said with its reason and can be asked for again. `CannotTransfer` if nothing of the kind can be done."""
        to = self._target(order)
        chosen, then = self._chosen(order)
        done: list[Line] = []
        for reference, numbers in chosen.items():
            done += self._of_case(reference, _Plan(numbers), (order, to, act), now)
        return Part(tuple(done), then)

    def _target(self, order: Order) -> Body:
        to = self._premises.deployment.bodies.get(order.to)
        if to is None:
            raise CannotTransfer(f"部门接入清单里没有单位 {order.to}；请核对单位编号。")
        if not to.takes_new:
            raise CannotTransfer(f"{to.name or to.id}不接新件（takes_new: no）；请选另一个单位，或先改清单再启动。")
        if order.basis not in BASES or bool(order.legs) is bool(order.office):
            raise CannotTransfer("请写明转哪些分办件，或原单位，二者选一；再选职能承接还是管辖移送。")
        if order.office == order.to:
            raise CannotTransfer("原单位和接手单位是同一个；请重选。")
        return to

    def _chosen(self, order: Order) -> tuple[dict[str, list[str]], str | None]:
        """The numbers of the legs that are named or meant, by case; and behind what the next ones are."""
        meant, then = (list(self._named(order.legs)), None) if order.legs else self._open_at(order)
        found: dict[str, list[str]] = {}
        for reference, number in dict.fromkeys(meant):
            found.setdefault(reference, []).append(number)
        return found, then

    def _named(self, legs: Sequence[str]) -> Iterator[tuple[str, str]]:
        unknown: list[str] = []
        for name in legs:
            try:
                reference, number = split_leg(name)
                if number not in self._book.fresh(reference).legs:
                    raise UnknownLeg
                yield reference, number
            except (UnknownCase, UnknownLeg):
                unknown.append(name)
        if unknown:
            raise CannotTransfer(f"没有这些分办件：{'、'.join(unknown)}；请核对编号。什么都没有改动。")

    def _open_at(self, order: Order) -> tuple[list[tuple[str, str]], str | None]:
        """What is open at an office, as much as is enough for one request."""
        with self._premises.database.read() as tx:
            return operating.open_at(tx, order.office, order.matter, order.after, AT_ONCE)

    def _of_case(self, reference: str, plan: _Plan, asked: tuple[Order, Body, Act], now: datetime) -> list[Line]:
        order, to, act = asked

        def decide(case: Case) -> Sequence[Event]:
            known = self._book.known(reference)
            with self._premises.database.read() as tx:
                numbers, unheard = messages.last_numbers(tx, reference), _unheard(tx, reference, to)
            lines = [self._line(known, case.legs[number], order, to) for number in plan.numbers]
            plan.lines = [replace(line, why=line.why or (UNHEARD if number in unheard else ""))
                          for number, line in zip(plan.numbers, lines, strict=True)]
            return [self._event(case, line, asked, now, numbers) for line in plan.going]

        def record(tx: Tx) -> None:
            for line in plan.going:
                act.record(tx, ACT, line.leg, now, {"from": line.office, "to": to.id, "told": line.told,
                                                    "basis": order.basis, "unanswered": order.unanswered})
                for said in notices.open_about(tx, reference, line.leg.rpartition("-")[2], BELONGS_ELSEWHERE):
                    settled(tx, said, ACT, act, now)

        try:
            if act.dry_run:
                decide(self._book.fresh(reference).case)
                self._look_at_attempts(reference, plan, order)
            else:
                self._book.advance(reference, decide, now, record)
        except UnknownCase:  # it was erased just now
            return []
        return plan.lines

    def _look_at_attempts(self, reference: str, plan: _Plan, order: Order) -> None:
        """A filing that is just leaving stands in no event yet; what would be written finds it there (`Book`)."""
        with self._premises.database.read() as tx:
            leaving = {f"{reference}-{one.leg}" for one in messages.of_case(tx, reference)
                       if one.type == FILED and one.state == "leased"}
        stays = "" if order.unanswered else UNSURE
        plan.lines = [replace(line, state=LegState.SENDING.value, told=True, why=line.why or stays)
                      if line.leg in leaving else line for line in plan.lines]

    def _line(self, known: Known, leg: Leg, order: Order, to: Body) -> Line:
        row = known.legs[leg.leg]
        office = leg.office or row.office
        at = self._premises.deployment.bodies.get(office)
        return Line(f"{row.reference}-{leg.leg}", row.matter, office, leg.state.value, leg.state not in UNSENT and
                    not unsent(leg), _why_not(leg, office, at, order), not to.does(row.department, row.matter))

    def _event(self, case: Case, line: Line, asked: tuple[Order, Body, Act], now: datetime,
               numbers: Mapping[tuple[str, str], int]) -> Event:
        """What happens to a leg. `filed` names the filing that the old office is not to deal with any more; should the
        leg come back to it, that is another one."""
        order, to, act = asked
        leg = case.legs[line.leg.rpartition("-")[2]]
        start = clock_start(leg, self._premises.calendar, now) if order.basis == "successor" else None
        at = self._premises.deployment.bodies.get(line.office)
        filed = MessageId(case.reference, leg.leg, FILED, numbers.get((leg.leg, FILED), 0)).key
        return Event(TRANSFERRED, now, "platform", leg.leg, {
            "from": line.office, "from_name": (at.name if at else "") or str(planned(case, leg.leg).department_name),
            "to": to.id, "to_name": to.name or to.id, "told": line.told, "basis": order.basis, "reason": act.reason,
            "ref": leg.ref, "filed": filed, "clock": None if start is None else start.isoformat()})


def _why_not(leg: Leg, office: str, at: Body | None, order: Order) -> str:
    """Why a leg stays where it is; empty if it may go."""
    if office == order.to:
        return HERE
    if order.office not in ("", office):
        return GONE
    if leg.state in OVER:
        return OVER_ALREADY
    return UNSURE if _unsure(leg, at) and not order.unanswered else ""


def _unheard(tx: Tx, reference: str, to: Body) -> set[str]:
    """The legs of a case of which an office does not know yet that they left it. What came back before would be ended
    there by the word that it left; an office that fetches reads both in their order."""
    return {one.leg for one in messages.of_case(tx, reference) if one.type == TRANSFERRED and one.office == to.id
            and to.channel == "push" and one.state not in ("done", "cancelled")}


def _unsure(leg: Leg, at: Body | None) -> bool:
    """Whether nobody knows if the office has the leg. One that fetches and has opened it does have it."""
    opened = at is not None and at.channel != "push" and leg.state is LegState.SENDING
    return leg.state in OUT and not unsent(leg) and not opened
