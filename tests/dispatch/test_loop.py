"""The dispatcher's threads wake one another: whatever ends lets the next begin, however long they would nap."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any, cast

import pytest

from connectors.base import Answer, Body, Outgoing, Registry
from connectors.deployment import Deployment
from desk.desk import Desk
from desk.errors import Busy
from desk.sending.claims import LEASE_SECONDS, Claim
from desk.sending.recording import LATEST, Came, Unwritten
from dispatch.loop import Dispatcher, Works
from dispatch.retry import Then
from store.errors import StorageFull
from store.lanes import Lane
from store.leases import Claimed
from store.messages import Message

GAS = Body("gas", "gas", "waits", at_once=1)


def now() -> datetime:
    return datetime.now(UTC)


def claim(number: int) -> Claim:
    message = Message("R", f"{number:02}", "leg.filed", 1, f"msg_{number}", "gas", GAS.id, now(), now())
    outgoing = Outgoing(message.key, message.message_id, message.type, f"R-{number:02}", b"{}")
    fence = Claimed(message, 1, 1, "due", now() + timedelta(seconds=LEASE_SECONDS), now())
    return Claim(message.id, outgoing.leg, outgoing, GAS, "send", 1, now(), fence)


class Counter:
    """A desk that has some messages, all of them due."""

    operations = SimpleNamespace(tokens=list)

    def __init__(self, messages: int) -> None:
        self.due = [claim(number) for number in range(messages)]
        self.recorded: SimpleQueue[Came] = SimpleQueue()
        self.noted: SimpleQueue[Lane] = SimpleQueue()
        self.swept: SimpleQueue[str] = SimpleQueue()

    def on_work(self, wake: Callable[[], None]) -> None:
        self.wake = wake

    def claim(self, room: Mapping[str, int], at: datetime, limit: int) -> list[Claim]:
        count = min(room.get("gas", 0), limit)
        taken, self.due = self.due[:count], self.due[count:]
        return taken

    def next_due(self) -> datetime | None:
        return self.due[0].first_at if self.due else None

    def record(self, came: Sequence[Came], at: datetime) -> list[Any]:
        for one in came:
            self.recorded.put(one)
        return []

    def absent_since(self, one: Claim) -> datetime | None:
        return None

    def note_lanes(self, lanes: Sequence[Lane]) -> None:
        for lane in lanes:
            self.noted.put(lane)

    def sweep(self, at: datetime) -> datetime:
        self.swept.put("swept")
        return at + timedelta(hours=1)

    def count(self, at: datetime) -> bool:
        self.swept.put("counted")
        return False


class Department:
    """A connector whose answers are all the same, and come once it is `free`."""

    name = "waits"

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked, self.free = threading.Event(), threading.Event()
        self.free.set()

    def send(self, message: Outgoing, body: Body, at: datetime) -> Answer:
        self.asked.set()
        self.free.wait(20)
        return self.answer

    def ask(self, leg: str, body: Body, at: datetime) -> Answer:
        return self.answer


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Dispatcher]]:
    """A dispatcher whose threads would nap for an hour."""
    monkeypatch.setattr("dispatch.loop.LONGEST_NAP", 3600.0)
    running: list[Dispatcher] = []

    def start(desk: Counter, department: Department, clock: Callable[[], datetime] = now) -> Dispatcher:
        registry = Registry()
        registry.add(department)
        deployment = cast(Deployment, SimpleNamespace(bodies={"gas": GAS}))
        running.append(Dispatcher(Works(cast(Desk, desk), registry, deployment, clock, recover=False,
                                        count=desk.count)).start())
        return running[-1]
    yield start
    for one in running:
        if one.alive():
            one.stop(2)


@pytest.mark.parametrize("answer", [Answer("received", ref="A"), Answer("refused", reason="no"), Answer("absent")])
def test_an_attempt_that_ends_has_the_next_message_claimed(started, answer):
    desk = Counter(6)
    started(desk, Department(answer))
    assert {desk.recorded.get(timeout=20).claim.leg for _ in range(6)} == {f"R-{number:02}" for number in range(6)}


def test_a_piece_of_what_is_counted_beside_everything_else_follows_each_sweep(started):
    desk = Counter(0)
    started(desk, Department(Answer("absent")))
    assert [desk.swept.get(timeout=20) for _ in range(2)] == ["swept", "counted"]


def test_what_becomes_due_later_is_claimed_when_the_desk_says_so(started):
    desk = Counter(1)
    started(desk, Department(Answer("received", ref="A")))
    assert desk.recorded.get(timeout=20).claim.leg == "R-00"
    desk.due = [claim(7), claim(8)]
    desk.wake()
    assert {desk.recorded.get(timeout=20).claim.leg for _ in range(2)} == {"R-07", "R-08"}


def test_operators_hear_of_an_office_that_is_left_alone_and_of_one_that_takes_messages_again(
        started, caplog, monkeypatch):
    monkeypatch.setattr("dispatch.breaker.FIRST_PAUSE", timedelta(milliseconds=50))
    desk, department = Counter(3), Department(Answer("setup", status=401, detail="HTTP 401"))
    started(desk, department)
    rests = desk.noted.get(timeout=20)
    assert (rests.office, rests.failures, rests.reason) == ("gas", 3, "HTTP 401")
    assert rests.open_until is not None
    department.answer, desk.due = Answer("received", ref="A"), [claim(9)]
    until = time.monotonic() + 20
    while desk.noted.empty() and time.monotonic() < until:
        desk.wake()  # nobody else says that the pause is over
        time.sleep(0.02)
    assert desk.noted.get(timeout=1).open_until is None
    assert "gas is left alone after 3 failures in a row (HTTP 401)" in caplog.text
    assert "gas takes messages again" in caplog.text


def test_a_clock_that_cannot_be_read_for_a_moment_ends_no_thread_and_loses_no_answer(started, monkeypatch):
    monkeypatch.setattr("dispatch.loop.LONGEST_NAP", 0.01)
    fails = {"dispatch", "record", "sweep"}

    def clock() -> datetime:
        if (name := threading.current_thread().name) in fails:
            fails.remove(name)
            raise OSError(name)
        return now()

    desk = Counter(1)
    started(desk, Department(Answer("received", ref="A")), clock)
    assert desk.recorded.get(timeout=20).answer.kind == "received"
    assert [desk.swept.get(timeout=20) for _ in range(2)] == ["counted", "swept"]
    assert fails == set()


class Reading(Counter):
    """A desk that writes answers with files only while it is `free` to open them; `together` are its commits."""

    def __init__(self) -> None:
        super().__init__(0)
        self.free, self.together = True, list[list[str]]()

    def record(self, came: Sequence[Came], at: datetime) -> list[Any]:
        self.together.append([one.claim.leg for one in came])
        return [Unwritten(one, Busy()) for one in came if one.brings_files and not self.free and not one.late(at)]


def came(number: int, **said: Any) -> Came:
    return Came(claim(number), Answer("received", **said), Then("done"))


def test_answers_that_bring_files_are_written_one_at_a_time_in_turn_behind_all_others():
    desk, files = Reading(), {"state": "granted", "data": {"results": [{"name": "x"}]}}
    clock = [now()]
    dispatcher = Dispatcher(Works(cast(Desk, desk), Registry(), cast(Deployment, SimpleNamespace(bodies={})),
                                  lambda: clock[0], recover=False))
    desk.free = False
    dispatcher._write([came(1, **files), came(2), came(3, **files), came(4)])
    dispatcher._write([came(5)])
    assert desk.together == [["R-02", "R-04"], ["R-01"], ["R-05"], ["R-03"]]
    desk.free, desk.together = True, []
    dispatcher._write([])
    assert (desk.together, [one.claim.leg for one in dispatcher._held]) == ([["R-01"]], ["R-03"])
    dispatcher._write([came(6, **files)])
    last = came(7, **files)
    clock[0], desk.free = now() + LATEST, False
    dispatcher._write([last])
    assert desk.together[1:] == [["R-03"], ["R-06", "R-07"]]
    assert dispatcher._held == []


def test_whatever_recording_runs_into_no_answer_is_dropped(monkeypatch):
    desk = Reading()
    dispatcher = Dispatcher(Works(cast(Desk, desk), Registry(), cast(Deployment, SimpleNamespace(bodies={})), now,
                                  recover=False))
    with monkeypatch.context() as broken, pytest.raises(KeyError):
        broken.setattr(desk, "record", lambda *_: {}["record"])
        dispatcher._write([came(1), came(2)])
    dispatcher._write([came(3)])
    assert desk.together == [["R-01", "R-02", "R-03"]]


class Forgetful(Counter):
    """Its store does not take the first word of how lanes stand."""

    told = False

    def note_lanes(self, lanes: Sequence[Lane]) -> None:
        if not self.told:
            self.told = True
            raise StorageFull
        super().note_lanes(lanes)


def test_that_an_office_is_left_alone_is_told_until_the_store_knows_it(started, monkeypatch):
    monkeypatch.setattr("dispatch.loop.LONGEST_NAP", 0.01)
    desk = Forgetful(3)
    started(desk, Department(Answer("setup", status=401, detail="HTTP 401")))
    assert desk.noted.get(timeout=20).failures == 3


class AMomentLate(Counter):
    """Its message becomes due after the first look, and before it is asked what is due next."""

    def __init__(self) -> None:
        super().__init__(0)
        self.first = True

    def claim(self, room: Mapping[str, int], at: datetime, limit: int) -> list[Claim]:
        if self.first:
            self.first, self.due = False, [claim(0)._replace(first_at=at + timedelta(microseconds=1))]
            return []
        return super().claim(room, at, limit)

    def next_due(self) -> datetime | None:
        while self.due and now() <= self.due[0].first_at:
            pass
        return super().next_due()


def test_that_nothing_can_be_claimed_is_said_when_it_begins_and_when_it_ends(started, monkeypatch, caplog):
    monkeypatch.setattr("dispatch.loop.LONGEST_NAP", 0.001)
    caplog.set_level("WARNING")
    desk, gone = Counter(1), [StorageFull("full"), StorageFull("full"), StorageFull("full")]
    claims = desk.claim

    def claim_some(*asked):
        if gone:
            raise gone.pop()
        return claims(*asked)

    monkeypatch.setattr(desk, "claim", claim_some)
    started(desk, Department(Answer("received")))
    assert desk.recorded.get(timeout=20).claim.leg == "R-00"
    said = [record.message for record in caplog.records if "claim" in record.message]
    assert said == ["claiming fails, and is tried each second: storage_full", "messages are claimed again"]


def test_what_becomes_due_behind_our_back_leaves_at_once(started):
    desk = AMomentLate()
    started(desk, Department(Answer("received", ref="A")))
    assert desk.recorded.get(timeout=20).claim.leg == "R-00"


def test_a_stop_waits_for_what_is_outside_and_records_its_answer(started):
    desk, department = Counter(1), Department(Answer("received", ref="A"))
    department.free.clear()
    dispatcher = started(desk, department)
    assert department.asked.wait(20)
    stopping = threading.Thread(target=dispatcher.stop)
    stopping.start()
    stopping.join(0.2)
    department.free.set()
    stopping.join(20)
    assert desk.recorded.get_nowait().claim.leg == "R-00"


def test_a_stop_leaves_no_thread_of_the_dispatcher_behind(started):
    desk = Counter(3)
    dispatcher = started(desk, Department(Answer("received", ref="A")))
    for _ in range(3):
        desk.recorded.get(timeout=20)
    dispatcher.stop()
    left = {thread.name for thread in threading.enumerate()}
    assert not left & {"dispatch", "exchange", "record", "sweep"}
