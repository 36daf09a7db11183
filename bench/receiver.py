"""A department that costs next to nothing: a process that takes every POST on kept connections and says a number."""

from __future__ import annotations

import contextlib
import multiprocessing
import socket
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection

_CONTENT = b'{"ref": "GAS-2026-000017"}'
_ANSWER = (b"HTTP/1.1 200 OK\r\nServer: department\r\nDate: Mon, 02 Mar 2026 09:10:00 GMT\r\n"
           b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(_CONTENT), _CONTENT))


def _serve(peer: socket.socket) -> None:
    behind = b""
    with contextlib.suppress(ConnectionError), peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while piece := peer.recv(65_536):
            behind += piece
            end = behind.find(b"\r\n\r\n") + 4
            if end < 4:
                continue
            size = int(behind[:end].lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            if len(behind) >= end + size:
                behind = behind[end + size:]
                peer.sendall(_ANSWER)


def _run(started: Connection) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        started.send(listener.getsockname()[1])
        while True:
            peer, _ = listener.accept()
            threading.Thread(target=_serve, args=(peer,), daemon=True).start()


@contextlib.contextmanager
def receiver() -> Iterator[str]:
    """Its address, while its process runs."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(theirs,), daemon=True)
    process.start()
    try:
        if not ours.poll(30):
            raise TimeoutError("the receiver did not start")
        yield f"http://127.0.0.1:{ours.recv()}/d/gas"
    finally:
        process.terminate()
        process.join(10)
