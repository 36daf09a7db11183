"""What a department that fetches may read, on both stores: what is addressed to it, as long as that stands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.applicant import CATALOG
from bench.inside import SUBJECT, Inside, inside
from desk.applicants.afterwards import Withdrawal
from desk.errors import UnknownFile, UnknownLeg
from desk.staff.acts import Act
from store import files
from store.copies.backup import Goal, back_up
from store.copies.restoration import restore
from store.engine.opening import Place
from tests.store.lists import PULL, changed_list

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ALONE = {"services": ["power"], "outside_line": False, "filer": "legal_rep"}
BEHIND = {**CATALOG.bundles["utilities"].figures, "services": ["power"]}  # power waits for the way below the road
OFFICE = "power-grid"
CURSORS_END = 10**15  # the API takes no larger one


def portal(place: Place, folder: Path, *lines: str) -> AbstractContextManager[Inside]:
    """A portal with these lines added to the entry of the power grid."""
    return inside(folder, place.data, place.url, YJS_DEPARTMENTS=str(changed_list(folder, OFFICE, *lines)))


@pytest.fixture
def there(place: Place, tmp_path: Path) -> Iterator[Inside]:
    """A portal whose power grid fetches."""
    with portal(place, tmp_path, PULL) as made:
        yield made


def withdraw(there: Inside, reference: str, key: str = "w") -> None:
    there.desk.afterwards.withdraw(SUBJECT, reference, Withdrawal(None, "不办了"), key, NOW)


def state(there: Inside, reference: str) -> str:
    legs = there.desk.case_view(SUBJECT, reference, LATER)["legs"]
    return str(next(leg["state"] for leg in legs if leg["leg"] == "03"))


def ways_to_read(there: Inside, leg: str, cursor: int, read_code: str) -> tuple[Callable[[], object], ...]:
    return (lambda: there.desk.feed.fetch(OFFICE, leg, LATER),
            lambda: there.desk.feed.message(OFFICE, leg, cursor, LATER),
            lambda: there.desk.feed.taken(OFFICE, leg, read_code, LATER))


def test_a_leg_that_was_withdrawn_before_anybody_read_it_is_nobodys_to_read(there: Inside) -> None:
    other = there.file(ALONE, "other", NOW)
    code = there.desk.feed.fetch(OFFICE, f"{other.reference}-03", NOW)["read_code"]
    receipt = there.file(ALONE, "k", NOW)
    leg = f"{receipt.reference}-03"
    line = there.desk.feed.after(OFFICE, 0, 100)[-1]
    assert line["leg"] == leg
    withdraw(there, receipt.reference)
    assert [one["leg"] for one in there.desk.feed.after(OFFICE, 0, 100)] == [f"{other.reference}-03"]
    for read in ways_to_read(there, leg, line["cursor"], code):
        with pytest.raises(UnknownLeg):
            read()
    assert state(there, receipt.reference) == "withdrawn"


def test_what_an_office_has_spoken_of_or_will_never_get_is_no_news_for_its_officers(there: Inside) -> None:
    spoken, gone = there.file(ALONE, "spoken", NOW), there.file(ALONE, "gone", NOW)
    leg = f"{spoken.reference}-03"
    assert there.desk.officers.sizes(OFFICE) == (2, 2)
    there.desk.feed.fetch(OFFICE, leg, NOW)  # its program reads it, and accepts it without a word that it has it
    there.say(OFFICE, leg, "leg.accepted", LATER)
    withdraw(there, gone.reference)
    assert there.desk.officers.sizes(OFFICE) == (1, 0)
    assert there.desk.officers.fresh(OFFICE, None, LATER).lines == ()
    assert not there.desk.officers.sheet(OFFICE, leg, LATER).fresh


def test_a_leg_that_was_read_before_it_was_withdrawn_stays_as_it_was_read_and_the_department_is_told(
        there: Inside) -> None:
    receipt = there.file(ALONE, "k", NOW)
    leg = f"{receipt.reference}-03"
    read = there.desk.feed.fetch(OFFICE, leg, NOW)
    withdraw(there, receipt.reference)
    assert [line["type"] for line in there.desk.feed.after(OFFICE, 0, 100)] == ["leg.filed", "leg.withdrawn"]
    assert there.desk.feed.fetch(OFFICE, leg, LATER) == read
    there.desk.feed.taken(OFFICE, leg, read["read_code"], LATER)
    assert there.say(OFFICE, leg, "leg.withdraw_confirmed", LATER) == "applied"
    assert there.desk.feed.fetch(OFFICE, leg, LATER) == read


@pytest.mark.parametrize("lines", [(PULL,), ()], ids=["fetches", "is pushed to"])
def test_a_leg_that_waits_for_another_is_not_read_by_its_office_before_its_turn(
        place: Place, tmp_path: Path, lines: tuple[str, ...]) -> None:
    with portal(place, tmp_path, *lines) as there:
        receipt = there.file(BEHIND, "k", NOW)
        assert state(there, receipt.reference) == "waiting"
        with pytest.raises(UnknownLeg):
            there.desk.feed.fetch(OFFICE, f"{receipt.reference}-03", NOW)
        withdraw(there, receipt.reference)
        assert state(there, receipt.reference) == "withdrawn"
        with pytest.raises(UnknownLeg):
            there.desk.feed.fetch(OFFICE, f"{receipt.reference}-03", LATER)


def test_an_office_that_is_pushed_to_reads_a_leg_once_it_has_it(place: Place, tmp_path: Path) -> None:
    with portal(place, tmp_path) as there:
        receipt = there.file(ALONE, "k", NOW)
        leg = f"{receipt.reference}-03"
        with pytest.raises(UnknownLeg):
            there.desk.feed.fetch(OFFICE, leg, NOW)
        assert there.deliver(NOW) == 1
        assert there.desk.feed.fetch(OFFICE, leg, LATER)["leg"] == leg


def open_to(there: Inside, reference: str) -> set[str]:
    """The files of a case that the power grid may open."""
    with there.house.database.read() as tx:
        kept = files.of_case(tx, reference)
    found = set()
    for row in kept:
        with suppress(UnknownFile):
            info, content = there.desk.open_department_file(OFFICE, row.file)
            assert len(b"".join(content)) == info.size
            found.add(info.file)
    return found


def test_the_papers_of_a_leg_are_open_to_its_office_from_its_turn_on(there: Inside) -> None:
    receipt = there.file(BEHIND, "k", NOW)
    assert open_to(there, receipt.reference) == set()
    there.deliver(NOW)
    office = next(leg.department for leg in receipt.legs if leg.leg.endswith("-08"))
    assert there.say(office, f"{receipt.reference}-08", "leg.granted", NOW, results=[]) == "applied"
    data = there.desk.feed.fetch(OFFICE, f"{receipt.reference}-03", LATER)
    named = {file["url"].rsplit("/", 1)[1] for paper in data["materials"] for file in paper["files"]}
    assert open_to(there, receipt.reference) == named != set()


def test_every_line_of_the_feed_is_of_the_message_whose_key_it_has(there: Inside) -> None:
    receipt = there.file(ALONE, "k", NOW)
    leg = f"{receipt.reference}-03"
    there.desk.feed.taken(OFFICE, leg, there.desk.feed.fetch(OFFICE, leg, NOW)["read_code"], NOW)
    withdraw(there, receipt.reference)
    assert there.say(OFFICE, leg, "leg.withdraw_rejected", NOW, reason="已开工") == "applied"
    withdraw(there, receipt.reference, "again")
    lines = there.desk.feed.after(OFFICE, 0, 100)
    keys = [there.desk.feed.message(OFFICE, leg, line["cursor"], LATER)["key"] for line in lines]
    assert keys == [f"{leg}:{which}" for which in ("leg.filed:1", "leg.withdrawn:1", "leg.withdrawn:2")]
    assert json.dumps(lines).count(leg) == 3


def test_after_a_restore_an_office_sees_behind_its_cursor_what_it_has_not_taken_and_all_that_is_new(
        there: Inside, place: Place, tmp_path: Path) -> None:
    taken, unread = (there.file(ALONE, key, NOW).reference for key in ("k1", "k2"))
    there.desk.feed.taken(OFFICE, f"{taken}-03", there.desk.feed.fetch(OFFICE, f"{taken}-03", NOW)["read_code"], NOW)
    opened = there.house.opened
    back_up(place, opened, opened.db.cipher, Goal(tmp_path / "copy"), NOW)
    there.file(ALONE, "lost", NOW)
    cursor = there.desk.feed.after(OFFICE, 0, 100)[-1]["cursor"]
    back, _ = restore(Place(tmp_path / "back"), opened.db.cipher, tmp_path / "copy", lambda said: None, LATER)
    back.close()
    listed = changed_list(tmp_path, OFFICE, PULL)
    with inside(tmp_path, tmp_path / "back", YJS_DEPARTMENTS=str(listed)) as again:
        again.desk.operations.resume(Act("operator:1", "已核对"), LATER)
        fresh = again.file(ALONE, "k3", LATER).reference
        seen = again.desk.feed.after(OFFICE, cursor, 100)
        assert [line["leg"] for line in seen] == [f"{unread}-03", f"{fresh}-03"]
        keys = [again.desk.feed.message(OFFICE, line["leg"], line["cursor"], LATER)["key"] for line in seen]
        assert keys == [f"{unread}-03:leg.filed:1", f"{fresh}-03:leg.filed:1"]
        assert seen[-1]["cursor"] < CURSORS_END
