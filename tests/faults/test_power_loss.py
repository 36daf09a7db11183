"""The power goes at any moment: what was acknowledged is on the disk, and nothing left before its record was.

A portal's system calls are recorded while applicants file and departments answer. The disk is made anew as it may be
after any of them (`strict_disk`), the store is opened on it, and compared with what strangers were told until then.
"""

import hashlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from bench.crowd import Crowd, Size
from bench.town import HOME, Town
from chaos.judging import until_ended
from store import files, messages, notices, reading
from store.chains.proof import verify
from store.cipher import Cipher
from store.engine.opening import Place, open_store
from store.engine.sqlite import FILE
from store.keys import load_keys
from tests.faults.promises import KEYLESS
from tests.faults.strict_disk import STRACE, Disk, calls, coded
from tests.store.samples import message_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
LONG = os.environ.get("YJS_POWER") == "long"
CASES, CLIENTS = 150 if LONG else 25, 4
MOMENTS = 550 if LONG else 60  # each twice: with nothing, and with any part, of what was not durable
WHOLE_EVERY = 50  # moments at which everything said so far is looked up, and not only the latest
LATEST = 40
ROUGH = str(Path(__file__).parent / "rough.yaml")


class Recorded(Town):
    """A town whose portal is watched by strace."""

    @property
    def disk(self):
        """The folder that the portal's disk lies on."""
        return self.folder / "disk"

    @property
    def trace(self):
        """What strace wrote."""
        return self.folder / "trace"

    def launch_portal(self):
        """Start it under strace."""
        self.disk.mkdir()
        with (self.folder / "portal.log").open("ab") as words:
            self.portal = subprocess.Popen([*STRACE, "-o", str(self.trace), sys.executable, "-m", "web.serve"],
                                           cwd=HOME, env=self.environment(), stdout=words, stderr=words,
                                           start_new_session=True)

    def recorded(self):
        """Stop, and wait until the record is whole."""
        self.stop()
        until, size = time.monotonic() + 60, -1
        while size != (size := self.trace.stat().st_size) and time.monotonic() < until:
            time.sleep(1)
        return self.trace


@dataclass(frozen=True)
class Said:
    """What somebody was told, and when they had heard it (seconds since 1970)."""

    at: float
    what: dict


@dataclass
class Record:
    """A record, what applicants and departments had from the portal meanwhile, and the keys."""

    town: Recorded
    trace: Path
    receipts: list[Said]
    left: list[Said]
    told: list[Said]
    cipher: Cipher


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    folder = tmp_path_factory.mktemp("power")
    town = Recorded(folder, script=ROUGH)
    town.more = {"YJS_DATA": str(town.disk / "data"), "YJS_KEYS": str(town.disk / "keys" / "keys")}
    try:
        town.start()
        crowd = Crowd(town, Size(CLIENTS, most=CASES)).start()
        until = time.monotonic() + 400
        while len(crowd.acks) < CASES and not crowd.faults and time.monotonic() < until:
            time.sleep(0.1)
        crowd.stop()
        until_ended(crowd)
    finally:
        trace = town.recorded()
    assert len(crowd.acks) == CASES
    lines = town.seen()
    receipts = sorted((Said(ack.at, ack.receipt) for ack in crowd.acks.values()), key=lambda said: said.at)
    yield Record(town, trace, receipts, heard(lines, "call"),
                 [said for said in heard(lines, "told") if said.what["status"] == 204],
                 load_keys(town.disk / "keys" / "keys"))
    shutil.rmtree(folder)


def heard(lines, what):
    return [Said(datetime.fromisoformat(line["t"]).timestamp(), line) for line in lines if line["what"] == what]


def moments(record, amount, deaf=()):
    """(number, time, what is left of the disk) after about `amount` calls, with nothing and with any part of what was
    not durable."""
    named = coded(str(record.town.disk)).encode()
    with record.trace.open("rb") as lines:
        most = sum(named in line for line in lines)
    dice = random.Random(7)
    chosen = set(dice.sample(range(1, most), min(amount, most - 1)))
    with record.trace.open("r", encoding="ascii") as lines:
        disk, number = Disk(record.town.disk, deaf), 0
        for call in calls(lines):
            number += disk.apply(call)
            if number in chosen:
                chosen.discard(number)
                for parts in (None, dice):
                    yield number, call.at, disk.left(parts)


class Mirror:
    """Writes what is left of a disk into a folder; files of the vault never change, so only new ones are written."""

    def __init__(self, folder, disk):
        self.folder, self.disk, self.kept = folder, disk, {}

    def show(self, left):
        """Make the folder as the disk is; the data folder in it."""
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        for path in data.iterdir():
            if path.is_file():
                path.unlink()
        for name in self.kept.keys() - left.keys():
            self._place(name).unlink()
        for name, content in left.items():
            # The index of the log is shared memory, of which no call tells; it is made anew by whoever opens first.
            if self.kept.get(name) != content and not name.endswith("-shm"):
                path = self._place(name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        self.kept = {name: content for name, content in left.items() if "/files/" in name}
        return data

    def _place(self, name):
        return self.folder / Path(name).relative_to(self.disk)


def missing(opened, record, at, latest):
    """What strangers were told before `at` and the store does not know; `latest` looks only at so many of each."""
    with opened.db.read() as tx:
        for said in before(record.receipts, at, latest):
            yield from case_missing(opened.vault, tx, said.what)
        for said in before(record.left, at, latest):
            yield from attempt_missing(tx, said.what)
        for said in before(record.told, at, latest):
            if notices.find(tx, said.what["body"], said.what["id"]) is None:
                yield f"notice {said.what['id']} was answered 204"


def before(said, at, latest):
    return [one for one in said if one.at < at][-latest:]


def case_missing(vault, tx, receipt):
    try:
        whole = reading.whole_case(tx, receipt["reference"])
    except Exception as error:  # whatever it is, the receipt is worth nothing
        yield f"{receipt['reference']}: {error!r}"
        return
    promised = {leg["leg"].rpartition("-")[2] for leg in receipt["legs"]}
    if {leg.leg for leg in whole.legs} != promised or not whole.events:
        yield f"{receipt['reference']} is half written"
    for row in files.of_case(tx, receipt["reference"]):
        if hashlib.sha256(b"".join(vault.open(row.file))).hexdigest() != row.sha256:
            yield f"{receipt['reference']}: paper {row.file} has other bytes"


def attempt_missing(tx, line):
    """A message that a department saw was leased and frozen before it left. Where keys are honoured, one attempt may
    be seen twice: what meets a closed connection is called once more."""
    within = line["key"].removeprefix(f"{line['leg'].rpartition('-')[0]}-").split(":")
    which = messages.MessageId(line["leg"].rpartition("-")[0], within[0], within[1], int(within[2]))
    message = message_of(tx, which)
    body = messages.bodies(tx, [message]).get(which)
    if message.attempts < (line["attempt"] if line["body"] == KEYLESS else 1):
        yield f"{line['key']} was seen {line['attempt']} times, {message.attempts} are known"
    if body is None or hashlib.sha256(body).hexdigest() != line["body_sha256"]:
        yield f"{line['key']} has other bytes than were sent"


def damage(mirror, left, record, at, latest):
    """Everything that does not hold on what is left of the disk."""
    data = mirror.show(left)
    try:
        with closing(open_store(Place(data), record.cipher)) as opened:
            found = [*missing(opened, record, at, latest)]
            verdict = verify(opened.db)
    except Exception as error:  # a store that does not even open is the worst of all
        return [f"does not open: {error!r}"]
    with closing(sqlite3.connect(data / FILE)) as base:
        found += [f"corrupt: {line}" for (line,) in base.execute("pragma integrity_check") if line != "ok"]
    return found + ([] if verdict.holds else [f"chain: {verdict.first_bad}"])


def keys_missing(record, left, at):
    name = str(record.town.disk / "keys" / "keys")
    return [] if left.get(name) == Path(name).read_bytes() or not before(record.receipts, at, 1) else ["keys are gone"]


def test_whenever_the_power_goes_nothing_acknowledged_is_lost_and_nothing_is_corrupt(record, tmp_path):
    mirror, seen, found = Mirror(tmp_path, record.town.disk), 0, {}
    for number, at, left in moments(record, MOMENTS):
        seen += 1
        latest = CASES * 1000 if seen % WHOLE_EVERY < 2 else LATEST
        if wrong := damage(mirror, left, record, at, latest) + keys_missing(record, left, at):
            found[number] = wrong[:3]
    print(f"power_moments: {seen}\npower_broken: {len(found)}")
    assert seen > 1.8 * MOMENTS
    assert found == {}


def test_a_disk_whose_log_is_never_made_durable_is_found_to_lose(record, tmp_path):
    mirror = Mirror(tmp_path, record.town.disk)
    found = [damage(mirror, left, record, at, LATEST) for _, at, left in moments(record, 20, (f"{FILE}-wal",))]
    assert any(found)
