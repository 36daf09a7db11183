"""A lean load generator: requests written out beforehand, a few kept connections, one thread. What it measures shares
the machine with it, so it does nothing but send, read the status and look at the clock."""

from __future__ import annotations

import re
import select
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

END = b"\r\n\r\n"
SIZE = re.compile(rb"\r\ncontent-length: *([0-9]+)\r", re.IGNORECASE)
PATIENCE = 60.0


@dataclass
class Run:
    """What came of a list of requests: how long it took, each answer's status and seconds, in the order they ended."""

    seconds: float = 0.0
    statuses: list[int] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.took) / self.seconds

    def must_be(self, status: int) -> Run:
        """This run, if every answer had `status`."""
        if wrong := {number for number in self.statuses if number != status}:
            raise RuntimeError(f"answers with {sorted(wrong)} instead of {status}: {self.bodies[-1]!r}")
        return self


def written(method: str, path: str, port: int, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """One request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}",
             *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + END + body


class Wire:
    """Connections that are kept; each has one request under way at a time."""

    def __init__(self, port: int, connections: int) -> None:
        self._poller = select.epoll()
        self._lines: dict[int, socket.socket] = {}
        for _ in range(connections):
            line = socket.create_connection(("127.0.0.1", port))
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._lines[line.fileno()] = line
            self._poller.register(line.fileno(), select.EPOLLIN)

    def run(self, requests: Sequence[bytes], enough: Callable[[float], bool] = lambda _: False) -> Run:
        """Send them, each connection its next one once it has its answer, until none is left or it is `enough` (asked
        with the seconds so far)."""
        made, left = Run(), iter(requests)
        began = time.perf_counter()
        since: dict[int, float] = {}
        for number in self._lines:
            self._next(number, left, since)
        come = dict.fromkeys(since, b"")
        while since:
            ready = self._poller.poll(PATIENCE)
            if not ready:
                raise TimeoutError(f"no answer within {PATIENCE:g} seconds")
            for number in [number for number, _ in ready if self._answered(number, come)]:
                self._note(made, come[number], time.perf_counter() - since.pop(number))
                come[number] = b""
                if not enough(time.perf_counter() - began):
                    self._next(number, left, since)
        made.seconds = time.perf_counter() - began
        return made

    def _answered(self, number: int, come: dict[int, bytes]) -> bool:
        """Take what has come on a connection; whether that is a whole answer, or all there will be."""
        piece = self._lines[number].recv(262_144)
        come[number] += piece
        return not piece or whole(come[number])

    def _next(self, number: int, left: Iterator[bytes], since: dict[int, float]) -> None:
        request = next(left, None)
        if request is not None:
            since[number] = time.perf_counter()
            self._lines[number].sendall(request)

    @staticmethod
    def _note(made: Run, answer: bytes, seconds: float) -> None:
        made.statuses.append(int(answer[9:12] or 0))
        made.took.append(seconds)
        made.bodies.append(answer.partition(END)[2])

    def close(self) -> None:
        """Hang up."""
        self._poller.close()
        for line in self._lines.values():
            line.close()


def whole(answer: bytes) -> bool:
    """Whether the answer is all here."""
    end = answer.find(END) + len(END)
    if end < len(END):
        return False
    said = SIZE.search(answer, 0, end)
    return said is None or len(answer) >= end + int(said[1])
