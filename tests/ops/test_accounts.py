"""Accounts and tokens by command: made, listed, closed and opened again, each with a trace."""

import json

from people.errors import WrongLogin
from tests.ops.conftest import file

LONG = "一句只有我自己知道的很长的话"


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
