"""Editions and composed plans by hash, stored once: editions for ever, a plan until its last case is erased."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store.encoding import moment, squeeze, stamp, unsqueeze
from store.errors import UnknownEdition
from store.port import Tx
from store.rows import insert, one
from store.sealing import seal, unseal

_ONCE = "on conflict (hash) do nothing"


@dataclass(frozen=True, slots=True)
class Edition:
    """The resolved closure of a bundle in canonical form (`body`), by its hash."""

    hash: str
    bundle: str
    body: str
    kept_at: datetime
    language: str = ""


def keep(tx: Tx, edition: Edition) -> None:
    """Store an edition; one that is already there stays as it is."""
    insert(tx, "editions", {
        "hash": edition.hash, "bundle": edition.bundle, "language": edition.language,
        "body": squeeze(edition.body.encode()), "kept_at": stamp(edition.kept_at),
    }, _ONCE)


def stored(tx: Tx, edition: str, plan: str) -> tuple[bool, bool]:
    """Whether this edition and this plan are there: asking costs far less than packing either again for nothing."""
    row = tx.rows("select exists (select 1 from editions where hash = :edition) as edition,"
                  " exists (select 1 from plans where hash = :plan) as plan", edition=edition, plan=plan)[0]
    return bool(row["edition"]), bool(row["plan"])


def get(tx: Tx, edition: str) -> Edition:
    """The edition of this hash; UnknownEdition."""
    row = one(tx, UnknownEdition, "select * from editions where hash = :hash", hash=edition)
    return Edition(row["hash"], row["bundle"], unsqueeze(bytes(row["body"])).decode(), moment(row["kept_at"]),
                   row["language"])


def keep_plan(tx: Tx, plan: str, body: str) -> None:
    """Store a composed plan (canonical JSON) by its hash; it holds situation answers, so it is sealed."""
    insert(tx, "plans", {"hash": plan, "body": seal(tx, body, f"plans:body:{plan}")}, _ONCE)


def plan(tx: Tx, plan: str) -> str:
    """The composed plan of this hash; UnknownEdition."""
    row = one(tx, UnknownEdition, "select body from plans where hash = :hash", hash=plan)
    return str(unseal(tx, row["body"], f"plans:body:{plan}"))


def drop_plan(tx: Tx, plan: str) -> None:
    """Forget a plan, unless a case has it."""
    tx.rows("select hash from plans where hash = :hash {lock}", hash=plan)  # two that leave it at once come one by one
    tx.run("delete from plans where hash = :hash and not exists (select 1 from cases where plan = :hash)", hash=plan)
