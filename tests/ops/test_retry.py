"""What is stuck is listed, sent again exactly, or corrected where that is safe; each act is recorded."""

import json
from datetime import timedelta

import pytest

from connectors.base import Answer
from desk.applicants.afterwards import Supply, Withdrawal
from desk.sending.recording import Came
from dispatch.retry import Tried, after
from store import audit, messages
from store.messages import MessageId
from tests.ops.conftest import DONE, ROOM, STUCK, answered, file, received, say, state
from tests.store.samples import message_of


@pytest.fixture
def stuck(deployment):
    """Both legs of a case: water refused the message, power's outcome is unknown and a person must act."""
    with deployment.house() as home:
        receipt, = file(home)
        answered(home, Answer("refused", status=422, reason="缺少字段 ydfh"), offices=["water-office"])
        answered(home, Answer("unknown", status=504, detail="timeout"), STUCK, offices=["power-office"])
        assert [state(home, leg.leg) for leg in receipt.legs] == ["stuck", "stuck"]
    return receipt


def message(home, leg, n=1):
    reference, _, number = leg.rpartition("-")
    with home.database.read() as tx:
        return message_of(tx, MessageId(reference, number, "leg.filed", n))


def body(home, leg):
    with home.database.read() as tx:
        kept = message(home, leg)
        return messages.bodies(tx, [kept])[kept.id]


def entries(home, action):
    with home.database.read() as tx:
        return [entry for entry in audit.entries(tx) if entry.action == action]


def test_legs_tells_what_did_not_arrive_and_that_nothing_fell_out(deployment, stuck):
    found = deployment.json("legs")
    water, power = sorted(found["legs"], key=lambda one: one["leg"])
    assert (water["leg"], water["state"], water["message_state"]) == (stuck.legs[0].leg, "stuck", "refused")
    assert (water["reason"], water["attempts"], water["office"]) == ("缺少字段 ydfh", 1, "water-office")
    assert (power["message_state"], power["department"]) == ("stuck", "power")
    assert found["counted"] == {"legs": 2, "by_state": {"stuck": 2}, "paused": None, "breaches": [],
                                "drift": None, "resting": [], "unfetched": [], "undelivered": {},
                                "scans": {"waiting": 0, "since": None, "infected": 0}, "failing": []}
    assert stuck.legs[0].leg in deployment.ok("legs")
    assert [one["leg"] for one in deployment.json("legs", "--department", "power")["legs"]] == [stuck.legs[1].leg]


def test_a_retry_sends_the_same_key_id_and_bytes(deployment, stuck):
    leg = stuck.legs[0].leg
    with deployment.house() as home:
        before, said_before = message(home, leg), body(home, leg)
    said = deployment.ok("retry", leg, "--reason", "部门已修复")
    assert f"{leg}:leg.filed:1" in said
    with deployment.house() as home:
        assert state(home, leg) == "queued"
        claim, = home.desk.claim(ROOM, home.clock.now())
        assert (claim.outgoing.key, claim.outgoing.message_id, claim.outgoing.body) == (
            before.key, before.message_id, said_before)
        assert claim.purpose == "send"
        home.desk.record([Came(claim, Answer("received", ref="A-1"), DONE)], home.clock.now())
        assert state(home, leg) == "received"
        entry, = entries(home, "retry")
        assert entry.target == leg
        assert entry.data == {"reason": "部门已修复", "key": before.key, "was": "refused", "sent": before.key}
    assert [one["leg"] for one in deployment.json("legs")["legs"]] == [stuck.legs[1].leg]


def test_a_dry_run_changes_nothing_and_warns_of_a_second_application(deployment, stuck):
    done = deployment.flask("retry", *(leg.leg for leg in stuck.legs), "--reason", "试试", "--dry-run")
    assert done.exit_code == 0
    assert "将原样重发" in done.output
    assert "重复立案" in done.stderr
    with deployment.house() as home:
        assert home.desk.claim(ROOM, home.clock.now()) == []
        assert entries(home, "retry") == []


def test_a_retry_needs_a_reason_and_a_message_that_did_not_arrive(deployment, stuck):
    assert deployment.flask("retry", stuck.legs[0].leg).exit_code == 2
    assert deployment.flask("retry", stuck.legs[0].leg, "--reason", " ").exit_code == 1
    wrong = deployment.flask("retry", stuck.legs[0].leg, f"{stuck.reference}-77", "--reason", "试试")
    assert wrong.exit_code == 1
    assert f"{stuck.reference}-77" in wrong.stderr
    with deployment.house() as home:
        assert state(home, stuck.legs[0].leg) == "stuck"


def test_who_sends_again_by_hand_gives_a_message_all_its_time_anew(deployment, monkeypatch):
    clock, busy = deployment.folder / "clock", Answer("again", status=503)
    monkeypatch.setenv("YJS_CLOCK", str(clock))

    def on(day):
        clock.write_text(f"2026-03-{day:02}T09:00:00+08:00 x0")

    def next_step(home):
        """What follows if the office is still not there."""
        claim, = home.desk.claim({"water-office": 9}, home.clock.now())
        return claim, after(busy, claim.body, Tried(claim.attempt, "send", claim.first_at, home.clock.now()), 0.5)

    on(2)
    with deployment.house() as home:
        leg = file(home)[0].legs[0].leg
        on(11)  # it waited for nine days, as while the service is paused, and is tried for the first time
        claim, then = next_step(home)
        assert then.kind == "send"
        home.desk.record([Came(claim, busy, then)], home.clock.now())
        on(19)
        claim, then = next_step(home)
        assert (claim.attempt, then.kind) == (2, "stuck")
        home.desk.record([Came(claim, busy, then)], home.clock.now())
    deployment.ok("retry", leg, "--reason", "部门已修复")
    with deployment.house() as home:
        claim, then = next_step(home)
        assert (claim.attempt, then.kind, claim.outgoing.key) == (1, "send", f"{leg}:leg.filed:1")
        assert then.at - home.clock.now() < timedelta(minutes=1)


def test_a_corrected_message_is_the_next_number_after_a_definite_refusal(deployment, stuck):
    leg = stuck.legs[0].leg
    deployment.ok("retry", leg, "--corrected", "--reason", "字段名已改")
    with deployment.house() as home:
        assert state(home, leg) == "queued"
        old = message(home, leg)
        assert (old.state, old.detail) == ("cancelled", "superseded")
        claim, = home.desk.claim(ROOM, home.clock.now())
        assert claim.outgoing.key == f"{leg}:leg.filed:2"
        assert claim.outgoing.message_id != old.message_id
        assert message(home, leg, 2).state == "leased"
        home.desk.record([Came(claim, Answer("received"), DONE)], home.clock.now())
        assert state(home, leg) == "received"
        assert entries(home, "retry")[0].data["sent"] == f"{leg}:leg.filed:2"


def test_nothing_is_corrected_while_the_first_may_have_had_its_effect(deployment, stuck):
    done = deployment.flask("retry", stuck.legs[1].leg, "--corrected", "--reason", "试试")
    assert done.exit_code == 1
    assert "没有明确拒收" in done.stderr
    with deployment.house() as home:
        assert message(home, stuck.legs[1].leg).state == "stuck"


@pytest.mark.parametrize(("seconds", "allowed"), [(1, False), (3, True)])
def test_not_found_is_definite_after_the_read_lag(deployment, seconds, allowed):
    with deployment.house() as home:
        receipt, = file(home)
        leg = receipt.legs[1].leg
        now = home.clock.now()
        offices = {"power-office": 1}
        for at, answer in ((0, Answer("unknown")), (1, Answer("absent")), (1 + seconds, Answer("absent"))):
            moment = now + timedelta(seconds=at)
            claim, = home.desk.claim(offices, moment)
            then = STUCK if at == 1 + seconds else type(STUCK)("ask", moment)
            home.desk.record([Came(claim, answer, then)], moment)
    done = deployment.flask("retry", leg, "--corrected", "--reason", "部门确认没有收到")
    assert (done.exit_code == 0) is allowed, done.output


def test_while_a_department_without_keys_is_still_asked_nothing_is_sent(deployment):
    with deployment.house() as home:
        receipt, = file(home)
        later = home.clock.now() + timedelta(hours=1)
        answered(home, Answer("unknown"), type(STUCK)("ask", later))
    water, power = (leg.leg for leg in receipt.legs)
    assert "等查询有结果" in deployment.flask("retry", power, "--reason", "等不及").stderr
    assert {one["message_state"] for one in deployment.json("legs")["legs"]} == {"unknown"}
    deployment.ok("retry", water, "--reason", "对方识别重复编号")


def test_a_corrected_supplement_says_again_what_was_answered(deployment):
    with deployment.house() as home:
        receipt, = file(home)
        received(home)
        leg = receipt.legs[0].leg
        say(home, leg, "leg.supplement_required", ask="b1", reason="面积不清", limit="5wd",
            fields=[{"field": "area", "name": "面积"}])
        home.desk.afterwards.supplement("somebody", receipt.reference, Supply("01", "b1", {"area": 20}, {}), "s1",
                                        home.clock.now())
        answered(home, Answer("refused", reason="格式不对"), later=1)
    key = f"{leg}:leg.supplemented:1"
    assert [one["key"] for one in deployment.json("legs")["legs"]] == [key]
    deployment.ok("retry", key, "--corrected", "--reason", "格式已改")
    with deployment.house() as home:
        claim, = home.desk.claim(ROOM, home.clock.now() + timedelta(seconds=2))
        body = json.loads(claim.outgoing.body)
        assert claim.outgoing.key == f"{leg}:leg.supplemented:2"
        assert (body["data"]["ask"], body["data"]["fields"]) == ("b1", {"area": 20})


def test_a_later_message_can_be_put_away_and_the_filing_of_an_open_leg_cannot(deployment):
    with deployment.house() as home:
        receipt, = file(home)
        answered(home, Answer("received"), offices=["water-office"])
        answered(home, Answer("refused", reason="缺字段"), offices=["power-office"])
    water, power = (leg.leg for leg in receipt.legs)
    refused = deployment.flask("settle", power, "--reason", "电话里说了")
    assert (refused.exit_code, "flask retry" in refused.stderr) == (1, True)
    with deployment.house() as home:
        home.desk.afterwards.withdraw("somebody", receipt.reference, Withdrawal(["01"], "不办了"), "w1",
                                      home.clock.now())
        answered(home, Answer("refused", reason="不认识"), offices=["water-office"], later=1)
    key = f"{water}:leg.withdrawn:1"
    assert "将登记" in deployment.ok("settle", key, "--reason", "电话里说了", "--dry-run")
    assert key in {one["key"] for one in deployment.json("legs")["legs"]}
    deployment.ok("settle", key, "--reason", "电话里说了")
    assert [one["leg"] for one in deployment.json("legs")["legs"]] == [power]
    with deployment.house() as home:
        assert [entry.target for entry in entries(home, "settle")] == [water]


def test_an_office_that_nobody_knows_is_not_called_free_of_trouble(deployment, stuck):
    assert "没有单位 watter" in deployment.flask("legs", "--department", "watter").stderr


def test_what_is_tried_again_by_itself_is_shown_when_asked_for(deployment):
    with deployment.house() as home:
        file(home)
        answered(home, Answer("again"), type(STUCK)("send", home.clock.now() + timedelta(hours=1)))
    assert deployment.json("legs")["legs"] == []
    assert {one["message_state"] for one in deployment.json("legs", "--retrying")["legs"]} == {"due"}
