"""What was erased, closed and taken back stays so, whichever copy of a store is put back; and nothing else goes."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import psycopg
import pytest

from bench.inside import SUBJECT, Inside, inside
from desk.agents.mandates import Wish
from desk.errors import UnknownCase
from desk.staff.acts import Act
from desk.upkeep.watch import Watch
from oversight.ratings import Given, Ratings
from people.accounts import NewAccount
from people.errors import UnknownToken
from people.tokens import Grant
from store import audit, files, identities, marks, ratings, tallies
from store.audit import Entry
from store.chains.proof import verify
from store.copies import journal as journals
from store.copies.again import FORGOTTEN, forgotten, forgotten_by, merely_older, redo
from store.copies.backup import Goal, back_up
from store.copies.journal import REDONE, Journal, Line
from store.copies.restoration import restore
from store.engine.opening import Place, open_store
from store.errors import JournalUnfit
from store.keys import load_keys
from store.port import Tx
from store.sign_in import factors
from tests.shared import Server
from tests.store.everything import readable
from web.inside import VERBS

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=40)
POWER = {"services": ["power"], "outside_line": False, "filer": "legal_rep"}
ACT = Act("ops", "保存期满")
SAID = {"by": "ops", "reason": "离职"}
PASSWORD = "一句只有我自己知道的很长的话"


@pytest.fixture
def there(place: Place, tmp_path: Path) -> Iterator[Inside]:
    with inside(tmp_path, place.data, place.url) as made:
        yield made


@pytest.fixture
def embedded(migrated: Callable[[Path], Path], tmp_path: Path) -> Iterator[Inside]:
    """The same for what no database decides."""
    with inside(tmp_path, migrated(tmp_path / "data")) as made:
        yield made


def quiet(text: str) -> None:
    assert text


def filed(there: Inside, name: str, *, over: bool) -> tuple[str, str]:
    """A case with a paper that names it and an office's words; its reference and query code."""
    receipt = there.file(POWER, name, NOW)
    there.deliver(NOW)
    if over:
        assert there.say("power-grid", f"{receipt.reference}-03", "leg.refused", NOW, reason_code="R1",
                         reason=f"words-of-{name}") == "applied"
    else:
        assert there.say("power-grid", f"{receipt.reference}-03", "leg.remark", NOW, text=f"words-of-{name}")
    paper = there.desk.keep_file(SUBJECT, (f"name-of-{name}.pdf", "application/pdf"), [f"bytes-of-{name}".encode()],
                                 NOW).file
    there.house.database.write(lambda tx: files.link(tx, receipt.reference, SUBJECT, [paper]))
    return receipt.reference, receipt.code


def joined(there: Inside, name: str) -> str:
    """An applicant's account with a draft and an upload; its id."""
    desk = there.desk
    who = there.house.accounts.add(NewAccount(name, "applicant", f"person-{name}", password=PASSWORD), NOW).account
    draft = desk.drafts.open(who, "utilities", POWER, NOW).id
    desk.drafts.save(who, draft, {"form": {"project_name": f"draft-of-{name}"}}, NOW)
    desk.keep_file(who, (f"upload-of-{name}.pdf", "application/pdf"), [f"bytes-of-{name}".encode()], NOW)
    return who


def erase(there: Inside, *references: str) -> None:
    done = there.desk.operations.erasures.erase(references, ACT, LATER)
    assert set(done.values()) == {""}
    there.desk.write_down(LATER)


def copied(there: Inside, tmp_path: Path, place: Place, name: str = "copy") -> Path:
    back_up(place, there.house.opened, there.house.opened.db.cipher, Goal(tmp_path / name), NOW)
    return tmp_path / name


def put_back(copy: Path, tmp_path: Path, server: Server | None) -> Place:
    """The store out of a copy, in a new place, as `flask restore` leaves it; nobody has begun it yet."""
    place = Place(tmp_path / f"back-of-{copy.name}", server.bare() if server else None, patience=1.0)
    opened, _ = restore(place, load_keys(tmp_path / "keys" / "keys"), copy, quiet, LATER)
    try:
        redo(opened, journal_of(tmp_path), datetime.now(UTC), everybodys=True)
    finally:
        opened.close()
    return place


def done_again(place: Place, tmp_path: Path, **how: bool) -> int:
    """What `flask redo` does to a store that other tools put back."""
    opened = open_store(place, load_keys(tmp_path / "keys" / "keys"), quiet)
    try:
        return redo(opened, journal_of(tmp_path), datetime.now(UTC), **how)
    finally:
        opened.close()


def cloned(source: Path, target: Path) -> Path:
    """A data folder by the disk's own tools, marks and all."""
    return shutil.copytree(source, target, ignore=shutil.ignore_patterns("*sock*"))


def journal_of(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "keys" / "keys.journal")


def test_what_was_taken_away_since_a_copy_was_made_is_not_there_when_it_is_put_back(
        there: Inside, place: Place, tmp_path: Path, request: pytest.FixtureRequest,
        caplog: pytest.LogCaptureFixture) -> None:
    house, desk = there.house, there.desk
    (ended, code), (running, _) = filed(there, "ended", over=True), filed(there, "running", over=False)
    kept, kept_code = filed(there, "kept", over=True)
    gone, stays = joined(there, "gone"), joined(there, "stays")
    left = house.accounts.add(NewAccount("li", "operator", "示例运维", password=PASSWORD), NOW).account
    signs_in = house.accounts.add(NewAccount("wang", "operator", "示例审核", password=PASSWORD), NOW)
    house.oidc_accounts.bind(signs_in, ("https://city.example", "sub-1"), NOW)
    token = house.tokens.issue(Grant("operator", left), NOW)
    wish = Wish(desk.mandates.show_code("agent", NOW)[0], date(2026, 3, 1))
    given = desk.mandates.give(stays, wish, "k", NOW).row.mandate
    thrown = desk.drafts.open(stays, "utilities", POWER, NOW).id
    desk.drafts.save(stays, thrown, {"form": {"project_name": "draft-thrown-away"}}, NOW)
    said = Ratings(house.database, desk)
    said.give(SUBJECT, ended, Given("", 1, {}, "bad-words-of-ended"), "rating", NOW)
    copy = copied(there, tmp_path, place)
    said.fix(said.bad(ended, ""), ACT, NOW)
    said.call(said.bad(ended, ""), ACT, NOW)
    assert there.say("power-grid", f"{running}-03", "leg.refused", NOW, reason_code="R1", reason="后来") == "applied"
    erase(there, ended, running)
    house.erase_account(gone, lambda tx: audit.record(tx, Entry(LATER, "applicant", "account.erase", gone)))
    VERBS["account-change"](house, {"login": "li", "change": "disable", **SAID})
    VERBS["account-change"](house, {"login": "wang", "change": "unbind", **SAID})
    VERBS["revoke"](house, {"id": desk.operations.tokens()[0].id, **SAID})
    desk.mandates.revoke(stays, given, LATER)
    desk.drafts.drop(stays, thrown, LATER)
    desk.write_down(LATER)
    house.close()

    back = put_back(copy, tmp_path, request.getfixturevalue("server") if place.url else None)
    with inside(tmp_path, back.data, back.url) as then:
        everything, broken = readable(then.house.opened)
        assert broken == 0
        assert [one for one in ("words-of-ended", "name-of-ended", "bytes-of-ended", code, "bad-words-of-ended",
                                "words-of-running", "name-of-running", "bytes-of-running", "person-gone",
                                "draft-of-gone", "upload-of-gone", "bytes-of-gone", "draft-thrown-away")
                if one.encode() in everything] == []
        assert [one for one in ("words-of-kept", "name-of-kept", "bytes-of-kept", kept_code, "person-stays",
                                "draft-of-stays", "upload-of-stays", "bytes-of-stays")
                if one.encode() not in everything] == []
        again, database = then.desk, then.house.database
        assert again.case_view(SUBJECT, kept, LATER)["reference"] == kept
        for reference in (ended, running):
            with pytest.raises(UnknownCase):
                again.case_view(SUBJECT, reference, LATER)
        with pytest.raises(UnknownToken):
            then.house.tokens.identity(token, NOW)
        found = then.house.accounts.get(left)
        assert found is not None and found.disabled
        assert again.mandates.one("agent", given, LATER).state == "revoked"
        assert (verify(database).holds, list(Watch(database).everything())) == (True, [])
        with database.read() as tx:
            assert identities.bonds_of(tx, signs_in.account) == []
            assert (tallies.drift(tx), ratings.late(tx, LATER)) == ([], (0, 0))
            done = [(one.action, one.target) for one in audit.entries(tx, limit=1000) if one.actor == "platform"]
        assert done == [
            ("case.erase", ended), ("case.erase", running), ("account.erase", gone), ("account.disable", left),
            ("account.unbind", signs_in.account), ("token.revoke", again.operations.tokens()[0].id),
            ("mandate.revoke", given), ("draft.drop", thrown), (REDONE, "store")]
        assert forgotten(database, journal_of(tmp_path)) == [], "it knows all of it now"
        caplog.clear()
        for hours in (0, 48):
            again.sweep(LATER + timedelta(hours=hours))
        assert [one for one in caplog.records if one.levelname == "ERROR"] == []
        assert list(Watch(database).everything()) == []


def disabled(there: Inside, who: str) -> bool:
    found = there.house.accounts.get(who)
    return found is not None and found.disabled


def switch(there: Inside, change: str) -> None:
    VERBS["account-change"](there.house, {"login": "li", "change": change, **SAID})
    there.desk.write_down(LATER)


def test_the_last_word_counts_and_a_word_that_the_store_has_said_since_then_counts_more(
        embedded: Inside, tmp_path: Path) -> None:
    left = embedded.house.accounts.add(NewAccount("li", "operator", "示例运维", password=PASSWORD), NOW).account
    copy = copied(embedded, tmp_path, Place(tmp_path / "data"))
    for change in ("disable", "enable", "disable"):
        switch(embedded, change)
    of_another_host = journal_of(tmp_path).path.read_bytes()
    switch(embedded, "enable")
    embedded.house.close()
    back = put_back(copy, tmp_path, None)
    with inside(tmp_path, back.data) as then:
        assert not disabled(then, left)
        later = copied(then, tmp_path, back, "later")
        switch(then, "disable")
        switch(then, "enable")
    journal_of(tmp_path).path.write_bytes(of_another_host)  # it was down, and has never heard of the copy
    assert done_again(back, tmp_path) == 0
    with inside(tmp_path, back.data) as then:
        assert not disabled(then, left), "here somebody has spoken of it since"
    with inside(tmp_path, put_back(later, tmp_path, None).data) as then:
        assert not disabled(then, left)
        switch(then, "disable")
    assert len({line.hash for line in journal_of(tmp_path).lines()}) == len(journal_of(tmp_path).lines())


def test_a_second_factor_that_was_set_up_since_stays(embedded: Inside, tmp_path: Path) -> None:
    data, house = Place(tmp_path / "data"), embedded.house
    left = house.accounts.add(NewAccount("li", "operator", "示例运维", password=PASSWORD), NOW).account

    def sets_up(there: Inside, since: datetime) -> None:
        there.house.database.write(lambda tx: factors.add_factor(tx, factors.Factor(left, "secret", since, 0)))

    def has_one(there: Inside) -> bool:
        with there.house.database.read() as tx:
            return factors.factor(tx, left) is not None

    embedded.desk.sweep(NOW)
    house.close()
    cloned(data.data, tmp_path / "snapshot")
    with inside(tmp_path, data.data) as live:
        sets_up(live, NOW)
        switch(live, "reset-factor")
    of_another_host = journal_of(tmp_path).path.read_bytes()
    for since, redone_before in ((datetime.now(UTC), False), (NOW, True)):
        shutil.rmtree(data.data)
        cloned(tmp_path / "snapshot", data.data)
        journal_of(tmp_path).path.write_bytes(of_another_host)
        if redone_before:
            assert done_again(data, tmp_path) == 0, "it has none"
        with inside(tmp_path, data.data) as back:
            sets_up(back, since)
        journal_of(tmp_path).path.write_bytes(of_another_host)
        assert done_again(data, tmp_path) == 0
        with inside(tmp_path, data.data) as back:
            assert has_one(back)


def test_what_a_copy_that_is_tried_out_writes_down_is_not_done_where_it_came_from(
        embedded: Inside, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    left = embedded.house.accounts.add(NewAccount("li", "operator", "示例运维", password=PASSWORD), NOW).account
    copy = copied(embedded, tmp_path, Place(tmp_path / "data"))
    switch(embedded, "disable")
    switch(embedded, "enable")
    with inside(tmp_path, put_back(copy, tmp_path, None).data) as tried:
        for change in ("disable", "enable"):
            switch(embedded, change)
        assert forgotten(tried.house.database, journal_of(tmp_path)) == [], "nor what is done there from now on"
        switch(tried, "disable")
    embedded.desk.sweep(LATER)
    embedded.house.close()
    assert done_again(Place(tmp_path / "data"), tmp_path) == 0
    with inside(tmp_path, tmp_path / "data") as there:
        assert not disabled(there, left)
    assert [one.getMessage() for one in caplog.records if one.name == "yijianshi.journal"] == []


def test_what_is_erased_in_a_clone_by_other_tools_stays_where_it_was_cloned_from(
        there: Inside, place: Place, tmp_path: Path, request: pytest.FixtureRequest,
        caplog: pytest.LogCaptureFixture) -> None:
    over, running = filed(there, "over", over=True)[0], filed(there, "running", over=False)[0]
    there.desk.sweep(NOW)
    there.house.close()
    clone = Place(tmp_path / "clone", request.getfixturevalue("server").like() if place.url else None)
    if not place.url:
        cloned(place.data, clone.data)
    with inside(tmp_path, place.data, place.url) as live:
        assert live.desk.sweep(NOW)
        with inside(tmp_path, clone.data, clone.url) as tried:
            tried._said = 100
            tried.say("power-grid", f"{running}-03", "leg.refused", NOW, reason_code="R1", reason="x")
            erase(tried, over, running)
        now = live.house.clock.now()
        live.house.database.write(lambda tx: audit.record(tx, Entry(now, "a", "token.revoke", "t")))
        live.desk.sweep(LATER)
        with inside(tmp_path, clone.data, clone.url) as tried:
            tried.house.database.write(lambda tx: audit.record(tx, Entry(now, "a", "token.revoke", "u")))
            tried.desk.write_down(now)
        live.desk.sweep(LATER + timedelta(minutes=1))
        assert [line.target for line in journal_of(tmp_path).lines()] == [over, running, "t", "u"]
        with live.house.database.read() as tx:
            assert not journals.lags(tx, journal_of(tmp_path), now + timedelta(hours=1))
        assert forgotten(live.house.database, journal_of(tmp_path)) == []
    assert done_again(place, tmp_path) == 0
    with inside(tmp_path, place.data, place.url) as live:
        assert [live.desk.case_view(SUBJECT, one, LATER)["reference"] for one in (over, running)] == [over, running]
    assert "redo" not in caplog.text


def test_a_store_that_other_tools_put_back_is_left_alone_until_somebody_says_that_it_was(
        embedded: Inside, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    data = Place(tmp_path / "data")
    one, two, three = (filed(embedded, name, over=True)[0] for name in ("one", "two", "three"))
    embedded.desk.sweep(NOW)
    embedded.house.close()
    cloned(data.data, tmp_path / "snapshot")
    with inside(tmp_path, data.data) as live:
        erase(live, one)
    for goes_on in (False, True):
        shutil.rmtree(data.data)
        cloned(tmp_path / "snapshot", data.data)
        with inside(tmp_path, data.data) as back:
            assert back.desk.case_view(SUBJECT, one, LATER)["reference"] == one
            assert "`flask redo` (--dry-run" in caplog.text and "`flask redo --none`" in caplog.text
            back.desk.sweep(back.house.clock.now())
            assert "flask redo --none" in back.app.test_client().get("/readyz").text
            with back.house.database.read() as tx:
                assert marks.get(tx, FORGOTTEN) is not None
            if goes_on:
                erase(back, two)
        assert done_again(data, tmp_path) == 1
        caplog.clear()
        with inside(tmp_path, data.data) as back:
            with pytest.raises(UnknownCase):
                back.desk.case_view(SUBJECT, one, LATER)
            assert back.desk.case_view(SUBJECT, three, LATER)["reference"] == three
            with back.house.database.read() as tx:
                assert marks.get(tx, FORGOTTEN) is None
        assert "flask redo" not in caplog.text
    shutil.rmtree(data.data)
    cloned(tmp_path / "snapshot", data.data)
    assert done_again(data, tmp_path, only_note=True) == 0
    assert done_again(data, tmp_path) == 0
    with inside(tmp_path, data.data) as back:
        assert back.desk.case_view(SUBJECT, one, LATER)["reference"] == one


def test_a_store_that_moved_elsewhere_since_a_copy_was_made_is_known_to_the_copy(
        embedded: Inside, tmp_path: Path) -> None:
    one, two = (filed(embedded, name, over=True)[0] for name in ("one", "two"))
    embedded.desk.sweep(NOW)
    copy = copied(embedded, tmp_path, Place(tmp_path / "data"))
    embedded.house.close()
    cloned(tmp_path / "data", tmp_path / "first")
    cloned(tmp_path / "data", tmp_path / "snapshot")
    with inside(tmp_path, tmp_path / "first") as there:
        erase(there, one)
    assert forgotten_by(copy, load_keys(tmp_path / "keys" / "keys"), journal_of(tmp_path)) == (1, 1)
    assert done_again(Place(tmp_path / "snapshot"), tmp_path) == 0, "that may be a copy where it was only tried out"
    assert done_again(Place(tmp_path / "snapshot"), tmp_path, everybodys=True) == 1
    for place in (Place(tmp_path / "snapshot"), put_back(copy, tmp_path, None)):
        with inside(tmp_path, place.data) as there:
            assert there.desk.case_view(SUBJECT, two, LATER)["reference"] == two
            with pytest.raises(UnknownCase):
                there.desk.case_view(SUBJECT, one, LATER)


def test_a_start_on_an_empty_place_beside_the_journal_keeps_the_store_neither_out_nor_ignorant(
        embedded: Inside, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    data = Place(tmp_path / "data")
    one, two = (filed(embedded, name, over=True)[0] for name in ("one", "two"))
    embedded.desk.sweep(NOW)
    embedded.house.close()
    cloned(data.data, tmp_path / "snapshot")
    with inside(tmp_path, data.data) as live:
        erase(live, one)
    data.data.rename(tmp_path / "unmounted")
    caplog.clear()
    with inside(tmp_path, data.data) as empty:
        empty.desk.sweep(LATER)
        empty.house.database.write(lambda tx: audit.record(tx, Entry(LATER, "a", "case.erase", two)))
        empty.desk.sweep(LATER)
    shutil.rmtree(data.data)
    (tmp_path / "unmounted").rename(data.data)
    assert done_again(data, tmp_path) == 0
    with inside(tmp_path, data.data) as live:
        assert live.desk.case_view(SUBJECT, two, LATER)["reference"] == two
    assert "flask redo" not in caplog.text
    shutil.rmtree(data.data)
    cloned(tmp_path / "snapshot", data.data)
    assert done_again(data, tmp_path) == 1
    with inside(tmp_path, data.data) as back, pytest.raises(UnknownCase):
        back.desk.case_view(SUBJECT, one, LATER)


def test_a_catching_up_that_was_cut_off_goes_on_where_it_stopped(
        embedded: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [filed(embedded, name, over=True)[0] for name in ("one", "two")]
    copy = copied(embedded, tmp_path, Place(tmp_path / "data"))
    erase(embedded, *names)
    embedded.house.close()
    record, seen = audit.record, list[str]()

    def dies(tx: Tx, entry: Entry) -> int:
        seen.append(entry.target)
        if entry.target == names[1]:
            raise KeyboardInterrupt
        return record(tx, entry)

    monkeypatch.setattr(audit, "record", dies)
    with pytest.raises(KeyboardInterrupt):
        put_back(copy, tmp_path, None)
    monkeypatch.undo()
    assert done_again(Place(tmp_path / "back-of-copy"), tmp_path) == 1
    with inside(tmp_path, tmp_path / "back-of-copy") as then:
        everything, _ = readable(then.house.opened)
        assert b"words-of-one" not in everything and b"words-of-two" not in everything
        assert verify(then.house.database).holds
    assert seen == names


def test_a_line_that_was_cut_off_is_written_again_and_a_damaged_one_is_said(
        embedded: Inside, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal, house, desk = journal_of(tmp_path), embedded.house, embedded.desk
    assert journal.last() is None and journal.path.stat().st_mode & 0o077 == 0
    house.database.write(lambda tx: [audit.record(tx, Entry(NOW, "a", "token.revoke", f"t{n}")) for n in range(1200)])
    house.database.write(lambda tx: audit.record(tx, Entry(NOW, "a", "backup", "b")))
    desk.write_down(NOW)
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole[:-5])
    last = journal.last()
    assert last is not None and last.target == "t1198"
    desk.write_down(NOW)
    assert journal.path.read_bytes() == whole and len(journal.lines()) == 1200
    journal.path.write_bytes(whole.replace(b'"t7"', b'"t7'))
    with pytest.raises(JournalUnfit, match="第 8 行已损坏"):
        journal.lines()
    house.close()
    with inside(tmp_path, tmp_path / "data") as there:
        there.desk.sweep(there.house.clock.now())
        said = there.app.test_client()
        assert "第 8 行已损坏" in caplog.text and "有一行已损坏" in said.get("/readyz").text
        journal.path.write_bytes(b"".join(line for line in whole.splitlines(True) if b'"t7"' not in line))
        assert "有一行已损坏" not in said.get("/readyz").text


def test_a_journal_that_cannot_be_written_is_said_and_what_is_erased_is_erased(
        embedded: Inside, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal, database = journal_of(tmp_path), embedded.house.database
    reference, _ = filed(embedded, "one", over=True)
    journal.path.unlink()
    journal.path.mkdir()
    erase(embedded, reference)
    assert "cannot be written" in caplog.text

    def lags(at: datetime) -> bool:
        with database.read() as tx:
            return journals.lags(tx, journal, at)

    assert lags(LATER)
    journal.path.rmdir()
    journal.path.touch()
    assert (lags(LATER), lags(LATER + timedelta(hours=1))) == (False, True)
    embedded.desk.sweep(LATER)
    assert [line.target for line in journal.lines()] == [reference] and not lags(LATER + timedelta(hours=1))


def test_where_nobody_could_write_down_what_is_erased_it_is_said_and_nobody_is_kept_out(
        migrated: Callable[[Path], Path], tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "elsewhere").mkdir()
    data, said = migrated(tmp_path / "data"), "没有写进删除记录(YJS_JOURNAL)"
    with inside(tmp_path, data, YJS_JOURNAL=str(tmp_path / "elsewhere")) as there:
        assert there.desk and "cannot be written: Is a directory" in caplog.text
        there.desk.sweep(there.house.clock.now())
        assert said in there.app.test_client().get("/readyz").text
    with inside(tmp_path, data, YJS_JOURNAL=str(tmp_path / "elsewhere" / "journal")) as there:
        there.desk.sweep(there.house.clock.now())
        assert said not in there.app.test_client().get("/readyz").text
        assert (tmp_path / "elsewhere" / "journal").exists() and not journal_of(tmp_path).path.exists()


def test_a_journal_that_is_damaged_or_has_no_room_keeps_nobody_out(
        embedded: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    embedded.house.database.write(lambda tx: audit.record(tx, Entry(NOW, "a", "token.revoke", "t")))
    embedded.house.close()
    journal_of(tmp_path).path.write_bytes(b"{no line\n")
    with inside(tmp_path, tmp_path / "data") as there:
        assert there.desk and "已损坏" in caplog.text
        strange = Line(10 ** 30, "", "", "token.revoke", "t")  # a number that no database has
        journal_of(tmp_path).path.write_text(f"{json.dumps(asdict(strange))}\n")
        caplog.clear()
        erase(there, filed(there, "one", over=True)[0])
        assert "cannot be written: OverflowError" in caplog.text
    with inside(tmp_path, tmp_path / "data") as there:
        assert there.desk and "not there" not in caplog.text
    journal_of(tmp_path).path.unlink()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Journal, "add", full)  # as no disk of a test is full for one file alone
    with inside(tmp_path, tmp_path / "data") as there:
        assert there.desk and "No space left" in caplog.text and "not there" in caplog.text


def test_a_server_that_does_not_say_which_one_it_is_has_a_journal_all_the_same(
        server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute("revoke execute on function pg_control_system() from public")
        connection.execute("create role plain login")
        connection.execute("grant all on all tables in schema public to plain")
    url = re.sub("//[^@/]*", "//plain", server.url)
    try:
        with inside(tmp_path, tmp_path / "data", url) as there:
            one, two = (filed(there, name, over=True)[0] for name in ("one", "two"))
            erase(there, one)
            there.desk.sweep(there.house.clock.now())
            assert len(journal_of(tmp_path).lines()) == 1
            assert caplog.text.count("does not say which cluster it is") == 1
            assert "原因见日志" not in there.app.test_client().get("/readyz").text
            with psycopg.connect(server.url) as connection:
                connection.execute("grant execute on function pg_control_system() to plain")
            erase(there, two)
            assert len({line.store for line in journal_of(tmp_path).lines()}) == 2, "it has a name that holds now"
            assert forgotten(there.house.database, journal_of(tmp_path)) == []
    finally:
        with psycopg.connect(server.url) as connection:
            connection.execute("drop owned by plain")
            connection.execute("drop role plain")
            connection.execute("grant execute on function pg_control_system() to public")
        server.empty()


def test_who_keeps_the_journal_to_themselves_keeps_no_portal_from_starting_or_erasing(
        embedded: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    reference, journal = filed(embedded, "one", over=True)[0], journal_of(tmp_path)
    embedded.house.close()
    monkeypatch.setattr(journals, "_PATIENCE", 0.0)
    with journal.held():
        with inside(tmp_path, tmp_path / "data") as there:
            assert there.desk and "被别的进程占用" in caplog.text, "it has begun"
            erase(there, reference)
            assert there.desk.sweep(LATER)
        with pytest.raises(JournalUnfit, match="flask redo"):
            done_again(Place(tmp_path / "data"), tmp_path)
    assert journal.lines() == []
    assert done_again(Place(tmp_path / "data"), tmp_path) == 0
    assert [line.target for line in journal.lines()] == [reference]


@pytest.mark.parametrize("found", [b'{"index": "AAAA", "keys": ["BBBB"]}', b"whsec_c2VjcmV0", b"\0" * 5_000 + b"x",
                                   b"{" * 2**21])
def test_a_file_that_is_no_journal_is_not_written_over(
        embedded: Inside, tmp_path: Path, found: bytes, caplog: pytest.LogCaptureFixture) -> None:
    journal = journal_of(tmp_path)
    embedded.house.database.write(lambda tx: audit.record(tx, Entry(NOW, "a", "token.revoke", "t")))
    journal.path.write_bytes(found)
    embedded.desk.write_down(NOW)
    as_it_was = journal.path.read_bytes() == found
    assert as_it_was and "YJS_JOURNAL" in caplog.text


def test_what_is_no_file_is_no_journal_and_is_not_read_for_ever(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.path.symlink_to("/dev/zero")
    for reads in (journal.lines, journal.last, lambda: journal.add([])):
        with pytest.raises(JournalUnfit, match="YJS_JOURNAL"):
            reads()


@pytest.mark.parametrize("left", [b"", b'{"n": 7, "ha'])
def test_zeros_that_a_disk_left_at_the_end_are_cut_off_whole(embedded: Inside, tmp_path: Path, left: bytes) -> None:
    journal, database = journal_of(tmp_path), embedded.house.database
    for target in ("before", "after"):
        entry = Entry(NOW, "a", "token.revoke", target)
        database.write(partial(audit.record, entry=entry))
        embedded.desk.write_down(NOW)
        if target == "before":
            with journal.path.open("ab") as stream:
                stream.write(left + b"\0" * 9_000)
            last = journal.last()
            assert last is not None and last.target == target
    assert [line.target for line in journal.lines()] == ["before", "after"]
    assert b"\0" not in journal.path.read_bytes()


def test_a_journal_that_root_makes_is_the_services(tmp_path: Path) -> None:
    folder = tmp_path / "of-the-service"
    folder.mkdir(0o700)
    if not os.geteuid():
        os.chown(folder, 1234, 1234)
    with Journal(folder / "journal").held():
        made = (folder / "journal").stat()
    assert (made.st_uid, made.st_gid) == (folder.stat().st_uid, folder.stat().st_gid)


def test_a_journal_that_is_copied_right_behind_a_backup_knows_all_that_is_in_it(
        embedded: Inside, tmp_path: Path) -> None:
    embedded.house.accounts.add(NewAccount("li", "operator", "示例运维", password=PASSWORD), NOW)
    embedded.house.tokens.issue(Grant("operator", "li"), NOW)
    for verb, asked, act in (
            ("account-change", {"login": "li", "change": "disable"}, "account.disable"),
            ("revoke", {"id": embedded.desk.operations.tokens()[0].id}, "token.revoke")):
        VERBS[verb](embedded.house, {**asked, **SAID})
        written = journal_of(tmp_path).last()
        assert written is not None and written.action == act, "the command says done, and a copy may be put back now"
    copy = copied(embedded, tmp_path, Place(tmp_path / "data"))
    VERBS["note"](embedded.house, {"action": "backup", "target": "copy", **SAID})
    assert forgotten_by(copy, embedded.house.database.cipher, journal_of(tmp_path)) == (0, 0)


def test_a_journal_that_does_not_know_the_copy_is_not_its_own(embedded: Inside, tmp_path: Path) -> None:
    cipher, journal = embedded.house.database.cipher, journal_of(tmp_path)
    one, two, three = (filed(embedded, name, over=True)[0] for name in ("one", "two", "three"))
    first = copied(embedded, tmp_path, Place(tmp_path / "data"), "first")
    erase(embedded, one)
    early = journal.path.read_bytes()
    erase(embedded, two)
    copy = copied(embedded, tmp_path, Place(tmp_path / "data"))
    erase(embedded, three)
    assert forgotten_by(first, cipher, journal) == (3, 0)
    assert forgotten_by(copy, cipher, journal) == (1, 0)
    journal.path.write_bytes(early)
    with pytest.raises(JournalUnfit, match=r"最后的几项.*没有更新的，请加 --without-journal"):
        forgotten_by(copy, cipher, journal)
    assert merely_older(copy, cipher, journal) and not merely_older(first, cipher, journal)
    strange = Line(1, "x", "2026", "case.erase", "y")
    journal.path.write_text(json.dumps(asdict(strange)) + "\n")
    with pytest.raises(JournalUnfit, match=r"不是这份数据的.*没有更新的，请加 --without-journal"):
        forgotten_by(copy, cipher, journal)
    journal.path.write_bytes(b"")
    assert not merely_older(copy, cipher, journal), "nobody knows what it was"
    journal.path.unlink()
    for made in (copy, first):
        assert not merely_older(made, cipher, journal)
        with pytest.raises(JournalUnfit, match=r"放回.*--without-journal"):
            forgotten_by(made, cipher, journal)
