"""Drafts: what an applicant has filled in so far; a draft files once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store import agreements
from store.encoding import stamp
from store.errors import UnknownDraft
from store.port import Row, Tx
from store.rows import insert, one, params, shape
from store.sealing import seal, unseal


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft; `body` holds situation, form, materials and consent as far as they are known."""

    draft: str
    subject: str
    bundle: str
    edition: str
    body: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    submitted_as: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A draft in a list, without what it holds; `mark` is another one after each save."""

    draft: str
    bundle: str
    edition: str
    updated_at: datetime
    mark: bytes


def add(tx: Tx, draft: Draft) -> None:
    """Store a new draft."""
    insert(tx, "drafts", {**params(draft, "body"), "body": _sealed(tx, draft)})


def get(tx: Tx, draft: str, subject: str, lock: bool = False) -> Draft:
    """A subject's own draft; another person's is as unknown as none (UnknownDraft)."""
    sql = "select * from drafts where draft = :draft and subject = :subject" + (" {lock}" if lock else "")
    return _opened(tx, one(tx, UnknownDraft, sql, draft=draft, subject=subject))


def save(tx: Tx, draft: Draft) -> None:
    """Replace body and edition of a draft that is not yet submitted; UnknownDraft otherwise."""
    touched = tx.run(
        "update drafts set body = :body, edition = :edition, updated_at = :at"
        " where draft = :draft and subject = :subject and submitted_as is null",
        body=_sealed(tx, draft), edition=draft.edition, at=stamp(draft.updated_at), draft=draft.draft,
        subject=draft.subject,
    )
    if not touched:
        raise UnknownDraft


def of_subject(tx: Tx, subject: str, since: datetime | None = None) -> list[Draft]:
    """A subject's drafts that are not yet submitted and were touched since a time, the last touched first."""
    found = tx.rows(
        "select * from drafts where subject = :subject and submitted_as is null and updated_at >= :since"
        " order by updated_at desc, draft", subject=subject, since=stamp(since) if since else "",
    )
    return [_opened(tx, row) for row in found]


def listed(tx: Tx, subject: str) -> list[Line]:
    """The same without what they hold, which may be much."""
    found = tx.rows(  # the nonce of what is sealed is the mark: it is drawn anew each time
        "select draft, bundle, edition, updated_at, substr(body, 5, 12) as mark from drafts where subject = :subject"
        " and submitted_as is null order by updated_at desc, draft", subject=subject)
    return [shape(Line, row, mark=bytes(row["mark"])) for row in found]


def unfiled(tx: Tx, subject: str) -> int:
    """How many drafts a subject has that are not yet submitted."""
    found = tx.rows("select count(*) as n from drafts where subject = :subject and submitted_as is null",
                    subject=subject)
    return int(found[0]["n"])


def submitted(tx: Tx, draft: str, reference: str) -> bool:
    """Note that the draft became this case; False if it already became one."""
    return tx.run(
        "update drafts set submitted_as = :reference where draft = :draft and submitted_as is null",
        draft=draft, reference=reference,
    ) == 1


def drop(tx: Tx, draft: str, subject: str) -> None:
    """Delete a draft that was not submitted; UnknownDraft if there is none."""
    if not tx.rows("select 1 as yes from drafts where draft = :draft and subject = :subject", draft=draft,
                   subject=subject) or not remove(tx, draft):
        raise UnknownDraft


def remove(tx: Tx, draft: str) -> bool:
    """Delete a draft that was not submitted, whosever it is; whether there was one."""
    gone = tx.run("delete from drafts where draft = :draft and submitted_as is null", draft=draft) == 1
    if gone:
        agreements.leave(tx, [draft])
    return gone


def drop_untouched(tx: Tx, before: datetime, limit: int) -> int:
    """Delete drafts, filed ones too, that nobody touched since a time, the longest untouched first; how many."""
    gone = tx.rows(
        "delete from drafts where draft in (select draft from drafts where updated_at < :before order by updated_at"
        " limit :limit) and updated_at < :before returning draft", before=stamp(before), limit=limit)
    agreements.leave(tx, [row["draft"] for row in gone])
    return len(gone)


def _sealed(tx: Tx, draft: Draft) -> bytes:
    return seal(tx, draft.body, f"drafts:body:{draft.draft}")


def _opened(tx: Tx, row: Row) -> Draft:
    return shape(Draft, row, body=unseal(tx, row["body"], f"drafts:body:{row['draft']}"))
