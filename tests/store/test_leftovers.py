"""What nobody came back for goes after its time, on both stores, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.inside import SUBJECT, Inside, inside
from desk.agents.mandates import Wish
from desk.errors import UnknownDraft
from desk.staff.acts import Act
from desk.upkeep.guard import failing
from people.accounts import NewAccount
from people.errors import AccountClosed
from people.oidc.person import Person
from people.oidc.ticket import new_ticket
from store import files, identities, mandates, notices
from store.encoding import stamp
from store.engine.opening import Place
from store.errors import UnknownFile
from store.uploads.vault import new_file_id

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
POWER = {"services": ["power"], "outside_line": False, "filer": "legal_rep"}
OFFICE = "power-grid"
PASSWORD = "一句只有我自己知道的很长的话"


@pytest.fixture
def there(place: Place, tmp_path: Path) -> Iterator[Inside]:
    with inside(tmp_path, place.data, place.url, YJS_KEEP_DRAFTS="90") as made:
        yield made


def kept(there: Inside, owner: str = SUBJECT, at: datetime = NOW) -> str:
    return there.desk.keep_file(owner, ("图.pdf", "application/pdf"), [b"x"], at).file


def left(there: Inside, named: list[str]) -> list[bool]:
    """Of which files the row is there; the bytes are there exactly then."""
    with there.house.database.read() as tx:
        rows = files.several(tx, named)
    for file in named:
        if file in rows:
            assert b"".join(there.house.opened.vault.open(file))
        else:
            with pytest.raises(UnknownFile):
                b"".join(there.house.opened.vault.open(file))
    return [file in rows for file in named]


def test_drafts_and_files_that_nobody_came_back_for_are_gone_and_nothing_else(there: Inside) -> None:
    desk = there.desk
    receipt = there.file(POWER, "filed", NOW)
    orphan, theirs, result, drafted = kept(there), kept(there), kept(there, f"department:{OFFICE}"), kept(there)
    named = kept(there, f"department:{OFFICE}")
    young = kept(there, at=NOW + 20 * DAY)
    draft = desk.drafts.open(SUBJECT, "utilities", POWER, NOW)
    desk.drafts.attach(SUBJECT, draft.id, "BL01", [drafted], NOW)
    signed = kept(there)  # by hand, at a counter
    desk.drafts.save(SUBJECT, draft.id, {"consent": {"agreed": True, "sensitive": [], "paper": signed}}, NOW)
    leg = f"{receipt.reference}-03"
    assert there.say(OFFICE, leg, "leg.refused", NOW, reason_code="R1", reason="不符") == "applied"
    assert there.say(OFFICE, leg, "leg.granted", NOW,
                     results=[{"name": "批复", "files": [{"file": named}]}]) == "quarantined"
    filed = [kept(there)]
    there.house.database.write(lambda tx: files.link(tx, receipt.reference, SUBJECT, filed))
    everything = [*filed, named, drafted, signed, young, orphan, theirs, result]
    vault, strays = there.house.opened.vault, [new_file_id(NOW), new_file_id(NOW + 20 * DAY)]
    for file in strays:  # whoever brought them was cut off before there was a row
        vault.put(file, [b"x"])
    desk.sweep(NOW)
    desk.sweep(NOW + 29 * DAY)
    assert all(left(there, everything))
    assert all(map(vault.keys, strays))
    desk.sweep(NOW + 31 * DAY)
    assert left(there, everything) == [True, True, True, True, True, False, False, False]
    assert left(there, strays[:1]) == [False]
    assert vault.keys(strays[1])
    assert desk.drafts.read(SUBJECT, draft.id, NOW).id == draft.id
    desk.sweep(NOW + 91 * DAY)
    assert left(there, everything) == [True, True, False, False, False, False, False, False]
    assert left(there, strays) == [False, False]
    with pytest.raises(UnknownDraft):
        desk.drafts.read(SUBJECT, draft.id, NOW)


def test_what_cannot_be_dropped_or_read_keeps_no_others_and_is_met_again_the_next_day(
        folder: Place, tmp_path: Path) -> None:
    with inside(tmp_path, folder.data, None) as there:
        vault = there.house.opened.vault
        first, second, third = (new_file_id(NOW)[:-2] + end for end in ("aa", "aa", "bb"))
        for file in (second, third):
            vault.put(file, [b"x"])
        stuck = folder.data / "files" / "aa" / first
        stuck.mkdir()  # cannot be unlinked, whoever runs this
        theirs, orphan = kept(there, "reader"), kept(there)
        draft = there.desk.drafts.open("reader", "utilities", POWER, NOW)
        there.house.database.write(lambda tx: tx.run(
            "update drafts set body = :body where draft = :draft", body=b"x" * 40, draft=draft.id))
        for minute in range(3):
            there.desk.sweep(NOW + 31 * DAY + minute * timedelta(minutes=1))
        assert left(there, [second, third]) == [False, False]
        assert left(there, [theirs, orphan]) == [True, False], "what a draft names that does not open, nobody knows"
        with there.house.database.read() as tx:
            assert [one.part for one in failing(tx, NOW + 31 * DAY)] == ["leftovers"], "though the round is over"
        stuck.rmdir()
        vault.put(first, [b"x"])
        there.desk.sweep(NOW + 33 * DAY)
        assert left(there, [first]) == [False]
        with there.house.database.read() as tx:
            assert failing(tx, NOW + 33 * DAY) == ()


def test_while_the_service_is_paused_nothing_goes(there: Inside) -> None:
    orphan = kept(there)
    there.desk.operations.pause(Act("ops", "搬家"), NOW)
    there.desk.sweep(NOW + 40 * DAY)
    assert left(there, [orphan]) == [True]


def test_what_names_files_is_opened_before_the_unit_that_takes_them_away_and_what_comes_meanwhile_counts(
        there: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    receipt = there.file(POWER, "filed", NOW)
    leg, database = f"{receipt.reference}-03", there.house.database
    named, late, drafted, orphan = kept(there, f"department:{OFFICE}"), kept(there, f"department:{OFFICE}"), \
        kept(there), kept(there)
    assert there.say(OFFICE, leg, "leg.refused", NOW, reason_code="R1", reason="不符") == "applied"

    def strange(file: str, at: datetime) -> None:
        assert there.say(OFFICE, leg, "leg.granted", at, results=[{"name": "批复", "files": [{"file": file}]}]
                         ) == "quarantined"

    strange(named, NOW)
    strange(named, NOW + DAY)
    draft = there.desk.drafts.open(SUBJECT, "utilities", POWER, NOW)
    later, write, opened_in = NOW + 31 * DAY, database.write, []

    def meanwhile(unit: Any) -> Any:
        if "_disowned" in unit.__code__.co_names:  # what named them was read just now
            with monkeypatch.context() as free:
                free.setattr(database, "write", write)
                strange(late, later)
                there.desk.drafts.attach(SUBJECT, draft.id, "BL01", [drafted], later)
        with monkeypatch.context() as counted:
            counted.setattr(notices, "opened_entry", lambda tx, row: opened_in.append(row["at"]) or opened(tx, row))
            return write(unit)

    opened = notices.opened_entry
    monkeypatch.setattr(database, "write", meanwhile)
    there.desk._sweeper._leftovers.clear(later)
    assert left(there, [named, late, drafted, orphan]) == [True, True, True, False]
    assert stamp(later) in opened_in
    assert stamp(NOW) not in opened_in, "what was there before is not opened while others wait"


def test_an_account_goes_once_nobody_comes_and_it_holds_nothing_however_it_is_signed_in_to(there: Inside) -> None:
    accounts, write, later = there.house.oidc_accounts, there.house.database.write, NOW + 91 * DAY

    def come(who: str, at: datetime = NOW) -> str:
        return accounts.enter(Person("https://city.example", who, None, f"示例{who}"), new_ticket("", at), at).account

    def added(login: str) -> str:
        return there.house.accounts.add(NewAccount(login, "applicant", "示例", password=PASSWORD), NOW).account

    idle, back, closed, drafts_on, files_on, filed, entrusted, _, earlier = people_ = [
        *(come(who) for who in ("idle", "back", "closed", "drafts", "uploads", "case", "mandate")),
        added("local"), added("earlier")]
    write(lambda tx: tx.run("update accounts set seen_at = null where account = :a", a=earlier))  # by an older version
    there.house.accounts.disable(closed)
    reference = there.file(POWER, "filed", NOW).reference
    write(lambda tx: tx.run("update cases set subject = :s where reference = :r", s=filed, r=reference))
    code, _ = there.desk.mandates.show_code(idle, NOW)
    there.desk.mandates.give(entrusted, Wish(there.desk.mandates.show_code("x", NOW)[0], date(2026, 3, 1)), "key", NOW)
    there.desk.inbox.choose(idle, (), "13800138000")

    def stay(at: datetime) -> list[str]:
        there.desk.sweep(at)
        with there.house.database.read() as tx:
            return [who for who in people_ if tx.rows("select 1 as yes from accounts where account = :a", a=who)]

    assert stay(NOW + 5 * DAY) == people_
    assert stay(NOW + 89 * DAY) == people_
    assert come("back", NOW + 90 * DAY) == back
    there.desk.drafts.open(drafts_on, "utilities", POWER, NOW + 90 * DAY)
    kept(there, files_on, NOW + 90 * DAY)
    assert stay(later) == [back, closed, drafts_on, files_on, filed, entrusted, earlier], "no longer idle and local"
    with there.house.database.read() as tx:
        assert not tx.rows("select * from preferences") and identities.bonds_of(tx, idle) == []
        assert mandates.agent_of(tx, code, NOW) is None
    with pytest.raises(AccountClosed):
        come("closed", later)
    again = come("idle", later)
    assert (again == idle, come("idle", later)) == (False, again)
    assert stay(later + 400 * DAY) == [closed, files_on, filed], "the others hold nothing by now"
    assert stay(later + 402 * DAY) == [closed, filed]
