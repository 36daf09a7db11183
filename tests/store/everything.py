"""All that can be read of a store with its keys, as somebody would who has both."""

from __future__ import annotations

from collections.abc import Iterator

from store.copies.sealed import PLAIN, SEALED, sealed_of
from store.encoding import unsqueeze
from store.engine.opening import Opened
from store.errors import SealBroken, UnknownFile


def readable(opened: Opened) -> tuple[bytes, int]:
    """Everything that opens and everything that is not sealed at all, and how many values do not open."""
    found, broken = list[bytes](), 0
    with opened.db.read() as tx:
        tables = {table for table, _ in SEALED}
        for table in sorted(tables | {"legs", "messages", "news", "tokens", "days"}):
            for row in tx.rows(f"select * from {table}"):
                for name, value in row.items():
                    place = SEALED.get((table, name))
                    if place is None or value is None:
                        found.append(str(value).encode())
                        continue
                    try:
                        plain = tx.cipher.open(sealed_of(value), place.format(**row))
                    except SealBroken:
                        broken += 1
                        continue
                    found += list(_parts(plain))
        names = [row["file"] for row in tx.rows("select file from files")]
    for name in names:
        try:
            found += list(opened.vault.open(name))
        except UnknownFile:
            continue
        except SealBroken:
            broken += 1
    return b"\n".join(found), broken


def _parts(plain: bytes) -> Iterator[bytes]:
    """What was sealed, and what it is once the salt is off and it is not compressed any more."""
    yield plain
    for packed in (plain, plain[16:]):
        try:
            yield unsqueeze(packed)
        except Exception:  # it was not packed so
            continue


def unlisted(opened: Opened) -> set[tuple[str, str]]:
    """Columns of bytes that stand in neither list."""
    with opened.db.read() as tx:
        found = tx.rows("select m.name as t, c.name as c from sqlite_master m, pragma_table_info(m.name) c"
                        " where m.type = 'table' and lower(c.type) = 'blob'")
    return {(row["t"], row["c"]) for row in found} - set(SEALED) - PLAIN
