"""A store that an earlier version wrote is brought to today's layout with nothing lost."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row
from sqlite_utils import Database as Tables

from people.halfway import Asks, Halfway
from store import cases, endings, leases, messages, offers, people
from store.choosing import Wanted
from store.cipher import Cipher
from store.copies.backup import MANIFEST, Copied, digest
from store.copies.restoration import restore
from store.encoding import squeeze, stamp
from store.engine.changes import EIGHTH, ELEVENTH, FIFTH, FOURTH, NINTH, SECOND, SEVENTH, SIXTH, TENTH, THIRD
from store.engine.migrations import MIGRATIONS, run_all
from store.engine.opening import Place, open_store
from store.engine.postgres import PostgresTx
from store.engine.postgres_schema import PostgresSchema
from store.engine.schema import FIRST
from store.engine.sqlite import FILE, SqliteTx
from store.errors import StoreUnavailable
from store.failpoints import arm
from store.leases import Attempt, Outcome
from store.messages import MessageId
from store.port import Tx
from store.sealing import seal
from tests.store.samples import NOW, REFERENCE, a_case, file_case, message_of, minutes

LETTER = '{"示例":"正文"}'.encode()
OFFERED = ("leg.filed", "leg.supplemented", "leg.withdrawn", "leg.supplemented", "leg.withdrawn")
SENT, NEW = (MessageId(REFERENCE, leg, "leg.filed", 1) for leg in ("01", "02"))


@pytest.fixture
def before(tmp_path: Path, cipher: Cipher) -> SqliteTx:
    """A store of the second layout: one message was answered 503 and is being sent again, another never left."""
    tables = Tables(tmp_path / "old.sqlite3")
    run_all(tables, (*FIRST, *SECOND))
    at = stamp(NOW)
    tables.execute("insert into editions values ('e1', 'utilities', 'zh', x'00', ?)", [at])
    tables.execute("insert into plans values ('p1', x'00')")
    tables.execute("insert into cases values (?, 's', 'utilities', 'e1', 'p1', ?, x'00', x'00', null, null, null)",
                   [REFERENCE, at])
    body = cipher.seal(squeeze(LETTER), f"messages:body:{SENT.key}")
    for which, state, count, kept in ((SENT, "leased", 2, body), (NEW, "due", 0, None)):
        tables.execute("insert into messages values"
                       " (?, ?, ?, 1, ?, 'water', 'water', ?, null, ?, ?, ?, ?, null, ?, null, null, '')",
                       [REFERENCE, which.leg, which.type, which.key, state, at, count, kept, kept and "1", count])
    for number, ended, outcome in ((1, stamp(minutes(1)), "again"), (2, None, None)):
        tables.execute("insert into attempts values (?, '01', 'leg.filed', 1, ?, 'send', ?, ?, ?, ?, 503, '', null)",
                       [REFERENCE, number, number, stamp(minutes(number)), ended, outcome])
    for n, type_ in enumerate(OFFERED, 1):
        for office, leg in (("water", "01"), ("gas", "02")):
            tables.execute("insert into offers values (?, ?, ?, ?, ?, ?, null)", [office, n, REFERENCE, leg, type_, at])
    tables.conn.commit()
    run_all(tables, (*THIRD, *FOURTH, *FIFTH, *SIXTH, *SEVENTH, *EIGHTH, *NINTH, *TENTH, *ELEVENTH))
    tables.conn.commit()
    tables.conn.execute("begin")
    return SqliteTx(tables, cipher)


def test_frozen_bodies_are_read_as_they_were(before: Tx) -> None:
    kept = messages.of_case(before, REFERENCE)
    assert messages.bodies(before, kept) == {SENT: LETTER}
    assert [row["mapping"] for row in before.rows("select mapping from bodies")] == ["1"]


def test_the_attempt_that_runs_still_runs_and_ends_as_every_other(before: Tx) -> None:
    first, running = leases.attempts_of(before, message_of(before, SENT))
    assert (first.outcome, first.ended_at) == ("again", minutes(1))
    assert running == Attempt(2, "send", minutes(2))
    assert leases.void_leases(before, minutes(3)) == [SENT]
    ended = leases.attempts_of(before, message_of(before, SENT))
    assert [(one.attempt, one.outcome, one.started_at) for one in ended] == [
        (1, "again", minutes(1)), (2, "unknown", minutes(2))]


def test_what_never_left_is_sent_as_if_nothing_had_been(before: Tx) -> None:
    before.run("update messages set next_at = :at where leg = '02'", at=stamp(NOW))
    one, = leases.claim(before, Wanted({"water": 3}, NOW))
    leases.begin(before, [one], [messages.enclosed(before.cipher, {NEW: LETTER}, "2")])
    leases.settle(before, one, Outcome("done", "received"), minutes(1))
    assert messages.bodies(before, messages.of_case(before, REFERENCE)) == {SENT: LETTER, NEW: LETTER}
    assert [one.outcome for one in leases.attempts_of(before, message_of(before, NEW))] == ["received"]


def test_offers_name_the_messages_that_they_stood_for(before: Tx) -> None:
    for leg in ("01", "02"):
        assert [one.message for one in offers.of_leg(before, REFERENCE, leg)] == [1, 1, 1, 2, 2]


def test_cases_that_ended_before_are_judged_like_those_that_end_now(before: Tx) -> None:
    before.run("update cases set closed_at = :at", at=stamp(minutes(9)))
    before.run("insert into legs (reference, leg, matter, department, office, state, n, since, filed_at, due_rank,"
               " provisional, seq, next_actor, waits, due_at)"
               " values (:r, '01', 'm', 'water', 'water', 'granted', 1, :at, :at, '~', 0, 0, '', '', :due)",
               r=REFERENCE, at=stamp(NOW), due=stamp(minutes(5)))
    before.run("insert into events (reference, n, leg, type, at, actor, filled, digest, prev, hash)"
               " values (:r, 1, '01', 'leg.granted', :at, 'd', 0, '', '', '')", r=REFERENCE, at=stamp(minutes(6)))
    found = endings.unjudged(before, 9)
    endings.note(before, found)
    assert [(one.reference, one.how) for one in found] == [(REFERENCE, endings.LATE)]
    assert (endings.unjudged(before, 9), endings.recount(before)) == ([], {("ended", "utilities|late"): 1})


BEFORE = "0009_lists_of_what_is_open"


@pytest.fixture(params=["sqlite", "postgres"])
def older(request: pytest.FixtureRequest, tmp_path: Path, cipher: Cipher) -> Place:
    """Where a store of the layout before the last is, with one case."""
    if request.param == "sqlite":
        place = Place(tmp_path / "data", patience=1.0)
        place.data.mkdir(mode=0o700)
        tables = Tables(place.data / FILE)
        MIGRATIONS.apply(tables, stop_before=BEFORE)
        with tables.conn:
            tables.conn.execute("begin")
            file_as_then(SqliteTx(tables, cipher), tables.conn.execute)
            hire(SqliteTx(tables, cipher))
        tables.close()
        return place
    url = request.getfixturevalue("server").bare()
    with psycopg.connect(url) as server:
        MIGRATIONS.apply(PostgresSchema(server), stop_before=BEFORE)  # type: ignore[arg-type]
    with psycopg.connect(url, row_factory=dict_row) as server:
        file_as_then(PostgresTx(server, cipher), server.execute)
        hire(PostgresTx(server, cipher))
    return Place(tmp_path / "data", url, patience=5.0)


def file_as_then(tx: Tx, run: Callable[[str], object]) -> None:
    """A case as earlier versions stored it: without what its legs have by today."""
    since = {"stalls_at": "text", "beyond": "integer not null default 0", "beyond_at": "text", "owed_at": "text"}
    for name, kind in since.items():
        run(f"alter table legs add column {name} {kind}")
    file_case(tx)
    for name in since:
        run(f"alter table legs drop column {name}")


def hire(tx: Tx) -> None:
    """An operator's account as earlier versions stored it."""
    tx.run("insert into accounts (account, login, role, department, name, body, password, disabled, created_at)"
           " values ('boss', :login, 'operator', null, :name, :body, 'a hash', 0, :at)", at=stamp(NOW),
           login=tx.cipher.index("boss", "accounts:login"), name=seal(tx, "示例", "accounts:name:boss"),
           body=seal(tx, {"login": "boss", "body": {}}, "accounts:body:boss"))


def layout(place: Place) -> list[str]:
    """Every table with its columns and every index, as the store itself describes them."""
    if place.url is None:
        with closing(sqlite3.connect(place.data / FILE)) as file:
            return sorted(sql for sql, in file.execute("select sql from sqlite_master where sql is not null"))
    with psycopg.connect(place.url) as server:
        columns = server.execute("select concat_ws(' ', table_name, column_name, data_type, is_nullable)"
                                 " from information_schema.columns where table_schema = 'public'").fetchall()
        indexes = server.execute("select indexdef from pg_indexes where schemaname = 'public'").fetchall()
    return sorted(line for line, in (*columns, *indexes))


@pytest.mark.parametrize("step", [1, 18])
def test_a_store_of_the_layout_before_comes_to_todays_though_that_was_cut_off(
        older: Place, cipher: Cipher, request: pytest.FixtureRequest, tmp_path: Path, step: int) -> None:
    arm(f"migrate.step:raise@{step}")
    with suppress(StoreUnavailable):  # one that waits for its database tries again by itself
        open_store(older, cipher, quiet).close()
    arm("")
    opened = open_store(older, cipher, quiet)
    with opened.db.read() as tx:
        assert cases.get(tx, REFERENCE) == a_case()
        boss = people.by_login(tx, "boss")
    assert boss is not None and (boss.password, boss.must_change) == ("a hash", False)
    halfway = Halfway(lambda: opened.db, Asks(factor=True, days=0))
    half = halfway.found(halfway.begin(boss, "一句只有我自己知道的很长的话", NOW) or "", NOW)
    assert half is not None and half.step == "factor"  # nobody is locked out: it is set up on the way in
    opened.db.write(lambda tx: file_case(tx, "another"))
    opened.close()
    fresh = Place(tmp_path / "fresh", older.url and request.getfixturevalue("server").url)
    open_store(fresh, cipher, quiet).close()
    assert layout(older) == layout(fresh)


@pytest.mark.parametrize("older", ["sqlite"], indirect=True)
def test_a_copy_that_the_version_before_made_comes_back_in_todays_layout(
        older: Place, cipher: Cipher, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    (older.data / FILE).rename(copy / FILE)
    made = Copied(at=stamp(NOW), cases=1, legs=2, events=3, files=0, bytes=0, absent=0, seals=0, seal="",
                  sha256=digest(copy / FILE))
    (copy / MANIFEST).write_text(json.dumps(asdict(made)), "utf-8")
    back, _ = restore(Place(tmp_path / "back"), cipher, copy, quiet, NOW)
    with back.db.read() as tx:
        assert cases.get(tx, REFERENCE) == a_case()
    back.close()
    assert not MIGRATIONS.pending(Tables(tmp_path / "back" / FILE))


@pytest.mark.parametrize("older", ["postgres"], indirect=True)  # the other store has one process only
def test_an_upgrade_that_crosses_the_way_of_a_host_at_work_is_done_again(older: Place, cipher: Cipher) -> None:
    url = str(older.url)
    with psycopg.connect(url) as host, psycopg.connect(url, autocommit=True) as watch:
        host.execute("set deadlock_timeout = '60s'")  # the upgrade is the one to find out
        host.execute("lock table messages in row exclusive mode")
        upgrade = threading.Thread(target=lambda: open_store(older, cipher, quiet).close())
        upgrade.start()
        while not watch.execute("select 1 from pg_locks where not granted").fetchall():
            time.sleep(0.01)
        host.execute("lock table cases in row exclusive mode")  # the upgrade has it, and gives way
    upgrade.join()
    with psycopg.connect(url) as host:
        assert not MIGRATIONS.pending(PostgresSchema(host))  # type: ignore[arg-type]


def quiet(text: str) -> None:
    assert text
