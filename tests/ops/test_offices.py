"""A department list that lacks an office with open legs: said before a restart, refused at it, nothing lost by it."""

import socket
import subprocess
import sys

import pytest

from connectors.base import Answer
from sandbox.demo_secrets import ensure_secrets
from sandbox.run import DEPLOYMENT
from store.keys import create_keys
from tests.ops.conftest import HOME, OFFICES, answered, file, say

RENAMED = OFFICES.replace("power-office", "power-company")


def free_port():
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return line.getsockname()[1]


@pytest.fixture
def filed(deployment):
    """A case with a leg of each office; the folder is free again."""
    with deployment.house() as home:
        file(home)


def test_a_check_tells_of_open_legs_only_when_asked_to_and_then_names_the_office(deployment, filed):
    assert "office_missing" not in deployment.flask("check", "--open-legs", "--json").output
    (deployment.folder / "offices.yaml").write_text(RENAMED)
    assert "在办" not in deployment.flask("check").output
    done = deployment.flask("check", "--open-legs")
    assert done.exit_code == 1
    assert "power-office（power）：在办 1 件，待送达消息 1 条" in done.output
    assert "water-office（" not in done.output
    assert "takes_new: no" in done.output


def test_a_fault_in_the_list_alone_is_a_failed_check(deployment, monkeypatch):
    monkeypatch.setenv("YJS_BUNDLES", str(HOME / "bundles"))
    monkeypatch.setenv("YJS_SECRETS", str(deployment.folder))
    ensure_secrets(DEPLOYMENT, deployment.folder)
    for more, failed in (("", 0), ("\nextras: {}\n", 1)):
        (deployment.folder / "offices.yaml").write_text(DEPLOYMENT.read_text() + more)
        done = deployment.flask("check")
        assert (done.exit_code, "extras" in done.output) == (failed, bool(failed)), done.output


def test_a_check_reads_the_list_of_sources_too(deployment, monkeypatch):
    listed = deployment.folder / "sources.yaml"
    monkeypatch.setenv("YJS_SOURCES", str(listed))
    monkeypatch.setenv("LIBRARY", "whsec_" + "QUFB" * 10)
    for kind, says in (("", "a：请写 kind"), ("kind: licence, ", "提醒：a：没有一件事要查 licence 的 x；可以删去")):
        listed.write_text(f"sources:\n  a: {{{kind}names: [x], address: 'http://127.0.0.1:9', secrets: env:LIBRARY}}\n")
        found = [line for line in deployment.flask("check").output.splitlines() if line.startswith(str(listed))]
        assert len(found) == 1 and found[0].startswith(f"{listed}:2: {says}")


def test_a_check_of_the_start_says_all_that_would_refuse_it_and_starts_nothing(deployment, filed, monkeypatch):
    def refused(*says):
        done = deployment.flask("check", "--start")
        assert (done.exit_code, [one for one in says if one not in done.output]) == (4, []), done.output

    plain = deployment.flask("check")
    assert deployment.flask("check", "--start").output == plain.output
    (deployment.folder / "keys").chmod(0o644)
    monkeypatch.setenv("YJS_SCANNER", "clamd://")
    refused("chmod 600", "YJS_SCANNER=clamd://")
    (deployment.folder / "keys").chmod(0o600)
    (deployment.folder / "offices.yaml").write_text(RENAMED)
    monkeypatch.setenv("YJS_SCANNER", "none")
    refused("power-office（power）：在办 1 件")
    monkeypatch.setenv("YJS_KEYS", str(deployment.folder / "others"))
    create_keys(deployment.folder / "others")
    refused("现在的密钥打不开已保存的数据")
    monkeypatch.setenv("YJS_ENV", "production")
    monkeypatch.delenv("YJS_KEYS")
    refused("YJS_KEYS 没有设置", "YJS_PUBLIC_URL 没有设置", "data-keys/keys 不存在")
    monkeypatch.setenv("YJS_DATA", str(deployment.folder / "new"))
    monkeypatch.setenv("YJS_KEYS", str(deployment.folder / "keys"))
    monkeypatch.setenv("YJS_PUBLIC_URL", "https://yjs.example")
    assert deployment.flask("check", "--start").exit_code == plain.exit_code
    assert not (deployment.folder / "new").exists()


def test_the_server_does_not_start_and_says_which_office_is_missing_and_what_to_do(deployment, filed, monkeypatch):
    (deployment.folder / "offices.yaml").write_text(RENAMED)
    monkeypatch.setenv("PORT", str(free_port()))
    ended = subprocess.run([sys.executable, "-m", "web.serve"], cwd=HOME, capture_output=True, text=True, timeout=100,
                           check=False)
    assert ended.returncode != 0
    assert "power-office（power）：在办 1 件" in ended.stderr
    assert "服务没有启动" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_what_a_gone_office_has_granted_and_not_delivered_is_told_and_ended_by_an_operator(deployment):
    with deployment.house() as home:
        receipt, = file(home)
        answered(home, Answer("received", ref="A-1"))
        water, power = (leg.leg for leg in receipt.legs)
        for leg, office in ((water, "water-office"), (power, "power-office")):
            assert say(home, leg, "leg.granted", office, results=[]) == "applied"
    assert "无人送达" not in deployment.ok("legs")
    (deployment.folder / "offices.yaml").write_text(RENAMED)
    assert "无人送达：power-office  已办成 1 件没有登记送达" in deployment.ok("legs")
    assert deployment.json("legs")["counted"]["undelivered"] == {"power-office": 1}
    refused = deployment.flask("legs", "delivered", power, water, "--mode", "window", "--reason", "窗口已发")
    assert (refused.exit_code, "water-office 还在接入清单里" in refused.stderr) == (1, True)
    done = ("legs", "delivered", "--from", "power-office", "--mode", "window", "--reason", "窗口已发")
    assert f"{power}：将登记为已送达\n共 1 件" in deployment.ok(*done, "--dry-run")
    assert f"{power}：已登记为已送达\n共 1 件" in deployment.ok(*done)
    assert "共 0 件" in deployment.ok(*done)
    assert "无人送达" not in deployment.ok("legs")
    deployment.ok("verify")
