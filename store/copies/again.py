"""What was taken away since a copy was made is taken away again from a store that was put back, before anybody uses it:
whichever way it came back, for that is found by comparing it with the journal at each opening."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from cases.model import Event
from store import audit, cases, drafts, erasure, events, files, leaving, mandates, marks, people, ratings
from store.audit import Entry
from store.cipher import Cipher
from store.copies import journal as journals
from store.copies.backup import read_manifest
from store.copies.journal import REDONE, Journal, Line
from store.engine.opening import Opened
from store.engine.sqlite import FILE, SqliteReader
from store.errors import JournalUnfit, UnknownCase
from store.files import Unlinked
from store.port import Database, Tx
from store.sign_in import factors

PORTAL, WHY = "platform", "从备份恢复后重做"
STORE = "store"  # the mark with the names
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)  # bytes that a cut leaves behind go with the next round of leftovers
_SWITCHED = {"account.disable": "account", "account.enable": "account"}  # of these the last word counts


def catch_up(opened: Opened, journal: Journal, now: datetime) -> int:
    """Take away again what a store has forgotten that was put back, and bring the journal to where the store is; how
    many acts were done again. OSError if the journal cannot be written, JournalUnfit if another store writes it too."""
    with journal.held():
        own, *before = _lineage(opened.db, journal, now)
        since, missing = _compared(opened.db, journal)
        if not {line.store for line in missing} <= {own, *before}:
            raise JournalUnfit(
                f"另一份数据（比如恢复出来试用的）也写了删除记录 {journal.path}，不能照着在这里重做。请让它用"
                " YJS_JOURNAL 另外指定一个文件，并把现在这个文件移走；这里会重新写出一份完整的。")
        done = sum(_redone(opened, line, now) for line in _due(opened.db, since, missing))
        if missing:
            again = Entry(now, PORTAL, REDONE, "store", {"reason": WHY, "done": done})
            opened.db.write(lambda tx: audit.record(tx, again))
        while page := _after(opened.db, since):
            journal.add([replace(line, store=own) for line in page])
            since = page[-1].n
    return done


def forgotten_by(copy: Path, cipher: Cipher, journal: Journal) -> int:
    """How many acts a copy has forgotten that the journal knows; JournalUnfit if that does not know what the copy
    knows, for then it is another store's, or older than the copy."""
    read_manifest(copy)
    lines, reader = journal.lines(), SqliteReader(copy / FILE, cipher)
    try:
        with reader.read() as tx:
            newest = journals.newest(tx)
        if newest is not None and newest not in lines:
            raise JournalUnfit(f"{journal.path} 不是这份数据的删除记录，或者比备份还旧；请换成另存的、最新的那一份。")
        return len(_due(reader, *_compared(reader, journal)))
    finally:
        reader.close()


def _lineage(database: Database, journal: Journal, now: datetime) -> list[str]:
    """The name of this store, and of those that it came out of. A copy has none (`store/copies/backup.py` leaves out
    all marks), takes one of its own, and comes out of whatever the journal knows; the store that it was made of does
    not know it, and does nothing that the copy writes down."""
    with database.read() as tx:
        known = marks.get(tx, STORE)
    if known is None:
        names = dict.fromkeys((secrets.token_hex(8), *(line.store for line in journal.lines())))
        database.write(lambda tx: marks.put_first(tx, STORE, " ".join(names), now))
        return _lineage(database, journal, now)
    return known.value.split()


def _compared(database: Database, journal: Journal) -> tuple[int, list[Line]]:
    """The number of the last entry that store and journal both have, and the lines after it."""
    last = journal.last()
    with database.read() as tx:
        if last is None or journals.knows(tx, last):
            return last.n if last else 0, []
        lines, missing = journal.lines(), list[Line]()
        while lines and not journals.knows(tx, lines[-1]):
            missing.append(lines.pop())
    return lines[-1].n if lines else 0, missing[::-1]


def _due(database: Database, since: int, missing: Sequence[Line]) -> list[Line]:
    """What of the missing lines is to be done: the last word of each, unless the store has said one since then. It has
    where another host was first, or where this was cut off."""
    said, after = set[tuple[str, str]](), since
    while missing and (page := _after(database, after)):
        said |= {_about(line) for line in page}
        after = page[-1].n
    return [line for about, line in {_about(line): line for line in missing}.items()
            if about not in said and line.action in _AGAIN]


def _about(line: Line) -> tuple[str, str]:
    return _SWITCHED.get(line.action, line.action), line.target


def _after(database: Database, n: int) -> list[Line]:
    with database.read() as tx:
        return journals.entries(tx, n)


def _redone(opened: Opened, line: Line, now: datetime) -> bool:
    """Do one act again, in one transaction with its entry; whether there was anything to do. Bytes go at once: no copy
    is under way that would look for them."""
    uploads = leaving.unfiled(opened.db, line.target, now) if line.action == "account.erase" else []

    def unit(tx: Tx) -> list[str] | None:
        its_files = [one.file for one in files.of_case(tx, line.target)] if line.action == "case.erase" else []
        if not _AGAIN[line.action](tx, line.target, now, uploads):
            return None
        audit.record(tx, Entry(now, PORTAL, line.action, line.target, {"reason": WHY}))
        return [*its_files, *(one.file for one in uploads)]

    gone = opened.db.write(unit)
    for file in gone or ():
        opened.vault.drop(file)
        opened.db.write(lambda tx, file=file: files.forget(tx, file))  # type: ignore[misc]
    return gone is not None


def _erase_case(tx: Tx, reference: str, now: datetime, *_: object) -> bool:
    try:
        case = cases.lock(tx, reference)
    except UnknownCase:  # filed after the copy was made
        return False
    if cases.is_erased(case):
        return False
    events.append(tx, reference, [Event("case.erased", now, PORTAL)])
    if case.closed_at is None:
        erasure.end(tx, case, now)
    erasure.erase(tx, case, _LONG_AGO, now)
    ratings.forgive(tx, reference)
    return True


def _erase_account(tx: Tx, account: str, now: datetime, uploads: Sequence[Unlinked]) -> bool:
    if not leaving.may_be_erased(tx, account):
        return False
    leaving.erase(tx, account, uploads, _LONG_AGO, now)
    return True


def _switch(off: bool, tx: Tx, account: str, *_: object) -> bool:
    known = people.known(tx, account)
    if known is None or known.disabled is off:
        return False
    people.set_disabled(tx, account, off)
    people.end_all(tx, account)
    return True


_AGAIN: Mapping[str, Callable[[Tx, str, datetime, Sequence[Unlinked]], bool]] = {
    "case.erase": _erase_case,
    "account.erase": _erase_account,
    "account.disable": partial(_switch, True),
    "account.enable": partial(_switch, False),
    "account.reset-factor": lambda tx, account, *_: factors.drop_factor(tx, account),
    "token.revoke": lambda tx, token, now, _: people.revoke_token(tx, token, now),
    "mandate.revoke": lambda tx, mandate, now, _: mandates.revoke(tx, mandate, now),
    "draft.drop": lambda tx, draft, *_: drafts.remove(tx, draft),
}
