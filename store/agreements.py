"""Agreements (另一方确认): that a person of a draft has said yes to what they are shown, before somebody else files it.

Who was invited, what they were shown and what they said is sealed; who they are is an opaque id. The code by which one
is opened is kept as an index that nobody can turn back into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from store.encoding import stamp
from store.errors import UnknownAgreement
from store.paging import Order
from store.port import Row, Tx
from store.rows import insert, named, one, params, shape
from store.sealing import seal, unseal

MOST_LISTED = 200  # on one page
State = Literal["invited", "opened", "agreed", "refused", "taken_back"]
_MADE = Order(("made_at", "agreement"), backwards=True, first="~")


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """What one person was asked for one draft of `owner`: `party` None until the code was used by that person, `digest`
    of what was shown when it was last answered, at `said_at`; `body` holds what was shown, and for lists the names in
    it; `reference` once the draft is a case."""

    agreement: str
    draft: str
    role: str
    owner: str
    state: State
    made_at: datetime
    body: Mapping[str, Any]
    party: str | None = None
    digest: str | None = None
    said_at: datetime | None = None
    reference: str | None = None


def invite(tx: Tx, row: AgreementRow, code: str, until: datetime) -> None:
    """Ask for an agreement by a code, in place of whatever was asked for the same draft and role before."""
    tx.run("delete from agreements where draft = :draft and role = :role and reference is null",
           draft=row.draft, role=row.role)
    insert(tx, "agreements", {**params(row, "body"), "body": _sealed(tx, row), "code": _index(tx, code),
                              "expires_at": stamp(until)})


def behind(tx: Tx, code: str, now: datetime) -> AgreementRow | None:
    """What a code opens, while it is worth something."""
    found = tx.rows("select * from agreements where code = :code and expires_at > :now",
                    code=_index(tx, code), now=stamp(now))
    return _opened(tx, found[0]) if found else None


def open_for(tx: Tx, code: str, party: str, now: datetime) -> bool:
    """Let a person open it from now on by who they are; the code is worth nothing then. False if it was before."""
    return tx.run("update agreements set party = :party, state = 'opened', code = null, expires_at = null"
                  " where code = :code and expires_at > :now", party=party, code=_index(tx, code), now=stamp(now)) == 1


def get(tx: Tx, agreement: str, lock: bool = False) -> AgreementRow:
    """The agreement; UnknownAgreement."""
    sql = "select * from agreements where agreement = :agreement" + (" {lock}" if lock else "")
    return _opened(tx, one(tx, UnknownAgreement, sql, agreement=agreement))


def of_draft(tx: Tx, draft: str, lock: bool = False) -> list[AgreementRow]:
    """All of one draft; held until this transaction ends where they are to `lock`."""
    sql = "select * from agreements where draft = :draft order by role" + (" {lock}" if lock else "")
    return [_opened(tx, row) for row in tx.rows(sql, draft=draft)]


def of_case(tx: Tx, reference: str) -> list[AgreementRow]:
    """All under which a case was filed."""
    found = tx.rows("select * from agreements where reference = :reference order by role", reference=reference)
    return [_opened(tx, row) for row in found]


def of_party(tx: Tx, party: str, after: str | None = None,
             limit: int = MOST_LISTED) -> tuple[list[AgreementRow], str | None]:
    """What a person was asked, the newest first, and where the next page begins (None: this was the last)."""
    found, then = _MADE.page(tx.rows(
        f"select * from agreements where party = :party and {_MADE.behind} order by {_MADE.by} limit :limit",
        party=party, limit=limit + 1, **_MADE.place(after)), limit)
    return [_opened(tx, row) for row in found], then


def say(tx: Tx, row: AgreementRow) -> None:
    """Keep what the person said; UnknownAgreement once it is part of a case."""
    changed = tx.run("update agreements set state = :state, digest = :digest, said_at = :said_at, body = :body"
                     " where agreement = :agreement and reference is null", body=_sealed(tx, row),
                     **{name: params(row, "body")[name] for name in ("state", "digest", "said_at", "agreement")})
    if not changed:
        raise UnknownAgreement


def file(tx: Tx, agreement: str, reference: str) -> None:
    """Note under which case an agreement stands from now on."""
    tx.run("update agreements set reference = :reference where agreement = :agreement",
           reference=reference, agreement=agreement)


def leave(tx: Tx, drafts: Iterable[str]) -> None:
    """Forget what was asked for drafts that are gone and became no case."""
    for names, each in named(drafts):
        tx.run(f"delete from agreements where draft in ({names}) and reference is null", **each)


def _index(tx: Tx, code: str) -> str:
    """Under which a code is kept: whoever reads the store cannot find out the code."""
    return tx.cipher.index(code, "agreements:code")


def _sealed(tx: Tx, row: AgreementRow) -> bytes:
    return seal(tx, row.body, f"agreements:body:{row.agreement}")


def _opened(tx: Tx, row: Row) -> AgreementRow:
    return shape(AgreementRow, row, body=unseal(tx, row["body"], f"agreements:body:{row['agreement']}"))
