"""A case that is set to its moment from another of its plan and day is the case that would be worked out afresh."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bench.applicant import CATALOG
from bench.inside import Inside, inside
from cases import fold, follow
from desk.applicants.openings import Openings
from desk.editions import Composed
from desk.premises import Premises
from desk.writing import Change
from store.cases import CaseRow

MORNING = datetime.fromisoformat("2026-03-02T09:10:11.000012+08:00")
LAST = datetime.fromisoformat("2026-03-02T23:59:59+08:00")


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    with inside(tmp_path_factory.mktemp("openings")) as found:
        yield found


def composed_for(there: Inside, bundle: str, now: datetime) -> Composed:
    return there.desk._editions.compose(bundle, dict(CATALOG.bundles[bundle].figures), now)


def row_of(composed: Composed, bundle: str, number: int, now: datetime) -> CaseRow:
    return CaseRow(reference=f"CASE{number}", subject="someone", bundle=bundle, edition="e", plan=composed.hash,
                   filed_at=now, code="code", body={})


def afresh(there: Inside, row: CaseRow, composed: Composed, by: str) -> Change:
    premises: Premises = there.desk._premises
    begun = fold.begin(row.reference, composed.plan, row.filed_at)
    opening = follow.opening(begun, by, (), premises.calendar)
    return there.desk._book.opened(row, composed.offices, opening, row.filed_at)


def told(change: Change) -> object:
    histories = [leg.history for leg in change.known.case.legs.values()]
    return (change.known.case, change.known.n, change.events, change.letters, change.changed, change.end, histories)


@pytest.mark.parametrize("bundle", sorted(CATALOG.bundles))
def test_every_bundle_begins_as_if_it_were_worked_out_afresh(there, bundle):
    openings = Openings(there.desk._premises, there.desk._book)
    moments = [MORNING, MORNING + timedelta(seconds=1), MORNING + timedelta(hours=9, microseconds=7), LAST,
               LAST + timedelta(milliseconds=500), LAST + timedelta(seconds=1), LAST + timedelta(seconds=2)]
    for number, now in enumerate(moments):
        composed = composed_for(there, bundle, now)
        row = row_of(composed, bundle, number, now)
        made = openings.change(row, composed, f"applicant:{number}", ())
        assert told(made) == told(afresh(there, row, composed, f"applicant:{number}"))


def test_the_second_filing_of_a_day_is_not_worked_out_again(there, monkeypatch):
    openings = Openings(there.desk._premises, there.desk._book)
    composed = composed_for(there, "utilities", MORNING)
    openings.change(row_of(composed, "utilities", 1, MORNING), composed, "a", ())
    assert composed.openings
    monkeypatch.setattr(follow, "opening", None)
    openings.change(row_of(composed, "utilities", 2, MORNING + timedelta(hours=1)), composed, "a", ())


def test_a_plan_with_a_limit_in_hours_is_worked_out_for_each_case(there):
    composed = composed_for(there, "utilities", MORNING)
    first, *others = composed.plan.legs
    assert first.promised is not None
    hours = replace(composed.plan, legs=(replace(first, promised=replace(first.promised, unit="h")), *others))
    kept = Composed("hours", composed.arranged, hours, there.desk._premises)
    openings = Openings(there.desk._premises, there.desk._book)
    for number, now in enumerate((MORNING, MORNING + timedelta(hours=1))):
        row = row_of(kept, "utilities", number, now)
        assert told(openings.change(row, kept, "a", ())) == told(afresh(there, row, kept, "a"))
    assert not kept.openings


def test_papers_to_be_brought_later_are_asked_for_in_each_case(there):
    bundle = next(name for name in sorted(CATALOG.bundles) if any(
        line.tolerable for line in composed_for(there, name, MORNING).plan.materials))
    composed = composed_for(there, bundle, MORNING)
    later = [line.key for line in composed.plan.materials if line.tolerable]
    openings = Openings(there.desk._premises, there.desk._book)
    openings.change(row_of(composed, bundle, 1, MORNING), composed, "a", ())
    made = openings.change(row_of(composed, bundle, 2, MORNING), composed, "a", later)
    assert "leg.tolerated" in {event.type for event in made.events}
