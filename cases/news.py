"""News (消息): what an applicant is told of a case, in which words, how soon, and until when it is true. Pure.

A department's own words are never part of it, nor is any personal value: the texts hold the names of the bundle and of
the matter, a state, a day and the reference, so that they may leave by whatever brings them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256

from cases.calendar_days import WorkCalendar
from cases.edges import over, planned
from cases.model import Ask, Case, Leg, LegState
from cases.outcome import case_state, is_final
from cases.states import AT_WORK, GRANTED, OVER, TRANSFERRED
from cases.words import CASE_NAMES, handler, public_name, state_name

S = LegState
WITHIN_A_DAY = timedelta(hours=12)  # an ask that ends so soon needs no reminder
LAST_CALL = timedelta(days=2)  # before an ask ends, it is reminded of
WAITING_EVERY, MOST_WAITING = timedelta(days=5), 3  # an ask without an end that is near is reminded of, so many times
MOST_NAMES = 3  # matters that one sentence names
_NAMED = "”"  # where the name of a matter ends, with which a text begins


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of news: what people call it, its text, and how long it may wait for others that leave with it. One that
    is `urgent` says that a limit runs: nobody can turn it off. `wanted`: told to those who did not choose. `then` ends
    the text for those who may see results and rate them."""

    title: str
    text: str
    patience: timedelta
    urgent: bool = False
    wanted: bool = True
    then: str = ""


AT_ONCE, SOON = timedelta(), timedelta(minutes=30)
KINDS: Mapping[str, Kind] = {
    "ask": Kind("需要您补充", "“{matter}”需要您补充{until}", AT_ONCE, urgent=True),
    "reminder": Kind("补充快到期", "“{matter}”还在等您补充{until}；过期没有补，这一项会终止", AT_ONCE, urgent=True),
    "waiting": Kind("一直在等您", "“{matter}”一直在等您补充，补齐后部门接着办", AT_ONCE, urgent=True),
    "owed": Kind("后补快到期", "“{matter}”还差说好后补的材料{until}；过期没有补，"
                 "部门可以不予办理，别的事也不能再先办后补", AT_ONCE, urgent=True),
    "overdue": Kind("后补过了期限", "“{matter}”说好后补的材料过了期限还没有补，请马上补上；部门可以不予办理",
                    AT_ONCE, urgent=True),
    "spared": Kind("不用补充了", "“{matter}”不用您再补充：要的材料改由前面的事项提供", AT_ONCE),
    "extended": Kind("办理期限延长", "“{matter}”的办理期限依法延长，请查看理由和新的日期", SOON),
    "refused": Kind("没有办成", "“{matter}”{state}，请查看原因和可以怎样做", AT_ONCE),
    "stopped": Kind("某一项停办", "“{matter}”不再办理（{state}），请查看原因", SOON),
    "corrected": Kind("结果有更正", "“{matter}”有更正，现在是：{state}", SOON),
    "transferred": Kind("转由别的单位办理", "“{matter}”已转由{office}办理，您不用重新申请", SOON),
    "withdrawn": Kind("撤回已确认", "“{matter}”部门已确认撤回", SOON),
    "not_withdrawn": Kind("撤回没有同意", "“{matter}”部门不同意撤回，这一项接着办", SOON),
    "granted": Kind("某一项办好", "“{matter}”{state}", SOON, then="，可以查看结果"),
    "delivered": Kind("结果已送达", "“{matter}”的结果已送达", SOON),
    "fee": Kind("费用告知", "“{matter}”部门告知了费用，请查看金额和依据", AT_ONCE),
    "remark": Kind("部门留言", "“{matter}”部门有留言，请查看", AT_ONCE),
    "ended": Kind("整件事结束", "整件事已结束（{case}）", SOON, then="，请查看结果，也请给这次办事打个分"),
    "filed_for": Kind("代办人替您提交", "代办人替您提交了申请；没有委托过的，请到“委托”页面查看", AT_ONCE),
    "filed": Kind("申请已提交", "申请已提交，各部门开始办理", SOON, wanted=False),
}
_FILED = frozenset({"filed", "filed_for"})
ASKS = frozenset({"ask", "reminder", "waiting", "owed", "overdue"})
URGENT = frozenset(name for name, kind in KINDS.items() if kind.urgent)
CHOICES = tuple(name for name, kind in KINDS.items() if not kind.urgent)


@dataclass(frozen=True, slots=True)
class Fresh:
    """An event that the applicant was not told of yet: its number in the case, its leg and its type."""

    n: int
    leg: str
    type: str


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of news of a case. `key` is its own within the case, whenever it is made; `about` the ask that it is
    about; `until` the day by which that must be answered."""

    key: str
    kind: str
    leg: str
    text: str
    about: str = ""
    until: str | None = None


_BY_EVENT: Mapping[str, str] = {
    "leg.supplement_required": "ask", "leg.held": "ask", "leg.tolerated": "ask", "leg.ask_dropped": "spared",
    "leg.refused": "refused", "leg.not_accepted": "refused", "leg.granted": "granted", "leg.delivered": "delivered",
    "leg.withdraw_confirmed": "withdrawn", "leg.withdraw_rejected": "not_withdrawn", "leg.corrected": "corrected",
    "leg.extended": "extended",
    TRANSFERRED: "transferred", "leg.lapsed": "stopped", "leg.start_lapsed": "stopped", "leg.voided": "stopped",
    "leg.not_needed": "stopped", "leg.fee": "fee", "leg.remark": "remark",
}
# After these the whole case may have ended.
_ENDING = {*_BY_EVENT} - {"leg.delivered", "leg.ask_dropped", "leg.fee", "leg.remark", "leg.extended", TRANSFERRED}
TELLING = (*_BY_EVENT, "leg.supplemented")  # types of events that make news, or make it old
_STATES: Mapping[str, frozenset[LegState]] = {
    "refused": frozenset({S.REFUSED, S.NOT_ACCEPTED}), "granted": GRANTED, "delivered": frozenset({S.DELIVERED}),
    "withdrawn": frozenset({S.WITHDRAWN}), "stopped": frozenset({S.TERMINATED, S.VOIDED, S.NOT_NEEDED}),
    "transferred": AT_WORK, "not_withdrawn": frozenset(S) - {S.WITHDRAWN}, "corrected": frozenset(S),
    "spared": frozenset(S) - OVER, "fee": frozenset(S), "remark": frozenset(S), "extended": AT_WORK,
}


def pieces(case: Case, fresh: Sequence[Fresh]) -> tuple[Piece, ...]:
    """The news that follows from fresh events and is true of the case as it stands now, each once: an ask that was
    answered meanwhile, or a decision that was put right, is told by nobody."""
    found = {piece.key: piece for event in fresh for piece in _of_event(case, event)}
    if any(event.type in _ENDING for event in fresh) and is_final(case):
        again = [event.n for event in fresh if event.type == "leg.corrected"]
        ended = _piece(case, "", "ended", f"ended.{again[-1]}" if again else "ended")
        found[ended.key] = ended
    told = {piece.leg for piece in found.values() if piece.kind == "delivered"}
    return tuple(piece for piece in found.values() if piece.kind != "granted" or piece.leg not in told)


def asked(case: Case) -> tuple[Piece, ...]:
    """Whatever is asked of the applicant just now."""
    return tuple(piece for number in case.legs for piece in _asks(case, number))


def without_results(piece: Piece) -> Piece:
    """A piece of news for an agent whom results are not shown: that there are any, without being sent to look."""
    return replace(piece, text=piece.text.removesuffix(KINDS[piece.kind].then))


def filed(case: Case, *, by_agent: bool) -> Piece:
    """That a case was filed: for those who want to be told, and for whom an agent filed it."""
    kind = "filed_for" if by_agent else "filed"
    return _piece(case, "", kind, kind)


def reminder(case: Case, piece: Piece, at: datetime, now: datetime, calendar: WorkCalendar) -> Piece | None:
    """What is said again at `now` of an ask that was told `at`; None if it is not open any more."""
    ask = _open_ask(case, piece.leg, piece.about)
    if ask is None or ask.overdue:
        return None
    past = [moment for moment in _moments(ask, at, calendar) if moment <= now]
    end = _end(ask, calendar)
    kind = "owed" if ask.deferred else "reminder" if end is not None and now >= end - LAST_CALL else "waiting"
    return _piece(case, piece.leg, kind, f"{kind}.{piece.key}.{len(past)}", ask)


def remind_at(case: Case, piece: Piece, at: datetime, now: datetime, calendar: WorkCalendar) -> datetime | None:
    """When to say again, after `now`, what was told `at`; None for what is no ask, or is not open any more."""
    ask = _open_ask(case, piece.leg, piece.about) if piece.kind == "ask" else None
    later = [] if ask is None else [moment for moment in _moments(ask, at, calendar) if moment > now]
    return min(later, default=None)


def is_true(case: Case, piece: Piece) -> bool:
    """Whether a piece of news still says what is so."""
    if piece.kind in ASKS:
        return _open_ask(case, piece.leg, piece.about) is not None
    if piece.kind == "ended":
        return is_final(case)
    return piece.kind in _FILED or case.legs[piece.leg].state in _STATES[piece.kind]


def bundled(case: Mapping[str, str], told: Sequence[tuple[str, str]], most: int) -> str:
    """One message of several pieces of news (reference and text), the first in front; `case` has the name of the
    bundle by reference. What is said of several matters of a case is said once; what is more than `most` sentences is
    only counted."""
    alike: dict[tuple[str, str], list[str]] = {}
    for reference, text in told:
        name, mark, rest = text.partition(_NAMED) if text.startswith("“") else ("", "", text)
        alike.setdefault((reference, rest), []).append(name + mark)
    by_case: dict[str, list[str]] = {}
    for (reference, rest), names in list(alike.items())[:most]:
        by_case.setdefault(reference, []).append(_counted(names) + rest)
    lines = [f"{case[reference]}（受理编号 {reference}）：{'；'.join(texts)}。" for reference, texts in by_case.items()]
    left = sum(len(names) for names in list(alike.values())[most:])
    return "".join(lines) + (f"另有 {left} 条消息，请登录查看。" if left else "")


def _counted(names: Sequence[str]) -> str:
    few = list(dict.fromkeys(names))[:MOST_NAMES]
    return "".join(few) + (f"等 {len(names)} 项" if len(names) > len(few) else "")


def _of_event(case: Case, event: Fresh) -> Iterator[Piece]:
    kind = _BY_EVENT.get(event.type)
    if kind is None or event.leg not in case.legs:
        return
    if kind in _OF_ASKS:
        yield from _OF_ASKS[kind](case, event.leg)
    if kind == "transferred" and case.legs[event.leg].state in AT_WORK:  # to where it is now, however often it went
        times = sum(one.type == TRANSFERRED for one in case.legs[event.leg].history)
        yield _piece(case, event.leg, kind, f"{kind}.{event.leg}.{times}")
    elif kind not in {"ask", "transferred"} and case.legs[event.leg].state in _STATES[kind]:
        yield _piece(case, event.leg, kind, f"{kind}.{event.leg}.{event.n}")


def _overdue(case: Case, number: str) -> Iterator[Piece]:
    leg = case.legs[number]
    return (_piece(case, number, "overdue", f"overdue.{number}.{_mark(leg, ask)}", ask)
            for ask in _open(leg) if ask.overdue)


def _asks(case: Case, number: str) -> Iterator[Piece]:
    return (_piece(case, number, "ask", f"ask.{number}.{_mark(case.legs[number], ask)}", ask)
            for ask in _open(case.legs[number]))


# What is told of the asks of a leg after an event that makes news of this kind; a leg that ended has none.
_OF_ASKS: Mapping[str, Callable[[Case, str], Iterator[Piece]]] = {"ask": _asks, "stopped": _overdue}


def _piece(case: Case, number: str, kind: str, key: str, ask: Ask | None = None) -> Piece:
    until = ask.until if ask is not None else None
    words = {"matter": "", "state": "", "until": f"，请在 {_day(until)} 前补上" if until else "",
             "case": CASE_NAMES[case_state(case)], "office": ""}
    if number:
        leg, line = case.legs[number], planned(case, number)
        words |= {"matter": public_name(case.plan, line), "state": state_name(leg.state, line),
                  "office": handler(leg, line)}
    text = KINDS[kind].text.format(**words) + KINDS[kind].then
    return Piece(key, kind, number, text, ask.id if ask is not None else "", until)


def _open(leg: Leg) -> tuple[Ask, ...]:
    return () if over(leg) else tuple(ask for ask in leg.asks if ask.open)


def _open_ask(case: Case, number: str, about: str) -> Ask | None:
    leg = case.legs.get(number)
    return None if leg is None else next((ask for ask in _open(leg) if ask.id == about), None)


def _mark(leg: Leg, ask: Ask) -> str:
    """An ask by its id, which a department wrote, in letters that fit anywhere; one that is asked again under its id is
    told again."""
    times = sum(one.id == ask.id for one in leg.asks)
    return sha256(f"{ask.id}\n{times}".encode() if times > 1 else ask.id.encode()).hexdigest()[:12]


def _end(ask: Ask, calendar: WorkCalendar) -> datetime | None:
    return None if ask.until is None else calendar.end_of(date.fromisoformat(ask.until))


def _moments(ask: Ask, at: datetime, calendar: WorkCalendar) -> list[datetime]:
    """When an ask that was told `at` is reminded of: now and then while it waits, and two days before it ends (or
    half-way, where it ends sooner)."""
    end = _end(ask, calendar)
    waits = [at + WAITING_EVERY * number for number in range(1, MOST_WAITING + 1)]
    if end is None:
        return waits
    if end - at < WITHIN_A_DAY:
        return []
    last = max(end - LAST_CALL, at + (end - at) / 2)
    return [*(moment for moment in waits if moment < last - LAST_CALL), last]


def _day(until: str | None) -> str:
    day = date.fromisoformat(until) if until else None
    return f"{day.month}月{day.day}日" if day else ""
