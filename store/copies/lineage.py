"""Which store this is, and which others it came out of: a random name in a mark, which holds at one place alone.

A copy by the tools of a disk or of a database has the mark, too, but lies elsewhere, and takes a name of its own: else
what is tried out in it would be taken for something that the store it was made of has forgotten.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime

from store import audit, marks
from store.copies.journal import Line
from store.encoding import stamp
from store.port import Database, Tx

NAME = "store"
Names = Mapping[str, str]  # name → until when what it did is what this store did; "" for its own


def own(names: Names) -> str:
    """The name under which a store writes now."""
    return next(iter(names))


def did(names: Names, line: Line) -> bool:
    """Whether this store did it, or one that it came out of before it did."""
    until = names.get(line.store)
    return until is not None and (not until or line.at <= until)


def has_name(database: Database) -> bool:
    """Whether a store, or what it was copied from, has been beside a journal before."""
    with database.read() as tx:
        return marks.get(tx, NAME) is not None


def names_of(tx: Tx, lines: Iterable[Line]) -> Names:
    """The names of a store. One from before there were names may have come out of anybody whom the journal knows, but
    for one that is empty: that came out of nobody."""
    known = marks.get(tx, NAME)
    if known is not None:
        return dict(json.loads(known.value)["names"])
    return dict.fromkeys((line.store for line in lines), "") if audit.head(tx).n else {}


def settled(database: Database, lines: Iterable[Line], now: datetime) -> Names:
    """The same once this store has a name that holds where it lies now."""
    place = database.where()
    with database.read() as tx:
        known, names = marks.get(tx, NAME), names_of(tx, lines)
    if known is not None and json.loads(known.value)["place"] == place:
        return names
    names = {secrets.token_hex(8): "", **{name: until or stamp(now) for name, until in names.items()}}
    value = json.dumps({"place": place, "names": names})
    if known is None:
        database.write(lambda tx: marks.put_first(tx, NAME, value, now))
    else:
        database.write(lambda tx: marks.replace(tx, known, value, now))
    return settled(database, (), now)  # another host may have been quicker
