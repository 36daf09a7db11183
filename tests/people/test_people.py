"""Accounts, sessions and tokens on a real store."""

from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from people.accounts import Accounts, NewAccount
from people.errors import LoginTaken, TooManyAttempts, UnknownRole, UnknownToken, WeakPassword, WrongLogin
from people.guesses import LOGIN, TRUSTED, Guesses, Limit
from people.identity import VISITOR, role_of
from people.personas import Persona, account_of, staff
from people.sessions import Lives, Sessions
from people.tokens import Grant, Tokens
from store import people
from store.engine.opening import Place, open_store
from store.errors import StorageFull
from store.keys import create_keys, load_keys

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
PASSWORD = "一句只有我知道的长话 correct"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def database(tmp_path, migrated):
    create_keys(tmp_path / "keys" / "keys")
    opened = open_store(Place(migrated(tmp_path / "data")), load_keys(tmp_path / "keys" / "keys"))
    yield opened.db
    opened.close()


@pytest.fixture
def accounts(database):
    return Accounts(lambda: database, Guesses())


@pytest.fixture
def sessions(database):
    return Sessions(lambda: database, Lives(timedelta(minutes=60), timedelta(hours=12)))


def officer(**more):
    return NewAccount(**{"login": "li", "role": "officer", "name": "示例李", "department": "gas",
                         "password": PASSWORD} | more)


def test_the_right_password_opens_the_account(accounts):
    made = accounts.add(officer(), NOW)
    found = accounts.by_password("li", PASSWORD, "10.0.0.1", NOW)
    assert (found.account, found.role, found.department, found.name) == (made.account, "officer", "gas", "示例李")


@pytest.mark.parametrize(("login", "password"), [
    ("li", "wrong"), ("nobody", PASSWORD), ("", ""), ("li", PASSWORD + " "),
])
def test_a_wrong_login_and_a_wrong_password_are_answered_alike(accounts, login, password):
    accounts.add(officer(), NOW)
    with pytest.raises(WrongLogin) as refused:
        accounts.by_password(login, password, "10.0.0.1", NOW)
    assert refused.value.detail == WrongLogin().detail


def test_an_account_without_a_password_cannot_sign_in(accounts):
    accounts.add(officer(password=None), NOW)
    with pytest.raises(WrongLogin):
        accounts.by_password("li", "a password that nobody has", "10.0.0.1", NOW)


def guessed(accounts, times, address="10.0.0.1", now=NOW):
    for _ in range(times):
        with pytest.raises(WrongLogin):
            accounts.by_password("li", "wrong", address, now)


def test_after_five_wrong_passwords_from_one_network_even_the_right_one_must_wait_there_alone(accounts):
    accounts.add(officer(), NOW)
    guessed(accounts, LOGIN.here.times)
    with pytest.raises(TooManyAttempts) as refused:
        accounts.by_password("li", PASSWORD, "10.0.0.1", NOW)
    assert 0 < refused.value.seconds <= LOGIN.here.window.total_seconds() + 1
    assert accounts.by_password("li", PASSWORD, "10.0.0.2", NOW)
    assert accounts.by_password("li", PASSWORD, "10.0.0.1", NOW + LOGIN.here.window)


@pytest.mark.parametrize(("seen_before", "wait"), [(None, True), (NOW - TRUSTED, True), (NOW - MINUTE, False)])
def test_who_guesses_from_many_networks_keeps_the_owner_out_only_where_he_was_not_let_in_lately(
        accounts, seen_before, wait, monkeypatch):
    few = Limit(2, LOGIN.anywhere.window)  # each password costs a fifth of a second
    monkeypatch.setattr("people.accounts.LOGIN", replace(LOGIN, anywhere=few))
    accounts.add(officer(), NOW)
    if seen_before:
        accounts.by_password("li", PASSWORD, "10.9.9.9", seen_before)
    for number in range(few.times):
        guessed(accounts, 1, f"10.0.1.{number}")
    with pytest.raises(TooManyAttempts):
        accounts.by_password("li", "wrong", "10.0.2.1", NOW)
    with pytest.raises(TooManyAttempts) if wait else nullcontext():
        accounts.by_password("li", PASSWORD, "10.9.9.9", NOW)
    assert accounts.by_password("li", PASSWORD, "10.9.9.9", NOW + few.window)


def test_one_address_may_not_try_many_names():
    guesses = Guesses()
    for number in range(LOGIN.any_name.times):
        guesses.guess_at(LOGIN, f"name{number}", "10.0.0.1", NOW + number * MINUTE)
    with pytest.raises(TooManyAttempts):
        guesses.guess_at(LOGIN, "one more", "10.0.0.1", NOW + LOGIN.any_name.times * MINUTE)
    guesses.guess_at(LOGIN, "one more", "10.0.0.1", NOW + LOGIN.any_name.window)


def test_who_was_let_in_from_a_network_is_not_kept_out_by_what_others_there_get_wrong():
    guesses, office = Guesses(), "10.0.0.1"
    guesses.guess_at(LOGIN, "known", office, NOW)
    guesses.known_at(LOGIN, "known", office, NOW)
    for number in range(LOGIN.any_name.times):
        guesses.guess_at(LOGIN, f"name{number}", office, NOW)
    with pytest.raises(TooManyAttempts):
        guesses.guess_at(LOGIN, "new here", office, NOW)
    for _ in range(LOGIN.here.times):
        guesses.guess_at(LOGIN, "known", office, NOW)
    with pytest.raises(TooManyAttempts):
        guesses.guess_at(LOGIN, "known", office, NOW)


def test_who_is_out_of_guesses_and_tries_on_uses_up_none_of_the_others():
    guesses, office = Guesses(), "10.0.0.1"
    tries, taken = 3 * LOGIN.any_name.times, []
    for number in range(tries):
        with suppress(TooManyAttempts):
            taken.append(guesses.guess_at(LOGIN, "stubborn", office, NOW + number * MINUTE / 100))
    assert len(taken) == LOGIN.here.times
    for number in range(LOGIN.any_name.times - LOGIN.here.times):  # what was refused has used up nothing of theirs
        guesses.guess_at(LOGIN, f"somebody else {number}", office, NOW + 2 * MINUTE)
    with pytest.raises(TooManyAttempts):
        guesses.guess_at(LOGIN, "one more", office, NOW + 2 * MINUTE)


def test_a_login_name_is_given_once(accounts):
    accounts.add(officer(), NOW)
    with pytest.raises(LoginTaken):
        accounts.add(officer(), NOW)


@pytest.mark.parametrize("password", ["", "short", "x" * 11, "x" * 257])
def test_a_password_has_twelve_to_256_characters(accounts, password):
    with pytest.raises(WeakPassword):
        accounts.add(officer(password=password), NOW)


def test_a_session_is_known_by_its_secret_alone(accounts, sessions):
    secret = sessions.open(accounts.add(officer(), NOW), NOW)
    found = sessions.identity(secret, NOW)
    assert (found.role, found.department, found.by, found.signed_in) == ("officer", "gas", "session", True)
    assert sessions.identity(secret + "x", NOW) == sessions.identity("", NOW) == VISITOR


def test_signing_in_again_ends_the_session_before(accounts, sessions):
    account = accounts.add(officer(), NOW)
    old = sessions.open(account, NOW)
    new = sessions.open(account, NOW, old=old)
    assert (sessions.identity(old, NOW), sessions.identity(new, NOW).signed_in) == (VISITOR, True)


def test_a_session_ends_by_idleness(accounts, sessions):
    secret = sessions.open(accounts.add(officer(), NOW), NOW)
    assert sessions.identity(secret, NOW + 59 * MINUTE).signed_in
    assert sessions.identity(secret, NOW + 118 * MINUTE).signed_in
    assert sessions.identity(secret, NOW + 179 * MINUTE) == VISITOR


def test_who_only_reads_stays_signed_in_while_the_disk_is_full(accounts, sessions, database, monkeypatch):
    secret = sessions.open(accounts.add(officer(), NOW), NOW)

    def refused(unit):
        raise StorageFull

    with monkeypatch.context() as full:
        full.setattr(database, "write", refused)
        assert sessions.identity(secret, NOW + 30 * MINUTE).signed_in
    assert sessions.identity(secret, NOW + 59 * MINUTE).signed_in
    assert sessions.identity(secret, NOW + 118 * MINUTE).signed_in


def test_a_session_ends_by_age_however_busy(accounts, sessions):
    secret = sessions.open(accounts.add(officer(), NOW), NOW)
    seen = [sessions.identity(secret, NOW + step * 30 * MINUTE).signed_in for step in range(26)]
    assert seen == [True] * 24 + [False] * 2


def test_signing_out_ends_the_session_on_the_server(accounts, sessions):
    secret = sessions.open(accounts.add(officer(), NOW), NOW)
    sessions.end(secret, NOW)
    assert sessions.identity(secret, NOW) == VISITOR


@pytest.mark.parametrize("act", ["disable", "change_password", "give_password"])
def test_a_closed_account_or_a_new_password_ends_every_session_at_once(accounts, sessions, act):
    account = accounts.add(officer(), NOW)
    secrets = [sessions.open(account, NOW) for _ in range(3)]
    if act == "disable":
        accounts.disable(account.account)
    else:
        getattr(accounts, act)(account, PASSWORD * 2, NOW)
    assert [sessions.identity(secret, NOW) for secret in secrets] == [VISITOR] * 3


def revoke(database):
    """Revoke the only token that there is."""
    def unit(tx):
        token, = people.tokens(tx)
        return people.revoke_token(tx, token.id, NOW)

    return database.write(unit)


def test_a_token_stands_for_its_role_and_department_until_it_ends(database):
    tokens = Tokens(lambda: database)
    secret = tokens.issue(Grant("officer", "gas-system", "gas", life=timedelta(days=1)), NOW)
    found = tokens.identity(secret, NOW)
    assert (found.subject, found.role, found.department, found.by) == ("gas-system", "officer", "gas", "bearer")
    with pytest.raises(UnknownToken):
        tokens.identity(secret, NOW + timedelta(days=1))


def test_a_revoked_token_and_a_made_up_one_are_worthless(database):
    tokens = Tokens(lambda: database)
    secret = tokens.issue(Grant("applicant", "p1"), NOW)
    assert revoke(database) is True
    for wrong in (secret, "yjs_", "yjs_" + "A" * 43, ""):
        with pytest.raises(UnknownToken):
            tokens.identity(wrong, NOW)


def test_a_token_of_a_disabled_person_is_worthless(database, accounts):
    account = accounts.add(officer(), NOW)
    secret = Tokens(lambda: database).issue(Grant("officer", account.account, "gas"), NOW)
    accounts.disable(account.account)
    with pytest.raises(UnknownToken):
        Tokens(lambda: database).identity(secret, NOW)


@pytest.mark.parametrize("end", ["revoked", "disabled", "over"])
def test_a_remembered_token_is_worthless_as_soon_as_it_ends(database, accounts, end):
    account, tokens = accounts.add(officer(), NOW), Tokens(lambda: database, alone=True)
    secret = tokens.issue(Grant("officer", account.account, "gas", life=timedelta(days=1)), NOW)
    assert [tokens.identity(secret, NOW).subject for _ in range(2)] == [account.account] * 2
    if end == "revoked":
        revoke(database)
    elif end == "disabled":
        accounts.disable(account.account)
    with pytest.raises(UnknownToken):
        tokens.identity(secret, NOW + timedelta(days=1) if end == "over" else NOW)


def test_a_token_that_was_looked_up_before_it_ended_is_not_remembered_after(database):
    class Slow:
        """The same store, in which something happens while it is read."""

        def __init__(self, meanwhile):
            self.meanwhile, self.listen = meanwhile, database.listen

        @contextmanager
        def read(self):
            with database.read() as tx:
                yield tx
            self.meanwhile()

    other = Tokens(lambda: database)
    secret = other.issue(Grant("applicant", "p1"), NOW)
    slow = Slow(lambda: revoke(database))
    tokens = Tokens(lambda: slow, alone=True)
    tokens.identity(secret, NOW)  # it was good when it was looked up
    with pytest.raises(UnknownToken):
        tokens.identity(secret, NOW)


def test_no_secret_stands_in_the_store(database, accounts, sessions, tmp_path):
    account = accounts.add(officer(details={"citizen_id": "11010519491231002X"}), NOW)
    secrets = [sessions.open(account, NOW), Tokens(lambda: database).issue(Grant("officer", "x"), NOW), PASSWORD,
               "11010519491231002X", "示例李"]
    database.close()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert [secret for secret in secrets if secret.encode() in kept] == []


def test_a_sample_person_gets_its_account_once(accounts):
    person = Persona("chen", "陈示例", "applicant", details={"phone": "示例"})
    made = [account_of(accounts, person, NOW).account for _ in range(2)]
    assert (made, accounts.details("chen")) == (["chen", "chen"], {"phone": "示例"})


def test_every_role_has_a_sample_person_and_every_department_an_officer():
    made = staff({"gas": "燃气公司"})
    assert [(one.role, one.department) for one in made] == [
        *((role, None) for role in ("author", "supervisor", "operator", "auditor", "counter")), ("officer", "gas")]
    assert all("示例" in one.name for one in made)


def test_a_role_that_does_not_exist_is_refused():
    with pytest.raises(UnknownRole):
        role_of("root")
