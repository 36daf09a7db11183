"""The exchange: many messages are outside, no thread waits for them, and each comes to its end."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest

from connectors.base import Answer, Delivery, Heard
from dispatch.exchange import Exchange, Outside
from dispatch.lanes import Errand
from store.engine.turns import Floor

SOON, NEVER = 0.05, 60.0


class Sent:
    """A delivery over a pair of sockets: the department answers with `A`, half an answer with `h`, oddly with `o`."""

    open: ClassVar[list[socket.socket]] = []

    def __init__(self, seconds: float, odd: bool = False, opens: bool = False) -> None:
        self.listened, self.opens = 0, opens
        self.ours, self.theirs = socket.socketpair()
        self.open += [self.ours, self.theirs]
        self.ends, self.odd = time.monotonic() + seconds, odd

    def fileno(self) -> int:
        return self.ours.fileno()

    def listen(self) -> Heard:
        self.listened += 1
        if self.opens:
            self.opens = False
            return Heard.PART
        return {b"A": Heard.ALL, b"h": Heard.PART}.get(self.ours.recv(1), Heard.ODD)

    def finish(self, clock: Callable[[], datetime]) -> Answer:
        return Answer("received")

    def close(self) -> None:
        self.ours.close()


class Office:
    """A courier that notes what it is told; `follows` are the errands that take a place, the last one first."""

    def __init__(self) -> None:
        self.ended: SimpleQueue[tuple[str, Outside]] = SimpleQueue()
        self.left: SimpleQueue[Delivery] = SimpleQueue()
        self.follows: list[Errand] = []
        self.taken_in = 0
        self.portions: SimpleQueue[int] = SimpleQueue()
        self.thread: threading.Thread | None = None

    def leave(self, errand: Errand) -> Outside | None:
        self.thread = threading.current_thread()
        sent = cast(Delivery | None, errand.claim)
        if sent is None:
            return None
        self.left.put(sent)
        return Outside(errand, sent, 0.0)

    def finish(self, outside: Outside) -> Errand | None:
        self.ended.put(("here", outside))
        self.taken_in += 1
        return self.follows.pop() if self.follows else None

    def finish_by_thread(self, outside: Outside) -> None:
        self.ended.put(("by a thread", outside))

    def hand_over(self) -> None:
        if self.taken_in:
            self.portions.put(self.taken_in)
        self.taken_in = 0

    def next_end(self) -> tuple[str, Any]:
        how, outside = self.ended.get(timeout=20)
        return how, outside.delivery


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def floor() -> Floor:
    return Floor()


@pytest.fixture
def exchange(office: Office, floor: Floor) -> Iterator[Exchange]:
    exchange = Exchange(office, floor)
    exchange.start()
    yield exchange
    exchange.stop()
    assert not exchange.alive()
    while Sent.open:
        Sent.open.pop().close()


def errand(sent: Sent | None) -> Errand:
    return cast(Errand, SimpleNamespace(claim=sent, since=0.0))


def test_answers_are_heard_in_the_order_in_which_they_come(exchange, office):
    sent = [Sent(NEVER) for _ in range(60)]
    for one in sent:
        exchange.put(errand(one))
    for _ in sent:
        office.left.get(timeout=20)
    for one in (sent[40], sent[3], sent[59]):
        one.theirs.send(b"A")
        assert office.next_end() == ("here", one)
    assert office.ended.empty()


def test_who_is_outside_at_the_end_is_heard_no_more_and_its_connection_ends(office, floor):
    exchange, outside = Exchange(office, floor), Sent(NEVER)
    exchange.start()
    exchange.put(errand(outside))
    office.left.get(timeout=20)
    exchange.stop()
    assert outside.theirs.recv(1) == b""
    assert office.ended.empty()


def test_half_an_answer_is_waited_for_and_an_odd_one_is_a_threads(exchange, office):
    half, odd = Sent(NEVER), Sent(NEVER)
    for one in (half, odd):
        exchange.put(errand(one))
    half.theirs.send(b"h")
    odd.theirs.send(b"o")
    assert office.next_end() == ("by a thread", odd)
    half.theirs.send(b"A")
    assert office.next_end() == ("here", half)


def test_a_message_leaves_once_its_connection_is_open_and_then_only_its_answer_is_waited_for(exchange, office):
    opening, other = Sent(NEVER, opens=True), Sent(NEVER)
    for one in (opening, other):
        exchange.put(errand(one))
    other.theirs.send(b"A")
    assert office.next_end() == ("here", other)
    opening.theirs.send(b"A")
    assert office.next_end() == ("here", opening)
    assert opening.listened == 2


def test_what_did_not_leave_at_once_is_a_threads_from_the_start(exchange, office):
    odd = Sent(NEVER, odd=True)
    exchange.put(errand(odd))
    assert office.next_end() == ("by a thread", odd)


@pytest.mark.parametrize("broken", ["listen", "fileno", "ends"])
def test_a_delivery_that_breaks_is_a_threads_and_others_are_heard_all_the_same(exchange, office, caplog, broken):
    def breaks(*_: object) -> None:
        raise KeyError("何人")

    class Broken(Sent):
        pass

    setattr(Broken, broken, property(breaks, lambda *_: None) if broken == "ends" else breaks)
    bad, good = Broken(NEVER), Sent(NEVER)
    for one in (bad, good):
        exchange.put(errand(one))
    bad.theirs.send(b"A")
    assert office.next_end() == ("by a thread", bad)
    good.theirs.send(b"A")
    assert office.next_end() == ("here", good)
    assert caplog.text.count("KeyError at") == 1
    assert "何人" not in caplog.text


def test_whatever_goes_wrong_with_one_message_the_next_ones_leave(exchange, office, monkeypatch, caplog):
    leave, good = office.leave, Sent(NEVER)

    def stumbles(one: Errand) -> Outside | None:
        if one.claim is None:
            raise KeyError
        return leave(one)

    monkeypatch.setattr(office, "leave", stumbles)
    exchange.put(errand(None))
    exchange.put(errand(good))
    good.theirs.send(b"A")
    assert office.next_end() == ("here", good)
    assert exchange.alive()
    assert caplog.text.count("the exchange stumbled: KeyError") == 1


def test_whoever_does_not_answer_in_time_is_ended_while_others_are_waited_for(exchange, office):
    patient, hasty = Sent(NEVER), Sent(SOON)
    for one in (patient, hasty):
        exchange.put(errand(one))
    assert office.next_end() == ("here", hasty)
    patient.theirs.send(b"A")
    assert office.next_end() == ("here", patient)


def test_the_next_message_of_a_lane_leaves_by_the_same_thread(exchange, office):
    sent = [Sent(NEVER) for _ in range(20)]
    office.follows = [errand(one) for one in sent[1:]]
    exchange.put(errand(sent[0]))
    seen = []
    for _ in sent:
        one = cast(Sent, office.left.get(timeout=20))
        one.theirs.send(b"A")
        seen.append(office.next_end())
    assert seen == [("here", one) for one in (sent[0], *reversed(sent[1:]))]
    assert office.thread is not None and office.thread.name == "exchange"


def test_many_threads_hand_in_while_answers_come_and_nothing_is_forgotten(exchange, office):
    sent = [Sent(NEVER) for _ in range(200)]
    for one in sent:
        one.theirs.send(b"A")
    hands = [threading.Thread(target=lambda part: [exchange.put(errand(one)) for one in part], args=(sent[place::8],))
             for place in range(8)]
    for hand in hands:
        hand.start()
    assert {id(office.next_end()[1]) for _ in sent} == {id(one) for one in sent}
    for hand in hands:
        hand.join()


def test_one_answer_is_handed_over_at_once(exchange, office):
    sent = [Sent(NEVER) for _ in range(3)]
    for one in sent:
        exchange.put(errand(one))
        one.theirs.send(b"A")
        assert office.portions.get(timeout=20) == 1


def test_answers_that_came_while_others_had_the_floor_are_handed_over_together(exchange, office, floor):
    sent = [Sent(NEVER) for _ in range(30)]
    for one in sent:
        exchange.put(errand(one))
        office.left.get(timeout=20)
    floor.take()
    for one in sent:
        one.theirs.send(b"A")
    floor.give()
    assert office.portions.get(timeout=20) == 30


def test_others_get_their_portion_even_while_answers_never_cease(exchange, office, monkeypatch):
    monkeypatch.setattr("dispatch.exchange.PORTION", 4)
    sent = [Sent(NEVER) for _ in range(10)]
    for one in sent:
        one.theirs.send(b"A")  # each is answered before it leaves
    office.follows = [errand(one) for one in sent[1:]]
    exchange.put(errand(sent[0]))
    assert [office.portions.get(timeout=20) for _ in range(3)] == [4, 4, 2]
