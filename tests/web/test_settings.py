"""The table of settings: readable, complete, refusing nonsense by name; and the movable clock."""

import logging
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from settings.clock import BadClock, Clock
from settings.logs import FORM, Lines
from settings.page import settings_page
from settings.values import BadSettings, Settings
from web.parts import gateway_of, scanner_of
from web.wiring import RefusedStart

TEST = {"YJS_ENV": "test"}
HOME = Path(__file__).resolve().parents[2]


def test_the_defaults_of_a_demo_are_the_contracts():
    found = Settings.from_environ({"YJS_ENV": "demo"})
    assert (found.env, found.port, str(found.data), str(found.bundles)) == ("demo", 5000, "data", "bundles")
    assert (found.database_url, found.zone.key, found.threads) == (None, "Asia/Shanghai", 16)


@pytest.mark.parametrize(("given", "asks"), [
    ({}, True), ({"YJS_ENV": "demo"}, False), ({"YJS_ENV": "test"}, False), ({"YJS_STAFF_FACTOR": "off"}, False),
    ({"YJS_ENV": "demo", "YJS_STAFF_FACTOR": "on"}, True),
])
def test_staff_need_a_second_factor_in_production_unless_it_is_said_otherwise(given, asks):
    assert Settings.from_environ(given).asks_factor is asks


@pytest.mark.parametrize(("given", "named"), [
    ({"YJS_ENV": "staging"}, "YJS_ENV=staging"),
    ({"PORT": "0"}, "PORT=0"),
    ({"PORT": "５０００"}, "PORT="),
    ({"PORT": "5000.5"}, "PORT="),
    ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL="),
    ({"YJS_ZONE": "Mars/Olympus"}, "YJS_ZONE="),
    ({"YJS_ZONE": "../etc/passwd"}, "YJS_ZONE="),
    ({"YJS_PUBLIC_URL": "portal.example"}, "YJS_PUBLIC_URL="),
    ({"YJS_PUBLIC_URL": "https://city.example/yjs/"}, "不能带路径"),
    ({"YJS_BIND": "127.0.0.1:80"}, "YJS_BIND="), ({"YJS_BIND": "[::1]:80"}, "YJS_BIND="),
    ({"YJS_BIND": "[x]"}, "YJS_BIND="), ({"YJS_BIND": "unix:/x"}, "YJS_BIND="),
    ({"YJS_TRUSTED_PROXIES": "-1"}, "YJS_TRUSTED_PROXIES="),
    ({"YJS_DEPARTMENT": "x.yaml"}, "YJS_DEPARTMENT："),
    ({"YJS_KEYS": "data/keys"}, "YJS_KEYS："), ({"YJS_JOURNAL": "data/journal"}, "YJS_JOURNAL："),
    ({"YJS_KEYS": "safe/keys", "YJS_JOURNAL": "safe/../safe/keys"}, "YJS_JOURNAL："),
    ({"YJS_DATA": "of/data", "YJS_JOURNAL": "of/data-keys/keys"}, "YJS_JOURNAL："),
    ({"YJS_SANDBOX_URI": "x"}, "是不是 YJS_SANDBOX_URL"),
    ({"YJS_OIDC_ISSUER": "https://city.example"}, "YJS_OIDC_CLIENT_ID 没有设置"),
    ({"YJS_OIDC_ISSUER": "https://city.example", "YJS_OIDC_CLIENT_ID": "c"}, "YJS_OIDC_SECRET 没有设置"),
    ({"YJS_OIDC_ISSUER": "city.example"}, "YJS_OIDC_ISSUER="), ({"YJS_OIDC_LEVEL": "L2"}, "YJS_OIDC_LEVEL 没有用"),
    ({"YJS_DATABASE_URL": "postgresql://x"}, "是不是 DATABASE_URL"), ({"YJS_PORT": "80"}, "是不是 PORT"),
])
def test_nonsense_is_refused_by_name(given, named):
    with pytest.raises(BadSettings) as refused:
        Settings.from_environ(TEST | given)
    assert named in str(refused.value)


def test_every_wrong_setting_is_listed_at_once():
    with pytest.raises(BadSettings) as refused:
        Settings.from_environ({"YJS_ENV": "x", "PORT": "y", "YJS_THREADS": "1"})
    assert len(refused.value.problems) == 3


@pytest.mark.parametrize("name", ["FAILPOINTS", "YJS_CLOCK"])
def test_test_tools_are_refused_outside_of_test(name):
    with pytest.raises(BadSettings, match=name):
        Settings.from_environ({"YJS_ENV": "demo", name: "x"})


def test_the_clock_file_moves_the_time(tmp_path):
    file = tmp_path / "clock"
    file.write_text("2026-11-23T09:00:00+08:00 x0")
    assert Clock(file).now() == datetime(2026, 11, 23, 1, tzinfo=UTC)
    file.write_text("2026-11-23T09:00:00+08:00 x60")
    os.utime(file, (file.stat().st_mtime - 60,) * 2)
    assert Clock(file).now() >= datetime(2026, 11, 23, 2, tzinfo=UTC)


def test_without_a_file_the_clock_is_the_real_one(tmp_path):
    assert abs(Clock(tmp_path / "none").now() - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-11-23T09:00:00", "2026-11-23T09:00:00+08:00 fast", "a b c"])
def test_a_clock_that_cannot_be_read_says_so(tmp_path, text):
    file = tmp_path / "clock"
    file.write_text(text)
    with pytest.raises(BadClock):
        Clock(file).now()


@pytest.mark.parametrize(("address", "secret", "said"), [
    ("https://user:word@gateway.example/in", "whsec_" + "QUFB" * 10, "不带用户名"),
    ("https://2130706433/in", "whsec_" + "QUFB" * 10, "主机"),
    ("https://gateway.example/in", "whsec_short", "YJS_GATEWAY_SECRET="),
    ("https://gateway.example/in", "whsec_" + "QUFB" * 10, None),
])
def test_a_gateway_that_nothing_can_be_sent_to_is_refused_at_the_start_and_its_secret_is_said_nowhere(
        tmp_path, caplog, address, secret, said):
    file = tmp_path / "gateway.secret"
    file.write_text(secret)
    file.chmod(0o644)
    settings = Settings.from_environ({**TEST, "YJS_GATEWAY": address, "YJS_GATEWAY_SECRET": str(file)})
    if said is None:
        body = gateway_of(settings)
        assert (body.address, secret in repr(body), "chmod o=" in caplog.text) == (address, False, True)
    else:
        with pytest.raises(RefusedStart, match=said) as refused:
            gateway_of(settings)
        assert (secret in str(refused.value), "word" in str(refused.value)) == (False, False)
    assert secret not in caplog.text


def test_what_names_no_scanner_is_refused_at_the_start():
    with pytest.raises(RefusedStart, match=r"YJS_SCANNER=clam:3310：应是 clamd://"):
        scanner_of(Settings.from_environ({**TEST, "YJS_SCANNER": "clam:3310"}))
    named = scanner_of(Settings.from_environ({**TEST, "YJS_SCANNER": "unix:/run/clamd.ctl"})).name
    assert (named, scanner_of(Settings.from_environ(TEST)).name) == ("unix:/run/clamd.ctl", "")


def test_the_settings_page_is_what_the_table_says():
    assert (HOME / "docs" / "settings.md").read_text() == settings_page()


def test_every_variable_of_ours_that_is_read_stands_in_the_settings_page():
    page = (HOME / "docs" / "settings.md").read_text()
    read = {name for path in HOME.rglob("*.py") if not {".venv", "tests", "bench", "chaos"} & set(path.parts)
            for name in re.findall(r"\bYJS_[A-Z]+(?:_[A-Z]+)*\b", path.read_text())}
    assert [name for name in sorted(read) if f"`{name}`" not in page] == []


@pytest.mark.parametrize("command", [["check"], ["legs"]])
def test_a_command_says_what_is_wrong_with_the_settings_and_nothing_else(command):
    environ = {**os.environ, **TEST, "YJS_DEPARTMENT": "x.yaml"}
    done = subprocess.run([sys.executable, "-m", "flask", *command], cwd=HOME, env=environ, capture_output=True,
                          text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "设置有误，服务没有启动：", "  YJS_DEPARTMENT：没有这个设置，是不是 YJS_DEPARTMENTS？"]


def test_no_text_of_others_looks_like_a_line_of_the_log():
    record = logging.LogRecord("yijianshi.x", logging.WARNING, "", 0, "of %s", (
        "a\n2026-12-01T09:00:00.000+08:00 ERROR yijianshi.seals forged\r\x1b[31m\u202e\u2028\n",), None)
    first, more = Lines(FORM).format(record).split("\n")
    assert first.endswith(" WARNING yijianshi.x of a")
    assert more == r"  2026-12-01T09:00:00.000+08:00 ERROR yijianshi.seals forged\r\x1b[31m\u202e\u2028"
