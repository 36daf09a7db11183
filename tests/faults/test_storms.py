"""The storms of `chaos/` in their short form: a full disk, a crowd under backups, a crashed database, cut links."""

import os
import subprocess
import sys

import pytest

from bench.town import HOME
from chaos import disk, restarts, writers
from store import marks
from store.algorithms import AES
from store.cipher import Cipher
from store.engine.opening import Place, open_store
from store.engine.sqlite import FILE
from store.errors import StorageFull
from tests.store.samples import NOW

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]


def test_a_disk_that_runs_full_and_is_emptied_costs_nothing_but_polite_refusals(tmp_path):
    assert disk.run(tmp_path, rounds=1)


def test_thirty_two_writers_beside_backups_see_no_error_and_every_backup_restores(tmp_path):
    assert writers.run(tmp_path, seconds=6)


def test_a_database_that_is_crashed_and_restarted_loses_nothing_and_doubles_nothing(tmp_path):
    assert restarts.run(tmp_path, restarts=3)


def test_dispatcher_hosts_whose_links_are_cut_lose_nothing_and_double_nothing():
    command = [sys.executable, "-m", "chaos.hosts", "4"]
    ended = subprocess.run(command, cwd=HOME, capture_output=True, text=True, timeout=270, check=False)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]


@pytest.mark.parametrize("room", [49_152, 57_344, 65_536])
def test_a_log_whose_index_finds_no_room_is_a_full_disk_and_not_the_end(tmp_path, room):
    with disk.small_disk(tmp_path / "disk", 64) as small:
        store = open_store(Place(small / "data"), Cipher([AES.key(os.urandom(32))], AES.key(os.urandom(32))))
        try:
            with store.db.read() as tx:
                tx.rows("select * from marks")  # a snapshot is held: the log can not begin anew and must grow
                until_the_index_is_nearly_full(store, small / "data" / f"{FILE}-wal")
                weight = disk.fill(small)
                with weight.open("r+b") as held:
                    held.truncate(weight.stat().st_size - room)
                refused = [not taken(store, number) for number in range(10_000, 10_030)]
                assert refused[-1]
                weight.unlink()
                assert taken(store, 20_000)
        finally:
            store.close()


INDEX_PAGE = 4_062  # frames of the log that the first page of its index can name
FRAME = 4_096 + 24


def until_the_index_is_nearly_full(store, log):
    number = 0
    while log.stat().st_size < (INDEX_PAGE - 12) * FRAME:
        assert taken(store, number)
        number += 1


def taken(store, number):
    """Whether the store took a mark of three pages."""
    try:
        store.db.write(lambda tx: marks.put(tx, f"mark-{number}", "x" * 12_000, NOW))
    except StorageFull:
        return False
    return True
