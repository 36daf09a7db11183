"""The server: gunicorn with one threaded worker that holds the data folder and runs the dispatcher.

`python -m web.serve` (what `dev.py run` and production start). The order at a start: the worker is born and tied to its
master's life, the application is loaded, then the store is opened (which waits for the folder's lock and says so) and
the dispatcher begins. At a stop nothing new is claimed, running attempts have eight seconds, the rest become unknown
outcomes.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections import deque
from functools import partial
from selectors import EVENT_READ
from typing import Any, ClassVar

from gunicorn.app.base import BaseApplication
from gunicorn.util import import_app
from gunicorn.workers.gthread import TConn, ThreadWorker

from settings import BadSettings, Settings
from web.bodies import WATCHMAN
from web.inside import SOCKET
from web.wiring import NAME, RefusedStart

LOG = logging.getLogger("yijianshi.serve")
HEAD_SECONDS = 5.0
LONGEST_HEAD = 65_536
LINGER_SECONDS = 2.0
STOP_SECONDS = 8.0
GRACE_SECONDS = 10
APP_LOAD_ERROR = 4  # gunicorn's exit code of a worker that will never load: the master stops
SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG


class Line(TConn):  # type: ignore[misc]  # gunicorn ships no annotations
    """A connection whose closing never waits: the stock one lingers two seconds inside the accepting loop, so that a
    few refused slow senders stop everybody."""

    lingering: ClassVar[deque[tuple[float, socket.socket]]] = deque()
    peeked = 0

    def head_is_here(self) -> bool:
        """Whether a thread can go on at once: the head is whole, too long, or nothing more will come.

        Until then the kernel wakes the poller only for more bytes than it has shown. The local socket cannot do that.
        """
        if self.sock.family == socket.AF_UNIX:
            return True
        try:
            seen = self.sock.recv(LONGEST_HEAD, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError:
            return True
        here = b"\r\n\r\n" in seen or not self.peeked < len(seen) < LONGEST_HEAD
        self.peeked = 0 if here else len(seen)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, self.peeked + 1)
        return here

    def close(self, graceful: bool = False) -> None:
        """Say that nothing follows and leave the socket for two seconds, so that the caller can read the answer."""
        if not graceful:
            super().close()
            return
        try:
            self.sock.setblocking(False)
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            super().close()
            return
        self.lingering.append((time.monotonic() + LINGER_SECONDS, self.sock))


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no annotations
    """The threaded worker, hardened: a connection takes a thread only once its head is there, which must be in time,
    and the process dies with its master."""

    def accept(self, listener: socket.socket) -> None:
        """Take a connection and wait for its first bytes in the poller, not in a thread."""
        try:
            line, address = listener.accept()
        except OSError:
            return  # gone again, or taken by nobody: the poller calls when there is another
        self.nr_conns += 1
        conn = Line(self.cfg, line, address, listener.getsockname())
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(line, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def on_pending_socket_readable(self, conn: Line, client: socket.socket) -> None:
        """Give a new connection a thread once its head is here; half heads wait in the poller."""
        if conn.head_is_here():
            super().on_pending_socket_readable(conn, client)

    def on_client_socket_readable(self, conn: Line, client: socket.socket) -> None:
        """The same for the next request of a connection that was kept."""
        if conn.head_is_here():
            super().on_client_socket_readable(conn, client)

    def handle(self, conn: Line) -> Any:
        """Serve one request of a connection; its head is watched until `head_read`."""
        _HEAD.watched = WATCHMAN.watch(conn.sock, HEAD_SECONDS)
        try:
            return super().handle(conn)
        finally:
            WATCHMAN.leave(_HEAD.watched)

    def murder_pending(self) -> None:
        """Close what has been silent, and what has lingered long enough."""
        super().murder_pending()
        now = time.monotonic()
        while Line.lingering and Line.lingering[0][0] <= now:
            Line.lingering.popleft()[1].close()


_HEAD = threading.local()


def head_read(_worker: Worker, _request: Any) -> None:
    """Gunicorn's pre_request: the head is here, the body has its own watch."""
    WATCHMAN.leave(_HEAD.watched)


def die_with_master(_arbiter: Any, worker: Worker) -> None:
    """Gunicorn's post_fork: the kernel ends this worker when its master is gone, even by SIGKILL."""
    ctypes.CDLL(None, use_errno=True).prctl(SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != worker.ppid:
        sys.exit(1)  # the master died before the kernel was told


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no annotations
    """gunicorn, set up from our settings alone."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Every option that matters; reloading, preloading, recycling and the control socket stay off."""
        options = {
            "bind": [f"{self._settings.bind}:{self._settings.port}", f"unix:{self._settings.data / SOCKET}"],
            "umask": 0o177, "workers": 1, "worker_class": Worker,
            "threads": self._settings.threads, "worker_connections": 1000, "keepalive": 15, "timeout": 60,
            "graceful_timeout": GRACE_SECONDS, "preload_app": False, "reload": False, "max_requests": 0,
            "control_socket_disable": True, "limit_request_line": 8190, "limit_request_fields": 60,
            "post_fork": die_with_master, "post_worker_init": self.begin, "worker_exit": self.end,
            "pre_request": head_read, "proc_name": "yijianshi", "errorlog": "-", "loglevel": "warning",
            "forwarded_allow_ips": "", "when_ready": no_reload,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The application, in the worker; what is wrong with its set-up is said once and the master gives up."""
        try:
            return import_app("app:create_app()")
        except RefusedStart as error:
            sys.stderr.write(f"{error}\n")
            raise SystemExit(APP_LOAD_ERROR) from error

    def begin(self, worker: Worker) -> None:
        """Gunicorn's post_worker_init: open the store, then start the dispatcher."""
        worker.wsgi.extensions[NAME].begin()
        LOG.info("serving on %s", self._settings.public_url)

    def end(self, _arbiter: Any, worker: Worker) -> None:
        """Gunicorn's worker_exit: nothing new is claimed, running attempts get their seconds, the store is closed."""
        if hasattr(worker, "wsgi"):
            worker.wsgi.extensions[NAME].close(STOP_SECONDS)


def no_reload(_arbiter: Any) -> None:
    """Gunicorn's when_ready: HUP does nothing, for a second worker beside the first would wait for the folder."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def main() -> int:
    """Read the settings, say what is wrong with them, serve until stopped."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("yijianshi").setLevel(logging.INFO)
    try:
        settings = Settings.from_environ(os.environ)
    except BadSettings as error:
        sys.stderr.write(f"{error}\n")
        return 2
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)  # its socket is bound before the store is opened
    Server(settings).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
