"""Accounts that go: when their person wishes it, or when nobody came for long and they hold nothing. It is one way for
accounts of the city's platform and for those with a password of ours.

An account of which cases or mandates still tell by its id stays as a shell that says nothing of anybody and opens
nothing, until the last of them is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from store import audit, files, identities, mandates, people
from store.audit import Entry
from store.encoding import stamp
from store.files import Unlinked
from store.paging import Order
from store.port import Database, Tx
from store.uploads import uncleared

APPLICANT = "applicant"
AT_ONCE = 1_000  # uploads looked through in one statement
_UNSEEN = Order(("seen_at", "account"))
_HOLDERS = ("cases.subject", "drafts.subject", "mandates.principal", "mandates.agent", "agencies.agent",
            "agreements.party", "sessions.account")  # what names an account that holds something
# An account that operators closed stays: whoever came again would have an open one.
_MAY_GO = "role = 'applicant' and (disabled = 0 or erased_at is not null) and seen_at < :before"
# Said with counts, for PostgreSQL would hash whole tables for `exists`, for each page.
_HOLDS_NOTHING = " and ".join([
    "0 = (select count(*) from holdings where holdings.owner = page.account and bytes > 0)",
    "0 = (select count(*) from tokens where tokens.subject = page.account and revoked_at is null)",
    *(f"0 = (select count(*) from (select 1 as yes from {column.partition('.')[0]} where {column} = page.account"
      " limit 1) as one)" for column in _HOLDERS)])
_ITS_OWN = (
    # What others were asked for these drafts, and what was asked of this person, as far as it is no part of a case.
    "delete from agreements where reference is null and draft in (select draft from drafts where subject = :who)",
    "delete from agreements where reference is null and party = :who",
    "delete from drafts where subject = :who",
    "update tokens set revoked_at = :now where subject = :who and revoked_at is null",
    "update bulletins set state = 'overtaken', next_at = null, body = null where body is not null"
    " and bulletin in (select bulletin from news where subject = :who and bulletin is not null)",
    "update news set tell_at = null, remind_at = null where subject = :who",
)


def count_from(tx: Tx, now: datetime) -> None:
    """Of accounts that are older than the counting it is not known when their person last came: it counts from now."""
    tx.run("update accounts set seen_at = :now where role = 'applicant' and seen_at is null", now=stamp(now))


def unneeded(tx: Tx, before: datetime, after: str | None, limit: int) -> tuple[list[str], str | None]:
    """Of the next accounts that nobody came with since a time those that hold nothing any more, and where the next page
    begins (None: this was the last)."""
    found, then = _UNSEEN.page(tx.rows(
        f"select seen_at, account, case when {_HOLDS_NOTHING} then 1 else 0 end as unneeded from (select * from"
        f" accounts where {_MAY_GO} and {_UNSEEN.behind} order by {_UNSEEN.by} limit :limit) as page"
        f" order by {_UNSEEN.by}", before=stamp(before), limit=limit + 1, **_UNSEEN.place(after)), limit)
    return [row["account"] for row in found if row["unneeded"]], then


def drop(tx: Tx, account: str, before: datetime) -> bool:
    """Forget an account that nobody came with since a time and that holds nothing any more; False, and nothing, if
    somebody came meanwhile. Whoever comes again by the platform gets an account anew."""
    gone = tx.rows(f"delete from accounts as page where account = :account and {_MAY_GO} and {_HOLDS_NOTHING}"
                   " returning account", account=account, before=stamp(before))
    if gone:
        identities.drop_bonds(tx, account)
        people.forget(tx, account)
    return bool(gone)


def may_be_erased(tx: Tx, account: str) -> bool:
    """Whether there is such an account of an applicant, and it is not erased."""
    return bool(tx.rows("select 1 as yes from accounts where account = :account and role = 'applicant'"
                        " and erased_at is null", account=account))


def unfiled(database: Database, owner: str, now: datetime) -> list[Unlinked]:
    """What somebody uploaded and did not file. Looked for among all that is not filed: no index of owners is worth what
    it costs each filing."""
    until, found = now + timedelta(days=1), list[Unlinked]()  # clocks of hosts differ
    with database.read() as tx:
        page = files.unlinked(tx, until, limit=AT_ONCE) if files.held(tx, owner) or uncleared.any_(tx) else []
    while page:
        found += [one for one in page if one.owner in (owner, files.spoiled(owner))]
        with database.read() as tx:
            page = files.unlinked(tx, until, page[-1], AT_ONCE)
    return found


def erase(tx: Tx, account: str, uploads: Sequence[Unlinked], files_of: datetime, now: datetime) -> None:
    """Erase the account of an applicant, with all that is its own: how it is signed in to, what is known of the person,
    drafts, `uploads` that were not filed (they go as if they had come at `files_of`), choices, mandates of both sides.

    Cases stay, and so do the receipts under their keys: they go with the case, when its time is over.
    """
    _end_mandates(tx, account, now)
    for sql in _ITS_OWN:
        tx.run(sql, **{name: value for name, value in (("who", account), ("now", stamp(now))) if f":{name}" in sql})
    files.let_go(tx, uploads, files_of)
    identities.drop_bonds(tx, account)
    people.end_all(tx, account)
    people.forget_choices(tx, account)
    people.blank(tx, account, now)
    drop(tx, account, now)


def _end_mandates(tx: Tx, account: str, now: datetime) -> None:
    for row in mandates.standing_with(tx, account, now):
        if mandates.revoke(tx, row.mandate, now):
            by = "principal" if account == row.principal else "agent"
            audit.record(tx, Entry(now, APPLICANT, "mandate.revoke", row.mandate, {"by": by}))
