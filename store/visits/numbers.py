"""Whose account a person's number is of, by a blind index: only whoever has the number in hand finds the account."""

from __future__ import annotations

import unicodedata

from store import people
from store.people import Account
from store.port import Tx
from store.rows import insert

AT_A_COUNTER = "~"  # begins the login of an account that a counter made; nobody signs in by it


def note(tx: Tx, account: str, number: str) -> None:
    """An account is that of the person with this number, and of no other any more."""
    mark = _mark(tx, number)
    tx.run("delete from known_numbers where account = :account and mark <> :mark", account=account, mark=mark)
    insert(tx, "known_numbers", {"mark": mark, "account": account}, "on conflict (mark, account) do nothing")


def forget(tx: Tx, account: str) -> None:
    """An account is nobody's whose number we know."""
    tx.run("delete from known_numbers where account = :account", account=account)


def account_of(tx: Tx, number: str) -> Account | None:
    """The open account of the person with this number, whichever they came with last; None if there is none."""
    found = tx.rows("select accounts.account from known_numbers join accounts on accounts.account ="
                    " known_numbers.account where mark = :mark and role = 'applicant' and disabled = 0"
                    " order by seen_at desc, accounts.account limit 1", mark=_mark(tx, number))
    return people.account(tx, found[0]["account"]) if found else None


def _mark(tx: Tx, number: str) -> str:
    plain = "".join(unicodedata.normalize("NFKC", number).split()).upper()
    return tx.cipher.index(plain, "known_numbers:mark")
