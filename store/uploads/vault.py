"""Where the bytes of files are: sealed parts in the data folder, or sealed parts in PostgreSQL; one small port."""

from __future__ import annotations

import hashlib
import os
import secrets
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

from store.cipher import OVERHEAD, Cipher, sealed_by
from store.engine.folder import is_full, make_folder, sync_folder, write_durably
from store.errors import SealBroken, StorageFull, UnknownFile
from store.failpoints import reach
from store.port import Database, Tx

PART = 1 << 20
AT_ONCE = 1_000
_HEAD = struct.Struct(">I")
_ALPHABET = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Kept:
    """What `put` kept: the SHA-256 and length of the plain bytes."""

    sha256: str
    size: int


class Vault(Protocol):
    """The bytes of files by their random id; used outside units, since it does input and output."""

    def put(self, file: str, chunks: Iterable[bytes]) -> Kept:
        """Seal and keep the bytes; durable before it returns. What `chunks` raises leaves nothing behind, and neither
        does StorageFull."""

    def open(self, file: str) -> Iterator[bytes]:
        """The plain bytes in parts; UnknownFile if there are none, SealBroken if they were changed or cut."""

    def drop(self, file: str) -> None:
        """Forget the bytes; no error if there are none."""

    def listed(self, since: datetime, until: datetime, after: str) -> tuple[list[str], str | None]:
        """A page of the files that came in this time by their ids, from a place on ("": the first one), and where the
        next page begins (None: this was the last)."""

    def keys(self, file: str) -> set[str]:
        """The ids of the keys that sealed the bytes; UnknownFile."""

    def renew(self, file: str) -> None:
        """Seal the bytes anew with the newest key; UnknownFile. Who reads them meanwhile reads them whole."""


def new_file_id(now: datetime) -> str:
    """An id that nobody guesses, and that stands behind all earlier ones: 48 bits of milliseconds since 1970, 80 random
    bits (the order of RFC 9562's version 7). Random from the first sign on, each of a case's papers would lie somewhere
    else among all that were ever uploaded, and be a page of the index to fetch from a disk and to write back."""
    return f"{_first_of(now)}{secrets.token_hex(10)}"


def _first_of(moment: datetime) -> str:
    """How ids begin that are made at a moment; those made earlier stand before it."""
    return f"{int(moment.timestamp() * 1000):012x}"


class FolderVault:
    """Sealed files below `files/` in the data folder, each under its id; the last two signs of it name its folder."""

    def __init__(self, folder: Path, cipher: Cipher) -> None:
        self._folder = folder / "files"
        self._cipher = cipher
        self._durable: set[str] = set()  # folders whose names are; whoever else made one may not have come that far
        make_folder(self._folder)

    def put(self, file: str, chunks: Iterable[bytes]) -> Kept:
        """Seal and keep the bytes; durable before it returns."""
        measure = _Measure(chunks)
        path = self._path(file)
        with _as_store_errors():
            if path.parent.name not in self._durable:
                path.parent.mkdir(mode=0o700, exist_ok=True)
                sync_folder(self._folder)
                self._durable.add(path.parent.name)
            write_durably(path, self._framed(file, measure))
        reach("upload.after_rename")
        return measure.kept()

    def open(self, file: str) -> Iterator[bytes]:
        """The plain bytes in parts. That the file is there is seen now, but it is opened at the first part: whoever
        reads many one after the other, slowly, has one of them open."""
        path = self._there(file)
        if not path.is_file():
            raise UnknownFile
        return self._parts(file, path)

    def drop(self, file: str) -> None:
        """Forget the bytes."""
        self._there(file).unlink(missing_ok=True)

    def listed(self, since: datetime, until: datetime, after: str) -> tuple[list[str], str | None]:
        """A folder of the files that came in this time. What was cut off before its end, that long ago, is forgotten on
        the way."""
        folders = sorted(one for one in self._folder.iterdir() if one.name >= after and one.is_dir())
        found = []
        for path in folders[0].iterdir() if folders else ():
            if path.name.startswith("."):
                _forget_older(path, until)
            elif _first_of(since) <= path.name < _first_of(until):
                found.append(path.name)
        return found, folders[1].name if len(folders) > 1 else None

    def keys(self, file: str) -> set[str]:
        """The ids of the keys that sealed the bytes: one, for a file is written by one process at once."""
        with self._stream(self._there(file)) as stream:
            return {sealed_by(stream.read(_HEAD.size + OVERHEAD)[_HEAD.size:])}

    def renew(self, file: str) -> None:
        """Seal the bytes anew with the newest key. Who has the file open goes on with what it was."""
        path = self._there(file)
        write_durably(path, self._framed(file, _Measure(self._parts(file, path))))

    def share(self, file: str, other: FolderVault) -> bool:
        """Let this vault have the file that `other` has on the same disk, without a copy; False if that cannot be, or
        an older key sealed it, which may be destroyed before this copy is."""
        path = self._path(file)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            if other.keys(file) != {self._cipher.newest}:
                return False
            path.hardlink_to(other._there(file))
        except (OSError, UnknownFile):
            return False
        sync_folder(path.parent)
        return True

    def _framed(self, file: str, measure: _Measure) -> Iterator[bytes]:
        for place, part in measure.places(file):
            sealed = self._cipher.seal(part, place)
            yield _HEAD.pack(len(sealed)) + sealed
        reach("upload.after_write")

    def _parts(self, file: str, path: Path) -> Iterator[bytes]:
        with self._stream(path) as stream:
            left = os.fstat(stream.fileno()).st_size
            number = 0
            while left:
                head = stream.read(_HEAD.size)
                length = _HEAD.unpack(head)[0] if len(head) == _HEAD.size else 0
                left -= _HEAD.size + length
                if not OVERHEAD <= length <= PART + OVERHEAD or left < 0:
                    raise SealBroken("file")
                yield self._cipher.open(stream.read(length), _place(file, number, last=left == 0))
                number += 1
            if number == 0:
                raise SealBroken("file")

    def _stream(self, path: Path) -> BinaryIO:
        try:
            return path.open("rb")
        except FileNotFoundError:
            raise UnknownFile from None

    def _path(self, file: str) -> Path:
        """Where a file is put."""
        if len(file) != 32 or not _ALPHABET.issuperset(file):
            raise UnknownFile
        return self._folder / file[-2:] / file

    def _there(self, file: str) -> Path:
        """Where a file is: ids were random from the first sign on once, and folders named by the first two."""
        path = self._path(file)
        earlier = self._folder / file[:2] / file
        return earlier if not path.exists() and earlier.exists() else path


class DatabaseVault:
    """Sealed parts in the table `file_bytes`, for many hosts without a common folder."""

    def __init__(self, db: Database, cipher: Cipher) -> None:
        self._db = db
        self._cipher = cipher

    def put(self, file: str, chunks: Iterable[bytes]) -> Kept:
        """Seal and keep the bytes; durable before it returns."""
        measure = _Measure(chunks)
        number = 0
        try:
            for number, (place, part) in enumerate(measure.places(file)):
                self._keep(file, number, self._cipher.seal(part, place))
        except BaseException:
            self.drop(file)
            raise
        return measure.kept()

    def open(self, file: str) -> Iterator[bytes]:
        """The plain bytes in parts."""
        with self._db.read() as tx:
            last = tx.rows("select max(part) as last from file_bytes where file = :file", file=file)[0]["last"]
        if last is None:
            raise UnknownFile
        return self._parts(file, last)

    def drop(self, file: str) -> None:
        """Forget the bytes."""
        self._db.write(lambda tx: tx.run("delete from file_bytes where file = :file", file=file))

    def listed(self, since: datetime, until: datetime, after: str) -> tuple[list[str], str | None]:
        """So many of the files that came in this time."""
        with self._db.read() as tx:
            found = tx.rows("select file from file_bytes where file >= :first and file < :until and file > :after"
                            " and part = 0 order by file limit :limit", first=_first_of(since), until=_first_of(until),
                            after=after, limit=AT_ONCE)
        return [row["file"] for row in found], found[-1]["file"] if len(found) == AT_ONCE else None

    def keys(self, file: str) -> set[str]:
        """The ids of the keys that sealed the parts."""
        with self._db.read() as tx:
            found = tx.rows("select substr(body, 1, 4) as by from file_bytes where file = :file", file=file)
        if not found:
            raise UnknownFile
        return {sealed_by(bytes(row["by"])) for row in found}

    def renew(self, file: str) -> None:
        """Seal the parts anew with the newest key, each by itself: every one opens all the while."""
        with self._db.read() as tx:
            last = tx.rows("select max(part) as last from file_bytes where file = :file", file=file)[0]["last"]
        if last is None:
            raise UnknownFile
        for number, part in enumerate(self._parts(file, last)):
            sealed = self._cipher.seal(part, _place(file, number, last=number == last))
            self._db.write(partial(self._put, file, number, sealed))

    @staticmethod
    def _put(file: str, number: int, sealed: bytes, tx: Tx) -> None:
        tx.run("update file_bytes set body = :body where file = :file and part = :part",
               file=file, part=number, body=sealed)

    def _keep(self, file: str, number: int, sealed: bytes) -> None:
        def unit(tx: Tx) -> None:
            tx.run("insert into file_bytes (file, part, body) values (:file, :part, :body)",
                   file=file, part=number, body=sealed)

        self._db.write(unit)

    def _parts(self, file: str, last: int) -> Iterator[bytes]:
        for number in range(last + 1):
            with self._db.read() as tx:
                found = tx.rows("select body from file_bytes where file = :file and part = :part",
                                file=file, part=number)
            if not found:
                raise SealBroken("file")
            yield self._cipher.open(found[0]["body"], _place(file, number, last=number == last))


def _forget_older(path: Path, until: datetime) -> None:
    with suppress(FileNotFoundError):
        if path.stat().st_mtime < until.timestamp():
            path.unlink()


@contextmanager
def _as_store_errors() -> Iterator[None]:
    """A full disk is said in the store's own words, wherever the writing was asked for."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise StorageFull from None
        raise


class _Measure:
    """Cuts any chunks into parts of one size and measures them on the way."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._hash = hashlib.sha256()
        self._size = 0

    def places(self, file: str) -> Iterator[tuple[str, bytes]]:
        """Each part with its place; the last one says so, so that a cut file does not open."""
        held = bytearray()
        number = 0
        for chunk in self._chunks:
            self._hash.update(chunk)
            self._size += len(chunk)
            held += chunk
            while len(held) > PART:
                yield _place(file, number, last=False), bytes(held[:PART])
                del held[:PART]
                number += 1
        yield _place(file, number, last=True), bytes(held)

    def kept(self) -> Kept:
        return Kept(self._hash.hexdigest(), self._size)


def _place(file: str, number: int, *, last: bool) -> str:
    return f"file_bytes:body:{file}/{number}{'.' if last else ''}"
