"""Strange notices are listed, looked at, applied or put away, and each of that is in the audit log."""

import json
from datetime import timedelta

import pytest

from store import audit
from tests.ops.conftest import file, received, say, state

RESULT = [{"material": "agreement", "name": "供水协议"}]


@pytest.fixture
def strange(deployment):
    """An office granted a leg that it had refused: its leg and the entry's id."""
    with deployment.house() as home:
        receipt, = file(home)
        received(home)
        leg = receipt.legs[0].leg
        say(home, leg, "leg.refused", later=2, reason_code="R1", reason="不符合规划")
        assert say(home, leg, "leg.granted", later=3, results=RESULT) == "quarantined"
    entry, = deployment.json("quarantine", "list")
    assert (entry["leg"], entry["code"]) == (leg, "contradiction")
    return leg, entry["id"]


def actions(deployment):
    with deployment.house() as home, home.database.read() as tx:
        return [(entry.action, entry.data["reason"]) for entry in audit.entries(tx)]


def test_a_look_is_recorded_and_shows_what_was_said(deployment, strange):
    leg, entry = strange
    found = json.loads(deployment.ok("quarantine", "show", entry, "--reason", "核实"))
    assert json.loads(found["said"])["data"]["leg"] == leg
    assert "相矛盾" in found["why"]
    assert actions(deployment) == [("quarantine.show", "核实")]


def test_what_is_put_away_is_gone_from_the_list_and_the_case_stays(deployment, strange):
    leg, entry = strange
    deployment.ok("quarantine", "discard", entry, "--reason", "部门确认误发", "--dry-run")
    assert len(deployment.json("quarantine", "list")) == 1
    deployment.ok("quarantine", "discard", entry, "--reason", "部门确认误发")
    assert deployment.json("quarantine", "list") == []
    again = deployment.flask("quarantine", "discard", entry, "--reason", "再来")
    assert again.exit_code == 1
    assert "已由" in again.stderr
    with deployment.house() as home:
        assert state(home, leg) == "refused"
    assert actions(deployment) == [("quarantine.discarded", "部门确认误发")]


def test_what_still_contradicts_is_not_applied(deployment, strange):
    done = deployment.flask("quarantine", "apply", strange[1], "--reason", "试试")
    assert done.exit_code == 1
    assert "相矛盾" in done.stderr
    assert len(deployment.json("quarantine", "list")) == 1
    assert actions(deployment) == []


def test_a_correction_counts_once_its_authority_is_registered(deployment):
    with deployment.house() as home:
        receipt, = file(home)
        received(home)
        leg = receipt.legs[0].leg
        say(home, leg, "leg.refused", later=2, reason_code="R1", reason="不符合规划")
        correction = {"what": {"state": "in_review"}, "authority": "示例复核机构"}
        then = home.clock.now() + timedelta(seconds=3)
        assert say(home, leg, "leg.corrected", at=then, **correction) == "quarantined"
    entry, = deployment.json("quarantine", "list")
    offices = deployment.folder / "offices.yaml"
    offices.write_text(offices.read_text().replace(
        "path: /water,", "path: /water, settings: {authorities: 示例复核机构},"))
    assert "将采用" in deployment.ok("quarantine", "apply", entry["id"], "--reason", "已登记", "--dry-run")
    deployment.ok("quarantine", "apply", entry["id"], "--reason", "已登记")
    with deployment.house() as home:
        assert state(home, leg) == "in_review"
        # The same notice again is known, not strange once more.
        assert say(home, leg, "leg.corrected", at=then, **correction) == "known"
    assert deployment.json("quarantine", "list") == []


def test_an_unknown_entry_says_where_to_look(deployment, strange):
    done = deployment.flask("quarantine", "apply", "nothing", "--reason", "试试")
    assert done.exit_code == 1
    assert "flask quarantine list" in done.stderr
