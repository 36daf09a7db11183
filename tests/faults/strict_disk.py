"""What a disk may hold after the power went, made from a record of system calls (`strace`).

Stricter than most file systems: bytes are durable once an fsync of their file began after them, a name is once an fsync
of its folder did. Of everything else nothing may be left, or any part, sector by sector.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
CALLS = ("openat", "pwrite64", "write", "ftruncate", "fallocate", "fsync", "fdatasync", "rename", "renameat2", "unlink",
         "unlinkat", "mkdir", "rmdir", "pwritev", "writev", "link", "symlink")
STRACE = ("strace", "-D", "-f", "--seccomp-bpf", "-qq", "-ttt", "-y", "-xx", "-s", str(1 << 24), "-e",
          f"trace={','.join(CALLS)}")
_LINE = re.compile(r"(\d+) +(\d+\.\d+) (?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)")
_BYTES = re.compile(r'"([^"]*)"')
_HANDLE = re.compile(r"\d+<(\\x[^>]*)>")
_UNFINISHED = " <unfinished ...>"


@dataclass(frozen=True, slots=True)
class Call:
    """A system call that went well: `begun` counts what had ended when it began; `handle` is the path of its first
    argument, or of what it opened; `words` are its texts and bytes, `rest` all that it said."""

    at: float
    begun: int
    name: str
    handle: str
    words: tuple[bytes, ...]
    rest: str


def calls(lines: Iterable[str]) -> Iterator[Call]:
    """The calls of a record in the order in which they ended."""
    open_: dict[str, tuple[int, str, str]] = {}
    ended = 0
    for line in lines:
        found = _LINE.match(line)
        if found is None:
            continue
        who, at, resumed, name, rest = found.groups()
        begun = ended
        if resumed:
            begun, name, head = open_.pop(who)
            rest = head + rest
        elif rest.endswith(_UNFINISHED):
            open_[who] = ended, name, rest.removesuffix(_UNFINISHED)
            continue
        result = rest.rpartition(" = ")[2]
        if result.startswith(("-", "?")):
            continue
        ended += 1
        handle = _HANDLE.match(result if name == "openat" else rest)
        yield Call(float(at), begun, name, plain(handle[1]).decode() if handle else "",
                   tuple(plain(word) for word in _BYTES.findall(rest)), rest)


def plain(text: str) -> bytes:
    """What strace wrote in hexadecimal."""
    return bytes.fromhex(text.replace("\\x", ""))


def coded(text: str) -> str:
    """A text as strace writes it."""
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


@dataclass(frozen=True, slots=True)
class Change:
    """A change that is not durable yet: of a file's bytes at `place` (`data` None: its length is `place`), or of a
    folder's name (`file` None: it is gone). `ended` is the number of the call."""

    ended: int
    place: int = 0
    data: bytes | None = None
    name: str = ""
    file: Content | None = None


@dataclass(eq=False)
class Content:
    """The bytes of a file: the durable ones, its length just now, and what came since; or a folder."""

    folder: bool = False
    durable: bytearray = field(default_factory=bytearray)
    size: int = 0
    pending: list[Change] = field(default_factory=list)

    def left(self, kept: Iterable[Change]) -> bytes:
        """The bytes with these changes."""
        made = bytearray(self.durable)
        for change in kept:
            _change(made, change)
        return bytes(made)


def _change(content: bytearray, change: Change) -> None:
    if change.data is None:
        del content[change.place:]
        content.extend(bytes(change.place - len(content)))
        return
    content.extend(bytes(max(0, change.place - len(content))))
    content[change.place:change.place + len(change.data)] = change.data


class Disk:
    """The files below a folder. `deaf` names endings of files whose fsync is not heard, as if it were switched off."""

    def __init__(self, folder: Path, deaf: tuple[str, ...] = ()) -> None:
        self._within, self._deaf = f"{folder}/", deaf
        self._now: dict[str, Content] = {}
        self._durable: dict[str, Content] = {}
        self._pending: dict[str, list[Change]] = {}
        self._ended = 0

    def apply(self, call: Call) -> bool:
        """Let a call have happened; whether it was about this disk."""
        self._ended += 1
        where = call.handle or next((word.decode() for word in call.words[:1]), "")
        if not f"{where}/".startswith(self._within):
            return False
        getattr(self, f"_{call.name}")(call, where)
        return True

    def _openat(self, call: Call, where: str) -> None:
        if "O_CREAT" in call.rest and where not in self._now and "O_DIRECTORY" not in call.rest:
            self._name(where, Content())
        if "O_TRUNC" in call.rest:
            self._cut(self._now[where], 0)

    def _pwrite64(self, call: Call, where: str) -> None:
        place = int(call.rest.rpartition(") = ")[0].rpartition(", ")[2])
        self._put(where, place, call.words[-1][:_result(call)])

    def _write(self, call: Call, where: str) -> None:
        """Whoever writes without a place here begins a new file and goes on at its end."""
        self._put(where, self._now[where].size, call.words[-1][:_result(call)])

    def _ftruncate(self, call: Call, where: str) -> None:
        self._cut(self._now[where], int(call.rest.rpartition(") = ")[0].rpartition(", ")[2]))

    def _fsync(self, call: Call, where: str) -> None:
        if where.endswith(self._deaf or ("\0",)):
            return
        for change in _heard(self._pending.get(where, []), call.begun):
            if change.file is None:
                self._durable.pop(change.name, None)
            else:
                self._durable[change.name] = change.file
        content = self._now.get(where)
        if content is not None:
            for change in _heard(content.pending, call.begun):
                _change(content.durable, change)

    _fdatasync = _fsync

    def _rename(self, call: Call, _: str) -> None:
        before, after = (word.decode() for word in call.words[:2])
        self._name(after, self._now[before])
        self._name(before, None)

    def _unlink(self, _: Call, where: str) -> None:
        self._name(where, None)

    def _mkdir(self, _: Call, where: str) -> None:
        self._name(where, Content(folder=True))

    _rmdir = _unlink

    def _name(self, where: str, file: Content | None) -> None:
        folder = where.rpartition("/")[0]
        self._pending.setdefault(folder, []).append(Change(self._ended, name=where, file=file))
        if file is None:
            self._now.pop(where, None)
        else:
            self._now[where] = file

    def _put(self, where: str, place: int, data: bytes) -> None:
        content = self._now[where]
        content.pending.append(Change(self._ended, place, data))
        content.size = max(content.size, place + len(data))

    def _cut(self, content: Content, size: int) -> None:
        content.pending.append(Change(self._ended, size))
        content.size = size

    def left(self, dice: random.Random | None) -> Mapping[str, bytes]:
        """What is left of the files: the durable part alone, or that and any part of what was under way. What lies in
        a folder that is gone is gone, too."""
        names = dict(self._durable)
        for changes in self._pending.values() if dice else ():
            for change in _some(changes, dice):
                names.pop(change.name, None) if change.file is None else names.update({change.name: change.file})
        there = {name: file for name, file in names.items() if not file.folder and self._reached(name, names)}
        return {name: file.left(_some(_sectors(file.pending), dice) if dice else ()) for name, file in there.items()}

    def _reached(self, name: str, names: Mapping[str, Content]) -> bool:
        folder = name.rpartition("/")[0]
        return f"{folder}/" == self._within or (folder in names and self._reached(folder, names))


def _result(call: Call) -> int:
    return int(call.rest.rpartition(" = ")[2].split()[0])


def _heard(changes: list[Change], begun: int) -> list[Change]:
    """Take those off that had ended when the fsync began."""
    heard = [change for change in changes if change.ended <= begun]
    changes[:] = [change for change in changes if change.ended > begun]
    return heard


def _some(changes: Iterable[Change], dice: random.Random | None) -> list[Change]:
    assert dice is not None
    return [change for change in changes if dice.random() < 0.5]


def _sectors(changes: Iterable[Change]) -> Iterator[Change]:
    for change in changes:
        if change.data is None:
            yield change
            continue
        for start in range(0, len(change.data), SECTOR):
            yield Change(change.ended, change.place + start, change.data[start:start + SECTOR])
