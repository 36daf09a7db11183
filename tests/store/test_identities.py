"""Which account an identity of the platform opens, on both stores."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from people.errors import AccountClosed, IdentityTaken, RealNameNeeded, SignInStale
from people.oidc.accounts import OidcAccounts, via
from people.oidc.person import Person, RoleFields, SignedOut
from people.oidc.ticket import Ticket, new_ticket
from store import identities, people
from store.engine.opening import Opened
from store.people import Account, Session
from store.port import Database
from tests.store.samples import NOW, minutes

ISSUER = "https://city.example"
WANG = Person(ISSUER, "王'五\"%", "sid", "示例王", citizen_id="11010519491231002X", fields={"mobile": "13800000001"})
ROLES = (RoleFields("holder", "holder_id", "holder_name", False),)


@pytest.fixture
def known(store: Opened) -> OidcAccounts:
    """The accounts that the platform opens."""
    return OidcAccounts(lambda: store.db, lambda: ROLES)


def ticket() -> Ticket:
    return new_ticket("", NOW)


def session(db: Database, account: str, secret: str, by: str | None) -> None:
    one = Session(secret, account, NOW, NOW, minutes(60), via=by)
    db.write(lambda tx: people.add_session(tx, one))


def left(db: Database, *secrets: str) -> list[str]:
    with db.read() as tx:
        return [one for one in secrets if people.session(tx, one, NOW)]


def test_an_identity_has_one_account_whose_details_are_those_told_last(known: OidcAccounts, store: Opened) -> None:
    first = known.enter(WANG, ticket(), NOW)
    assert (first.role, first.password, first.body) == ("applicant", None, {
        "holder_id": "11010519491231002X", "holder_name": "示例王", "mobile": "13800000001"})
    renamed = replace(WANG, name="示例王改名", fields={})
    again = known.enter(renamed, ticket(), minutes(1))
    with store.db.read() as tx:
        kept = people.account(tx, first.account)
        assert (kept.account, kept.name, kept.login) == (first.account, "示例王改名", first.login)
        assert kept == again
        assert kept.body == {"holder_id": "11010519491231002X", "holder_name": "示例王改名"}
        bond, = identities.bonds_of(tx, first.account)
        assert (bond.issuer, bond.subject, bond.bound_at, bond.seen_at) == (ISSUER, WANG.subject, NOW, minutes(1))
        rows = repr([tx.rows(f"select * from {table}") for table in ("accounts", "identities", "spent")])
    assert [one for one in (WANG.subject, "示例王", ISSUER, "11010519491231002X") if one in rows] == []


@pytest.mark.parametrize("other", [{"subject": WANG.subject.upper() + "x"}, {"issuer": ISSUER + "/"}])
def test_another_subject_or_another_issuer_is_another_person(known: OidcAccounts, other: dict[str, str]) -> None:
    accounts = {known.enter(one, ticket(), NOW).account for one in (WANG, replace(WANG, **other))}  # type: ignore[arg-type]
    assert len(accounts) == 2


def test_a_ticket_opens_once_also_for_two_at_one_moment(known: OidcAccounts, store: Opened) -> None:
    one, came = ticket(), list[str]()

    def enter() -> None:
        try:
            came.append(known.enter(WANG, one, NOW).account)
        except SignInStale:
            came.append("stale")

    threads = [threading.Thread(target=enter) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(came)[1:] == ["stale", "stale"]
    store.db.write(lambda tx: people.purge(tx, one.until + timedelta(seconds=1)))
    with store.db.read() as tx:
        assert tx.rows("select * from spent") == []


def test_two_first_sign_ins_at_one_moment_make_one_account(known: OidcAccounts) -> None:
    came: list[str] = []
    threads = [threading.Thread(target=lambda: came.append(known.enter(WANG, ticket(), NOW).account)) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (len(came), len(set(came))) == (4, 1)


def test_a_closed_account_and_too_low_a_level_open_nothing_and_use_up_no_ticket(
        known: OidcAccounts, store: Opened) -> None:
    one = ticket()
    with pytest.raises(RealNameNeeded):
        known.enter(replace(WANG, enough=False), one, NOW)
    account = known.enter(WANG, one, NOW).account
    store.db.write(lambda tx: people.set_disabled(tx, account, disabled=True))
    with pytest.raises(AccountClosed):
        known.enter(WANG, ticket(), NOW)


def test_who_signs_out_at_the_platform_keeps_what_came_by_password_or_another_sign_in(
        known: OidcAccounts, store: Opened) -> None:
    account = known.enter(WANG, ticket(), NOW).account
    for secret, by in (("a", via(ISSUER, "1")), ("b", via(ISSUER, "2")), ("c", via(ISSUER, None)), ("local", None)):
        session(store.db, account, secret, by)
    session(store.db, "another", "other", via(ISSUER, "3"))
    everything = ("a", "b", "c", "local", "other")
    known.leave(SignedOut(None, "1", "j1", minutes(5)), ISSUER)
    assert left(store.db, *everything) == ["b", "c", "local", "other"]
    known.leave(SignedOut("nobody", None, "j2", minutes(5)), ISSUER)
    assert left(store.db, *everything) == ["b", "c", "local", "other"]
    known.leave(SignedOut(WANG.subject, "9", "j4", minutes(5)), ISSUER)  # "c" may be the session of that sign-in
    assert left(store.db, *everything) == ["b", "local", "other"]
    known.leave(SignedOut(WANG.subject, None, "j3", minutes(5)), ISSUER)
    assert left(store.db, *everything) == ["local", "other"]


def test_an_identity_that_opens_an_account_cannot_be_bound_to_another(known: OidcAccounts, store: Opened) -> None:
    staff = Account("li", "li", "officer", "李一", NOW, department="water")
    store.db.write(lambda tx: people.add_account(tx, staff))
    known.enter(WANG, ticket(), NOW)
    with pytest.raises(IdentityTaken):
        known.bind(staff, (ISSUER, WANG.subject), NOW)
    known.bind(staff, (ISSUER, "staff-1"), NOW)
    assert known.enter(replace(WANG, subject="staff-1", enough=False), ticket(), NOW) == staff
    assert (known.unbind("li"), known.unbind("li")) == (1, 0)
