"""Files: kept before they are linked, opened only by whom they concern."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from desk.agents.agency import FILE, RESULTS, hand_of
from desk.errors import NotScanned, Quarantined, TooManyUploads, UnknownCase, UnknownFile
from desk.premises import Premises
from desk.values import FileInfo
from store import cases, files
from store.errors import StoreError
from store.errors import UnknownFile as NotStored
from store.files import FileRow
from store.port import Tx
from store.uploads import uncleared
from store.uploads.vault import new_file_id

NOT_THE_OFFICES = "没有这个文件，或它不在本部门的分办件里；请用本部门的令牌，按收到的消息里的 url 取文件。"
SPOILED_RESULT = "部门发来的这个文件里查出病毒，已经停用，谁也打不开；结果照样有效，请联系办理部门另发一份文件。"
OF_OFFICES = "department:"
Told = Callable[[str, str], Collection[str]]


def keep(premises: Premises, row: FileRow, chunks: Iterable[bytes], *, cleared: bool = False) -> FileInfo:
    """Store the bytes durably, then the row; `row.size` and `row.sha256` are filled in from what was stored. A person
    with too much that was not filed is refused, for one could fill the disk for all. Where there is a scanner, what it
    has not `cleared` waits for it."""
    if not row.owner.startswith(OF_OFFICES):
        with premises.database.read() as tx:
            if files.held(tx, row.owner) >= premises.keep.bytes:
                raise TooManyUploads
    kept = premises.vault.put(row.file, chunks)
    whole = replace(row, size=kept.size, sha256=kept.sha256)
    waits = bool(premises.scanner.name) and not cleared

    def unit(tx: Tx) -> None:
        files.add(tx, whole)
        if waits:
            uncleared.add(tx, row.file, row.created_at)

    try:
        premises.database.write(unit)
    except BaseException:
        _drop_rowless(premises, row.file)
        raise
    return info(whole)


def _drop_rowless(premises: Premises, file: str) -> None:
    """Drop bytes of which the store took no row: on a full disk each try would leave another copy. Where nobody can say
    that, they wait for the strays of another day (`desk/upkeep/strays.py`)."""
    with suppress(StoreError, OSError):
        with premises.database.read() as tx:
            known = files.traits(tx, [file])
        if not known:
            premises.vault.drop(file)


def fresh(owner: str, name: str, type_: str, now: datetime) -> FileRow:
    """A row for a file about to be stored, with an id that nobody guesses."""
    return FileRow(file=new_file_id(now), owner=owner, name=name, type=type_, size=0, sha256="", created_at=now)


def info(row: FileRow) -> FileInfo:
    """A stored file as the outside sees it."""
    return FileInfo(file=row.file, sha256=row.sha256, size=row.size, name=row.name, type=row.type)


def open_for_subject(premises: Premises, subject: str, file: str,
                     now: datetime | None = None) -> tuple[FileInfo, Iterator[bytes]]:
    """A person's own upload, or any file of a case of theirs, or of one that they filed as an agent whose mandate holds
    at `now`; anything else does not exist for them."""
    row = _for_subject(premises, subject, file, now)
    return info(row), opened(premises, file, SPOILED_RESULT if row.owner.startswith(OF_OFFICES) else None)


def describe_for_subject(premises: Premises, subject: str, file: str) -> FileInfo:
    """What is known of a person's own upload, or of a file of their own case, without opening it."""
    return info(_for_subject(premises, subject, file, None))


def _for_subject(premises: Premises, subject: str, file: str, now: datetime | None) -> FileRow:
    with premises.database.read() as tx:
        row = _row(tx, file)
        own = row.owner in (subject, files.spoiled(subject))
        if not own and (row.reference is None or not _concerns(tx, row, subject, now)):
            raise UnknownFile
    return row


def _concerns(tx: Tx, row: FileRow, subject: str, now: datetime | None) -> bool:
    """Whether a file of a case is the subject's to see; what a department gave, only if results are entrusted."""
    case = cases.get(tx, row.reference or "")
    if case.subject == subject or now is None or case.on_behalf_of is None:
        return case.subject == subject
    try:
        hand_of(tx, subject, case, now, RESULTS if row.owner.startswith(OF_OFFICES) else FILE)
    except UnknownCase:
        return False
    return True


def open_for_office(premises: Premises, office: str, file: str, told: Told) -> tuple[FileInfo, Iterator[bytes]]:
    """A result file of this office, or a file that its legs were told of; anything else does not exist for it.

    `told` says which files of a case an office may open.
    """
    try:
        with premises.database.read() as tx:
            row = _row(tx, file)
    except UnknownFile:
        raise UnknownFile(NOT_THE_OFFICES) from None
    own = row.owner in (owner_of(office), files.spoiled(owner_of(office)))
    if not own and (row.reference is None or file not in told(row.reference, office)):
        raise UnknownFile(NOT_THE_OFFICES)
    return info(row), opened(premises, file)


def opened(premises: Premises, file: str, spoiled: str | None = None) -> Iterator[bytes]:
    """The bytes of a file for somebody; of one that no scanner has cleared there are none, for nobody, whoever sent it
    (`NotScanned`, `Quarantined`, which says `spoiled`)."""
    with premises.database.read() as tx:
        state = uncleared.barred(tx, [file]).get(file)
    if state is not None:
        raise Quarantined(spoiled) if state == "infected" else NotScanned
    return premises.vault.open(file)


def infected(premises: Premises, names: Iterable[str]) -> frozenset[str]:
    """Those of these files in which something was found."""
    with premises.database.read() as tx:
        return frozenset(file for file, state in uncleared.barred(tx, names).items() if state == "infected")


def owner_of(office: str) -> str:
    """Whom the files belong to that an office sends."""
    return f"{OF_OFFICES}{office}"


def usable_of(premises: Premises, office: str, names: Iterable[str], reference: str) -> list[FileInfo]:
    """Those of these files that the office has sent and no other case than `reference` has, in their order."""
    wanted = list(dict.fromkeys(names))
    with premises.database.read() as tx:
        found = files.several(tx, wanted)
    rows = (found[name] for name in wanted if name in found)
    return [info(row) for row in rows if row.owner == owner_of(office) and row.reference in (None, reference)]


def _row(tx: Tx, file: str) -> FileRow:
    try:
        return files.get(tx, file)
    except NotStored:
        raise UnknownFile from None
