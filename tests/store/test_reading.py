"""The queries of the pages."""

from __future__ import annotations

from typing import Any

import pytest

from cases.model import LegState
from store import audit, leases, legs, messages, notices, offers, overseeing, reading
from store.choosing import Wanted
from store.engine.opening import Opened
from store.errors import UnknownCase
from store.leases import Outcome
from store.messages import MessageId
from store.notices import Strange
from store.overseeing import After
from store.port import Tx
from store.reading import Unfetched
from tests.store.samples import NOW, REFERENCE, a_leg, file_case, minutes


def test_a_subject_sees_own_cases_the_newest_first_in_pages(store: Opened) -> None:
    for number in range(5):
        store.db.write(lambda tx, n=number: file_case(tx, f"case-{n}", filed_at=minutes(n // 2), count=1))
    store.db.write(lambda tx: file_case(tx, "foreign", subject="other", count=1))
    with store.db.read() as tx:
        first, then = reading.cases_of(tx, "someone", limit=3)
        rest, end = reading.cases_of(tx, "someone", then, limit=3)
    assert end is None
    assert [*first, *rest] == ["case-4", "case-3", "case-2", "case-1", "case-0"]


def test_entries_of_the_audit_log_are_found_the_latest_first_by_what_is_asked(store: Opened, monkeypatch: Any) -> None:
    def unit(tx: Tx) -> None:
        for n in range(9):
            target = f"{REFERENCE}-0{n}" if n in (1, 7) else "service"
            audit.record(tx, audit.Entry(minutes(n // 2), "boss" if n < 8 else "clerk", "urge", target))

    store.db.write(unit)
    monkeypatch.setattr(audit, "MOST_PASSED", 4)

    def numbers(limit: int, **asked: str) -> list[list[int]]:
        """The numbers of the entries, page by page."""
        pages, after = list[list[int]](), None
        while after is not None or not pages:
            with store.db.read() as tx:
                found, after = audit.listed(tx, audit.Wanted(NOW, minutes(99), **asked), after, limit)
            pages.append([one.n for one in found])
        return pages

    assert numbers(3) == [[9, 8, 7], [6, 5, 4], [3, 2, 1]]
    assert numbers(3, target=REFERENCE) == [[8], [2], []]  # a look ends where it has passed over enough
    assert numbers(3, actor="clerk", action="urge") == [[9], [], []]
    with store.db.read() as tx:
        assert [one.n for one in audit.listed(tx, audit.Wanted(minutes(1), minutes(2)), None)[0]] == [4, 3]


def test_a_whole_case_has_everything_that_hangs_on_it(store: Opened) -> None:
    store.db.write(file_case)
    with store.db.read() as tx:
        whole = reading.whole_case(tx, REFERENCE)
        with pytest.raises(UnknownCase):
            reading.whole_case(tx, "none")
    assert (len(whole.legs), len(whole.events), len(whole.messages), len(whole.files)) == (2, 3, 2, 0)


def test_an_inbox_is_ordered_by_due_date_and_paged_by_key(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=8))
    times = [50, 10, None, 10, 30, 20, 1, 2]
    rows = [a_leg(f"{n:02d}", due_at=None if at is None else minutes(at), started_at=NOW)
            for n, at in enumerate(times, 1)]
    rows[6] = a_leg("07", due_at=minutes(1))
    rows[7] = a_leg("08", due_at=minutes(2), started_at=NOW, closed_at=NOW)
    store.db.write(lambda tx: legs.put(tx, rows))
    seen, after = [], None
    with store.db.read() as tx:
        while True:
            page = reading.inbox(tx, "water-works", after, limit=2)
            seen += [leg.leg for leg in page.legs]
            after = page.next
            if after is None:
                break
        assert reading.inbox(tx, "gas").legs == ()
        assert [leg.leg for leg in reading.inbox(tx, "water-works", "no cursor", 3).legs] == ["02", "04", "06"]
        assert reading.inbox_size(tx, "water-works") == len(seen)
    assert seen == ["02", "04", "06", "05", "01", "03"]


def test_what_an_office_has_done_is_paged_from_the_latest_granted_or_over(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=5))
    over = {"state": LegState.REFUSED, "closed_at": NOW}
    store.db.write(lambda tx: legs.put(tx, [
        a_leg("01", since=minutes(3), **over), a_leg("02", since=minutes(1), **over),
        a_leg("03", since=minutes(2), state=LegState.GRANTED), a_leg("04", since=minutes(4), state=LegState.ACCEPTED),
        a_leg("05", since=minutes(5), office="gas", **over),
    ]))
    with store.db.read() as tx:
        first = reading.done_of(tx, "water-works", limit=2)
        rest = reading.done_of(tx, "water-works", first.next, limit=2)
        assert [leg.leg for leg in (*first.legs, *rest.legs)] == ["01", "03", "02"]
        assert (rest.next, reading.done_of(tx, "nobody").legs) == (None, ())


def test_late_legs_are_listed_and_lights_counted(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=4))
    store.db.write(lambda tx: legs.put(tx, [
        a_leg("01", due_at=minutes(10), yellow_at=minutes(5), state=LegState.ACCEPTED),
        a_leg("02", due_at=minutes(20), yellow_at=minutes(15), state=LegState.RECEIVED),
        a_leg("03", due_at=minutes(1), yellow_at=NOW, state=LegState.REFUSED, closed_at=NOW),
        a_leg("04", due_at=minutes(1), yellow_at=NOW, state=LegState.WAITING),  # an expected day, no clock runs
    ]))
    with store.db.read() as tx:
        assert [leg.leg for leg in overseeing.late(tx, minutes(15), After(), 9)] == ["01"]
        found = reading.figures(tx, minutes(15))
    assert (found.red, found.yellow) == (1, 1)


def test_figures_tell_what_waits_runs_and_is_held(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=4))
    claimed = store.db.write(lambda tx: leases.claim(tx, Wanted({"water-works": 3}, NOW)))
    store.db.write(lambda tx: leases.settle(tx, claimed[0], Outcome("stuck"), NOW))
    store.db.write(lambda tx: leases.settle(tx, claimed[1], Outcome("unknown"), NOW))
    store.db.write(lambda tx: notices.quarantine(tx, Strange("q", "d", "m", "c", NOW, "t", "{}")))
    with store.db.read() as tx:
        found = reading.figures(tx, minutes(1))
    assert (found.waiting, found.leased) == ({"water-works": 1}, {"water-works": 1})
    assert found.held == {"stuck": 1, "unknown": 1}
    assert (found.oldest_due, found.strange) == (NOW, 1)
    assert found.due_since == {"water-works": NOW}
    assert (found.unfetched, found.size > 10_000) == ({}, True)


def test_what_an_office_has_yet_to_fetch_is_counted_until_it_took_it(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, count=3))
    store.db.write(lambda tx: offers.offer_instead(tx, "water-works", NOW, 9))
    with store.db.read() as tx:
        found = reading.figures(tx, minutes(1))
        first, *_ = offers.after(tx, "water-works", 0)
    assert (found.unfetched, found.offered_since, found.waiting) == ({"water-works": 3}, {"water-works": NOW}, {})
    store.db.write(lambda tx: messages.taken(tx, MessageId(REFERENCE, first.leg, first.type, first.message), NOW))
    with store.db.read() as tx:
        assert reading.unfetched(tx) == [Unfetched("water-works", 2, NOW)]
