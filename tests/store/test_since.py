"""What happened since a moment is found without walking all cases, and it is the same as if they were walked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.inside import SUBJECT, Inside, inside
from connectors.base import Answer
from desk.records.export import Extent, export, plain
from desk.staff.acts import Act
from dispatch.retry import Then
from oversight.ratings import Given, Ratings
from store import since
from store.engine.opening import Place

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=3)
POWER = {"services": ["power"], "outside_line": False, "filer": "legal_rep"}
OFFICE = "power-grid"


@pytest.fixture
def there(place: Place, tmp_path: Path) -> Iterator[Inside]:
    with inside(tmp_path, place.data, place.url) as made:
        yield made


def test_what_happened_since_is_found_by_whatever_happened_and_nothing_else_is_looked_at(
        there: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, database = there.desk, there.house.database
    ratings, act = Ratings(database, desk), Act("supervisor", "整改")
    filed = [there.file(POWER, f"k{number}", NOW).reference for number in range(7)]
    granted, rated, fixed, taken_back, refused_now, tried, _ = filed
    there.deliver(NOW, Answer("not_sent"), Then("send", LATER + timedelta(days=9)))  # it is tried long after
    for reference in (rated, fixed, taken_back):
        there.say(OFFICE, f"{reference}-03", "leg.refused", NOW, reason_code="R1", reason="不符")
    ratings.give(SUBJECT, fixed, Given("", 1), "r1", NOW)
    desk.sweep(NOW)
    steps = {
        granted: lambda at: there.say(OFFICE, f"{granted}-03", "leg.granted", at, results=[]),
        rated: lambda at: ratings.give(SUBJECT, rated, Given("", 5), "r2", at),
        fixed: lambda at: ratings.fix(ratings.bad(fixed, ""), act, at),
        taken_back: lambda at: desk.afterwards.take_back_consent(SUBJECT, taken_back, "c1", at),
        refused_now: lambda at: there.say(OFFICE, f"{refused_now}-03", "leg.refused", at, reason_code="R", reason="不"),
    }
    for number, (reference, step) in enumerate(steps.items()):
        at = LATER + timedelta(hours=2 * number)
        step(at)
        if reference != refused_now:  # nobody has sealed that one yet
            desk.sweep(at)
        with database.read() as tx:
            assert [one for one in filed if one in since.fresh_of(tx, filed, at)] == [reference]
        assert since.moved(database, at) == [reference], "the others are not even looked at"
    hour = LATER + timedelta(days=9, hours=1)
    database.write(lambda tx: tx.run("update messages set next_at = null where reference <> :r", r=tried))
    there.deliver(hour, Answer("not_sent"), Then("send", hour + timedelta(days=1)))
    assert since.moved(database, hour) == sorted({refused_now, tried}), "what is not sealed is looked at, too"
    database.write(lambda tx: tx.run("update messages set next_at = :at where reference = :r", r=tried,
                                     at=(hour).isoformat(timespec="microseconds")[:-6] + "Z"))
    again = hour + timedelta(hours=1)
    assert len(desk.claim({OFFICE: 9}, again)) == 1
    assert since.moved(database, again) == sorted({refused_now, tried}), "an attempt runs"

    def written(extent: Extent) -> list[str]:
        return [json.dumps(line, default=plain, ensure_ascii=False) for line in export(database, extent)]

    extents = [Extent(at, True) for at in (NOW - timedelta(days=1), NOW, LATER, LATER + timedelta(hours=4), hour, again,
                                           again + timedelta(hours=1))]
    found = [written(extent) for extent in extents]
    assert [len(lines) for lines in found] == sorted((len(lines) for lines in found), reverse=True)
    monkeypatch.setattr(since, "MOST_MOVED", -1)
    assert since.moved(database, NOW) is None, "too many: all are walked"
    assert [written(extent) for extent in extents] == found
    assert written(replace(extents[0], since=None)) == found[0]
