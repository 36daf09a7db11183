"""The data folder: one process at a time holds it, and what is written there is durable."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from store.engine.turns import away
from store.errors import FolderBusy

_PROBED = 1 << 16
_PAUSE = 0.1
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class FolderLock:
    """An exclusive flock on `lock` inside the data folder; the kernel frees it when the process dies."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lock"
        self._handle = -1

    def take(self, patience: float, say: Callable[[str], None]) -> None:
        """Take the lock, waiting at most `patience` seconds and saying so; FolderBusy afterwards."""
        self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if self._tried():
            return
        say(f"数据目录 {self.path.parent} 正被另一个进程使用，最多等待 {patience:.0f} 秒……")
        give_up = time.monotonic() + patience
        while time.monotonic() < give_up:
            time.sleep(_PAUSE)
            if self._tried():
                say("已取得数据目录，继续启动。")
                return
        self.free()
        raise FolderBusy(f"等待 {patience:.0f} 秒后仍被占用；请先停止另一个进程，再重新启动。")

    def free(self) -> None:
        """Give the lock back; twice does no harm."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _tried(self) -> bool:
        return _locked(self._handle)


def _locked(handle: int) -> bool:
    """Whether the open file is ours alone now, until it is closed."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_full(error: OSError) -> bool:
    """Whether it says that there is no room: the disk is full, or what this user may take of it."""
    return error.errno in _FULL


def lacks_only_room(folder: Path) -> bool:
    """Whether nothing but room is amiss, or was a moment ago: a file written in `folder` to find out is durable, or the
    system says that there is no room for it."""
    probe = folder / "probe"
    try:
        _write(probe, folder / ".probe.part", [b"\0" * _PROBED])
        probe.unlink(missing_ok=True)
    except OSError as error:
        return is_full(error)
    return True


def write_durably(path: Path, chunks: Iterable[bytes], owned_as: os.stat_result | None = None) -> None:
    """Write `path` whole or not at all: temporary file, fsync, rename, fsync of the folder; mode 0600. The temporary
    file is nobody else's, so of two who write one path at once the last has it, whole. It is ours, or `owned_as` that
    file: nothing is written where that may not be, but a group that may not be set is let be, for it has no rights."""
    _write(path, path.with_name(f".{path.name}.{secrets.token_hex(4)}.part"), chunks, owned_as)


def _write(path: Path, temporary: Path, chunks: Iterable[bytes], owned_as: os.stat_result | None = None) -> None:
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as stream:
            if owned_as is not None:
                _give(handle, owned_as)
            for chunk in chunks:
                stream.write(chunk)
            stream.flush()
            with away():
                os.fsync(stream.fileno())
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _give(handle: int, owned_as: os.stat_result) -> None:
    with suppress(PermissionError):
        os.fchown(handle, -1, owned_as.st_gid)
    os.fchown(handle, owned_as.st_uid, -1)


@contextmanager
def claimed(draft: Path) -> Iterator[bool]:
    """Whether `draft`, a file of mode 0600, is ours alone while the block runs, and of no other process that claims it.
    What a process left there that was killed is taken over. It is gone afterwards, unless it was renamed."""
    handle = _locked_open(draft)
    if handle is None:
        yield False
        return
    try:
        yield True
    finally:
        if _still_named(draft, handle):
            draft.unlink()
        os.close(handle)


def _locked_open(draft: Path) -> int | None:
    """The file, opened and locked; None if somebody else has it locked."""
    while True:
        handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        locked = _locked(handle)
        if locked and _still_named(draft, handle):
            return handle
        os.close(handle)
        if not locked:
            return None


def _still_named(path: Path, handle: int) -> bool:
    """Whether an open file is the one called so; who had it before may have renamed or deleted it meanwhile."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def make_folder(folder: Path) -> None:
    """Make `folder` for its owner alone, and those above it that are missing; each of their names is durable."""
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for one in reversed(made):
        sync_folder(one.parent)


def sync_file(path: Path) -> None:
    """Make a file that somebody else wrote durable, and its name."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names inside `folder` durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with away():
            os.fsync(handle)
    finally:
        os.close(handle)
