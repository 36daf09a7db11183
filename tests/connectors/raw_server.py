"""Departments on raw sockets, for tests: they read one request on each connection and then do what they are told."""

import contextlib
import re
import socket
import threading
from collections.abc import Callable


class Peer:
    """One connection as the department sees it."""

    def __init__(self, sock: socket.socket, heard: list[bytes]) -> None:
        self.sock, self.heard, self.behind, self.heard_last = sock, heard, b"", b""

    def head(self) -> bytes:
        """Read to the end of a request's head."""
        while b"\r\n\r\n" not in self.behind:
            self._more()
        head, _, self.behind = self.behind.partition(b"\r\n\r\n")
        return head

    def hear(self) -> bytes:
        """Read one whole request; it is kept in the server's `heard`."""
        head = self.head()
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        size = int(length[1]) if length else 0
        while len(self.behind) < size:
            self._more()
        content, self.behind = self.behind[:size], self.behind[size:]
        self.heard_last = head + b"\r\n\r\n" + content
        self.heard.append(self.heard_last)
        return self.heard_last

    def say(self, data: bytes) -> None:
        self.sock.sendall(data)

    def close(self) -> None:
        self.sock.close()

    def wait_until_closed(self) -> None:
        """Until the other side has closed."""
        while self.sock.recv(65_536):
            pass

    def _more(self) -> None:
        piece = self.sock.recv(65_536)
        if not piece:
            raise ConnectionResetError("the other side closed")
        self.behind += piece


Talk = Callable[[Peer], object]


class RawServer:
    """Listens on loopback; `talk` has the conversation on each connection, `heard` holds every whole request.

    With `first=False` nothing is read before `talk` begins.
    """

    def __init__(self, talk: Talk, first: bool = True, wrap: Callable[[socket.socket], socket.socket] | None = None):
        self.talk, self.first, self.wrap = talk, first, wrap
        self.heard: list[bytes] = []
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.threads: list[threading.Thread] = []
        self.start(self.run)

    def start(self, target: Callable[..., None], *arguments: object) -> None:
        self.threads.append(threading.Thread(target=target, args=arguments, daemon=True))
        self.threads[-1].start()

    def run(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.start(self.serve, sock)

    def serve(self, sock: socket.socket) -> None:
        sock.settimeout(20)
        with contextlib.suppress(OSError), (self.wrap(sock) if self.wrap else sock) as used:
            peer = Peer(used, self.heard)
            if self.first:
                peer.hear()
            self.talk(peer)

    def stop_listening(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def close(self) -> None:
        self.stop_listening()
        for thread in self.threads:
            thread.join(21)

    def __enter__(self) -> "RawServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def say(data: bytes) -> Talk:
    """Says it and closes."""
    return lambda peer: peer.say(data)


def say_each(*answers: bytes) -> Talk:
    """One answer for each request of a connection, then closes."""
    def talk(peer: Peer) -> None:
        for number, answer in enumerate(answers):
            if number:
                peer.hear()
            peer.say(answer)
    return talk


def drip(data: bytes) -> Talk:
    """A byte now and then."""
    pause = threading.Event()

    def talk(peer: Peer) -> None:
        for at in range(len(data)):
            peer.say(data[at:at + 1])
            pause.wait(0.05)
    return talk


def answer(body: bytes = b'{"ref": "A"}', more: bytes = b"", status: bytes = b"200 OK") -> bytes:
    """A good answer."""
    head = b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json\r\n" + more
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body
