"""Files: kept before they are linked, opened only by whom they concern."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from desk.errors import UnknownFile
from desk.premises import Premises
from desk.values import FileInfo
from store import cases, files, legs
from store.errors import UnknownFile as NotStored
from store.files import FileRow
from store.vault import new_file_id


def keep(premises: Premises, row: FileRow, chunks: Iterable[bytes]) -> FileInfo:
    """Store the bytes durably, then the row; `row.size` and `row.sha256` are filled in from what was stored."""
    kept = premises.vault.put(row.file, chunks)
    whole = FileRow(file=row.file, owner=row.owner, name=row.name, type=row.type, size=kept.size,
                    sha256=kept.sha256, created_at=row.created_at)
    premises.database.write(lambda tx: files.add(tx, whole))
    return info(whole)


def fresh(owner: str, name: str, type_: str, now: datetime) -> FileRow:
    """A row for a file about to be stored, with a random id."""
    return FileRow(file=new_file_id(), owner=owner, name=name, type=type_, size=0, sha256="", created_at=now)


def info(row: FileRow) -> FileInfo:
    """A stored file as the outside sees it."""
    return FileInfo(file=row.file, sha256=row.sha256, size=row.size, name=row.name, type=row.type)


def open_for_subject(premises: Premises, subject: str, file: str) -> tuple[FileInfo, Iterator[bytes]]:
    """A person's own upload, or any file of a case of theirs; anything else does not exist for them."""
    with premises.database.read() as tx:
        row = _row(tx, file)
        own = row.owner == subject
        if not own and (row.reference is None or cases.get(tx, row.reference).subject != subject):
            raise UnknownFile
    return info(row), premises.vault.open(file)


def open_for_office(premises: Premises, office: str, file: str) -> tuple[FileInfo, Iterator[bytes]]:
    """A file of a case of which this office has a leg that it was told about; anything else does not exist for it.

    Which file of the case belongs to which leg is kept by the messages: a URL is only ever told to an asker.
    """
    with premises.database.read() as tx:
        row = _row(tx, file)
        offices = {leg.office for leg in legs.of_case(tx, row.reference)} if row.reference else set()
        if office not in offices and row.owner != f"department:{office}":
            raise UnknownFile
    return info(row), premises.vault.open(file)


def _row(tx: object, file: str) -> FileRow:
    try:
        return files.get(tx, file)  # type: ignore[arg-type]
    except NotStored:
        raise UnknownFile from None
