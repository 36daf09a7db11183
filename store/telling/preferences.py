"""What people want to be told, and by which number they may be reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cases.news import CHOICES, KINDS, URGENT
from store.port import Row, Tx
from store.rows import named
from store.sealing import seal, unseal


@dataclass(frozen=True, slots=True)
class Preferences:
    """`kinds` of news that leave for a person besides those with a limit, which always do; `mobile` only if the person
    agreed to be reached there."""

    kinds: frozenset[str] = frozenset(name for name in CHOICES if KINDS[name].wanted)
    mobile: str = ""

    def wants(self, kind: str) -> bool:
        """Whether this kind of news leaves for the person."""
        return kind in URGENT or kind in self.kinds


def get(tx: Tx, subject: str) -> Preferences:
    """What a person chose; else what holds for everybody."""
    return of(tx, [subject]).get(subject, Preferences())


def of(tx: Tx, subjects: Iterable[str]) -> dict[str, Preferences]:
    """What those of these persons chose who chose anything."""
    return {row["subject"]: _opened(tx, row) for names, each in named(subjects)
            for row in tx.rows(f"select subject, body from preferences where subject in ({names})", **each)}


def put(tx: Tx, subject: str, chosen: Preferences) -> None:
    """Keep what a person chose."""
    body = {"kinds": sorted(chosen.kinds), "mobile": chosen.mobile}
    tx.run("insert into preferences (subject, filed, body) values (:subject, :filed, :body) on conflict (subject)"
           " do update set filed = excluded.filed, body = excluded.body", subject=subject,
           filed=int("filed" in chosen.kinds), body=seal(tx, body, _place(subject)))


def forget(tx: Tx, subject: str) -> None:
    """Forget what a person chose who has no case any more, nor filed one for somebody else."""
    tx.run("delete from preferences where subject = :subject"
           " and not exists (select 1 from cases where subject = :subject)"
           " and not exists (select 1 from agencies where agent = :subject)", subject=subject)


def _opened(tx: Tx, row: Row) -> Preferences:
    kept: Mapping[str, Any] = unseal(tx, row["body"], _place(row["subject"]))
    return Preferences(frozenset(kept["kinds"]), kept["mobile"])


def _place(subject: str) -> str:
    return f"preferences:body:{subject}"
