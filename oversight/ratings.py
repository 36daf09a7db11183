"""Ratings (好差评): given once, of what has ended; a bad one is put right and called back in 15 working days.

Departments never see who rated. Nobody is asked twice, no level is chosen beforehand, and silence counts as silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cases.clock import explain
from catalog.limits import Limit
from desk import repeats
from desk.agents.agency import FILE, URGE, hand_of, standing
from desk.applicants.afterwards import number_of
from desk.desk import Desk
from desk.errors import DeskError, InvalidAnswers, NotNow, UnknownCase, UnknownLeg
from desk.repeats import Repeated
from desk.staff.acts import Act
from forms.values import BadValue, safe_text
from oversight.handlings import WINDOW, Handling, handlings
from store import audit, cases, legs, ratings
from store.audit import Entry
from store.cases import CaseRow
from store.errors import UnknownCase as NotStored
from store.port import Database, Tx
from store.ratings import Rating
from store.submissions import Submission

LEVELS: Mapping[int, str] = {5: "非常满意", 4: "满意", 3: "基本满意", 2: "不满意", 1: "非常不满意"}
BAD = 2
# Of a service on line, beside how it was as a whole.
ITEMS: Mapping[str, str] = {
    "efficiency": "办事效率", "guide": "办事指南是否准确", "convenience": "办理是否方便", "operation": "系统是否好用",
}
ANSWER_WITHIN = Limit(15, "wd")
LONGEST_WORDS = 500
_NOT_BAD = "没有这条待处理的差评；请回到清单查看。"


@dataclass(frozen=True, slots=True)
class Given:
    """A rating as it is given: of a leg (empty: the whole case), its level, other items by level, and free words."""

    leg: str
    level: int
    items: Mapping[str, int] = field(default_factory=dict)
    words: str = ""


class Ratings:
    """Where ratings come in, and where supervisors answer them."""

    def __init__(self, database: Database, desk: Desk) -> None:
        self._database, self._calendar = database, desk.calendar

    def of_case(self, subject: str, reference: str, now: datetime | None = None) -> list[Handling]:
        """Everything of one's own case, or with a moment of one filed for somebody under a mandate, that can be, or
        was, rated; the whole case first."""
        with self._database.read() as tx:
            return self._handlings(tx, _seen(tx, subject, reference, now, FILE))

    def give(self, subject: str, reference: str, given: Given, key: str, now: datetime) -> None:
        """Rate a leg or the whole case, once. The same key and content have one effect, whatever of the case may still
        be seen when it comes again."""
        leg = number_of(reference, given.leg)
        content = ("rating", reference, leg, given.level, dict(given.items), given.words)
        digest = repeats.digest_of(content)
        if repeats.earlier(self._database, subject, repeats.checked_key(key), digest) is not None:
            return
        sent = Submission(subject=subject, key=key, digest=digest, reference=reference, at=now, answer={})
        try:
            self._give(replace(given, leg=leg), sent)
        except Repeated as repeated:
            repeats.answer_of(repeated.earlier, digest)
        except DeskError:  # its twin may have been quicker
            if repeats.earlier(self._database, subject, key, digest) is None:
                raise

    def _give(self, given: Given, sent: Submission) -> None:
        subject, reference, now = sent.subject, sent.reference, sent.at
        with self._database.read() as tx:
            case = _seen(tx, subject, reference, now, URGE)
            found = {one.leg: one for one in self._handlings(tx, case)}
        if given.leg not in found:
            raise UnknownLeg
        _refuse_unfit(given)
        _refuse_closed(found[given.leg], now)
        rating = self._made(case, found[given.leg], given, now)

        def unit(tx: Tx) -> bool:
            if cases.is_erased(cases.lock(tx, reference)):
                raise UnknownCase
            if case.subject != subject:
                standing(tx, (case.subject, subject), (case.bundle, URGE), now, lock=True)
            repeats.claim(tx, sent)
            return ratings.add(tx, rating) or _undo()

        self._database.write(unit)

    def bad(self, reference: str, leg: str) -> Rating:
        """A bad rating; `NotNow` if there is none."""
        with self._database.read() as tx:
            found = ratings.find(tx, reference, leg)
        if found is None or not found.bad:
            raise UnknownLeg(_NOT_BAD)
        return found

    def look(self, rating: Rating, act: Act, now: datetime) -> None:
        """Record that somebody looked at what was said and at whom to call back."""
        self._database.write(lambda tx: act.record(tx, "rating.show", _target(rating), now, {}))

    def fix(self, rating: Rating, act: Act, now: datetime) -> None:
        """Note what was put right (the reason of the act)."""
        def unit(tx: Tx) -> None:
            if not ratings.fixed(tx, rating, {"words": act.reason, "by": act.by}, now):
                raise NotNow("这条差评的整改已经登记过；请刷新页面查看。")
            _note(tx, "rating.fix", rating, act, now)

        self._database.write(unit)

    def call(self, rating: Rating, act: Act, now: datetime) -> None:
        """Note that the person was called back, and what came of it (the reason of the act)."""
        def unit(tx: Tx) -> None:
            if not ratings.called(tx, rating, {"words": act.reason, "by": act.by}, now):
                raise NotNow("这条差评的回访已经登记过；请刷新页面查看。")
            _note(tx, "rating.call", rating, act, now)

        self._database.write(unit)

    def _handlings(self, tx: Tx, case: CaseRow) -> list[Handling]:
        rows = legs.of_case(tx, case.reference)
        return list(handlings(case, rows, ratings.of_case(tx, case.reference), self._calendar))

    def _made(self, case: CaseRow, of: Handling, given: Given, now: datetime) -> Rating:
        due = explain(now, ANSWER_WITHIN, (), self._calendar).due if given.level <= BAD else None
        said: dict[str, Any] = {"items": dict(given.items), "words": given.words}
        return Rating(case.reference, of.leg, case.bundle, of.office, given.level, now, said, due)


def _seen(tx: Tx, subject: str, reference: str, now: datetime | None, act: str) -> CaseRow:
    """One's own case, or one that a mandate allows an agent to see (and to do `act` with) at `now`."""
    try:
        case = cases.get(tx, reference)
    except NotStored:
        raise UnknownCase from None
    if case.subject != subject:
        if now is None or case.on_behalf_of is None:
            raise UnknownCase
        hand_of(tx, subject, case, now, act)
    return case


def _undo() -> bool:
    raise NotNow("已经评价过；每个事项评价一次。")


def _refuse_unfit(given: Given) -> None:
    """`InvalidAnswers` for a level or an item that is none of ours, or words that cannot be taken."""
    levels = "请选 1 到 5：5 非常满意，4 满意，3 基本满意，2 不满意，1 非常不满意"
    wrong: dict[str, Any] = {} if given.level in LEVELS else {"level": [levels]}
    items = {name: [levels] for name, level in given.items.items() if level not in LEVELS}
    items |= {name: [f"没有这一项；可用：{'、'.join(ITEMS)}"] for name in given.items if name not in ITEMS}
    if items:
        wrong["items"] = items
    try:
        safe_text(given.words, LONGEST_WORDS)
    except BadValue as bad:
        wrong["words"] = [str(bad.errors[0])]
    if wrong:
        raise InvalidAnswers(errors=wrong)


def _refuse_closed(of: Handling, now: datetime) -> None:
    """`NotNow` with the reason for which a handling cannot be rated."""
    if of.rating is not None:
        _undo()
    if of.until is None:
        raise NotNow("还没有办完，或者是您自己撤回的；部门办完以后可以评价。")
    if not of.open(now):
        raise NotNow(f"办结已经超过 {WINDOW.amount} 天，不能再评价；有意见可以拨打 12345。")


def _note(tx: Tx, action: str, rating: Rating, act: Act, now: datetime) -> None:
    """Who did it stands in the audit log, what was written does not: it would outlive the case when that is erased."""
    audit.record(tx, Entry(now, act.by, action, _target(rating)))


def _target(rating: Rating) -> str:
    return f"{rating.reference}-{rating.leg}" if rating.leg else rating.reference
