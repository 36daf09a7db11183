"""Members of the staff sign in: a password, then a code; what is asked beside it, and what nobody comes past."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from people import totp
from people.accounts import NewAccount
from people.errors import HalfSignInOver
from people.halfway import Asks, Halfway
from people.tokens import Grant
from store import audit
from store.audit import Wanted
from tests.pages.client import Visitor
from web.staff.auditing import ACTIONS

FIRST, OWN = "别人先替我设的一句密码 1", "后来只有我自己知道的话 2"
AGES = timedelta(days=9)


class Clock:
    """The portal's clock, which a test moves on."""

    def __init__(self, began):
        self.at = began

    def now(self):
        return self.at


@pytest.fixture
def clock(house, monkeypatch):
    made = Clock(house.clock.now())
    monkeypatch.setattr(house, "clock", made)
    return made


@pytest.fixture(autouse=True)
def _quick(house, monkeypatch):
    """Argon2 as ever, but at a cost that fits thirty sign-ins into a test run."""
    monkeypatch.setattr(house.accounts._passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def asked(house, monkeypatch):
    """A second factor is asked of every member of the staff."""
    monkeypatch.setattr(house, "halfway", Halfway(lambda: house.database, Asks(factor=True, days=0)))


@pytest.fixture
def make(house, numbers, clock):
    """An account of the staff with a password of its own, or one that an operator gave it."""
    def one(role="operator", must_change=False, password=OWN):
        new = NewAccount(f"staff{next(numbers)}", role, "示例李", password=password, must_change=must_change)
        return house.accounts.add(new, clock.now())
    return one


def knock(app, login, password=OWN, target="/staff/"):
    """Send the sign-in form from a browser of its own."""
    person = Visitor(app)
    person.get(f"/login?next={target}")
    person.send("/login", ("login", login), ("password", password), ("next", target))
    return person


def code(secret, clock, steps=0):
    return totp.code_of(secret, totp.step_at(clock.now()) + steps)


def shown_secret(person):
    return re.search(r'密钥：<span class="code-text">([A-Z2-7 ]+)<', person.page)[1].replace(" ", "")


def enrol(person, clock, target="/staff/"):
    """Set up the factor that the page shows; its secret and the recovery codes."""
    secret = shown_secret(person)
    person.send("/login/factor", ("code", code(secret, clock)), ("next", target))
    assert (person.status, re.search('role="button"[^>]*href="([^"]*)"', person.page)[1]) == (200, "/staff/")
    return secret, re.findall(r"\d{4} \d{4} \d{4} \d{4}", person.page)


def opens(person):
    """Whether this browser is signed in."""
    return person.client.get("/account/security").status_code == 200


def entries(house, account, clock):
    with house.database.read() as tx:
        found, _ = audit.listed(tx, Wanted(clock.now() - AGES, clock.now() + AGES, target=account.account), None)
    assert {one.action for one in found} <= ACTIONS.keys()  # what auditors read has a name
    return [one.action for one in reversed(found)]


@pytest.mark.usefixtures("asked")
def test_the_first_sign_in_changes_the_password_and_sets_up_a_factor_before_anything_opens(app, house, make, clock):
    account = make(must_change=True, password=FIRST)
    person = knock(app, account.login, FIRST)
    half = person.client.get_cookie("yjs-half").value
    assert (person.at, opens(person)) == ("/login/password", False)
    for path in ("/login/code", "/login/factor"):  # no step comes before its turn
        assert person.get(path) == "/login/password"
    easy = f"{account.login}-123456"
    for new, again, says in ((OWN, FIRST, "不一样"), (FIRST, FIRST, "和原来的一样"), (easy, easy, "容易被猜到")):
        person.send("/login/password", ("new", new), ("again", again))
        assert (person.status, says in person.text) == (422, True)
    person.send("/login/password", ("new", OWN), ("again", OWN), ("next", "/staff/strange"))
    assert (person.at, person.address, opens(person)) == (
        "/login/factor", "/login/factor?next=/staff/strange", False)
    assert person.client.get_cookie("yjs-half").value != half
    person.send("/login/factor", ("code", "000000"), ("next", "/staff/strange"))
    assert (person.status, "验证码不对" in person.text, opens(person)) == (401, True, False)
    secret = shown_secret(person)
    person.send("/login/factor", ("code", code(secret, clock)), ("next", "/staff/strange"))
    assert len(re.findall(r"\d{4} \d{4} \d{4} \d{4}", person.page)) == 10
    assert 'href="/staff/strange"' in person.page
    assert person.client.get_cookie("yjs-half") is None and opens(person)
    assert entries(house, account, clock) == ["account.own_password", "account.factor", "sign_in"]
    assert "恢复码" not in (person.get("/staff/") and person.text)


@pytest.mark.usefixtures("asked")
def test_half_a_sign_in_opens_nothing_and_a_code_opens_a_session_of_its_own(app, house, make, clock):
    account = make()
    secret, codes = enrol(knock(app, account.login), clock)
    clock.at += timedelta(minutes=5)
    person = knock(app, account.login, target="/staff/undelivered")
    assert (person.at, person.client.get_cookie("yjs")) == ("/login/code", None)
    half = person.client.get_cookie("yjs-half").value
    thief = Visitor(app)
    for name in ("yjs", "yjs-half"):
        thief.client.set_cookie(name, half)
    for path in ("/staff/", "/staff/health", "/account/security", "/login/factor", "/login/password"):
        assert thief.get(path) in {"/login", "/login/code"}
    assert thief.client.get("/api/cases", headers={"Authorization": f"Bearer {half}"}).status_code == 401
    for wrong in ("000000", "", codes[0][:-1], code(secret, clock, -3)):
        person.send("/login/code", ("code", wrong))
        assert (person.status, "验证码不对" in person.text, opens(person)) == (401, True, False)
    person.send("/login/code", ("code", code(secret, clock)), ("next", "/staff/undelivered"))
    assert (person.at, opens(person)) == ("/staff/undelivered", True)
    assert "此后有 4 次没有登录成功" in person.text and "不是您本人？" in person.text
    assert person.client.get_cookie("yjs").value != half and thief.get("/login/code") == "/login/code"
    assert HalfSignInOver().detail in thief.text
    again = knock(app, account.login)
    again.send("/login/code", ("code", code(secret, clock)))  # taken already
    assert (again.status, opens(again)) == (401, False)
    again.send("/login/code", ("code", codes[0]), ("next", "https://elsewhere.example/"))
    assert (again.at, opens(again)) == ("/staff/health", True)
    assert entries(house, account, clock).count("sign_in.failed") == 5


@pytest.mark.usefixtures("asked")
def test_a_half_sign_in_that_took_too_long_was_given_up_or_lost_its_account_leads_back(app, house, make, clock):
    account = make()
    enrol(knock(app, account.login), clock)
    waited, left, closed = (knock(app, account.login) for _ in range(3))
    left.send("/logout")
    assert left.client.get_cookie("yjs-half") is None and left.at == "/"
    house.accounts.disable(account.account)
    closed.get("/login/code")
    assert (closed.status, HalfSignInOver().detail in closed.text) == (400, True)
    house.accounts.enable(account.account)
    clock.at += timedelta(minutes=15)
    waited.get("/login/code?next=/staff/strange")
    assert (waited.status, 'name="next" value="/staff/strange"' in waited.page) == (400, True)


def test_whoever_need_not_may_set_up_a_factor_and_is_asked_for_it_from_then_on(app, house, make, clock):
    account = make("auditor")
    person = knock(app, account.login)
    assert (person.at, opens(person)) == ("/staff/audit", True)
    assert "方式 密码；网络 127.0.0.1" in person.text
    assert knock(app, account.login, FIRST).status == knock(app, "nobody", FIRST).status == 401
    assert entries(house, account, clock) == ["sign_in", "sign_in.failed"]
    elsewhere = knock(app, account.login)
    assert "此后有 1 次没有登录成功" in elsewhere.text
    person.get("/account/security")
    person.send("/account/factor", ("password", "wrong"))
    assert (person.status, "现在的密码不对" in person.text) == (401, True)
    person.send("/account/factor", ("password", OWN))
    secret, codes = enrol(person, clock)
    assert opens(person) and not opens(elsewhere)  # what was opened without it ends
    clock.at += timedelta(minutes=5)
    person.get("/account/security")
    assert "恢复码还剩 10 个" in person.text
    person.send("/account/codes", ("code", codes[1]))
    fresh = re.findall(r"\d{4} \d{4} \d{4} \d{4}", person.page)
    assert len(fresh) == 10 and not set(fresh) & set(codes)
    person.get("/account/security")
    person.send("/account/factor", ("code", codes[2]))
    assert (person.status, "验证码不对" in person.text) == (401, True)
    person.send("/account/factor", ("code", fresh[0]))
    other, _ = enrol(person, clock, "javascript:alert(1)")
    assert other != secret
    clock.at += timedelta(minutes=5)
    back = knock(app, account.login)
    back.send("/login/code", ("code", code(secret, clock)))
    assert (back.status, opens(back)) == (401, False)
    back.send("/login/code", ("code", code(other, clock)))
    assert (back.at, opens(back)) == ("/staff/audit", True)


def test_the_owner_changes_the_password_on_a_page_and_every_other_session_ends(app, house, make, clock):
    account = make("author")
    person, elsewhere = knock(app, account.login), knock(app, account.login)
    session = person.client.get_cookie("yjs").value
    assert "上次登录" in elsewhere.text and "来自 127.0.0.1，用密码" in elsewhere.text
    person.get("/account/security")
    assert person.text.count("127.0.0.1 · 密码") == 2
    for current, says, status in (("wrong", "现在的密码不对", 401), (OWN, "和原来的一样", 422)):
        person.send("/account/password", ("password", current), ("new", OWN), ("again", OWN))
        assert (person.status, says in person.text) == (status, True)
    person.send("/account/password", ("password", OWN), ("new", FIRST), ("again", FIRST))
    assert (person.at, "密码已更换" in person.text) == ("/account/security", True)
    assert opens(person) and not opens(elsewhere)
    assert person.client.get_cookie("yjs").value != session
    assert knock(app, account.login, FIRST).at == "/staff/studio"


@pytest.mark.usefixtures("asked")
def test_sample_persons_and_programs_sign_in_as_before(app, house, clock):
    person = Visitor(app)
    person.sign_in("operator")
    assert person.at == "/staff/health"
    person.get("/account/security")
    assert "这个账号没有本站密码" in person.text
    assert person.client.post("/account/factor", data={"csrf_token": re.search(
        r'csrf-token" content="([^"]+)', person.page)[1]}).status_code == 404
    secret = house.tokens.issue(Grant("applicant", "somebody"), clock.now())
    assert person.client.get("/api/cases", headers={"Authorization": f"Bearer {secret}"}).status_code == 200


def test_a_sign_in_is_noted_from_where_it_came_though_a_thread_of_somebody_else_writes_it(app, house, make, clock,
                                                                                          monkeypatch):
    write, account = house.database.write, make()
    with ThreadPoolExecutor(1) as somebody:  # as it is where others wait for the same commit
        monkeypatch.setattr(house.database, "write", lambda unit: somebody.submit(write, unit).result())
        person = knock(app, account.login)
    assert (opens(person), entries(house, account, clock)) == (True, ["sign_in"])
    with house.database.read() as tx:
        noted, = audit.listed(tx, Wanted(clock.now() - AGES, clock.now() + AGES, target=account.account), None)[0]
    assert noted.data["network"] == "127.0.0.1"
