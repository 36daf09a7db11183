"""The threaded worker alone: what takes a thread and when. One thread only, and the test itself turns the loop."""

import os
import socket
from selectors import EVENT_READ, DefaultSelector

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger

from web.bodies import HERE
from web.worker import Worker, head_read, in_worker

TURNS = 500


class Patient(Worker):
    patience = 3_600.0


class Hasty(Worker):
    patience = 0.0


class Answers:
    """A small application: reads the body and tells how much of it was here at first; /refused reads nothing."""

    def __init__(self):
        self.asked = []

    def __call__(self, environ, start):
        path = environ["PATH_INFO"]
        self.asked.append(path)
        if path == "/refused":
            start("503 SERVICE UNAVAILABLE", [("Content-Length", "0"), ("Connection", "close")])
            return [b""]
        text = f"{path} {environ[HERE]} {len(environ['wsgi.input'].read())}".encode()
        start("200 OK", [("Content-Length", str(len(text)))])
        return [text]


class Turned:
    """A worker of one thread on a free port, whose loop turns only while somebody waits for an answer."""

    def __init__(self, kind):
        config = Config()
        for name, value in {"threads": 1, "pre_request": head_read, "keepalive": 600}.items():
            config.set(name, value)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.app = Answers()
        self.worker = kind(0, os.getppid(), [self.listener], None, 60, config, Logger(config))
        self.worker.wsgi = in_worker(self.app)
        self.worker.tpool = self.worker.get_thread_pool()
        self.worker.poller = self.make_poller()
        self.worker.set_accept_enabled(True)
        self.lines = []

    def make_poller(self):
        poller, queue = DefaultSelector(), self.worker.method_queue
        queue.init()
        poller.register(queue.fileno(), EVENT_READ, queue.run_callbacks)
        return poller

    def send(self, *pieces):
        """A new connection on which these pieces were sent, each seen by the worker before the next."""
        line = socket.create_connection(self.listener.getsockname())
        line.setblocking(False)
        self.lines.append(line)
        for piece in pieces:
            line.sendall(piece)
            self.turn()
        return line

    def turn(self, times=3):
        for _ in range(times):
            self.worker.wait_for_and_dispatch_events(0.01)

    def hear(self, line, last=None):
        """What comes on a connection until these `last` bytes, or until the worker ends it."""
        heard = b""
        for _ in range(TURNS):
            try:
                piece = line.recv(4096)
            except BlockingIOError:
                self.turn(1)
                continue
            heard += piece
            if not piece or (last and heard.endswith(last)):
                return heard
        raise AssertionError(f"heard {heard!r}; served until now: {self.app.asked}")

    def close(self):
        for line in self.lines:
            line.close()
        self.turn(20)
        self.worker.tpool.shutdown()
        self.turn()
        self.worker.poller.close()
        self.worker.method_queue.close()
        self.worker.tmp.close()
        self.listener.close()


@pytest.fixture
def turned(request):
    made = Turned(getattr(request, "param", Patient))
    yield made
    made.close()


def post(path, size, body=b"", more=b""):
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n".encode() + more + b"\r\n" + body


def test_a_small_body_is_waited_for_without_a_thread(turned):
    halves = [turned.send(post(f"/half{number}", 4, b"ab")) for number in range(9)]
    turned.hear(turned.send(post("/notice", 2, b"ab")), b"/notice 2 2")
    assert turned.app.asked == ["/notice"]
    for number, line in enumerate(halves):
        line.sendall(b"cd")
        turned.hear(line, f"/half{number} 4 4".encode())


def test_a_half_head_is_waited_for_without_a_thread(turned):
    halves = [turned.send(b"GET /half HTTP/1.1\r\n", b"Host: x\r\n") for _ in range(9)]
    turned.hear(turned.send(b"GET /whole HTTP/1.1\r\nHost: x\r\n\r\n"), b"/whole 0 0")
    assert turned.app.asked == ["/whole"]
    for line in halves:
        line.sendall(b"\r\n")
        turned.hear(line, b"/half 0 0")


def test_the_same_holds_for_the_next_request_of_a_connection_that_was_kept(turned):
    line = turned.send(post("/first", 2, b"ab"))
    turned.hear(line, b"/first 2 2")
    for piece in (b"POST /second HTTP/1.1\r\nHost: x\r\n", b"Content-Length: 4\r\n\r\nab"):
        line.sendall(piece)
        turned.turn()
    turned.hear(turned.send(post("/notice", 2, b"ab")), b"/notice 2 2")
    assert turned.app.asked == ["/first", "/notice"]
    line.sendall(b"cd")
    turned.hear(line, b"/second 4 4")


@pytest.mark.parametrize("turned", [Hasty], indirect=True)
def test_a_body_that_is_late_gets_a_thread_and_is_known_to_be_late(turned):
    line = turned.send(post("/late", 4, b"ab"))
    line.sendall(b"cd")
    turned.hear(line, b"/late 2 4")


def test_a_large_body_is_not_waited_for(turned):
    line = turned.send(post("/large", 70_000, b"ab"))
    line.sendall(b"c" * 69_998)
    turned.hear(line, b"/large 2 70000")


def test_a_caller_that_hangs_up_in_the_middle_is_let_go(turned):
    for start in (b"GET /half HTTP/1.1\r\n", post("/half", 4, b"ab")):
        line = turned.send(start)
        line.shutdown(socket.SHUT_WR)
        turned.hear(line)
    turned.turn(20)
    assert turned.worker.nr_conns == 0


@pytest.mark.parametrize("turned", [Hasty], indirect=True)
@pytest.mark.parametrize("size", [100, 1_000_000])
def test_a_body_that_nobody_reads_holds_no_thread(turned, size):
    for line in [turned.send(post("/refused", size, b"x")) for _ in range(9)]:
        assert b"Connection: close" in turned.hear(line)
    turned.hear(turned.send(post("/notice", 2, b"ab")), b"/notice 2 2")


def test_a_caller_who_waits_to_be_asked_for_its_body_is_asked_once(turned):
    line = turned.send(post("/asked", 2, more=b"Expect: 100-continue\r\n"))
    assert turned.hear(line, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert turned.app.asked == []
    line.sendall(b"ab")
    assert turned.hear(line, b"/asked 2 2").startswith(b"HTTP/1.1 200 OK")


def test_a_request_behind_another_counts_as_late(turned):
    line = turned.send(post("/first", 2, b"ab") + post("/second", 2, b"cd"))
    turned.hear(line, b"/second 0 2")
