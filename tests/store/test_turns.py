"""Few threads work at once, and whoever waits lets another one go on."""

import threading
import time
from queue import SimpleQueue

import pytest

from store.engine.turns import Floor, FloorSeat, Seat, Turns, away, holding, pause

PATIENCE = 20


class Crew:
    """Threads that take turns at a queue of jobs."""

    def __init__(self, size, at_once):
        self.turns, self.jobs, self.done, self.seats = Turns(at_once), SimpleQueue(), SimpleQueue(), SimpleQueue()
        self.began = threading.Semaphore(0)
        self.threads = [threading.Thread(target=self.work) for _ in range(size)]
        for thread in self.threads:
            thread.start()

    def work(self):
        seat = Seat(self.turns)
        while True:
            self.turns.look()
            job = self.jobs.get()
            self.turns.found()
            if job is None:
                self.jobs.put(None)
                return
            self.seats.put(seat)
            self.began.release()
            self.done.put(job())
            seat.back()

    def begin(self, *jobs):
        for job in jobs:
            self.jobs.put(job)

    def begun(self, count):
        return sum(self.began.acquire(timeout=PATIENCE) for _ in range(count))

    def end(self):
        self.jobs.put(None)
        self.turns.call_all()
        for thread in self.threads:
            thread.join(PATIENCE)
        assert not any(thread.is_alive() for thread in self.threads)


@pytest.fixture
def crew():
    made = Crew(6, 2)
    yield made
    made.end()


def at(gate, then="done", outside=False):
    def job():
        if outside:
            with away():
                assert gate.wait(PATIENCE)
        else:
            assert gate.wait(PATIENCE)
        return then
    return job


def test_no_more_work_than_may_at_once(crew):
    gate = threading.Event()
    crew.begin(*[at(gate)] * 5)
    assert crew.begun(2) == 2
    assert not crew.began.acquire(timeout=0.1)
    gate.set()
    assert [crew.done.get(timeout=PATIENCE) for _ in range(5)] == ["done"] * 5


def test_whoever_is_away_lets_another_one_work(crew):
    gate = threading.Event()
    crew.begin(*[at(gate, "away", outside=True)] * 5, lambda: "here")
    assert crew.done.get(timeout=PATIENCE) == "here"
    gate.set()
    assert [crew.done.get(timeout=PATIENCE) for _ in range(5)] == ["away"] * 5


def test_those_who_come_back_go_on_at_once_and_rest_afterwards(crew):
    outside, inside = threading.Event(), threading.Event()
    crew.begin(*[at(outside, "away", outside=True)] * 3, at(inside), at(inside))
    assert crew.begun(5) == 5
    outside.set()
    assert [crew.done.get(timeout=PATIENCE) for _ in range(3)] == ["away"] * 3
    crew.begin(at(inside))
    assert not crew.began.acquire(timeout=0.1)
    inside.set()
    assert [crew.done.get(timeout=PATIENCE) for _ in range(3)] == ["done"] * 3


def test_one_who_takes_long_can_be_put_out_of_the_count(crew):
    gate = threading.Event()
    crew.begin(*[at(gate)] * 3)
    assert crew.begun(2) == 2
    seat = crew.seats.get(timeout=PATIENCE)
    seat.leave()
    seat.leave()
    assert crew.begun(1) == 1
    crew.begin(at(gate))
    assert not crew.began.acquire(timeout=0.1)
    gate.set()
    assert [crew.done.get(timeout=PATIENCE) for _ in range(4)] == ["done"] * 4


def test_threads_that_take_no_turns_are_never_away():
    with away():
        assert threading.active_count()


def test_who_waits_for_a_lock_is_away_and_the_lock_is_free_afterwards():
    lock, turns, steps = threading.Lock(), Turns(1), []
    lock.acquire()
    waits = threading.Thread(target=lambda: _held(turns, lock, steps))
    waits.start()
    while not steps:
        pass
    while turns._working:  # it is away while it waits
        pass
    lock.release()
    waits.join()
    assert steps == ["begun", "held"]
    assert not lock.locked()


def _held(turns, lock, steps):
    Seat(turns)
    steps.append("begun")
    with holding(lock):
        steps.append("held")


def test_of_those_who_share_a_floor_one_works_and_the_longest_waiting_comes_next():
    floor, order, working = Floor(), [], []

    def work(name):
        FloorSeat(floor)
        for _ in range(50):
            working.append(name)
            assert len(working) == 1
            order.append(name)
            working.remove(name)
            pause()
        floor.give()

    first = FloorSeat(floor)
    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    until(lambda: len(floor._waiting) == 3)
    first.leave()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(order) == sorted("abc" * 50)
    assert all(len(set(order[place:place + 3])) == 3 for place in range(0, 90, 3))  # each in its turn while all work


def test_whoever_waits_away_leaves_the_floor_to_others_and_gets_it_back_behind_them():
    floor, told, gate = Floor(), SimpleQueue(), threading.Event()

    def wait():
        FloorSeat(floor)
        with away(), away():
            told.put("away")
            gate.wait(PATIENCE)
        told.put("back")
        floor.give()

    thread = threading.Thread(target=wait)
    thread.start()
    assert told.get(timeout=PATIENCE) == "away"
    mine = FloorSeat(floor)  # free, for the other is away
    gate.set()
    until(lambda: floor.wanted)
    assert told.empty()
    mine.leave()
    assert told.get(timeout=PATIENCE) == "back"
    thread.join(PATIENCE)


def until(happened):
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.001)
