"""Opens the store that is configured; the PostgreSQL adapter is loaded only when it is asked for."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from store.cipher import Cipher
from store.engine.safety import refuse_unwritable
from store.engine.same_keys import refuse_other_keys
from store.engine.sqlite import FILE, open_sqlite, read_sqlite, refuse_unfit
from store.errors import OlderSchema, StoreUnavailable, UnsafeStorage
from store.port import Database
from store.uploads.vault import DatabaseVault, FolderVault, Vault

# URL scheme → module, and its functions to open and to read. Its library is optional, so it is loaded by name.
ADAPTERS = {
    "postgresql": ("store.engine.postgres", "open_postgres", "read_postgres"),
    "postgres": ("store.engine.postgres", "open_postgres", "read_postgres"),
}


_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Place:
    """Where the store is: the data folder, or the database of `url`; `patience` is seconds to wait for either."""

    data: Path
    url: str | None = None
    patience: float = 40.0
    pool: int = 16


@dataclass(frozen=True, slots=True)
class Opened:
    """An open store: the database and the vault of file bytes."""

    db: Database
    vault: Vault

    def close(self) -> None:
        """Finish what is queued, then close."""
        self.db.close()


def open_store(place: Place, cipher: Cipher, say: Callable[[str], None] = print) -> Opened:
    """Open for reading and writing: waits for the folder or the database, refuses unsafe storage, a newer schema and
    other keys, migrates."""
    if place.url:
        return _patiently(place, lambda: _shared(place, cipher, say, reading=False), say)
    database = open_sqlite(place.data, cipher, place.patience, say)
    return _known(Opened(database, FolderVault(place.data, cipher)))


def open_reader(place: Place, cipher: Cipher) -> Opened:
    """Open for reading beside a running portal: no lock, no migration."""
    if place.url:
        return _shared(place, cipher, print, reading=True)
    return _known(Opened(read_sqlite(place.data, cipher), FolderVault(place.data, cipher)))


def try_start(place: Place, cipher: Cipher) -> Opened | None:
    """What a start would open, for reading, without waiting for it: None where there is nothing yet, or a start would
    first bring it to its layout. Whatever would refuse a start is raised."""
    if place.url is None:
        refuse_unfit(place.data)
        if not (place.data / FILE).exists():
            refuse_unwritable(place.data)
            return None
    try:
        return open_reader(place, cipher)
    except OlderSchema:
        return None


def _known(opened: Opened) -> Opened:
    """The store if it was written with the keys that are in force; else nothing stays open."""
    try:
        refuse_other_keys(opened.db)
    except BaseException:
        opened.close()
        raise
    return opened


def _patiently(place: Place, opens: Callable[[], Opened], say: Callable[[str], None]) -> Opened:
    """Wait for a database that is away: a process that is started while it restarts must not stay down."""
    give_up, said = time.monotonic() + place.patience, False
    while True:
        try:
            return opens()
        except StoreUnavailable as away:
            if time.monotonic() > give_up:
                raise
            if not said:
                say(f"数据库暂时连不上（{away.detail}），最多等待 {place.patience:.0f} 秒……")
            said = True
            time.sleep(_PAUSE)


def _shared(place: Place, cipher: Cipher, say: Callable[[str], None], *, reading: bool) -> Opened:
    url = place.url or ""
    scheme = url.partition("://")[0]
    if scheme not in ADAPTERS:
        raise UnsafeStorage(f"DATABASE_URL 以 {scheme}:// 开头，只支持 {'、'.join(sorted(ADAPTERS))}。")
    module, opens, reads = ADAPTERS[scheme]
    try:
        adapter = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise UnsafeStorage(f"缺少 {error.name}；请执行 pip install -r requirements-postgres.txt。") from None
    database: Database = getattr(adapter, reads if reading else opens)(url, cipher, place.pool, say)
    return _known(Opened(database, DatabaseVault(database, cipher)))
