"""What supervisors are shown as numbers, read from kept counters: how cases end, how they are rated, what was answered.

Definitions: 好评率 = (5+4+3)/all ratings; 整改率 = put right within 15 working days / all bad ratings; 回访率 = called
back / all bad ratings; 按时办结率 = ended cases of which every decided leg was decided by its day / ended cases in
which something was decided. Each is shown with its numerator and denominator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from oversight.handlings import HANDLED
from oversight.ratings import BAD
from store import counters, endings, ratings, tallies
from store.port import Tx

LEVELS = (5, 4, 3, 2, 1)


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole; `percent` is None where there is nothing to be a part of."""

    part: int
    whole: int

    @property
    def percent(self) -> float | None:
        """In per cent with one decimal."""
        return round(100 * self.part / self.whole, 1) if self.whole else None


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """How a bundle (its cases) or an office (its legs) is rated. `ended` is what could have been rated so far."""

    name: str
    ended: int
    counted: Mapping[str, int] = field(default_factory=dict)

    @property
    def all(self) -> int:
        """How many ratings."""
        return sum(self.of(level) for level in LEVELS)

    @property
    def bad(self) -> int:
        """How many of them are bad."""
        return sum(self.of(level) for level in LEVELS if level <= BAD)

    @property
    def silent(self) -> int:
        """How many said nothing, which is neither good nor bad."""
        return max(0, self.ended - self.all)

    @property
    def good(self) -> Share:
        """好评率."""
        return Share(self.all - self.bad, self.all)

    @property
    def fixed(self) -> Share:
        """整改率."""
        return Share(self.counted.get(ratings.FIXED, 0), self.bad)

    @property
    def called(self) -> Share:
        """回访率."""
        return Share(self.counted.get(ratings.CALLED, 0), self.bad)

    def of(self, level: int) -> int:
        """How many ratings of a level."""
        return self.counted.get(str(level), 0)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the cases of a bundle stand: open, ended, and of those that something was decided in, which in time.

    What ended within the last minute is not judged yet, so that `ended` may be more than the sum of the others.
    """

    bundle: str
    open: int
    ended: int
    on_time: int
    late: int
    undecided: int

    @property
    def in_time(self) -> Share:
        """按时办结率."""
        return Share(self.on_time, self.on_time + self.late)


def by_bundle(tx: Tx) -> list[Satisfaction]:
    """How the whole cases of each bundle are rated."""
    ended = {bundle: count for (bundle, stands), count in _pairs(tallies.by_bundle(tx)) if stands == tallies.CLOSED}
    rated = _ratings(tx)
    return [Satisfaction(bundle, ended.get(bundle, 0), rated.get((bundle, ""), {}))
            for bundle in sorted({*ended, *(bundle for bundle, office in rated if not office)})]


def by_office(tx: Tx) -> list[Satisfaction]:
    """How the legs of each office are rated, whatever bundle they belong to."""
    ended: dict[str, int] = {}
    for (_, office, state), count in tallies.by_department(tx).items():
        if state in HANDLED:
            ended[office] = ended.get(office, 0) + count
    rated: dict[str, dict[str, int]] = {}
    for (_, office), counted in _ratings(tx).items():
        if office:
            rated[office] = _sum(rated.get(office, {}), counted)
    return [Satisfaction(office, ended.get(office, 0), rated.get(office, {})) for office in sorted({*ended, *rated})]


def by_standing(tx: Tx) -> list[Standing]:
    """How the cases of each bundle stand."""
    stand = dict(_pairs(tallies.by_bundle(tx)))
    ended = dict(_pairs(counters.every(tx, endings.ENDED)))
    return [Standing(bundle, stand.get((bundle, tallies.OPEN), 0), stand.get((bundle, tallies.CLOSED), 0),
                     *(ended.get((bundle, how), 0) for how in (endings.ON_TIME, endings.LATE, endings.UNDECIDED)))
            for bundle in sorted({bundle for bundle, _ in stand})]


def _ratings(tx: Tx) -> dict[tuple[str, str], dict[str, int]]:
    """What is counted of ratings, by bundle and office."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for key, count in counters.every(tx, ratings.RATINGS).items():
        bundle, office, what = key.split("|")
        found.setdefault((bundle, office), {})[what] = count
    return found


def _pairs(counted: Mapping[str, int]) -> Iterable[tuple[tuple[str, str], int]]:
    for key, count in counted.items():
        first, _, second = key.partition("|")
        yield (first, second), count


def _sum(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    return {name: first.get(name, 0) + second.get(name, 0) for name in {*first, *second}}
