"""Which files there are, whose they are and which case holds them; the bytes are in the vault."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from store.encoding import stamp
from store.errors import FileTaken, UnknownFile
from store.port import Row, Tx
from store.rows import insert, named, one, params, shape
from store.sealing import seal, unseal
from store.uploads import uncleared


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file: random id, owner (a subject or `department:<id>`), display name, type, size and SHA-256 of the bytes."""

    file: str
    owner: str
    name: str
    type: str
    size: int
    sha256: str
    created_at: datetime
    reference: str | None = None


class Traits(NamedTuple):
    """What decides whether a file can be used; its name stays sealed."""

    file: str
    owner: str
    type: str
    size: int
    reference: str | None


@dataclass(frozen=True, slots=True)
class Unlinked:
    """A file that no case holds: whose it is (nobody's: empty), and since when it is there."""

    file: str
    owner: str
    created_at: datetime


SPOILED = "infected:"  # before the owner of a file that nobody can use, and that is shown to nobody else
_TRAITS = "file, owner, type, size, reference"
BLOCK = 4_096  # what the smallest file takes of a disk


def add(tx: Tx, file: FileRow) -> None:
    """Note a file whose bytes are durable in the vault."""
    insert(tx, "files", {**params(file, "name"), "name": seal(tx, file.name, f"files:name:{file.file}")})
    tx.run("insert into holdings (owner, bytes) values (:owner, :more)"
           " on conflict (owner) do update set bytes = holdings.bytes + excluded.bytes",
           owner=file.owner, more=file.size + BLOCK)


def get(tx: Tx, file: str) -> FileRow:
    """The file; UnknownFile."""
    return _opened(tx, one(tx, UnknownFile, "select * from files where file = :file", file=file))


def several(tx: Tx, files: Iterable[str]) -> dict[str, FileRow]:
    """Those of `files` that exist, by id."""
    found = (tx.rows(f"select * from files where file in ({names})", **each) for names, each in named(files))
    return {row["file"]: _opened(tx, row) for rows in found for row in rows}


def traits(tx: Tx, files: Iterable[str]) -> dict[str, Traits]:
    """Those of `files` that exist, by id, without their names: most are looked at and never shown."""
    found = (tx.rows(f"select {_TRAITS} from files where file in ({names})", **each) for names, each in named(files))
    return {row["file"]: Traits(*row.values()) for rows in found for row in rows}


def link(tx: Tx, reference: str, owner: str, files: Iterable[str]) -> list[Traits]:
    """Give an owner's files to a case, each once, and say what they are; UnknownFile for a stranger's, FileTaken if
    another case has it."""
    linked: list[Traits] = []
    for names, each in named(files):
        its = f"owner = :owner and file in ({names})"
        rows = tx.rows(f"update files set reference = :reference where {its} and reference is null"
                       f" returning {_TRAITS}", owner=owner, reference=reference, **each)
        if rows:
            _let_go(tx, owner, [row["size"] for row in rows])
        if len(rows) != len(each):  # what the case has already its owner has let go; the rest is not theirs
            rows = tx.rows(f"select {_TRAITS} from files where {its} and reference = :reference",
                           owner=owner, reference=reference, **each)
        if len(rows) != len(each):
            _refuse(tx, reference, owner, each.values())
        linked += [Traits(*row.values()) for row in rows]
    return linked


def hand_over(tx: Tx, reference: str, owner: str, to: str) -> None:
    """Give what an owner brought to a case to somebody else, whose the case is."""
    tx.run("update files set owner = :to where reference = :reference and owner = :owner",
           to=to, reference=reference, owner=owner)


def _let_go(tx: Tx, owner: str, sizes: Sequence[int]) -> None:
    """An owner holds so many bytes less, and is not kept in mind with none."""
    less = sum(sizes) + BLOCK * len(sizes)
    if not tx.run("delete from holdings where owner = :owner and bytes <= :less", owner=owner, less=less):
        tx.run("update holdings set bytes = bytes - :less where owner = :owner", owner=owner, less=less)


def _refuse(tx: Tx, reference: str, owner: str, files: Iterable[str]) -> None:
    """Say which of these files is not the owner's, or another case's."""
    for names, each in named(files):
        found = tx.rows(f"select file, reference from files where owner = :owner and file in ({names})",
                        owner=owner, **each)
        holder = {row["file"]: row["reference"] for row in found}
        for file in each.values():
            if file not in holder:
                raise UnknownFile(file=file)
            if holder[file] not in (None, reference):
                raise FileTaken(file=file)


def of_case(tx: Tx, reference: str) -> list[FileRow]:
    """The files of a case, oldest first."""
    found = tx.rows("select * from files where reference = :reference order by created_at, file", reference=reference)
    return [_opened(tx, row) for row in found]


def unlinked(tx: Tx, before: datetime, after: Unlinked | None = None, limit: int = 100) -> list[Unlinked]:
    """Files that no case holds and that were made before a time, oldest first, after `after`."""
    found = tx.rows(
        "select file, owner, created_at from files where reference is null and created_at < :before"
        " and (created_at, file) > (:at, :file) order by created_at, file limit :limit",
        before=stamp(before), at=stamp(after.created_at) if after else "", file=after.file if after else "",
        limit=limit,
    )
    return [shape(Unlinked, row) for row in found]


def held(tx: Tx, owner: str) -> int:
    """The bytes that an owner's files take which no case holds, as they are counted when files come and go."""
    found = tx.rows("select bytes from holdings where owner = :owner", owner=owner)
    return int(found[0]["bytes"]) if found else 0


def spoiled(owner: str) -> str:
    """Whose a file of this owner is once something was found in it: nobody's to file, and still told of to them."""
    return f"{SPOILED}{owner}"


def disown(tx: Tx, files: Iterable[Unlinked], to: str = "") -> list[str]:
    """Take files that no case holds from their owners (and give them `to` somebody), so that nobody can use them any
    more; which were free."""
    owners = {one.file: one.owner for one in files}
    taken = [row for names, each in named(owners) for row in tx.rows(
        f"update files set owner = :to where file in ({names}) and reference is null returning file, size",
        to=to, **each)]
    sizes: dict[str, list[int]] = {}
    for row in taken:
        sizes.setdefault(owners[row["file"]], []).append(row["size"])
    for owner, gone in sizes.items():
        _let_go(tx, owner, gone)
    return [row["file"] for row in taken]


def let_go(tx: Tx, files: Iterable[Unlinked], at: datetime) -> None:
    """Take files that no case holds from their owners; their bytes and names go with the leftovers, as if the files had
    come at a time."""
    for file in disown(tx, files):
        tx.run("update files set created_at = :at where file = :file", file=file, at=stamp(at))


def forget(tx: Tx, file: str) -> None:
    """Forget a file that nobody owns, whose bytes are gone."""
    if tx.run("delete from files where file = :file and owner = '' and reference is null", file=file):
        uncleared.forget(tx, file)


def _opened(tx: Tx, row: Row) -> FileRow:
    return shape(FileRow, row, name=unseal(tx, row["name"], f"files:name:{row['file']}"))
