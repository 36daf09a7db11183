"""Which files there are, whose they are and which case holds them; the bytes are in the vault."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from store.encoding import stamp
from store.errors import FileTaken, UnknownFile
from store.port import Row, Tx
from store.rows import insert, one, params, shape
from store.sealing import seal, unseal


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


def add(tx: Tx, file: FileRow) -> None:
    """Note a file whose bytes are durable in the vault."""
    insert(tx, "files", {**params(file, "name"), "name": seal(tx, file.name, f"files:name:{file.file}")})


def get(tx: Tx, file: str) -> FileRow:
    """The file; UnknownFile."""
    return _opened(tx, one(tx, UnknownFile, "select * from files where file = :file", file=file))


def several(tx: Tx, files: Iterable[str]) -> dict[str, FileRow]:
    """Those of `files` that exist, by id."""
    found = (tx.rows("select * from files where file = :file", file=file) for file in dict.fromkeys(files))
    return {row["file"]: _opened(tx, row) for rows in found for row in rows}


def link(tx: Tx, reference: str, owner: str, files: Iterable[str]) -> None:
    """Give an owner's files to a case, each once; UnknownFile for a stranger's, FileTaken if another case has it."""
    for file in dict.fromkeys(files):
        found = tx.rows("select reference from files where file = :file and owner = :owner {lock}",
                        file=file, owner=owner)
        if not found:
            raise UnknownFile(file=file)
        if found[0]["reference"] not in (None, reference):
            raise FileTaken(file=file)
        tx.run("update files set reference = :reference where file = :file", reference=reference, file=file)


def of_case(tx: Tx, reference: str) -> list[FileRow]:
    """The files of a case, oldest first."""
    found = tx.rows("select * from files where reference = :reference order by created_at, file", reference=reference)
    return [_opened(tx, row) for row in found]


def unlinked(tx: Tx, before: datetime, limit: int = 100) -> list[str]:
    """Ids of files that no case holds and that were made before a time, oldest first (they may be dropped)."""
    found = tx.rows(
        "select file from files where reference is null and created_at < :before order by created_at limit :limit",
        before=stamp(before), limit=limit,
    )
    return [row["file"] for row in found]


def drop(tx: Tx, file: str) -> None:
    """Forget a file that no case holds; FileTaken if one does. The vault is told afterwards."""
    if not tx.run("delete from files where file = :file and reference is null", file=file):
        get(tx, file)
        raise FileTaken


def _opened(tx: Tx, row: Row) -> FileRow:
    return shape(FileRow, row, name=unseal(tx, row["name"], f"files:name:{row['file']}"))
