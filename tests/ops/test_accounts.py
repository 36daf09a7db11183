"""Accounts and tokens by command: made, listed, closed and opened again, each with a trace."""

import json
import os
from datetime import UTC, datetime

from app import create_app
from desk.parties.holders import Holders
from people import totp
from people.errors import WrongLogin
from people.factors import enrol
from people.identity import Identity
from people.oidc.person import Person
from people.oidc.ticket import new_ticket
from people.sign_ins import came
from people.tokens import Grant
from people.visits import Shown
from store.visits.numbers import AT_A_COUNTER
from tests.ops.conftest import file
from tests.pages.client import Visitor
from web.wiring import NAME

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
LONG, GIVEN = "一句只有我自己知道的很长的话", "窗口先替他设的一句话 abcxyz"


def who(deployment, **wanted):
    return [one for one in deployment.json("accounts", "list") if wanted.items() <= one.items()]


def may_sign_in(deployment, login, password):
    with deployment.house() as home:
        try:
            return home.accounts.by_password(login, password, "10.0.0.1", home.clock.now()).login == login
        except WrongLogin:
            return False


def test_an_account_can_be_closed_opened_again_and_given_another_password(deployment):
    deployment.ok("account", "li", "--role", "officer", "--name", "李一", "--department", "water-office",
                  "--password", LONG)
    deployment.ok("account", "wang", "--role", "applicant", "--name", "王二", "--password", LONG)
    assert [(one["login"], one["name"], one["disabled"]) for one in who(deployment)] == [("li", "李一", False)]
    assert "将停用" in deployment.ok("accounts", "disable", "li", "--reason", "离职", "--dry-run")
    assert who(deployment, login="li", disabled=False)
    deployment.ok("accounts", "disable", "li", "--reason", "离职")
    assert who(deployment, login="li", disabled=True)
    assert not may_sign_in(deployment, "li", LONG)
    deployment.ok("accounts", "enable", "li", "--reason", "回来了")
    assert may_sign_in(deployment, "li", LONG)
    deployment.ok("accounts", "password", "li", "--reason", "忘记了", "--password", LONG * 2)
    assert not may_sign_in(deployment, "li", LONG)
    assert may_sign_in(deployment, "li", LONG * 2)


def test_who_acts_must_be_said_where_the_user_has_no_name(deployment, monkeypatch):
    for name in ("SUDO_USER", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 2_000_123_456)
    nobody = deployment.flask("pause", "--reason", "检修")
    assert (nobody.exit_code, "请用 --by" in nobody.stderr) == (2, True)
    deployment.ok("pause", "--reason", "检修", "--by", "王二")


def test_whoever_loses_the_second_factor_sets_up_another_one_after_a_reset(deployment):
    deployment.ok("account", "li", "--role", "operator", "--name", "李一", "--password", LONG)
    reset = ("accounts", "reset-factor", "li", "--reason", "丢了手机，已当面核对")
    assert "没有登记验证器" in deployment.flask(*reset).output
    with deployment.house() as home:
        found, now = home.accounts.by_login("li"), home.clock.now()
        assert found.must_change  # somebody else chose it
        half = home.halfway.found(home.halfway.begin_enrolling(found, now), now).half
        code = totp.code_of(half.pending, totp.step_at(now))
        home.database.write(lambda tx: (enrol(tx, half, code, ["1" * 16], now), came(tx, found, "code", "::1", now)))
    (line,) = who(deployment, login="li")
    assert datetime.fromisoformat(line["factor_since"]) == datetime.fromisoformat(line["signed_in_at"])
    assert "登记验证器" in deployment.ok("accounts", "list")
    deployment.ok(*reset)
    assert who(deployment, login="li", factor_since=None)
    last = json.loads(deployment.ok("audit", "--json").splitlines()[-1])
    assert (last["action"], last["data"]["reason"]) == ("account.reset-factor", reset[-1])


def test_whose_an_applicants_account_is_can_be_said_and_with_it_whose_papers_are_looked_up(deployment):
    for login, role in (("li", "operator"), ("wang", "applicant")):
        deployment.ok("account", login, "--role", role, "--name", "示例甲", "--password", LONG)
    seen = ("--reason", "核对了身份证和营业执照")
    number, firm = ("--citizen-id", "11010519491231002x"), ("--organisation", "示例公司", "--credit-code")
    for wrong, says in (
            (("li", *number), "只登记办事人本地账号"), (("wang", "--citizen-id", "110105194912310021"), "校验码不对"),
            (("wang", "--citizen-id", "护照", "--paper", "passport"), "护照号码不对"),
            (("wang", *number, "--organisation", "示例公司"), "要一起写"),
            (("wang", *number, *firm, "91370200163562681A"), "统一社会信用代码不对")):
        refused = deployment.flask("accounts", "identify", *wrong, *seen)
        assert (refused.exit_code, says in refused.output) == (1, True), refused.output
    assert "已登记证件号码" in deployment.ok("accounts", "identify", "wang", *number, *firm, "91370200163562681G",
                                      "--legal-rep", *seen)
    with deployment.house() as home:
        known = home.accounts.by_login("wang")
        own = Holders(home.desk._premises, home.desk._editions).own([known.account])
    assert own == {"91370200163562681G"}  # these definitions ask for nobody's number but the applicant's, a firm
    assert known.body == {"credit_code": "91370200163562681G", "project_name": "示例公司"}
    last = json.loads(deployment.ok("audit", "--json").splitlines()[-1])
    assert (last["action"], "1949" in str(last)) == ("account.identify", False)


def test_an_applicants_account_is_erased_by_command_and_nobody_elses(deployment):
    for login, role in (("li", "operator"), ("wang", "applicant")):
        deployment.ok("account", login, "--role", role, "--name", login, "--password", LONG)
    refused = deployment.flask("accounts", "erase", "li", "--reason", "本人到窗口申请")
    assert (refused.exit_code, "只停用" in refused.output) == (1, True)
    assert "将注销" in deployment.ok("accounts", "erase", "wang", "--reason", "本人到窗口申请", "--dry-run")
    assert may_sign_in(deployment, "wang", LONG)
    assert "已注销" in deployment.ok("accounts", "erase", "wang", "--reason", "本人到窗口申请")
    assert not may_sign_in(deployment, "wang", LONG)
    assert "没有账号" in deployment.flask("accounts", "erase", "wang", "--reason", "再来一次").output
    assert "account.erase" in deployment.ok("audit")


def test_a_person_closes_the_account_after_reading_what_goes_and_what_stays(deployment):
    account = deployment.ok("account", "wang", "--role", "applicant", "--name", "王二", "--password", GIVEN).strip()
    app = create_app()
    home, person = app.extensions[NAME], Visitor(app)
    try:
        running, = file(home, 1, account)
        person.get("/login")
        person.send("/login", ("login", "wang"), ("password", GIVEN))
        assert person.at == "/login/password"  # somebody else chose it
        person.send("/login/password", ("new", LONG), ("again", LONG))
        person.get("/account")
        assert "王二" in person.text and "账号 wang 和密码" in person.text
        person.get("/account/close")
        for said in ("还在办，注销以后继续办理", running.reference, running.code, "马上删除", "会留下，到期再删"):
            assert said in person.text, said
        held = {"Authorization": f"Bearer {home.tokens.issue(Grant('applicant', account), home.clock.now())}"}
        assert person.client.get("/account/close", headers=held).status_code == 403, "by hand alone"
        person.send("/account/close", ("password", LONG))
        assert (person.status, "请先勾选" in person.text) == (422, True)
        person.send("/account/close", ("read", "1"), ("password", "猜的"))
        assert (person.status, "密码不对，请再输一次" in person.text) == (401, True)
        person.send("/account/close", ("read", "1"), ("password", LONG))
        assert (person.status, "账号已注销" in person.text, "退出（" in person.text) == (200, True, False)
        person.get("/cases")
        assert person.at == "/login"
        person.send("/login", ("login", "wang"), ("password", LONG))
        assert person.status == 401
        assert home.desk.track(running.reference, running.code, home.clock.now())
        person.sign_in()
        person.get("/account/close")
        person.send("/account/close", ("read", "1"))
        assert (person.status, "示例人员" in person.text) == (403, True)
    finally:
        home.close()


def test_a_member_of_the_staff_may_be_let_in_by_one_identity_of_the_platform_and_no_longer(deployment, monkeypatch):
    deployment.ok("account", "li", "--role", "operator", "--name", "李一", "--password", LONG)
    deployment.ok("account", "wang", "--role", "applicant", "--name", "王二", "--password", LONG)
    bind = ("accounts", "bind", "li", "--identity", "staff-7", "--reason", "单点登录")
    assert "YJS_OIDC_ISSUER" in deployment.flask(*bind).output
    for name, value in (("ISSUER", "https://city.example"), ("CLIENT_ID", "c"), ("SECRET", "env:OFFICE_SECRET")):
        monkeypatch.setenv(f"YJS_OIDC_{name}", value)
    for words, says in (((*bind[:2], "wang", *bind[3:]), "办事人"), ((*bind[:4], "", *bind[5:]), "sub"),
                        (("accounts", "unbind", "li", "--reason", "x"), "没有绑定")):
        assert says in deployment.flask(*words).output
    deployment.ok(*bind)
    assert "已经对应另一个账号" in deployment.flask(*bind).output
    person, ticket = Person("https://city.example", "staff-7", "s", "平台上的名字", enough=False), new_ticket("", NOW)
    with deployment.house() as home:
        account = home.oidc_accounts.enter(person, ticket, NOW)
        secret = home.sessions.open(account, NOW, via="x")
        assert (account.login, account.role, account.name) == ("li", "operator", "李一")
        assert home.sessions.identity(secret, NOW).signed_in
    (bound,), = (one["identities"] for one in who(deployment, login="li"))
    assert (bound["identity"], datetime.fromisoformat(bound["seen_at"])) == ("staff-7", NOW)
    assert f"staff-7（{bound['seen_at']} 来过）" in deployment.ok("accounts", "list")
    deployment.ok("accounts", "unbind", "li", "--reason", "离职")
    assert who(deployment, login="li", identities=[])
    with deployment.house() as home:
        assert not home.sessions.identity(secret, NOW).signed_in
    acts = [json.loads(line)["action"] for line in deployment.ok("audit", "--json").splitlines()]
    assert acts[-2:] == ["account.bind", "account.unbind"]


def test_what_cannot_be_done_is_said_with_what_to_do(deployment):
    for words, says in (
        (("accounts", "disable", "nobody", "--reason", "x"), "flask accounts list"),
        (("account", " ", "--role", "operator", "--name", "x", "--password", LONG), "不能是空的"),
        (("account", "x", "--role", "officer", "--name", "x", "--password", LONG), "--department"),
        (("account", "x", "--role", "operator", "--name", "x", "--password", "short"), "12"),
    ):
        done = deployment.flask(*words)
        assert (done.exit_code, says in done.output) == (1, True), done.output


def test_every_act_and_who_did_it_can_be_read(deployment, monkeypatch):
    monkeypatch.setenv("SUDO_USER", "qian")  # the service's user runs it, and that is nobody's name
    deployment.ok("account", "li", "--role", "operator", "--name", "李一", "--password", LONG, "--by", "zhao")
    said = deployment.flask("token", "applicant", "--subject", "li", "--reason", "试用")
    assert "没有编号为 li 的账号" in said.stderr
    with deployment.house() as home:
        file(home)
    deployment.ok("pause", "--reason", "换机房")
    lines = [json.loads(line) for line in deployment.ok("audit", "--json").splitlines()]
    assert [(one["action"], one["data"]["reason"]) for one in lines] == [
        ("account.add", "建立账号"), ("token.issue", "试用"), ("pause", "换机房")]
    assert [one["by"] for one in lines] == ["zhao", "qian", "qian"]
    assert "换机房" in deployment.ok("audit", "--since", lines[-1]["at"])
    assert deployment.ok("audit", "--since", "2100-01-01") == ""


def test_a_counter_finds_whose_number_is_known_and_the_person_finds_at_home_what_was_made_for_them(deployment):
    deployment.ok("account", "zhao", "--role", "counter", "--name", "赵三", "--counter", "三号窗", "--password", LONG)
    assert "--counter 是窗口的名称" in deployment.flask(
        "account", "sun", "--role", "officer", "--name", "孙", "--counter", "三号窗", "--password", LONG).output
    for login in ("wang", "boss"):
        deployment.ok("account", login, "--role", "applicant", "--name", "王二", "--password", LONG)
    deployment.ok("accounts", "identify", "boss", "--citizen-id", "11010519491231002X", "--organisation", "示例公司",
                  "--credit-code", "91370200163562681G", "--reason", "已看证件")
    with deployment.house() as home:
        now, shown = home.clock.now(), Shown("王二", "11010519491231002X", {})
        made = home.visits.account(shown, now)
        assert made.login.startswith(AT_A_COUNTER), "an account for an organisation is not the person's"
        clerk = Identity(home.accounts.by_login("zhao").account, "counter", by="session")
        body = {"why": "present", "checked": "reader", "paper": "id_card"}
        for secret in ("one", "another"):
            home.visits.open(clerk, secret, made, body, now)

        def comes(sub, **more):
            return home.oidc_accounts.enter(Person("i", sub, None, "王二", **more), new_ticket("/", now), now)

        assert comes("firm", citizen_id=shown.number, organisation="示例公司").account != made.account
        assert comes("s", citizen_id=shown.number).account == made.account
        assert comes("t", citizen_id=shown.number).account != made.account, "it is taken"
    day = now.astimezone(home.settings.zone).date().isoformat()
    assert deployment.json("visits", day, day) == [{"day": day, "counter": "三号窗", "visits": 2, "cases": 0}]
    assert f"{day}  三号窗  接待 2  提交 0" in deployment.ok("visits", day, day)
    deployment.ok("accounts", "identify", "wang", "--citizen-id", "110105194912310038", "--reason", "已看证件")
    with deployment.house() as home:
        assert home.visits.account(Shown("王二", "110105194912310038", {}), now).login == "wang"
