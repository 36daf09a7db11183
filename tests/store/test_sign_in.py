"""Second factors, half sign-ins and the last ones, on both stores."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from people import totp
from people.errors import HalfSignInOver, TooManyAttempts, WrongCode
from people.factors import FACTOR, Factors, enrol, new_codes
from people.guesses import Guesses
from people.halfway import LIFE, Asks, Halfway
from people.sign_ins import SignIns, came
from store import audit, people
from store.engine.opening import Opened
from store.people import Account, Session
from store.sign_in import factors, half_sign_ins, sign_ins
from store.sign_in.half_sign_ins import Half
from tests.store.samples import NOW, minutes

LI = Account("li-1", "li", "operator", "李一", NOW, password="a hash")
PHRASE = "一句只有我自己知道的很长的话"
HERE = "10.0.0.1"


@pytest.fixture
def known(store: Opened) -> Factors:
    """The factors of a store in which Li has an account."""
    store.db.write(lambda tx: people.add_account(tx, LI))
    return Factors(lambda: store.db, Guesses())


def enrolled(store: Opened) -> tuple[str, list[str]]:
    """Let Li set up a factor; its secret and the recovery codes."""
    halfway = Halfway(lambda: store.db, Asks(factor=True, days=0))
    secret, codes = halfway.begin_enrolling(LI, NOW), list(new_codes())
    standing = halfway.found(secret, NOW)
    assert standing is not None and standing.step == "factor"
    pending = standing.half.pending
    code = totp.code_of(pending, totp.step_at(NOW) - 1)
    store.db.write(lambda tx: enrol(tx, standing.half, code, codes, NOW))
    with pytest.raises(HalfSignInOver):  # another window with the same picture comes too late
        store.db.write(lambda tx: enrol(tx, standing.half, code, codes, NOW))
    return pending, codes


def test_a_code_and_a_recovery_code_count_once_also_for_two_at_one_moment(known: Factors, store: Opened) -> None:
    secret, codes = enrolled(store)
    code = totp.code_of(secret, totp.step_at(NOW))
    for said, proof in ((code, "code"), (f"{codes[3][:8]} {codes[3][8:]}", "recovery")):
        came_by = list[str]()

        def prove(said: str = said, came_by: list[str] = came_by) -> None:
            try:
                came_by.append(known.prove(LI.account, said, HERE, NOW))
            except WrongCode:
                came_by.append("wrong")

        threads = [threading.Thread(target=prove) for _ in range(3)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert sorted(came_by) == sorted(["wrong", "wrong", proof])
    earlier = totp.code_of(secret, totp.step_at(NOW) - 1)
    with pytest.raises(WrongCode):  # nor does one count that is older than one which was taken
        known.prove(LI.account, earlier, HERE, NOW)
    assert known.of(LI.account).codes == 9


def test_secrets_and_recovery_codes_stand_nowhere_as_they_are(known: Factors, store: Opened) -> None:
    secret, codes = enrolled(store)
    store.db.write(lambda tx: came(tx, LI, "code", "10.7.7.7", NOW))
    with store.db.read() as tx:
        rows = repr([tx.rows(f"select * from {table}") for table in ("factors", "recovery_codes", "sign_ins", "audit")])
    assert [one for one in (secret, *codes, "10.7.7.7") if one in rows] == []


def test_five_wrong_codes_from_one_network_make_the_right_one_wait_there_alone(known: Factors, store: Opened) -> None:
    secret, _ = enrolled(store)
    right = totp.code_of(secret, totp.step_at(NOW))
    for _ in range(FACTOR.here.times):
        with pytest.raises(WrongCode):
            known.prove(LI.account, "000000" if right != "000000" else "000001", HERE, NOW)
    with pytest.raises(TooManyAttempts):
        known.prove(LI.account, right, HERE, NOW)
    assert known.prove(LI.account, right, "10.0.0.2", NOW) == "code"


def test_new_recovery_codes_end_those_from_before_and_a_reset_ends_all(known: Factors, store: Opened) -> None:
    secret, codes = enrolled(store)
    renewed = known.renew_codes(LI.account)
    with pytest.raises(WrongCode):
        known.prove(LI.account, codes[0], HERE, NOW)
    assert known.prove(LI.account, renewed[0], HERE, NOW) == "recovery"
    halfway = Halfway(lambda: store.db, Asks(factor=True, days=0))
    half = halfway.begin(LI, PHRASE, NOW)
    store.db.write(lambda tx: people.add_session(tx, Session("s", LI.account, NOW, NOW, minutes(60))))
    assert known.reset(LI.account) and not known.reset(LI.account)
    with store.db.read() as tx:
        assert people.session(tx, "s", NOW) is None
    assert half is not None and halfway.found(half, NOW) is None
    with pytest.raises(WrongCode):
        known.prove(LI.account, totp.code_of(secret, totp.step_at(NOW)), HERE, NOW)


def test_a_factor_gives_way_to_another_only_where_it_was_proved(known: Factors, store: Opened) -> None:
    enrolled(store)
    pending = totp.new_secret()
    half = Half("secret", LI.account, minutes(9), enrol=True, pending=pending)
    store.db.write(lambda tx: half_sign_ins.add(tx, half))
    with store.db.read() as tx:
        read = half_sign_ins.get(tx, "secret", NOW)
    assert read is not None
    with pytest.raises(HalfSignInOver):
        store.db.write(lambda tx: enrol(tx, read, totp.code_of(pending, totp.step_at(NOW)), new_codes(), NOW))
    assert known.of(LI.account).codes == 10


def test_a_half_sign_in_ends_by_itself_and_with_the_account_and_is_no_session(known: Factors, store: Opened) -> None:
    halfway = Halfway(lambda: store.db, Asks(factor=True, days=0))
    one, other = halfway.begin(LI, PHRASE, NOW), halfway.begin(LI, PHRASE, NOW)
    assert one and other
    with store.db.read() as tx:
        assert people.session(tx, one, NOW) is None
    assert halfway.found(one, NOW + LIFE) is None
    halfway.end(one)
    assert halfway.found(one, NOW) is None and halfway.found(other, NOW)
    store.db.write(lambda tx: people.set_disabled(tx, LI.account, disabled=True))
    assert halfway.found(other, NOW) is None
    store.db.write(lambda tx: people.purge(tx, NOW + LIFE))
    with store.db.read() as tx:
        assert tx.rows("select * from half_sign_ins") == []


@pytest.mark.parametrize(("account", "password", "asks", "step"), [
    ({}, PHRASE, Asks(factor=False, days=0), None), ({}, PHRASE, Asks(factor=True, days=0), "factor"),
    ({"role": "applicant"}, PHRASE, Asks(factor=True, days=0), None),
    ({"must_change": True}, PHRASE, Asks(factor=True, days=0), "new_password"),
    ({"role": "applicant", "must_change": True}, PHRASE, Asks(factor=True, days=0), "new_password"),
    ({}, "Admin@123456", Asks(factor=False, days=0), "new_password"),
    ({"created_at": NOW - timedelta(days=90)}, PHRASE, Asks(factor=False, days=90), "new_password"),
    ({"created_at": NOW - timedelta(days=90), "password_at": NOW}, PHRASE, Asks(factor=False, days=90), None),
])
def test_what_is_asked_beside_a_right_password(store: Opened, account: dict[str, object], password: str, asks: Asks,
                                               step: str | None) -> None:
    made = replace(LI, **account)  # type: ignore[arg-type]
    store.db.write(lambda tx: people.add_account(tx, made))
    halfway = Halfway(lambda: store.db, asks)
    secret = halfway.begin(made, password, NOW)
    standing = halfway.found(secret, NOW) if secret else None
    assert (standing.step if standing else None) == step


def test_the_last_five_sign_ins_and_failed_tries_are_kept_of_staff_alone(known: Factors, store: Opened) -> None:
    seen = SignIns(lambda: store.db)
    store.db.write(lambda tx: people.add_account(tx, Account("w", "wang", "applicant", "王二", NOW)))
    for login in ("li", "li", "wang", "nobody"):
        seen.failed(login, "password", "2001:db8::1", NOW)
    assert seen.of(LI.account) == sign_ins.History((), 2)
    for n in range(7):
        before = store.db.write(lambda tx, n=n: came(tx, LI, "code", HERE, minutes(n)))  # type: ignore[misc]
    assert (before.wrong, before.last[0].at) == (0, minutes(5))
    assert [one.at for one in seen.of(LI.account).last] == [minutes(n) for n in (6, 5, 4, 3, 2)]
    with store.db.read() as tx:
        entries = audit.entries(tx)
        assert tx.rows("select account, wrong from sign_ins order by account") == [
            {"account": "", "wrong": 2}, {"account": LI.account, "wrong": 0}]
    assert [(one.actor, one.action, one.target, one.data["network"]) for one in entries[:3]] == [
        ("visitor", "sign_in.failed", "li-1", "2001:db8::/64")] * 2 + [("li-1", "sign_in", "li-1", HERE)]


def test_an_account_that_is_forgotten_leaves_nothing_of_its_sign_ins(known: Factors, store: Opened) -> None:
    enrolled(store)
    Halfway(lambda: store.db, Asks(factor=True, days=0)).begin(LI, PHRASE, NOW)
    store.db.write(lambda tx: came(tx, LI, "code", HERE, NOW))
    store.db.write(lambda tx: people.forget(tx, LI.account))
    with store.db.read() as tx:
        assert factors.factor(tx, LI.account) is None
        assert [tx.rows(f"select * from {table}") for table in
                ("recovery_codes", "half_sign_ins", "sign_ins", "accounts")] == [[]] * 4
