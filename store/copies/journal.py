"""What was erased, closed and taken back, written down once more outside of the database and of its copies.

A copy knows nothing of what was erased after it was made. So these entries of the audit log stand in a file of their
own as well, a JSON line each, beside the keys: ids, times and acts, nothing that says who anybody was. They follow the
commit and repeat what the log says. An entry is told by its number and its hash, which no other history has: a store
that lacks the last one was put back, and `store/copies/again.py` does again what it has forgotten.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from store.encoding import moment
from store.engine.folder import make_folder, sync_folder
from store.errors import JournalUnfit
from store.port import Row, Tx

REDONE = "store.redone"  # that what a store had forgotten was done again: from then on it knows all of it
TAKEN_AWAY = ("case.erase", "account.erase", "account.disable", "account.enable", "account.reset-factor",
              "account.unbind", "token.revoke", "mandate.revoke", "draft.drop", REDONE)
# As the index `audit_taken_away` has it (`store/engine/changes.py`), word for word.
WHERE = "(" + " or ".join(f"action = '{action}'" for action in TAKEN_AWAY) + ")"
_AT_ONCE = 1_000
_WHILE = timedelta(minutes=5)
_BEGIN = b'{"n": '
_PATIENCE, _PAUSE = 5.0, 0.05
_END, _MOST = 4_096, 2**20  # bytes in which the last line is looked for, first and at most


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of the audit log as the journal has it; `store`: which store wrote it down."""

    n: int
    hash: str
    at: str
    action: str
    target: str
    store: str = field(default="", compare=False)


class Journal:
    """The file at `path`, which its owner alone may read. It only grows; a line that was cut off in its middle is not
    there, and comes again."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else on this machine compares or adds meanwhile; the file is there from now on."""
        made = not self.path.exists()
        make_folder(self.path.parent)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if made:
                if not os.geteuid():  # root may have called; the service must be able to go on with it
                    folder = self.path.parent.stat()
                    os.chown(handle, folder.st_uid, folder.st_gid)
                sync_folder(self.path.parent)
            self._take(handle)
            yield
        finally:
            os.close(handle)

    def _take(self, handle: int) -> None:
        """Have it alone; JournalUnfit if somebody else keeps it: no start and no sweep waits for long."""
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise JournalUnfit(f"删除记录 {self.path} 一直被别的进程占用（比如没有结束的 flask restore、"
                                       "flask redo，或备份软件）；请等它结束，或结束它。") from None
            time.sleep(_PAUSE)

    def put_away(self, now: datetime) -> Path | None:
        """Give it another name, under which nobody goes by it any more; that, or None if there is no journal."""
        aside = self.path.with_name(f"{self.path.name}.before-{now:%Y%m%d-%H%M%S}")
        with self.held():
            if not self.path.stat().st_size:
                return None
            self.path.rename(aside)
            sync_folder(self.path.parent)
        return aside

    def lines(self) -> list[Line]:
        """All of it, oldest first; JournalUnfit if there is no such file or it was damaged."""
        try:
            self._refuse_strange()
            whole = self.path.read_bytes()
        except OSError as error:
            raise JournalUnfit(f"删除记录 {self.path} 读不出来（{error.strerror}）；"
                               "请放回另存的、最新的那一份；没有的，恢复时请加 --without-journal。") from None
        return [self._read(line, f"第 {n} 行") for n, line in enumerate(whole.split(b"\n")[:-1], 1)]

    def last(self) -> Line | None:
        """The last line, or None."""
        whole = self._end()[1].split(b"\n")[-2:-1]
        return self._read(whole[0], "最后一行") if whole else None

    def add(self, lines: Sequence[Line]) -> None:
        """Append lines; durable before it returns. Only while it is `held`."""
        place, end = self._end()
        cut = end[end.rfind(b"\n") + 1:].rstrip(b"\0")  # a disk may leave zeros where a line was to be
        if cut[:len(_BEGIN)] != _BEGIN[:len(cut)] or (place and b"\n" not in end):
            raise self._none()  # whatever this is, it is no line of ours that was cut off
        with self.path.open("r+b") as stream:
            stream.truncate(place + end.rfind(b"\n") + 1)
            stream.seek(0, os.SEEK_END)
            stream.writelines(json.dumps(asdict(line)).encode() + b"\n" for line in lines)
            stream.flush()
            os.fsync(stream.fileno())

    def _read(self, line: bytes, which: str) -> Line:
        try:
            return Line(**json.loads(line))
        except (ValueError, TypeError):
            raise JournalUnfit(f"删除记录 {self.path} 的{which}已损坏；请放回另存的、最新的那一份，"
                               "或先另存它，再删掉这一行（那一项如果备份不知道，要另外重做）。") from None

    def _end(self) -> tuple[int, bytes]:
        """The last bytes, with a whole line among them if there is one, and where they begin."""
        self._refuse_strange()
        with self.path.open("rb") as stream:
            size, most = stream.seek(0, os.SEEK_END), _END
            while True:
                place = stream.seek(max(0, size - most))
                end = stream.read(size - place)
                if not place or end.count(b"\n") > 1 or most >= _MOST:
                    return place, end
                most = _MOST

    def _refuse_strange(self) -> None:
        """JournalUnfit for what is no file, of which some can be read for ever."""
        if not self.path.is_dir() and not stat.S_ISREG(self.path.stat().st_mode):
            raise self._none()

    def _none(self) -> JournalUnfit:
        return JournalUnfit(f"{self.path} 不是删除记录；请检查 YJS_JOURNAL。没有改动它。")


def knows(tx: Tx, line: Line) -> bool:
    """Whether this very entry stands in the audit log of a store."""
    return bool(tx.rows("select 1 as yes from audit where n = :n and hash = :hash", n=line.n, hash=line.hash))


def entries(tx: Tx, after: int) -> list[Line]:
    """What a store says was taken away after an entry; a page of it."""
    return [_line(row) for row in tx.rows(
        f"select n, hash, at, action, target from audit where n > :after and {WHERE} order by n limit :limit",
        after=after, limit=_AT_ONCE)]


def newest(tx: Tx) -> Line | None:
    """The last of what a store says was taken away, or None."""
    found = tx.rows(f"select n, hash, at, action, target from audit where n > 0 and {WHERE} order by n desc limit 1")
    return _line(found[0]) if found else None


def lags(tx: Tx, journal: Journal, now: datetime) -> bool:
    """Whether something was taken away a while ago that is not in the journal, or there is none that can be read."""
    last = newest(tx)
    try:
        written = journal.last()
        if last is None or written == last or now - moment(last.at) < _WHILE:
            return False
        return last not in journal.lines()  # another store may have written behind it
    except (OSError, JournalUnfit):
        return True


def _line(row: Row) -> Line:
    return Line(row["n"], row["hash"], row["at"], row["action"], row["target"])
