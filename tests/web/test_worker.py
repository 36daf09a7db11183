"""The worker alone, on real sockets: what takes a thread and when. The test itself does what the main thread does."""

import contextlib
import os
import socket
import threading
import time

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger

from web.bodies import HERE
from web.worker import Worker

PATIENCE = 20
OK = b"HTTP/1.1 200 OK"
LONG = 30_000_000


class Patient(Worker):
    patience = 3_600.0


class Hasty(Worker):
    patience = 0.0


class Crowded(Patient):
    """Works with as many threads as the portal does."""

    threads_here = 6


class Answers:
    """A small application. It says how much of a body was here at first and how much it read; some paths do more."""

    def __init__(self):
        self.asked, self.gate = [], threading.Event()

    def __call__(self, environ, start):
        path = environ["PATH_INFO"]
        self.asked.append(path)
        if path == "/stuck":
            assert self.gate.wait(PATIENCE)
        if path == "/refused":
            start("503 SERVICE UNAVAILABLE", [("Content-Length", "0")])
            return [b""]
        if path == "/long":
            start("200 OK", [("Content-Length", str(LONG))])
            return (b"x" * 100_000 for _ in range(LONG // 100_000))
        text = f"{path} {environ[HERE]} {len(environ['wsgi.input'].read())}".encode()
        start("200 OK", [("Content-Length", str(len(text)))])
        return [text]


class Served:
    """A worker on a free port."""

    def __init__(self, kind):
        config = Config()
        for name, value in {"threads": getattr(kind, "threads_here", 1), "keepalive": 600, "graceful_timeout": 1,
                            "worker_connections": 60}.items():
            config.set(name, value)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.app = Answers()
        self.worker = kind(0, os.getppid(), [self.listener], None, 60, config, Logger(config))
        self.worker.wsgi = self.app
        self.worker.begin()
        self.lines = []

    def call(self, piece):
        """A new connection on which these bytes were sent."""
        line = socket.create_connection(self.listener.getsockname(), timeout=PATIENCE)
        self.lines.append(line)
        line.sendall(piece)
        return line

    def hear(self, line, last=None):
        """What comes on a connection until these `last` bytes, or until the worker ends it."""
        heard = b""
        while not (last and heard.endswith(last)):
            piece = line.recv(4096)
            if not piece:
                assert last is None, heard
                break
            heard += piece
        return heard

    def until(self, so, sweeping=False):
        """Wait for what the worker's threads are about to do, and do the main thread's part."""
        for _ in range(PATIENCE * 100):
            if so():
                return
            if sweeping:
                self.worker.sweep()
            time.sleep(0.01)
        raise AssertionError(f"served until now: {self.app.asked}")

    def waits(self, line, count):
        """Whether the worker waits with so many bytes of this connection."""
        waiting = list(self.worker.waiting.values())
        return [len(found.came) for found in waiting if found.client == line.getsockname()] == [count]

    def close(self):
        self.app.gate.set()
        for line in self.lines:
            line.close()
        self.worker.alive = False
        self.worker.end()
        for thread in self.worker.threads:
            thread.join(PATIENCE)
        for _, sock in self.worker.lingering:
            sock.close()
        self.worker.poller.close()
        os.close(self.worker.bell)
        self.worker.tmp.close()
        self.listener.close()
        assert not self.worker.open


@pytest.fixture
def served(request):
    made = Served(getattr(request, "param", Patient))
    yield made
    made.close()


def post(path, size, body=b"", more=b""):
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n".encode() + more + b"\r\n" + body


NOTICE = post("/notice", 2, b"ab")


def test_a_small_body_is_waited_for_without_a_thread(served):
    halves = [served.call(post(f"/half{number}", 4, b"ab")) for number in range(9)]
    served.hear(served.call(NOTICE), b"/notice 2 2")
    assert served.app.asked == ["/notice"]
    for number, line in enumerate(halves):
        line.sendall(b"cd")
        served.hear(line, f"/half{number} 4 4".encode())


def test_a_half_head_is_waited_for_without_a_thread(served):
    halves = [served.call(b"GET /half HTTP/1.1\r\n") for _ in range(9)]
    for line in halves:
        served.until(lambda line=line: served.waits(line, 20))
        line.sendall(b"Host: x\r\n")
    served.hear(served.call(b"GET /whole HTTP/1.1\r\nHost: x\r\n\r\n"), b"/whole 0 0")
    assert served.app.asked == ["/whole"]
    for line in halves:
        line.sendall(b"\r\n")
        served.hear(line, b"/half 0 0")


def test_the_same_holds_for_the_next_request_of_a_connection_that_was_kept(served):
    line = served.call(post("/first", 2, b"ab"))
    served.hear(line, b"/first 2 2")
    head = post("/second", 4)
    line.sendall(head[:20])
    served.until(lambda: served.waits(line, 20))
    line.sendall(head[20:] + b"ab")
    served.hear(served.call(NOTICE), b"/notice 2 2")
    assert served.app.asked == ["/first", "/notice"]
    line.sendall(b"cd")
    served.hear(line, b"/second 4 4")


@pytest.mark.parametrize("served", [Hasty], indirect=True)
def test_a_body_that_is_late_gets_a_thread_and_is_known_to_be_late(served):
    line = served.call(post("/late", 4, b"ab"))
    served.until(lambda: served.waits(line, len(post("/late", 4, b"ab"))))
    served.until(lambda: served.app.asked == ["/late"], sweeping=True)
    line.sendall(b"cd")
    assert served.hear(line, b"/late 2 4").startswith(OK)


def test_a_large_body_is_not_waited_for(served):
    line = served.call(post("/large", 70_000, b"ab"))
    served.until(lambda: served.app.asked == ["/large"])
    line.sendall(b"c" * 69_998)
    assert served.hear(line, b"/large 2 70000").startswith(OK)


def test_a_caller_that_hangs_up_in_the_middle_is_let_go(served):
    heard = []
    for start in (b"GET /head HTTP/1.1\r\n", post("/body", 4, b"ab")):
        line = served.call(start)
        line.shutdown(socket.SHUT_WR)
        heard.append(served.hear(line).partition(b"\r\n\r\n")[2])
    assert heard == [b"", b"/body 2 2"], "the application is told of a body, and that it is two bytes short"
    served.until(lambda: not served.worker.open)


@pytest.mark.parametrize("served", [Hasty], indirect=True)
@pytest.mark.parametrize("size", [100, 1_000_000])
def test_a_body_that_nobody_reads_holds_no_thread(served, size):
    refused = [served.call(post("/refused", size, b"x")) for _ in range(9)]
    served.until(lambda: len(served.app.asked) == len(refused), sweeping=True)
    for line in refused:
        assert b"Connection: close" in served.hear(line)
    served.hear(served.call(NOTICE), b"/notice 2 2")


def test_a_caller_who_waits_to_be_asked_for_its_body_is_asked_once(served):
    line = served.call(post("/asked", 2, more=b"Expect: 100-continue\r\n"))
    assert served.hear(line, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert served.app.asked == []
    line.sendall(b"ab")
    assert served.hear(line, b"/asked 2 2").startswith(b"HTTP/1.1 200 OK")


def test_requests_sent_one_behind_the_other_are_answered_in_turn(served):
    third = b"GET /third HTTP/1.1\r\nHost: x\r\n"
    line = served.call(post("/first", 2, b"ab") + post("/second", 2, b"cd") + third)
    served.hear(line, f"/second {2 + len(third)} 2".encode())
    line.sendall(b"\r\n")
    served.hear(line, b"/third 0 0")
    assert served.app.asked == ["/first", "/second", "/third"]


def test_a_chunked_body_is_read_to_its_end_and_the_connection_is_kept(served):
    line = served.call(b"POST /chunks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
    line.sendall(b"1\r\nc\r\n0\r\n\r\n")
    assert b"keep-alive" in served.hear(line, b" 3")
    line.sendall(NOTICE)
    served.hear(line, b"/notice 2 2")


def test_who_is_slow_to_take_a_long_answer_holds_no_thread(served):
    slow = [served.call(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(9)]
    served.until(lambda: len(served.worker.waiting) == len(slow))
    served.hear(served.call(NOTICE), b"/notice 2 2")
    head = served.hear(slow[0], b"x" * 4).partition(b"\r\n\r\n")[2]
    left = LONG - len(head)
    while left:
        left -= len(slow[0].recv(min(left, 1_000_000)))
    slow[0].sendall(NOTICE)
    assert served.hear(slow[0], b"/notice 2 2").startswith(OK)
    assert served.app.asked == ["/long"] * len(slow) + ["/notice"] * 2


def test_an_answer_that_nobody_takes_is_given_up(served):
    line = served.call(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
    served.until(lambda: [one for one in served.worker.waiting.values() if one.reply])  # not for the request any more
    for found in served.worker.waiting.values():
        found.until = 0.0
    served.worker.sweep()
    assert not served.worker.open
    with contextlib.suppress(ConnectionResetError):
        assert len(served.hear(line)) < LONG


def test_who_takes_a_long_answer_drop_by_drop_is_given_up_on_the_whole(served):
    line = served.call(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
    served.until(lambda: [one for one in served.worker.waiting.values() if one.reply])
    reply = next(iter(served.worker.waiting.values())).reply
    taken = reply.sent_bytes
    reply.began -= 1_000_000.0  # a week and a half for some megabytes
    heard = 0
    while reply.sent_bytes == taken:
        heard += len(line.recv(1_000_000))  # it does take something, just now
    served.until(lambda: not served.worker.open, sweeping=True)
    with contextlib.suppress(ConnectionResetError):
        while piece := line.recv(1_000_000):
            heard += len(piece)
    assert 0 < heard < LONG


def test_a_head_without_an_end_is_refused(served):
    line = served.call(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 70_000)
    assert served.hear(line).startswith(b"HTTP/1.1 431 ")
    assert served.app.asked == []


def test_a_kept_connection_is_not_closed_over_a_request_that_came_in_time(served):
    kept, silent, half = served.call(NOTICE), served.call(b""), served.call(b"GET /half")
    served.hear(kept, b"/notice 2 2")
    served.until(lambda: served.waits(half, 9) and served.waits(silent, 0) and served.waits(kept, 0))
    served.call(b"GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n")
    served.until(lambda: "/stuck" in served.app.asked)
    for line in (kept, half):
        line.sendall(NOTICE)
    for found in served.worker.waiting.values():
        found.until = 0.0
    served.worker.sweep()
    served.app.gate.set()
    served.hear(kept, b"/notice 2 2")
    with contextlib.suppress(ConnectionResetError):
        assert served.hear(half) == b""
    assert served.hear(silent) == b""


@pytest.mark.parametrize("served", [Crowded], indirect=True)
def test_requests_that_take_long_do_not_keep_the_others_waiting(served):
    stuck = [served.call(b"GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(5)]
    late = served.call(NOTICE)
    served.until(lambda: "/notice" in served.app.asked, sweeping=True)
    served.hear(late, b"/notice 2 2")
    served.app.gate.set()
    for line in stuck:
        assert served.hear(line, b"/stuck 0 0").startswith(OK)


def test_when_all_connections_are_taken_the_next_is_let_in_once_one_is_free(served):
    silent = [served.call(b"") for _ in range(60)]
    served.until(lambda: len(served.worker.open) == len(silent))
    late = served.call(NOTICE)
    served.worker.sweep()
    assert served.app.asked == []
    silent[0].close()
    served.until(lambda: served.app.asked, sweeping=True)
    served.hear(late, b"/notice 2 2")


def test_what_runs_at_a_stop_is_answered_and_its_connection_is_not_kept(served):
    line = served.call(b"GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n")
    served.until(lambda: served.app.asked == ["/stuck"])
    served.worker.alive = False
    served.app.gate.set()
    assert served.hear(line).endswith(b"/stuck 0 0")
