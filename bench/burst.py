"""A burst of the fan-out alone: N filed cases (the first argument, else 1,000) with 17 legs each, all due at once.

The cases are filed while the service is paused; then it goes on, and the time runs from the first attempt until the
last answer is durable. Of every twentieth message the first attempt is answered 503 and comes again after a second.
Before and after it a bare loop of `requests.Session` posts signed messages of the same size to the same receiver: it
records nothing, and sends a message that was answered 503 again at once. The receiver shares the machine with both.

All departments honour keys, as the loop and whoever else sends again without asking takes for granted. A second burst
(`burst_mixed_…`) goes to the demo departments as they are: one of them does not, so a connection is opened for each of
its messages, and it is asked twice, a second apart, before what it answered 503 is sent again.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import requests

from bench.applicant import CATALOG
from bench.at_once import definitions, deployment
from bench.figures import show
from bench.inside import Inside, inside
from bench.load import used
from bench.receiver import receiver
from bench.town import Town
from connectors.signing import headers_for
from desk.staff.acts import Act
from store import messages
from store.encoding import moment, stamp
from store.engine.sqlite import FILE

CASES, LEGS, TURNS = 1000, 17, 3400
REFUSED = 20
LADDER = "[1]"
PATIENCE = 600.0
IDLE = 0.05  # CPU seconds in a second
SECRET = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"


_UNDER_WAY = """select exists (select 1 from messages where next_at is not null and office <> ?)
    or exists (select 1 from messages where state = 'leased' and office <> ?)"""


def burst_town(folder: Path, address: str, mixed: bool = False) -> Town:
    """A portal whose departments are all at `address`, with an old system among them if `mixed`; not yet started."""
    return Town(folder, more={
        "YJS_BUNDLES": str(definitions(folder)), "YJS_DEPARTMENTS": str(deployment(folder, LADDER, mixed)),
        "YJS_SANDBOX_URL": address, "YJS_CLOCK": ""})


def file_paused(town: Town, cases: int) -> int:
    """File so many cases and leave the service paused; how many bytes their messages have in the mean."""
    with inside(town.folder, **{name: value for name, value in town.environment().items()
                                if name.startswith("YJS_")}) as there:
        now = datetime.now(UTC)
        there.desk.sweep(now)  # as a portal does on an empty store: it notes by which calendar dates are counted
        there.file(CATALOG.bundles["utilities"].figures, "first", now)
        sizes = _sizes(there, now)
        for number in range(cases):
            there.file(CATALOG.bundles["utilities"].figures, f"case-{number}", datetime.now(UTC))
        there.desk.operations.pause(Act("bench", "bench"), datetime.now(UTC))
    return sum(sizes) // len(sizes)


def _sizes(there: Inside, now: datetime) -> list[int]:
    """The sizes of the first case's messages; they leave now."""
    there.deliver(now)
    with there.house.database.read() as tx:
        found = [message for row in tx.rows("select reference from cases")
                 for message in messages.of_case(tx, row["reference"])]
        return [len(body) for body in messages.bodies(tx, found).values()]


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a fan-out came to: legs recorded a second, the portal's CPU seconds for 1,000 legs, its MB above idle."""

    rate: float
    cpu: float
    megabytes: float


def pushed(town: Town, legs: int, without: str = "") -> Pushed:
    """Let the service go on and wait until `legs` more messages are settled, those of the office `without` not counted;
    the portal is started for it."""
    town.start_portal()
    _wait_until_idle(town)
    with closing(sqlite3.connect(f"file:{town.folder / 'data' / FILE}?mode=ro", uri=True)) as store:
        first, idle, resumed = _done(store, without), used(town), stamp(datetime.now(UTC))
        town.flask("resume", "--reason", "bench")
        _wait_until_done(store, first + legs, without)
        after, ended = used(town), time.time()
        began = store.execute("select min(started_at) from attempts where started_at > ?", [resumed]).fetchone()[0]
    return Pushed(legs / (ended - moment(began).timestamp()), (after.seconds - idle.seconds) / legs * 1000,
                  after.megabytes - idle.megabytes)


def _wait_until_idle(town: Town) -> None:
    """A portal that begins looks through what is open; that is no part of a fan-out."""
    until = time.monotonic() + PATIENCE
    before = used(town).seconds
    while time.monotonic() < until:
        time.sleep(1.0)
        now = used(town).seconds
        if now - before < IDLE:
            return
        before = now


def _done(store: sqlite3.Connection, without: str) -> int:
    sql = "select count(*) from messages where state = 'done' and office <> ?"
    return int(store.execute(sql, [without]).fetchone()[0])


def _wait_until_done(store: sqlite3.Connection, wanted: int, without: str) -> None:
    """Wait until nothing is under way: asking that costs next to nothing, counting what is done does not."""
    until = time.monotonic() + PATIENCE
    while store.execute(_UNDER_WAY, [without, without]).fetchone()[0]:
        if time.monotonic() > until:
            raise TimeoutError(f"{_done(store, without)} of {wanted} messages were settled")
        time.sleep(0.1)
    if (settled := _done(store, without)) != wanted:
        raise RuntimeError(f"{settled} of {wanted} messages were settled, and nothing is under way")


def bare_loop(address: str, size: int, turns: int, name: str) -> float:
    """Messages a second of a loop that records nothing."""
    body = b'{"type": "leg.filed", "data": "' + b"x" * (size - 33) + b'"}'
    with requests.Session() as session:
        began = time.monotonic()
        for number in range(turns):
            while not _posted(session, f"{address}/d/gas", body, f"{name}-{number}"):
                pass
        return turns / (time.monotonic() - began)


def _posted(session: requests.Session, url: str, body: bytes, leg: str) -> bool:
    signed = headers_for(f"msg_{leg}", datetime.now(UTC), body, [SECRET])
    headers = {**signed, "Content-Type": "application/json", "Idempotency-Key": f"{leg}:leg.filed:1"}
    return session.post(url, data=body, headers=headers, timeout=10).ok


def measure(town: Town, address: str, cases: int, name: str) -> None:
    """Measure and print."""
    size = file_paused(town, cases)
    before = bare_loop(address, size, TURNS, "before")
    burst = pushed(town, cases * LEGS)
    bare = (before + bare_loop(address, size, TURNS, "after")) / 2
    show(f"{name}_cases", cases)
    show(f"{name}_message_bytes", size)
    show(f"{name}_legs_recorded_per_second", burst.rate)
    show(f"{name}_bare_loop_posts_per_second", bare)
    show(f"{name}_over_bare_loop", burst.rate / bare)
    show(f"{name}_cpu_seconds_per_1000_legs", burst.cpu)
    show(f"{name}_resident_mb_above_idle", burst.megabytes)


def main() -> None:
    """Start what is needed, measure, end it."""
    cases = int(sys.argv[1]) if sys.argv[1:] else CASES
    for name, mixed in (("burst", False), ("burst_mixed", True)):
        with tempfile.TemporaryDirectory() as folder, receiver(REFUSED) as address:
            town = burst_town(Path(folder), address, mixed)
            try:
                measure(town, address, cases, name)
            finally:
                town.stop()


if __name__ == "__main__":
    main()
