"""What was taken away since a copy was made is taken away again from a store that was put back: by `flask restore`, and
by `flask redo` where other tools put it back. Nothing else takes anything away: a start and a sweep only write down
what the store says, and note what it seems to have forgotten."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from cases.model import Event
from store import audit, cases, drafts, erasure, events, files, identities, leaving, mandates, marks, people, ratings
from store.audit import Entry
from store.cipher import Cipher
from store.copies import journal as journals
from store.copies.backup import read_manifest
from store.copies.journal import REDONE, Journal, Line
from store.copies.lineage import NAME, did, names_of, own, settled
from store.encoding import moment
from store.engine.opening import Opened
from store.engine.sqlite import FILE, SqliteReader
from store.errors import JournalUnfit, UnknownCase
from store.files import Unlinked
from store.port import Database, Tx
from store.sign_in import factors

PORTAL, WHY = "platform", "从备份恢复后重做"
FORGOTTEN = "forgotten"  # the mark with how many acts the store seems to have forgotten, until it is settled
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)  # bytes that a cut leaves behind go with the next round of leftovers
_SWITCHED = {"account.disable": "account", "account.enable": "account"}  # of these the last word counts


def write_on(opened: Opened, journal: Journal, now: datetime) -> int:
    """Bring the journal to where the store is; how many acts of its own, newer than all that it has, it seems to have
    forgotten. OSError if the journal cannot be written, JournalUnfit if it is damaged."""
    with journal.held():
        last = journal.last()
        with opened.db.read() as tx:
            whole = last is not None and (marks.get(tx, NAME) is None or not journals.knows(tx, last))
        lines = journal.lines() if whole else [last] if last else []
        names, unknown = settled(opened.db, lines, now), list[Line]()
        with opened.db.read() as tx:
            while lines and not journals.knows(tx, lines[-1]):
                unknown.append(lines.pop())
        if lacking := sum(did(names, line) for line in unknown):
            opened.db.write(lambda tx: marks.put_first(tx, FORGOTTEN, str(lacking), now))
        since = lines[-1].n if lines else 0
        while page := _after(opened.db, since):
            journal.add([replace(line, store=own(names)) for line in page])
            since = page[-1].n
    return lacking


def forgotten(database: Database, journal: Journal, everybodys: bool = False) -> list[Line]:
    """What a store has forgotten that was put back, as far as it is to be done again: the last word of each, unless the
    store has said one since then, and nothing from before it was last settled. `everybodys`: also what is there under
    names that it does not know, for it had another one after it moved elsewhere, and was put back to before."""
    lines = journal.lines()
    with database.read() as tx:
        names = names_of(tx, lines)
        begin = max((at + 1 for at, line in enumerate(lines)
                     if line.action == REDONE and journals.knows(tx, line)), default=0)
        missing = [at for at, line in enumerate(lines[begin:], begin)
                   if (everybodys or did(names, line)) and not journals.knows(tx, line)]
        since = next((lines[at].n for at in reversed(range(missing[0] if missing else 0))
                      if journals.knows(tx, lines[at])), 0)
    return _due(database, since, [lines[at] for at in missing])


def redo(opened: Opened, journal: Journal, now: datetime, *, everybodys: bool = False, only_note: bool = False) -> int:
    """Take away again what a store has forgotten; how much that was. With `only_note` nothing of it, for good."""
    with journal.held():
        settled(opened.db, journal.lines(), now)
        due = forgotten(opened.db, journal, everybodys)
        done = 0 if only_note else sum(_redone(opened, line, now) for line in due)
        if due:
            entry = Entry(now, PORTAL, REDONE, "store", {"reason": WHY, "done": done})
            opened.db.write(lambda tx: audit.record(tx, entry))
    write_on(opened, journal, now)  # which may note once more what is settled now
    opened.db.write(lambda tx: marks.drop(tx, FORGOTTEN))
    return done


def forgotten_by(copy: Path, cipher: Cipher, journal: Journal) -> tuple[int, int]:
    """How many acts a copy has forgotten that the journal knows, and how many of them are there under names that the
    copy does not know; JournalUnfit if the journal does not know what the copy knows, for then it is another store's,
    or older than the copy."""
    read_manifest(copy)
    lines, reader = journal.lines(), SqliteReader(copy / FILE, cipher)
    try:
        with reader.read() as tx:
            newest = journals.newest(tx)
            unfit = newest is not None and newest not in lines
            older = unfit and _knows_all(tx, lines)
        if unfit:
            what = "比备份还旧，没有记下备份里最后的几项" if older else "不是这份数据的删除记录，或者比备份还旧"
            raise JournalUnfit(f"{journal.path} {what}；请换成另存的、最新的那一份。"
                               "没有更新的，请加 --without-journal。")
        own, all_ = (len(forgotten(reader, journal, everybodys)) for everybodys in (False, True))
        return all_, all_ - own
    finally:
        reader.close()


def merely_older(copy: Path, cipher: Cipher, journal: Journal) -> bool:
    """Whether a copy knows all that the journal has, so that nothing of it is missed without it."""
    read_manifest(copy)
    reader = SqliteReader(copy / FILE, cipher)
    try:
        with reader.read() as tx:
            return _knows_all(tx, journal.lines())
    except JournalUnfit:
        return False
    finally:
        reader.close()


def _knows_all(tx: Tx, lines: Sequence[Line]) -> bool:
    """Not of an empty journal, of which nobody can tell what it was."""
    return bool(lines) and all(journals.knows(tx, line) for line in lines)


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
    """Do one act again, in one transaction with its entry; whether there was anything to do. The entry is there even if
    not: the journal of another host must not have it done later. Bytes go at once: no copy is under way that would look
    for them."""
    uploads = leaving.unfiled(opened.db, line.target, now) if line.action == "account.erase" else []

    def unit(tx: Tx) -> list[str] | None:
        its_files = [one.file for one in files.of_case(tx, line.target)] if line.action == "case.erase" else []
        done = _AGAIN[line.action](tx, line, now, uploads)
        audit.record(tx, Entry(now, PORTAL, line.action, line.target, {"reason": WHY, "done": done}))
        return [*its_files, *(one.file for one in uploads)] if done else None

    gone = opened.db.write(unit)
    for file in gone or ():
        opened.vault.drop(file)
        opened.db.write(lambda tx, file=file: files.forget(tx, file))  # type: ignore[misc]
    return gone is not None


def _erase_case(tx: Tx, line: Line, now: datetime, *_: object) -> bool:
    reference = line.target
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


def _erase_account(tx: Tx, line: Line, now: datetime, uploads: Sequence[Unlinked]) -> bool:
    if not leaving.may_be_erased(tx, line.target):
        return False
    leaving.erase(tx, line.target, uploads, _LONG_AGO, now)
    return True


def _switch(off: bool, tx: Tx, line: Line, *_: object) -> bool:
    account = line.target
    known = people.known(tx, account)
    if known is None or known.disabled is off:
        return False
    people.set_disabled(tx, account, off)
    people.end_all(tx, account)
    return True


def _drop_factor(tx: Tx, line: Line, *_: object) -> bool:
    known = factors.factor(tx, line.target)
    if known is not None and known.since > moment(line.at):  # they have one anew
        return False
    return factors.drop_factor(tx, line.target)


def _unbind(tx: Tx, account: str) -> bool:
    """An identity that was bound once more since has to be bound again: it may as well be the one that was to go."""
    people.end_all_via(tx, account)
    return bool(identities.drop_bonds(tx, account))


_AGAIN: Mapping[str, Callable[[Tx, Line, datetime, Sequence[Unlinked]], bool]] = {
    "case.erase": _erase_case,
    "account.erase": _erase_account,
    "account.disable": partial(_switch, True),
    "account.enable": partial(_switch, False),
    "account.reset-factor": _drop_factor,
    "account.unbind": lambda tx, line, *_: _unbind(tx, line.target),
    "token.revoke": lambda tx, line, now, _: people.revoke_token(tx, line.target, now),
    "mandate.revoke": lambda tx, line, now, _: mandates.revoke(tx, line.target, now),
    "draft.drop": lambda tx, line, *_: drafts.remove(tx, line.target),
}
