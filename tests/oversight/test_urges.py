"""Who is late is urged: by the applicant, by a supervisor, and by the platform, each at most once a working day."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.base import Answer
from desk.applicants.afterwards import Urge
from desk.desk import Desk
from desk.errors import IdempotencyMismatch, NotNow, UnknownCase, UnknownLeg
from desk.staff.acts import Act
from store import audit
from tests.desk.filings import small_filing
from tests.oversight.conftest import ON_BOTH, ROOM, at

# Water has until the 7th, power until the 8th; the 10th and the 11th are a weekend.
LATE = at(9)


def urge(town, reference, key="u1", now=LATE, leg="01", reason=""):
    town.desk.afterwards.urge("somebody", reference, Urge(leg, reason), key, now)


def test_an_applicant_urges_a_late_leg_and_its_department_is_told_why(town):
    reference = town.file()
    assert (town.leg(reference, "01", LATE)["light"], town.leg(reference, "01", LATE)["can_urge"]) == ("red", True)
    urge(town, reference, leg=f"{reference}-01", reason="等着开工")
    claim, = town.desk.claim(ROOM, LATE)
    said = json.loads(claim.outgoing.body)
    assert said["type"] == "leg.urged"
    assert {name: said["data"][name] for name in ("leg", "reason", "by", "times")} == {
        "leg": f"{reference}-01", "reason": "等着开工", "by": "applicant", "times": 1}
    leg = town.leg(reference, "01", LATE)
    assert (leg["can_urge"], leg["urges"], leg["timeline"][-1]["text"]) == (False, 1, "申请人已催办：等着开工")


def test_a_leg_is_urged_once_a_working_day_and_never_on_days_between(town):
    reference = town.file()
    urge(town, reference, "u1", at(9, 23))
    for again in (at(9, 23, 59), at(10), at(11, 20)):
        with pytest.raises(NotNow, match="每个工作日"):
            urge(town, reference, "u2", again)
    urge(town, reference, "u3", at(12, 0, 1))
    urge(town, reference, "u3", at(12, 0, 1))
    with pytest.raises(IdempotencyMismatch):
        urge(town, reference, "u3", at(12, 0, 1), leg="03")
    assert town.told(reference) == ["01", "01"]


def test_what_is_not_late_not_there_or_not_ones_own_cannot_be_urged(town):
    reference = town.file()
    with pytest.raises(NotNow, match="没有超期"):
        urge(town, reference, now=at(7))
    with pytest.raises(UnknownLeg):
        urge(town, reference, leg="77")
    with pytest.raises(UnknownCase):
        town.desk.afterwards.urge("else", reference, Urge("01"), "u1", LATE)
    assert town.told(reference) == []


@ON_BOTH
def test_a_supervisor_urges_whatever_a_department_works_on_with_a_reason_that_is_audited(town):
    reference = town.file()
    town.desk.urging.by_supervisor(f"{reference}-01", Act("boss", "重点项目"), at(6))
    with pytest.raises(NotNow, match="每个工作日"):
        town.desk.urging.by_supervisor(f"{reference}-01", Act("boss", "再催"), at(6, 11))
    town.desk.urging.by_supervisor(f"{reference}-01", Act("bos", "也催"), at(6, 11))
    with town.premises.database.read() as tx:
        assert [(one.actor, one.action, one.target) for one in audit.entries(tx)] == [
            ("boss", "urge", f"{reference}-01"), ("bos", "urge", f"{reference}-01")]
    assert town.leg(reference, "01", at(6))["timeline"][-1]["text"] == "督办人员已催办"  # why is theirs
    with pytest.raises(UnknownLeg):
        town.desk.urging.by_supervisor(f"{reference}-77", Act("boss", "催"), at(6))
    unsent = town.desk.intake.file("somebody", small_filing(), "key-2", at(6)).reference
    with pytest.raises(NotNow, match="不该部门"):
        town.desk.urging.by_supervisor(f"{unsent}-01", Act("boss", "催"), at(6))


@ON_BOTH
def test_the_platform_urges_in_office_hours_once_when_a_leg_turned_red_and_then_each_working_day(town):
    reference = town.file()
    seen = {}
    for now in (at(8, 8, 59), at(8, 9), at(8, 17), at(9, 10), at(9, 16), at(10, 10), at(11, 10), at(12, 9), at(13, 9)):
        town.desk.sweep(now)
        seen[now.day, now.hour] = town.deliver(now)
    water, both = [("01", "leg.urged")], [("01", "leg.urged"), ("03", "leg.urged")]
    assert seen == {(8, 8): [], (8, 9): water, (8, 17): [], (9, 10): both, (9, 16): [], (10, 10): [], (11, 10): [],
                    (12, 9): both, (13, 9): both}
    assert town.leg(reference, "01", at(13))["timeline"][-1]["text"] == "已超期，平台自动催办部门"


@ON_BOTH
def test_a_restart_a_second_host_and_a_lost_mark_urge_nobody_twice(town):
    reference = town.file()
    town.desk.sweep(at(9))
    other = Desk(town.premises)
    other.sweep(at(9, 10, 1))
    town.premises.database.write(lambda tx: tx.run("delete from marks where name = 'urges.round'"))
    town.desk.sweep(at(9, 10, 2))
    assert town.told(reference) == ["01", "03"]


def test_a_sweep_with_nothing_late_folds_no_case(town):
    reference = town.file()
    town.desk.sweep(at(5))
    quiet = Desk(town.premises)
    quiet.sweep(at(6))
    assert list(quiet._book._kept) == []
    assert town.told(reference) == []


def test_what_is_paused_withdrawn_or_decided_is_not_urged_by_the_platform(town):
    reference = town.file()
    town.desk.sweep(at(9))
    say = {"leg.special_started": {"kind": "听证", "basis": "第45条"}, "leg.granted": {"results": []}}
    for number, (type_, data) in zip(("01", "03"), say.items(), strict=True):
        town.say(reference, number, type_, at(9, 11), **data)
    town.desk.sweep(at(12))
    assert town.told(reference) == ["01", "03"]


@ON_BOTH
def test_what_stands_too_long_is_listed_counted_and_urged_by_whoever_applied(town):
    reference = town.file()
    ends = {"01": {"expected_end": "2026-01-09"}, "03": {}}
    for number, said in ends.items():
        town.say(reference, number, "leg.special_started", at(6), kind="听证", basis="第45条", **said)
    now = at(12)
    leg, = town.standing(now)
    assert (leg, town.standing(at(9)), town.standing(at(12) + timedelta(days=60))) == ("01", [], ["01", "03"])
    shown = {one["leg"]: (one["light"], one["stalled"], one["can_urge"], one["expected_end"]) for one in
             town.desk.case_view("somebody", reference, now)["legs"] if one["leg"] in ends}
    assert shown == {"01": ("grey", True, True, "2026-01-09"), "03": ("grey", False, False, None)}
    town.desk.afterwards.urge("somebody", reference, Urge(f"{reference}-01", "等了很久"), "u-1", now)
    with pytest.raises(NotNow):
        town.desk.afterwards.urge("somebody", reference, Urge(f"{reference}-03", "等了很久"), "u-2", now)
    town.say(reference, "01", "leg.special_ended", at(12, 11), kind="听证")
    assert town.standing(at(12, 12)) == []


def test_a_result_that_is_to_be_posted_is_owed_until_its_department_says_where_it_is(town):
    reference = town.file(delivery="post", mail_address={"region": "370202", "text": "示例路1号"})
    for number, results in (("01", [{"name": "答复单"}]), ("03", [])):
        town.say(reference, number, "leg.granted", at(6), results=results)
    assert (town.standing(at(20, 23)), town.standing(at(21))) == ([], ["01"])
    act, later = Act("operator", "保存期满", dry_run=True), at(6) + timedelta(days=200)
    erase = town.desk.operations.erasures.erase
    assert "还没有登记送达" in erase([reference], act, later)[reference]
    town.deliver(at(21))
    assert erase([reference], act, later, undelivered=True) == {reference: ""}
    town.say(reference, "01", "leg.delivered", at(22), mode="post", carrier="邮政", tracking=17)
    sent = town.leg(reference, "01", later)
    assert ({name: sent["delivery"][name] for name in ("mode", "carrier", "tracking")},
            sent["timeline"][-1]["text"]) == (
        {"mode": "post", "carrier": "邮政", "tracking": "17"}, "结果已送达：邮寄送达，邮政，17")
    assert (town.standing(later), erase([reference], act, later)) == ([], {reference: ""})


def test_a_department_whose_system_refuses_urges_is_not_sent_more_of_them(town):
    reference = town.file()
    town.desk.sweep(at(9))
    town.deliver(at(9), Answer("refused", status=422, reason="不认识 leg.urged"))
    town.desk.sweep(at(12))
    assert town.told(reference) == ["01", "03"]


def test_a_city_may_leave_urging_to_people(town):
    reference = town.file()
    Desk(replace(town.premises, urges=False)).sweep(at(9))
    assert town.told(reference) == []


def test_nobody_is_urged_before_departments_could_say_what_they_did_while_the_service_was_away(town):
    reference = town.file()
    town.desk.operations.pause(Act("operator", "检修"), at(7))
    town.desk.sweep(at(8))
    town.desk.operations.resume(Act("operator", "好了"), at(8, 11))
    town.desk.sweep(at(9))
    assert town.told(reference) == []
    town.desk.sweep(at(12))
    assert town.told(reference) == ["01", "03"]
