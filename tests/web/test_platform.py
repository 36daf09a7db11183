"""Signing in by the city's identity platform, through pages: ticket, session, and signing out from either side."""

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from app import create_app
from people.accounts import NewAccount
from people.guesses import Limit
from people.oidc.ticket import TICKET_LIFE
from tests.people.provider import CLIENT, LOGOUT, SECRET, Provider
from tests.web.conftest import OFFICES, POWER_TOKEN, SECRETS, WATER_TOKEN
from web.pages import platform as pages_platform
from web.wiring import NAME, RefusedStart

CLAIMS = """
name: name
citizen_id: idno
credit_code: org.code
organisation: org.name
level: {claim: level, order: [L1, L2]}
fields: {phone: phone_number}
"""
PASSWORD = "一句只有我自己知道的很长的话"
WANG = {"name": "示例王", "idno": "11010519491231002X", "phone_number": "13800138000", "level": "L2",
        "org": {"code": "91370200163562681G", "name": "示例公司"}}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("platform")
    provider = Provider()
    for name, text in (("offices.yaml", OFFICES), ("claims.yaml", CLAIMS), ("identity.secret", SECRET)):
        (folder / name).write_text(text)
    (folder / "identity.secret").chmod(0o600)
    yield provider, {
        "YJS_ENV": "test", "YJS_DATA": str(folder / "data"), "YJS_BUNDLES": str(Path(__file__).parent / "definitions"),
        "YJS_DEPARTMENTS": str(folder / "offices.yaml"), "WATER_SECRET": SECRETS["water"], "WATER_TOKEN": WATER_TOKEN,
        "POWER_SECRET": SECRETS["power"], "POWER_TOKEN": POWER_TOKEN, "YJS_CLOCK": str(folder / "clock"),
        "YJS_SECRETS": str(folder), "YJS_OIDC_ISSUER": provider.issuer, "YJS_OIDC_CLIENT_ID": CLIENT,
        "YJS_OIDC_SECRET": "file:identity.secret", "YJS_OIDC_CLAIMS": str(folder / "claims.yaml"),
        "YJS_OIDC_LEVEL": "L2", "YJS_OIDC_LABEL": "用示例市统一身份认证登录"}
    provider.stop()


@pytest.fixture(scope="module")
def portal(settings):
    made = create_app(settings[1])
    yield made
    made.extensions[NAME].close()


@pytest.fixture
def provider(settings, numbers):
    """The platform, with somebody new signing in in each test."""
    made = settings[0]
    made.claims = {"sub": f"s-{next(numbers)}", "sid": f"sid-{next(numbers)}", **WANG}
    made.description = {"end_session_endpoint": f"{made.issuer}/end"}
    made.answers, made.make = {}, made.signed
    return made


@pytest.fixture
def clock(settings):
    """Moves the portal's clock."""
    file = Path(settings[1]["YJS_CLOCK"])

    def ahead(by, home):
        file.write_text(f"{(home.clock.now() + by).isoformat()} x1")

    yield ahead
    file.unlink(missing_ok=True)


@pytest.fixture
def person(portal):
    """A browser that nobody has used yet."""
    return portal.test_client()


def off(browser, provider, onward="/cases"):
    """Press the button; what the platform is asked."""
    answer = browser.get("/login/platform", query_string={"next": onward})
    assert answer.status_code == 303, answer.text
    asked = {name: value[0] for name, value in parse_qs(urlsplit(answer.location).query).items()}
    provider.nonce = asked["nonce"]
    return asked


def back(browser, asked, **sent):
    return browser.get("/login/platform/back", query_string={"state": asked["state"], "code": "c"} | sent)


def sign_in(browser, provider, **claims):
    provider.claims |= claims
    answer = back(browser, off(browser, provider))
    assert (answer.status_code, answer.location) == (303, "/cases"), answer.text
    return browser


def signed_in(browser):
    return browser.get("/api/cases").status_code == 200


def name_of(browser):
    found = re.search(r"退出（(.*?)）", browser.get("/").text)
    return found and found[1]


def out(portal, token):
    return portal.test_client().post("/login/platform/out", data={"logout_token": token}).status_code


def test_the_way_there_and_back_ends_where_the_person_was_going(person, provider):
    page = person.get("/login?next=/cases").text
    assert "用示例市统一身份认证登录" in page and "/login/platform?next=/cases" in page
    asked = off(person, provider)
    assert asked["redirect_uri"] == "http://127.0.0.1:5000/login/platform/back"  # though the browser says localhost
    answer = back(person, asked)
    assert (answer.status_code, answer.location, name_of(person)) == (303, "/cases", "示例王")
    session = next(one for one in answer.headers.getlist("Set-Cookie") if one.startswith("yjs="))
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(session.split("; "))
    assert not [name for name in cookies(person) if name.startswith("yjs-go-")]


def cookies(browser):
    return {cookie.key for cookie in browser._cookies.values()}


@pytest.mark.parametrize("onward", [
    "https://evil.example/", "//evil.example", "/\\evil.example", "\x09//evil.example", "javascript:alert(1)",
    "/" * 2_000])
def test_nobody_is_led_elsewhere_afterwards(person, provider, onward):
    assert back(person, off(person, provider, onward)).location == "/"


def test_a_callback_counts_once_in_the_browser_that_began_and_for_ten_minutes(portal, person, provider, clock):
    asked = off(person, provider)
    ticket = next(cookie for cookie in person._cookies.values() if cookie.key.startswith("yjs-go-"))
    stranger = portal.test_client()
    assert (back(stranger, asked).status_code, signed_in(stranger)) == (400, False)
    assert back(person, asked).status_code == 303
    assert back(person, asked).status_code == 400  # its ticket is gone
    person.set_cookie(ticket.key, ticket.value)
    again = back(person, asked)
    assert (again.status_code, "请重新登录" in again.text, "yjs=" in str(again.headers)) == (400, True, False)
    late, asked = portal.test_client(), None
    asked = off(late, provider)
    clock(TICKET_LIFE + timedelta(seconds=1), portal.extensions[NAME])
    assert (back(late, asked).status_code, signed_in(late)) == (400, False)


def test_a_ticket_that_we_did_not_sign_is_none(person, provider):
    asked = off(person, provider)
    ticket = next(cookie for cookie in person._cookies.values() if cookie.key.startswith("yjs-go-"))
    for forged in (ticket.value[:-4] + "AAAA", "x", ""):
        person.set_cookie(ticket.key, forged)
        assert back(person, asked).status_code == 400


def test_two_windows_of_one_browser_do_not_take_each_others_ticket_and_many_leave_no_heap(person, provider):
    first, second = off(person, provider), off(person, provider, "/disclosure")
    assert back(person, second).location == "/disclosure"
    provider.nonce = first["nonce"]
    assert back(person, first).location == "/cases"
    for _ in range(6):
        off(person, provider)
    assert len([name for name in cookies(person) if name.startswith("yjs-go-")]) == 4


def test_one_process_begins_and_another_finishes(settings, person, provider):
    other = create_app(settings[1]).test_client()  # it never opens the store
    asked = off(other, provider)
    for cookie in other._cookies.values():
        person.set_cookie(cookie.key, cookie.value)
    assert back(person, asked).status_code == 303


def test_a_new_secret_comes_with_the_sign_in_and_the_old_session_is_over(portal, person, provider):
    sign_in(person, provider)
    planted = person.get_cookie("yjs").value
    sign_in(person, provider)
    thief = portal.test_client()
    thief.set_cookie("yjs", planted)
    assert (person.get_cookie("yjs").value != planted, signed_in(person), signed_in(thief)) == (True, True, False)


def test_the_platform_being_down_is_said_beside_what_still_works(portal, settings, person, provider):
    signed = sign_in(portal.test_client(), provider)
    provider.answers["/token"] = lambda _: (503, b"")
    answer = back(person, off(person, provider))
    assert (answer.status_code, "过几分钟再试" in answer.text, 'name="password"' in answer.text) == (503, True, True)
    provider.answers["/.well-known/openid-configuration"] = lambda _: (503, b"")
    answer = create_app(settings[1]).test_client().get("/login/platform?next=/cases")  # it has not asked before
    assert (answer.status_code, 'name="next" value="/cases"' in answer.text) == (503, True)
    assert signed_in(signed)


def test_who_declines_or_has_too_low_a_level_is_told_what_to_do_and_has_no_account(portal, person, provider):
    answer = back(person, off(person, provider), error="access_denied")
    page = person.get(answer.location).text
    assert "取消了登录" in page and 'name="next" value="/cases"' in page
    provider.claims["level"] = "L1"
    answer = back(person, off(person, provider))
    assert (answer.status_code, "实名认证" in answer.text, signed_in(person)) == (403, True, False)


def test_somebody_who_is_called_like_another_is_another_and_one_who_is_renamed_stays_the_same(portal, person, provider):
    home = portal.extensions[NAME]
    local = home.accounts.add(NewAccount("示例王", "applicant", "示例王", password=PASSWORD), home.clock.now())
    draft = sign_in(person, provider).post("/api/drafts", json={"bundle": "connect", "situation": {}}, headers={
        "X-CSRFToken": re.search('csrf-token" content="(.*?)"', person.get("/").text)[1]}).json["draft"]
    sign_in(person, provider, name="示例王改名")
    assert name_of(person) == "示例王改名"
    assert person.get(f"/api/drafts/{draft}").status_code == 200
    assert home.accounts.get(local.account).name == "示例王"
    other = sign_in(portal.test_client(), provider, sub=provider.claims["sub"].upper())
    assert other.get(f"/api/drafts/{draft}").status_code == 404


def test_what_the_platform_knows_is_filled_in_and_marked_to_be_looked_at(person, provider):
    sign_in(person, provider)
    token = re.search('csrf-token" content="(.*?)"', person.get("/bundles/connect/questions/services").text)[1]
    person.post("/bundles/connect/questions/services", data={"csrf_token": token, "services": "water"})
    at = person.post("/bundles/connect/start", data={"csrf_token": token}).location.split("/")[2].partition("?")[0]
    form = person.get(f"/api/drafts/{at}").json["form"]
    assert form == {"credit_code": "91370200163562681G", "project_name": "示例公司", "phone": "13800138000"}


def test_signing_out_ends_our_session_and_goes_on_to_the_platform_without_a_token_in_the_address(
        portal, person, provider):
    sign_in(person, provider)
    asked = leave(person)
    target = urlsplit(re.search(r'url=(.*?)"', asked.text)[1].replace("&amp;", "&"))
    assert asked.status_code == 200 and not signed_in(person)
    assert target._replace(query="").geturl() == f"{provider.issuer}/end"
    assert parse_qs(target.query) == {"client_id": [CLIENT], "post_logout_redirect_uri": ["http://127.0.0.1:5000/"]}
    home = portal.extensions[NAME]
    home.accounts.add(NewAccount("zhang", "applicant", "示例张", password=PASSWORD), home.clock.now())
    token = re.search('csrf-token" content="(.*?)"', person.get("/login").text)[1]
    person.post("/login", data={"csrf_token": token, "login": "zhang", "password": PASSWORD})
    assert (name_of(person), leave(person).location) == ("示例张", "/")  # who came by password has nothing to end there


def leave(browser):
    token = re.search('csrf-token" content="(.*?)"', browser.get("/").text)[1]
    return browser.post("/logout", data={"csrf_token": token})


def test_signing_out_at_the_platform_ends_that_sign_in_here_or_all_of_that_person(portal, provider):
    browsers = [sign_in(portal.test_client(), provider, sid=f"{provider.claims['sub']}-{n}") for n in range(3)]
    sid, sub = provider.claims["sid"], provider.claims["sub"]
    other = sign_in(portal.test_client(), provider, sub="somebody else", sid="another")
    assert out(portal, provider.logout(sub=sub, sid=sid)) == 200
    assert [signed_in(one) for one in (*browsers, other)] == [True, True, False, True]
    message = provider.logout(sub=sub, sid=None)
    assert out(portal, message) == 200
    assert [signed_in(one) for one in (*browsers, other)] == [False, False, False, True]
    sign_in(browsers[0], provider, sub=sub)
    assert out(portal, message) == 200  # the same message again
    assert signed_in(browsers[0])


@pytest.mark.parametrize("wrong", [
    {"nonce": "n"}, {"events": {}}, {"events": [LOGOUT]}, {"jti": None}, {"sub": None, "sid": None}, {"iss": "x"},
    {"aud": "x"}, {"iat": 1}, {"exp": 1}, {"sid": 7}])
def test_a_message_of_signing_out_that_is_none_ends_nothing(portal, person, provider, wrong):
    sign_in(person, provider)
    usual = {"sub": provider.claims["sub"], "sid": provider.claims["sid"]}
    assert out(portal, provider.logout(**usual | wrong)) == 400
    assert out(portal, provider.token()) == 400  # who signed in did not sign out
    assert signed_in(person)
    assert portal.test_client().post("/login/platform/out").status_code == 400


def test_a_closed_account_stays_closed(portal, person, provider):
    home = portal.extensions[NAME]
    sign_in(person, provider)
    home.accounts.disable(home.sessions.identity(person.get_cookie("yjs").value, home.clock.now()).subject)
    answer = back(person, off(person, provider))
    assert (answer.status_code, "已经停用" in answer.text, signed_in(person)) == (403, True, False)


def test_who_makes_up_codes_keeps_nobody_out_of_a_shared_network_who_was_let_in_before(portal, provider, monkeypatch):
    monkeypatch.setattr(pages_platform, "PLATFORM", Limit(2, timedelta(minutes=10)))
    monkeypatch.setattr(pages_platform, "PLATFORM_KNOWN", Limit(2, timedelta(minutes=10)))

    def browser(address="10.7.7.7"):
        made = portal.test_client()
        made.environ_base |= {"REMOTE_ADDR": address}
        return made

    def made_up(by):
        """A code that the platform does not know, with a ticket of ours."""
        asked = off(by, provider)
        provider.answers["/token"] = lambda _: (400, b"{}")
        answer = back(by, asked).status_code
        provider.answers.clear()
        return answer

    villagers = [sign_in(browser(), provider) for _ in range(3)]  # who gets in is not counted
    hostile = browser()
    assert [hostile.get("/login/platform/back?state=x&code=y").status_code for _ in range(3)] == [400] * 3
    assert [back(hostile, off(hostile, provider), error="access_denied").status_code for _ in range(3)] == [303] * 3
    assert [made_up(hostile) for _ in range(3)] == [403, 403, 429]
    newcomer = browser()
    assert back(newcomer, off(newcomer, provider)).status_code == 429
    sign_in(villagers[0], provider)
    sign_in(browser("10.8.8.8"), provider)
    assert [made_up(villagers[1]) for _ in range(3)] == [403, 403, 429], "but not without end"
    sign_in(villagers[2], provider)
    villagers[2].delete_cookie("yjs-came")
    villagers[2].set_cookie("yjs-came", "made-up")
    assert back(villagers[2], off(villagers[2], provider)).status_code == 429


def test_neither_code_nor_token_nor_secret_nor_person_comes_into_the_log(portal, provider, caplog):
    caplog.set_level("DEBUG")
    for claims in ({}, {"aud": "other"}):
        provider.claims |= claims
        person = portal.test_client()
        back(person, off(person, provider), code="the-code-of-this-sign-in")
    assert "made for" in caplog.text or "does not hold" in caplog.text
    for secret in ("the-code-of-this-sign-in", SECRET, provider.nonce, WANG["idno"], "示例王", "an access token"):
        assert secret not in caplog.text


@pytest.mark.parametrize(("change", "said"), [
    ({"YJS_OIDC_LEVEL": "L9"}, "YJS_OIDC_LEVEL"), ({"YJS_OIDC_SECRET": "env:YJS_NO_SUCH"}, "读不到"),
    ({"YJS_OIDC_SECRET": "hunter2hunter2"}, "不能直接写"),
    ({"YJS_OIDC_CLAIMS": "boss.yaml"}, "fields.credit_code 是办件里某个人或单位的证件号码"),
])
def test_a_wrong_connection_is_refused_at_the_start(settings, tmp_path, monkeypatch, change, said):
    monkeypatch.chdir(tmp_path)
    Path("boss.yaml").write_text(CLAIMS.replace("phone:", "credit_code: boss.idno, phone:"))
    with pytest.raises(RefusedStart, match=said) as refused:
        create_app(settings[1] | change)
    assert "hunter2" not in str(refused.value)
