"""The server: gunicorn with one threaded worker that holds the data folder and runs the dispatcher.

`python -m web.serve` (what `dev.py run` and production start). The order at a start: the master listens and imports the
application; the worker is born and tied to its master's life, reads and checks the definitions, opens the store (which
waits for the folder's lock and says so) and begins the dispatcher. Whoever connects meanwhile waits. At a stop nothing
new is claimed, running attempts have eight seconds, the rest become unknown outcomes.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import resource
import signal
import socket
import sys
import time
from importlib import import_module
from typing import Any

COLLECT = (20_000, 20, 50)
if __name__ == "__main__":
    gc.set_threshold(*COLLECT)  # what the imports below make stays; looking through it is a tenth of their time

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.util import import_app

from settings.logs import log_to_stderr
from settings.values import BadSettings, Settings
from store.engine.folder import FolderLock, make_folder
from store.errors import FolderBusy, StoreError
from web.names import BAD_SETTINGS, NAME, REFUSED, SOCKET, RefusedStart
from web.worker import Worker

LOG = logging.getLogger("yijianshi.serve")
APPLICATION = "app"  # by name: it stands above
STOP_SECONDS = 8.0
GRACE_SECONDS = 10
FILES = 4096
PORT_SECONDS = 5.0
FOLDER_SECONDS = 40.0
SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG


def die_with_master(_arbiter: Any, worker: Worker) -> None:
    """Gunicorn's post_fork: the kernel ends this worker when its master is gone, even by SIGKILL."""
    ctypes.CDLL(None, use_errno=True).prctl(SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != worker.ppid:
        sys.exit(1)  # the master died before the kernel was told


class Words(Logger):  # type: ignore[misc]  # gunicorn ships no annotations
    """What gunicorn says, as lines among ours."""

    def setup(self, cfg: Any) -> None:
        """Leave the writing to whoever writes the rest."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no annotations
    """gunicorn, set up from our settings alone."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Every option that matters; reloading, preloading, recycling and the control socket stay off."""
        host = f"[{self._settings.bind}]" if ":" in self._settings.bind else self._settings.bind
        options = {
            "bind": [f"{host}:{self._settings.port}", f"unix:{self._settings.data / SOCKET}"],
            "umask": 0o177, "workers": 1, "worker_class": Worker,
            "threads": self._settings.threads, "worker_connections": 1000, "keepalive": 15, "timeout": 60,
            "graceful_timeout": GRACE_SECONDS, "preload_app": False, "reload": False, "max_requests": 0,
            "control_socket_disable": True, "limit_request_line": 8190, "limit_request_fields": 60,
            "post_fork": die_with_master, "post_worker_init": self.begin, "worker_exit": self.end,
            "proc_name": "yijianshi", "errorlog": "-", "loglevel": "warning", "logger_class": Words,
            "forwarded_allow_ips": "", "when_ready": listening,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The application, in the worker; what is wrong with its set-up is said once and the master gives up."""
        try:
            return import_app(f"{APPLICATION}:create_app()")
        except RefusedStart as error:
            raise refused(str(error)) from error

    def begin(self, worker: Worker) -> None:
        """Gunicorn's post_worker_init: open the store, then start the dispatcher."""
        try:
            worker.wsgi.extensions[NAME].begin()
        except (RefusedStart, StoreError) as error:
            raise refused(error.says if isinstance(error, StoreError) else str(error)) from error
        look_less_for_garbage()
        LOG.info("serving on %s", self._settings.public_url)

    def end(self, _arbiter: Any, worker: Worker) -> None:
        """Gunicorn's worker_exit: nothing new is claimed, running attempts get their seconds, the store is closed."""
        if hasattr(worker, "wsgi"):
            worker.wsgi.extensions[NAME].close(STOP_SECONDS)


def refused(says: str) -> SystemExit:
    """The end of a start that is refused, once the log says why."""
    LOG.error("服务没有启动：%s", says)
    return SystemExit(REFUSED)


def listening(_arbiter: Any) -> None:
    """Gunicorn's when_ready: who connects from now on waits for an answer instead of being turned away.

    HUP does nothing, for a second worker beside the first would wait for the folder. The application is imported here,
    in the master, so that a worker that is born again finds it imported, and need not look through it for garbage.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    import_module(APPLICATION)
    gc.freeze()


def look_less_for_garbage() -> None:
    """What was loaded at the start stays for ever and need not be looked through again and again; requests leave hardly
    a cycle behind, and one filing alone makes more objects than the collector by default waits for."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)


def port_comes_free(bind: str, port: int) -> bool:
    """Whether one can listen there, within a few seconds: a portal that ends just now may still hold it. What is in the
    way is said at once and with the setting, which gunicorn does not name."""
    until, said = time.monotonic() + PORT_SECONDS, False
    while (why := _in_the_way(bind, port)) and time.monotonic() < until:
        if not said:
            LOG.error("不能在 %s 端口 %s 上监听（%s）；请停掉占用它的程序，或用 PORT、YJS_BIND 换一个，例如 PORT=5300",
                      bind, port, why)
            said = True
        time.sleep(0.2)
    return not why


def folder_comes_free(settings: Settings) -> bool:
    """Whether the data folder can be used, for its socket is bound before the store is opened: a second portal on one
    folder would take the first one's socket away, and no command would find that one any more."""
    lock = FolderLock(settings.data)
    try:
        make_folder(settings.data)
        lock.take(FOLDER_SECONDS, LOG.warning)
    except FolderBusy as busy:
        LOG.error("%s", busy.says)
        return False
    except OSError as error:
        LOG.error("数据目录 %s 不能使用（%s）；请检查 YJS_DATA、目录的属主和权限", settings.data, error.strerror)
        return False
    lock.free()
    return True


def _in_the_way(bind: str, port: int) -> str:
    """Why nobody can listen there; empty if one can."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in bind else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((bind, port))  # and not listened to: nobody may be taken and then dropped
    except OSError as error:
        return error.strerror or str(error)
    return ""


def raise_file_limit() -> None:
    """As many open files as all connections and the store may need together; many systems begin with 1024."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= now < FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES if most < 0 else min(FILES, most), most))


def main() -> int:
    """Read the settings, say what is wrong with them, serve until stopped."""
    log_to_stderr()
    try:
        settings = Settings.from_environ(os.environ)
    except BadSettings as error:
        LOG.error("%s", error)
        return BAD_SETTINGS
    if not port_comes_free(settings.bind, settings.port):
        return BAD_SETTINGS
    raise_file_limit()
    if not folder_comes_free(settings):
        return BAD_SETTINGS
    if not (settings.demonstrates or settings.secure):
        LOG.warning("YJS_PUBLIC_URL 不是 https 网址：登录凭证不加密传送，任何人都可能截获")
    Server(settings).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
