"""What runs out by a date is said ahead of it: in the log, in the figures, on the operators' page, by a check."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest

from app import create_app
from desk.upkeep import expiring
from dispatch.expiry_watch import ExpiryWatch
from tests.connectors.made_certificate import certificate
from tests.ops.test_watching import figures
from tests.pages.client import Visitor
from web.wiring import NAME

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def soon(deployment):
    """The power company is shown a certificate of ours that ends in 40 days; its file."""
    ours = certificate(deployment.folder, "127.0.0.1", NOW + timedelta(days=40))
    offices = deployment.folder / "offices.yaml"
    offices.write_text(offices.read_text().replace("honours_keys: no", f"settings: {{client_certificate: {ours}}}"))
    return ours


def told(caplog, watch, *days):
    """What is said when somebody looks on each of these days, the first to come first."""
    caplog.clear()
    for day in days:
        for hour in (0, 2):
            watch.tell(NOW + timedelta(days=day, hours=hour))
    return [record.getMessage() for record in caplog.records]


def test_each_step_is_said_once_in_the_log(deployment, soon, caplog):
    caplog.set_level(logging.WARNING, "yijianshi.dispatch")
    with deployment.house() as home:
        watch = ExpiryWatch(home.parts.registry, home.deployment.bodies.values(), home.desk.operations.tokens)
        said = told(caplog, watch, 1, 9, 11, 12, 32, 34, 38, 39.5)
        assert said == [f"client_certificate of power-office ends at {(NOW + timedelta(days=40)).isoformat()}"] * 3
        certificate(deployment.folder, "127.0.0.1", NOW + timedelta(days=400))  # it was replaced, as it should be
        assert told(caplog, watch, 41, 42) == []
        certificate(deployment.folder, "127.0.0.1", NOW + timedelta(days=40))
        assert [" ended at " in line for line in told(caplog, watch, 43, 44)] == [True]


def test_figures_page_and_check_say_what_ends(deployment, soon, monkeypatch):
    assert "certificate_ends" not in deployment.flask("check", "--json").output
    # From now, not from when this file was read: a run may have taken minutes to come here.
    certificate(deployment.folder, "127.0.0.1", datetime.now(UTC) + timedelta(days=20, hours=1))
    checked = [one for one in json.loads(deployment.flask("check", "--json").output)
               if one["code"] == "certificate_ends"]
    assert [(one["level"], one["line"]) for one in checked] == [("warning", 5)]
    assert checked[0]["message"].startswith("power-office：我方出示的证书(client_certificate)将于 ")
    for days in ("5", "90"):  # of the first program there is a newer token, as in a change
        deployment.ok("token", "officer", "--subject", "water-program", "--department", "water-office", "--days", days)
    deployment.ok("token", "officer", "--subject", "power-program", "--department", "power-office", "--days", "3")
    of = {one["subject"] + one["expires_at"][:10]: one["id"] for one in deployment.json("tokens", "list")}
    ending = next(id_ for name, id_ in of.items() if name.startswith("power-program"))
    later = certificate(deployment.folder, "127.0.0.2", datetime.now(UTC) + timedelta(days=90))
    (deployment.folder / "sources.yaml").write_text(
        "sources:\n  power-office: {kind: licence, names: all, token: env:A_TOKEN, address: 'https://127.0.0.2/', "
        f"client_certificate: {later}}}\n")
    monkeypatch.setenv("YJS_SOURCES", str(deployment.folder / "sources.yaml"))
    monkeypatch.setenv("A_TOKEN", "a-token-of-ours")
    app = create_app()
    try:
        found = figures(app)  # of two that are called the same, the one that ends first
        assert 20 < found['yijianshi_certificate_days{key="power-office:client_certificate"}'] < 20.1
        days = {name: value for name, value in found.items() if name.startswith("yijianshi_token_days")}
        assert len(days) == 2 and 2.9 < days[f'yijianshi_token_days{{key="{ending}"}}'] < 3
        clerk = Visitor(app)
        clerk.sign_in("operator")
        clerk.get("/staff/health")
        assert "快到期的证书和令牌" in clerk.text
        assert "还有 20 天 我方出示的证书(client_certificate)，供电公司（power-office）" in clerk.text
        assert f"还有 2 天 访问令牌，officer power-program（{ending}）" in clerk.text
        assert "water-program" not in clerk.text
    finally:
        app.extensions[NAME].close()


def test_whom_a_portal_watches_are_the_offices_and_the_message_gateway(deployment, monkeypatch):
    (deployment.folder / "gateway.secret").write_text("whsec_" + "QUFB" * 10)
    monkeypatch.setenv("YJS_GATEWAY", "https://127.0.0.1:9/in")
    monkeypatch.setenv("YJS_GATEWAY_SECRET", str(deployment.folder / "gateway.secret"))
    with deployment.house() as home:
        home.parts.registry.shown.note("127.0.0.1", 9, None)  # a connection without TLS was shown none
        assert [one.id for one in home.parts.reached] == ["water-office", "power-office", "message-gateway"]
        assert expiring.certificates(home.parts.registry, home.parts.reached) == []
