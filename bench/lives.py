"""Lives that applications have, played by the desk: finished and open ones, rated, late, told nonsense about; and of
how many each is one. One office has no system of its own: its officers work on our own pages."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.applicant import CATALOG
from bench.inside import SUBJECT, Inside
from connectors.base import Answer
from desk.applicants.afterwards import Withdrawal
from desk.sending.feed import Taker
from desk.staff.acts import Act
from desk.staff.officer_acts import Said
from dispatch.retry import Then
from oversight.ratings import Given
from sandbox.run import DEPLOYMENT
from store import endings, notices
from store.port import Tx

LAST_DAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ALL_SERVICES = CATALOG.bundles["utilities"].figures["services"]
BY_HAND = "telecom-desk"  # the office without a system; the last of the services is its own
OFFICER = Taker(BY_HAND, "officer")
ACT = Act("supervisor", "示例")
GRANT: Mapping[str, Any] = {"results": [{"name": "批复", "number": "示例-1"}]}
REFUSAL: Mapping[str, Any] = {"reason_code": "R1", "reason": "示例"}

Situation = Mapping[str, Any]
Leg = tuple[str, str]  # its public id and its office
Play = Callable[[Inside, Situation, datetime], str]


def offices(folder: Path) -> Path:
    """The demo's list of offices in `folder`, in which one has no system."""
    text = DEPLOYMENT.read_text("utf-8")
    entry = f"  {BY_HAND}:\n"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "offices.yaml"
    path.write_text(text.replace(entry, f"{entry}    connector: desk\n"), "utf-8")
    return path


def _filed(there: Inside, situation: Situation, day: datetime) -> list[Leg]:
    receipt = there.file(situation, secrets.token_hex(8), day)
    there.deliver(day)
    return [(leg.leg, leg.department) for leg in receipt.legs]


def _reference(legs: list[Leg]) -> str:
    return legs[0][0].rpartition("-")[0]


def _say(there: Inside, legs: list[Leg], type_: str, at: datetime, **data: Any) -> None:
    for leg, office in legs:
        there.say(office, leg, type_, at, **data)


def _ended(there: Inside, situation: Situation, day: datetime) -> list[Leg]:
    legs = _filed(there, situation, day)
    _say(there, legs, "leg.granted", day + HOUR, **GRANT)
    _say(there, legs, "leg.delivered", day + 2 * HOUR, mode="electronic")
    return legs


def _finished(there: Inside, situation: Situation, day: datetime) -> str:
    return _reference(_ended(there, situation, day))


def _rated(there: Inside, situation: Situation, day: datetime, level: int = 5) -> str:
    legs = _ended(there, situation, day)
    for leg in ("", legs[0][0]):
        given = Given(leg, level, {"efficiency": level}, "示例评语")
        there.house.ratings.give(SUBJECT, _reference(legs), given, secrets.token_hex(8), day + 3 * HOUR)
    return _reference(legs)


def _rated_badly(there: Inside, situation: Situation, day: datetime) -> str:
    return _rated(there, situation, day, 1)


def _answered(there: Inside, situation: Situation, day: datetime) -> str:
    reference = _rated_badly(there, situation, day)
    for one in there.house.ratings.of_case(SUBJECT, reference):
        if one.rating is not None:
            there.house.ratings.fix(one.rating, ACT, day + 4 * HOUR)
            there.house.ratings.call(one.rating, ACT, day + 5 * HOUR)
    return reference


def _strange(there: Inside, situation: Situation, day: datetime) -> str:
    legs = _ended(there, situation, day)
    _say(there, legs[:1], "leg.refused", day + 3 * HOUR, **REFUSAL)
    return _reference(legs)


def _settled(there: Inside, situation: Situation, day: datetime) -> str:
    reference = _strange(there, situation, day)
    with there.house.database.read() as tx:
        found = [one.id for one in notices.unsettled(tx, limit=999) if one.reference == reference]
    for one in found:
        there.desk.operations.quarantine.discard(one, ACT, day + 4 * HOUR)
    return reference


def _waiting(there: Inside, situation: Situation, day: datetime) -> str:
    return _reference(_filed(there, {**situation, "outside_line": True}, day))


def _in_review(there: Inside, situation: Situation, day: datetime) -> str:
    legs = _filed(there, situation, day)
    _say(there, legs, "leg.in_review", day + HOUR, step="审核")
    return _reference(legs)


def _asked(there: Inside, situation: Situation, day: datetime) -> str:
    legs = _filed(there, situation, day)
    _say(there, legs[:1], "leg.supplement_required", day + HOUR, ask="a1", reason="缺附图", limit="30wd",
         materials=["BL01"])
    return _reference(legs)


def _stuck(there: Inside, situation: Situation, day: datetime) -> str:
    receipt = there.file(situation, secrets.token_hex(8), day)
    there.deliver(day, Answer("refused", reason="格式不符"))
    return receipt.reference


def _retried(there: Inside, situation: Situation, day: datetime) -> str:
    receipt = there.file(situation, secrets.token_hex(8), day)
    there.deliver(day, Answer("again", detail="503"), Then("send", LAST_DAY + timedelta(minutes=1)))
    return receipt.reference


def _by_hand(situation: Situation) -> Situation:
    """The same with the last of the services in place of another."""
    return {**situation, "services": [*situation["services"][:-1], ALL_SERVICES[-1]]}


def _arrived(there: Inside, situation: Situation, day: datetime) -> str:
    return _reference(_filed(there, _by_hand(situation), day))


def _opened(there: Inside, situation: Situation, day: datetime) -> list[Leg]:
    legs = _filed(there, _by_hand(situation), day)
    mine = [leg for leg, office in legs if office == BY_HAND]
    for leg in mine:
        there.desk.officer_acts.open(OFFICER, leg, day + HOUR)
        _tell(there, leg, "leg.accepted", day + HOUR)
    return legs


def _worked_on(there: Inside, situation: Situation, day: datetime) -> str:
    return _reference(_opened(there, situation, day))


def _done(there: Inside, situation: Situation, day: datetime) -> str:
    legs = _opened(there, situation, day)
    for leg, office in legs:
        if office == BY_HAND:
            _tell(there, leg, "leg.refused", day + 2 * HOUR, **REFUSAL)
    _say(there, [one for one in legs if one[1] != BY_HAND], "leg.refused", day + 2 * HOUR, **REFUSAL)
    return _reference(legs)


def _tell(there: Inside, leg: str, type_: str, at: datetime, **data: Any) -> None:
    seen = there.desk.officers.sheet(BY_HAND, leg, at).seen
    there.desk.officer_acts.tell(OFFICER, leg, Said(type_, secrets.token_hex(16), seen, data), at)


def _taken_back(there: Inside, situation: Situation, day: datetime) -> str:
    receipt = there.file(_by_hand(situation), secrets.token_hex(8), day)
    there.desk.afterwards.withdraw(SUBJECT, receipt.reference, Withdrawal(None, "改期"), secrets.token_hex(8),
                                   day + HOUR)
    return receipt.reference


@dataclass(frozen=True, slots=True)
class Life:
    """How an application goes, its share of all (None: the rest), and begun on how many days, the first of them `back`
    days ago."""

    play: Play
    share: float | None
    back: int = 9
    days: int = 3


LIVES = (
    Life(_finished, None, 20, 20), Life(_rated, 0.25), Life(_answered, 0.01), Life(_rated_badly, 0.006),
    Life(_settled, 0.005), Life(_strange, 0.006), Life(_done, 0.02), Life(_taken_back, 0.01),
    # Open ones, 3 in a hundred.
    Life(_waiting, 0.004, 8, 4), Life(_asked, 0.004, 8, 4), Life(_in_review, 0.004, 8, 8), Life(_stuck, 0.004, 8, 4),
    Life(_retried, 0.004, 8, 4), Life(_arrived, 0.006), Life(_worked_on, 0.006),
)


def live(there: Inside, life: Life, legs: int) -> list[tuple[datetime, str]]:
    """Play a life of `legs` legs on each of its days; the days with the references."""
    situation = {**CATALOG.bundles["utilities"].figures, "outside_line": False, "services": ALL_SERVICES[:legs]}
    step = life.back // life.days
    days = [LAST_DAY - timedelta(days=life.back - step * number) for number in range(life.days)]
    return [(day, life.play(there, situation, day)) for day in days]


def judge_endings(there: Inside) -> None:
    """Note how everything ended that has, as a sweep does."""
    def unit(tx: Tx) -> None:
        endings.note(tx, endings.unjudged(tx, 9_999))

    there.house.database.write(unit)
