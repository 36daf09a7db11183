"""Whatever goes wrong with one message, its attempt comes to an end, its lane goes on and the others leave."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from typing import Literal

import pytest

from connectors.base import Answer, Body, Outgoing, Registry
from desk.sending.claims import LEASE_SECONDS, Claim
from desk.sending.recording import Came
from dispatch.attempts import AFTER_A_FAULT, Around, Attempts
from dispatch.breaker import Breaker
from dispatch.lanes import Errand, Lanes
from dispatch.retry import Then
from store import failpoints
from store.engine.turns import Floor
from store.leases import Claimed
from store.messages import Message

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
GAS = Body("gas", "gas", "breaks", at_once=2)
PATIENCE = 20


def errand(number: int, purpose: Literal["send", "ask"] = "send") -> Errand:
    """A claimed message to a leg of its own."""
    message = Message("R", f"{number:02}", "leg.filed", 1, f"msg_{number}", "gas", GAS.id, NOW, NOW)
    outgoing = Outgoing(message.key, message.message_id, message.type, f"R-{number:02}", b"{}")
    fence = Claimed(message, 1, 1, "due", NOW + timedelta(seconds=LEASE_SECONDS), NOW)
    return Errand(Claim(message.id, outgoing.leg, outgoing, GAS, purpose, 1, NOW, fence), time.monotonic())


class Department:
    """A connector that breaks at whatever `breaks` names, and else takes everything."""

    name = "breaks"

    def __init__(self) -> None:
        self.breaks = ""
        self.taken: list[str] = []

    def begin(self, message: Outgoing, body: Body, at: datetime) -> None:
        if self.breaks == "begin":
            raise KeyError("何人")

    def send(self, message: Outgoing, body: Body, at: datetime) -> Answer:
        return self._answer("send", message.leg)

    def ask(self, leg: str, body: Body, at: datetime) -> Answer:
        return self._answer("ask", leg)

    def _answer(self, what: str, leg: str) -> Answer:
        if self.breaks == what:
            raise KeyError("何人")
        self.taken.append(leg)
        return Answer("received")


class Outbox:
    """The attempts at one department's messages, and what they came to."""

    def __init__(self) -> None:
        self.department, self.lanes = Department(), Lanes({GAS.id: GAS})
        self.came: SimpleQueue[Came] = SimpleQueue()
        registry = Registry()
        registry.add(self.department)
        around = Around(Floor(), self.came.put, lambda: None, lambda: None, lambda _: None)
        self.attempts = Attempts(registry, self.lanes, lambda: NOW, around)

    def next(self) -> tuple[str, Answer, Then]:
        """The leg, the answer and what follows of the next attempt that ended."""
        came = self.came.get(timeout=PATIENCE)
        return came.claim.leg, came.answer, Then(came.then.kind, came.then.at)  # type: ignore[arg-type]


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    made = Outbox()
    made.attempts.start()
    yield made
    assert made.attempts.alive()
    made.attempts.stop()


@pytest.fixture
def armed() -> Iterator[Callable[[str], None]]:
    yield failpoints.arm
    failpoints.arm("")


FAILED = Answer("unknown", detail="KeyError"), Then("ask", NOW + AFTER_A_FAULT)


@pytest.mark.parametrize("breaks", ["begin", "send", "ask"])
def test_an_attempt_that_its_connector_breaks_off_is_an_unknown_outcome_at_once_and_the_lane_goes_on(
        outbox: Outbox, caplog: pytest.LogCaptureFixture, breaks: str) -> None:
    outbox.department.breaks = breaks
    outbox.attempts.begin(errand(1, "ask" if breaks == "ask" else "send"))
    assert outbox.next() == ("R-01", *FAILED)
    outbox.department.breaks = ""
    outbox.attempts.begin(errand(2))
    assert outbox.next()[:2] == ("R-02", Answer("received"))
    assert outbox.department.taken == ["R-02"]
    assert caplog.text.count("an attempt failed: KeyError at") == 1
    assert "何人" not in caplog.text


def test_what_cannot_be_judged_of_an_answer_is_an_unknown_outcome(
        outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dispatch.attempts.after", lambda *_: {}["何人"])
    monkeypatch.setattr(outbox.department, "_answer", lambda *_: Answer("again", status=503))
    outbox.attempts.begin(errand(1))
    assert outbox.next() == ("R-01", *FAILED)


def test_a_message_that_cannot_begin_is_handed_back_and_the_next_one_leaves(
        outbox: Outbox, armed: Callable[[str], None]) -> None:
    armed("push.after_lease:raise@1")
    for number in (1, 2):
        outbox.attempts.begin(errand(number))
    assert outbox.next()[:2] == ("R-01", Answer("again", detail="not sent", sent=False))
    assert outbox.next()[:2] == ("R-02", Answer("received"))
    assert outbox.department.taken == ["R-02"]


def test_a_lane_that_stumbles_does_not_take_the_thread_along_by_which_all_leave(
        outbox: Outbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(outbox.lanes, "ended", lambda *_: {}["何人"])
    outbox.department.breaks = "begin"
    for number in (1, 2):
        outbox.attempts.begin(errand(number))
        assert outbox.next() == (f"R-{number:02}", *FAILED)
    assert "the lane of gas stumbled: KeyError at" in caplog.text


def test_where_no_thread_can_be_had_a_message_is_handed_back_and_never_leaves_behind_that(
        outbox: Outbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    kept: list[Callable[[], None]] = []

    def full(work: Callable[[], None]) -> None:
        kept.append(work)  # as the pool of the standard library does
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as threads:
        threads.setattr(outbox.attempts._pool, "submit", full)
        outbox.attempts.begin(errand(1))
        assert outbox.next()[:2] == ("R-01", Answer("again", detail="not sent", sent=False))
    for work in kept:
        work()
    outbox.attempts.begin(errand(2))
    assert outbox.next()[:2] == ("R-02", Answer("received"))
    assert outbox.department.taken == ["R-02"]
    assert caplog.text.count("no thread for a message") == 1


def test_a_stop_hands_back_what_no_thread_has_begun_and_what_runs_goes_on(
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dispatch.attempts.MOST_THREADS", 1)
    made, free, begun = Outbox(), threading.Event(), threading.Event()
    answer = made.department._answer

    def held(what: str, leg: str) -> Answer:
        begun.set()
        free.wait(PATIENCE)
        return answer(what, leg)

    monkeypatch.setattr(made.department, "_answer", held)
    made.attempts.start()
    made.attempts.begin(errand(1))
    assert begun.wait(PATIENCE)
    made.attempts.begin(errand(2))
    while not made.attempts._pool._work_queue.qsize():
        time.sleep(0.001)
    made.attempts.stop()
    assert made.next()[:2] == ("R-02", Answer("again", detail="not sent", sent=False))
    free.set()
    assert made.next()[:2] == ("R-01", Answer("received"))
    assert made.department.taken == ["R-01"]


def test_what_was_claimed_for_a_lane_that_rests_by_now_is_handed_back(outbox: Outbox) -> None:
    outbox.lanes._lanes[GAS.id].breaker = Breaker(5, opened=1, open_until=NOW + timedelta(seconds=15))
    outbox.attempts.begin(errand(1))
    assert outbox.next()[:2] == ("R-01", Answer("again", detail="not sent", sent=False))
    assert outbox.department.taken == []
