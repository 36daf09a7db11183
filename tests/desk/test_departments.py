"""Departments: what they get, what they answer, what they tell us, in any order."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from catalog.bundle import Composite
from catalog.reading import names_of
from catalog.text import Text
from connectors.base import Answer
from desk import errors
from desk.applicants.afterwards import Supply, Withdrawal
from desk.desk import Desk
from desk.hearing.notices import Incoming
from desk.sending.recording import Came
from desk.staff.acts import Act
from dispatch import retry
from dispatch.retry import Then, Tried
from forms.shown.sheet import known_field
from store import leases, messages, notices
from tests.desk.conftest import NOW
from tests.desk.filings import small_filing
from tests.store.samples import message_of

ROOM = {"water-group": 4, "power-grid": 4}
DONE = Then("done")


@pytest.fixture
def receipt(desk):
    return desk.intake.file("somebody", small_filing(), "key-1", NOW)


def claims(desk, now=NOW):
    return {claim.outgoing.key.split("-", 1)[1]: claim for claim in desk.claim(ROOM, now)}


def state(desk, receipt, number, now=NOW):
    legs = {leg["leg"]: leg for leg in desk.case_view("somebody", receipt.reference, now)["legs"]}
    return legs[number]["state"]


def say(desk, receipt, number, type_, after=1, id_=None, **data):
    at = NOW + timedelta(minutes=after)
    said = {"type": type_, "timestamp": at.isoformat(), "data": {"leg": f"{receipt.reference}-{number}", **data}}
    office = {"01": "water-group", "03": "power-grid"}[number]
    raw = json.dumps(said).encode()
    return desk.notices.take(Incoming(office, id_ or f"m-{type_}-{number}-{after}", raw, said), at)


def deliver(desk, now=NOW):
    for claim in desk.claim(ROOM, now):
        desk.record([Came(claim, Answer("received", ref="A-1"), DONE)], now)


def test_a_message_holds_only_what_the_matter_asks_under_the_departments_names(desk, receipt, catalog):
    by_leg = {claim.id.leg: json.loads(claim.outgoing.body) for claim in desk.claim(ROOM, NOW)}
    power = by_leg["03"]["data"]
    assert power["fields"]["ydfh"] == 300
    assert not {"daily_volume", "meter_dn"} & set(power["fields"])
    declared = {name for ask in catalog.matters["power-supply"].asks.fields
                for name in names_of(ask, known_field(catalog, ask.code))}
    assert set(power["fields"]) <= declared
    assert {entry["material"] for entry in power["materials"]} >= {"BL01", "PR01"}
    assert power["notices"].endswith("/api/departments/power-grid/notices")


def asked_about(desk, receipt):
    """The water leg's filing whose answer was lost, as it is asked about; and what its department says to that: it has
    decided."""
    for claim in desk.claim(ROOM, NOW):
        lost = claim.id.leg == "01"
        desk.record([Came(claim, Answer("unknown" if lost else "received"), Then("ask", NOW) if lost else DONE)], NOW)
    asks, = desk.claim(ROOM, NOW)
    told = retry.unheard(Answer("received", "R-1", "refused"), asks.body)
    return asks, Came(asks, told, retry.after(told, asks.body, Tried(2, asks.purpose, NOW, NOW), 0.5))


def test_a_decision_in_an_answer_that_was_lost_is_heard_by_sending_the_same_key_once_more(desk, receipt):
    asks, told = asked_about(desk, receipt)
    assert asks.purpose == "ask"
    assert desk.record([told], NOW) == []
    assert state(desk, receipt, "01") == "queued", "that it has decided says not what"
    again, = desk.claim(ROOM, told.then.at)
    assert (again.purpose, again.outgoing.key) == ("send", asks.outgoing.key)
    decided = Answer("received", "R-1", "refused", {"reason_code": "B02", "reason": "不在范围内"})
    desk.record([Came(again, decided, DONE)], told.then.at)
    assert state(desk, receipt, "01", told.then.at) == "refused"


def test_a_decision_that_its_notice_tells_meanwhile_is_not_asked_for_again(desk, receipt):
    _, told = asked_about(desk, receipt)
    assert say(desk, receipt, "01", "leg.refused", reason_code="B02", reason="不在范围内") == "applied"
    assert desk.record([told], NOW) == []
    assert state(desk, receipt, "01") == "refused"
    assert desk.claim(ROOM, NOW + timedelta(days=1)) == []


def test_a_body_is_frozen_at_its_first_attempt_and_its_key_never_changes(desk, receipt):
    first = {claim.id.leg: claim for claim in desk.claim(ROOM, NOW)}
    for claim in first.values():
        desk.record([Came(claim, Answer("again"), Then("send", NOW))], NOW)
    later = NOW + timedelta(days=1)
    for claim in desk.claim(ROOM, later):
        assert claim.outgoing.body == first[claim.id.leg].outgoing.body
        assert claim.outgoing.key == first[claim.id.leg].outgoing.key
        assert claim.outgoing.message_id == first[claim.id.leg].outgoing.message_id
        assert claim.attempt == 2


def test_nothing_leased_is_leased_again(desk, receipt):
    assert len(desk.claim(ROOM, NOW)) == 2
    assert desk.claim(ROOM, NOW) == []


def test_an_unknown_outcome_is_asked_for_and_a_late_worker_changes_nothing(desk, receipt):
    claim = next(claim for claim in desk.claim(ROOM, NOW) if claim.id.leg == "01")
    desk.record([Came(claim, Answer("unknown"), Then("ask", NOW))], NOW)
    assert state(desk, receipt, "01") == "outcome_unknown"
    again = next(claim for claim in desk.claim(ROOM, NOW) if claim.id.leg == "01")
    assert again.purpose == "ask"
    desk.record([Came(again, Answer("received", ref="A-9"), DONE)], NOW)
    assert state(desk, receipt, "01") == "received"
    desk.record([Came(claim, Answer("refused", reason="late"), DONE)], NOW)
    assert state(desk, receipt, "01") == "received"


def test_attempts_found_open_at_start_become_unknown_outcomes(desk, receipt):
    desk.claim(ROOM, NOW)
    assert desk.recover(NOW) == 2
    assert state(desk, receipt, "01") == state(desk, receipt, "03") == "outcome_unknown"
    assert {claim.purpose for claim in desk.claim(ROOM, NOW)} == {"ask"}


def test_what_its_department_spoke_of_before_a_crash_is_not_asked_about_after_it(desk, receipt, opened):
    desk.claim(ROOM, NOW)
    assert say(desk, receipt, "01", "leg.accepted") == "applied"
    assert len(opened.db.write(lambda tx: leases.void_leases(tx, NOW))) == 1
    with opened.db.read() as tx:
        found = {one.leg: (one.state, one.next_at) for one in messages.of_case(tx, receipt.reference)}
    assert (found["01"], found["03"]) == (("done", None), ("unknown", NOW))


def test_a_case_that_cannot_be_read_keeps_no_other_from_being_noted_at_a_start(desk, receipt, opened):
    other = desk.intake.file("somebody", small_filing(), "key-2", NOW)
    assert len(desk.claim(ROOM, NOW)) == 4
    opened.db.write(lambda tx: tx.run("update events set body = :bad where reference = :r",
                                      bad=b"no seal", r=receipt.reference))
    assert desk.recover(NOW) == 4
    assert state(desk, other, "01") == state(desk, other, "03") == "outcome_unknown"


def test_notices_in_any_order_and_copies_end_in_the_same_state(desk, receipt):
    deliver(desk)
    assert say(desk, receipt, "01", "leg.granted", 9, results=[{"material": "plan_reply", "name": "方案"}]) == "applied"
    assert say(desk, receipt, "01", "leg.accepted", 3) in {"applied", "known"}
    assert say(desk, receipt, "01", "leg.granted", 9, results=[{"material": "plan_reply", "name": "方案"}]) == "known"
    assert state(desk, receipt, "01") == "granted"


def test_a_notice_before_the_answer_to_the_push_counts(desk, receipt):
    claim = next(claim for claim in desk.claim(ROOM, NOW) if claim.id.leg == "01")
    assert say(desk, receipt, "01", "leg.accepted") == "applied"
    desk.record([Came(claim, Answer("unknown"), Then("ask", NOW))], NOW)
    assert state(desk, receipt, "01") == "accepted"


def test_a_contradiction_is_kept_whole_and_changes_nothing(desk, receipt, opened):
    deliver(desk)
    say(desk, receipt, "01", "leg.refused", 2, reason_code="R1", reason="不符合规划")
    said = say(desk, receipt, "01", "leg.granted", 3, results=[{"material": "plan_reply", "name": "方案"}])
    assert said == "quarantined"
    assert state(desk, receipt, "01") == "refused"
    with opened.db.read() as tx:
        assert [entry.code for entry in notices.unsettled(tx)] == ["contradiction"]


def test_other_content_under_a_used_id_is_kept_and_a_copy_of_it_is_kept_once(desk, receipt, opened):
    deliver(desk)
    assert say(desk, receipt, "01", "leg.remark", id_="m1", text="请等候") == "applied"
    for after in (1, 2):  # a retry may be written anew with a fresh time
        assert say(desk, receipt, "01", "leg.remark", after, id_="m1", text="请等候") == "known"
    for _ in range(2):
        assert say(desk, receipt, "01", "leg.granted", id_="m1", results=[]) == "quarantined"
    assert state(desk, receipt, "01") == "received"
    with opened.db.read() as tx:
        (strange,) = notices.unsettled(tx)
    assert (strange.code, strange.type, strange.message_id) == ("id_reused", "leg.granted", "m1")
    desk.operations.quarantine.apply(strange.id, Act("operator:1", "核对无误"), NOW + timedelta(minutes=9))
    assert state(desk, receipt, "01") == "granted"


@pytest.mark.parametrize(("change", "named"), [
    ({"type": "leg.nonsense"}, "type"), ({"timestamp": "yesterday"}, "timestamp"), ({"data": {}}, "data"),
    ({"timestamp": "2026-01-05T09:00:00"}, "timestamp"),
])
def test_a_malformed_notice_names_what_is_wrong(desk, receipt, change, named):
    good = {"type": "leg.accepted", "timestamp": NOW.isoformat(), "data": {"leg": f"{receipt.reference}-01"}}
    with pytest.raises(errors.MalformedNotice) as refused:
        desk.notices.take(Incoming("water-group", "m1", b"{}", {**good, **change}), NOW)
    assert named in refused.value.errors


def test_a_department_cannot_speak_for_anothers_leg(desk, receipt):
    said = {"type": "leg.accepted", "timestamp": NOW.isoformat(), "data": {"leg": f"{receipt.reference}-03"}}
    with pytest.raises(errors.UnknownLeg):
        desk.notices.take(Incoming("water-group", "m1", b"{}", said), NOW)


def test_a_supplement_goes_round_once_and_reaches_the_department(desk, receipt, opened):
    deliver(desk)
    say(desk, receipt, "03", "leg.supplement_required", ask="b1", reason="负荷清单不清晰", limit="5wd",
        materials=[{"material": "K13", "name": "负荷清单"}], fields=[{"field": "load_kw", "name": "用电负荷"}])
    assert state(desk, receipt, "03") == "supplement_required"
    assert desk.case_view("somebody", receipt.reference, NOW)["state"] == "needs_applicant"
    with pytest.raises(errors.InvalidAnswers) as refused:
        desk.afterwards.supplement("somebody", receipt.reference, Supply("03", "b1", {"load_kw": "abc"}), "s1", NOW)
    assert set(refused.value.errors) == {"load_kw", "materials"}
    paper = desk.keep_file("somebody", ("清单.pdf", "application/pdf"), [b"%PDF-1.4"], NOW)
    supply = Supply("03", "b1", {"load_kw": 350}, {"K13": (paper.file,)})
    for _ in range(2):
        desk.afterwards.supplement("somebody", receipt.reference, supply, "s1", NOW)
    assert state(desk, receipt, "03") == "supplemented"
    (claim,) = desk.claim(ROOM, NOW)
    body = json.loads(claim.outgoing.body)
    assert (body["type"], body["data"]["round"]) == ("leg.supplemented", 1)
    assert body["data"]["materials"][0]["files"][0]["sha256"] == paper.sha256
    info, chunks = desk.open_department_file("power-grid", paper.file)
    assert (info.name, b"".join(chunks)) == ("清单.pdf", b"%PDF-1.4")
    with pytest.raises(errors.UnknownFile):
        desk.open_department_file("water-group", paper.file)
    with opened.db.read() as tx:
        assert [m.n for m in messages.of_case(tx, receipt.reference) if m.type == "leg.supplemented"] == [1]
    desk.record([Came(claim, Answer("received"), Then("done"))], NOW)
    say(desk, receipt, "03", "leg.supplement_required", after=2, ask="b2", reason="负荷仍不对",
        limit="5wd", fields=["load_kw"])
    desk.afterwards.supplement("somebody", receipt.reference, Supply("03", "b2", {"load_kw": 360}, {}), "s2", NOW)
    (claim,) = desk.claim(ROOM, NOW)
    assert json.loads(claim.outgoing.body)["data"]["round"] == 2


def test_a_receipt_that_a_quick_notice_overtook_is_shown_once_and_brings_its_number(desk, receipt):
    claims = desk.claim(ROOM, NOW)
    say(desk, receipt, "03", "leg.accepted")
    came = [Came(claim, Answer("received", ref="A-1"), Then("done")) for claim in claims]
    desk.record(came, NOW + timedelta(minutes=2))
    legs = desk.case_view("somebody", receipt.reference, NOW)["legs"]
    shown = [line["type"] for line in next(leg for leg in legs if leg["leg"] == "03")["timeline"]]
    assert [type_ for type_ in shown if type_ in ("leg.received", "leg.accepted")] == ["leg.received", "leg.accepted"]
    assert desk.officers.sheet("power-grid", f"{receipt.reference}-03", NOW).leg.ref == "A-1"


def test_withdrawing_an_unsent_leg_ends_it_and_a_sent_one_waits_for_its_department(desk, receipt, opened):
    preview = desk.afterwards.withdrawal("somebody", receipt.reference, ["01"], NOW)
    assert [one.state for one in preview] == ["withdrawn"]
    desk.afterwards.withdraw("somebody", receipt.reference, Withdrawal(("01",), "不办了"), "w1", NOW)
    assert state(desk, receipt, "01") == "withdrawn"
    deliver(desk)
    with opened.db.read() as tx:
        states = {m.leg: m.state for m in messages.of_case(tx, receipt.reference) if m.type == "leg.filed"}
    assert states == {"01": "cancelled", "03": "done"}
    desk.afterwards.withdraw("somebody", receipt.reference, Withdrawal(None, "不办了"), "w2", NOW)
    (claim,) = desk.claim(ROOM, NOW)
    assert claim.outgoing.type == "leg.withdrawn"
    desk.record([Came(claim, Answer("received"), DONE)], NOW)
    say(desk, receipt, "03", "leg.withdraw_confirmed", 9)
    assert desk.case_view("somebody", receipt.reference, NOW)["state"] == "withdrawn"


def test_a_department_that_asks_for_number_and_kind_has_asked_once_and_gets_both(desk, receipt):
    deliver(desk)
    say(desk, receipt, "03", "leg.supplement_required", ask="b1", reason="号码和证件对不上", limit="5wd",
        fields=["lxrzjhm", "lxrzjlx"])
    view = desk.case_view("somebody", receipt.reference, NOW)
    (ask,) = [ask for leg in view["legs"] for ask in leg["asks"]]
    assert [(one["field"], one["name"]) for one in ask["fields"]] == [("contact_id", "联系人证件号码")]
    desk.afterwards.supplement("somebody", receipt.reference, Supply("03", "b1", {"contact_id": "passport: e1234-5678"},
                                                                     {}), "s1", NOW)
    (claim,) = desk.claim(ROOM, NOW)
    assert json.loads(claim.outgoing.body)["data"]["fields"] == {"lxrzjhm": "E12345678", "lxrzjlx": "414"}


def test_silence_on_a_supplement_ends_that_leg_alone(desk, receipt):
    deliver(desk)
    say(desk, receipt, "03", "leg.supplement_required", ask="b1", reason="缺材料", limit="5wd",
        materials=[{"material": "K13", "name": "负荷清单"}])
    desk.sweep(NOW + timedelta(days=3))
    assert state(desk, receipt, "03") == "supplement_required"
    late = NOW + timedelta(days=20)
    desk.sweep(late)
    assert state(desk, receipt, "03", late) == "terminated"
    assert state(desk, receipt, "01", late) == "received"


@pytest.mark.parametrize(("answer", "then", "withdrawn"), [
    (Answer("again", sent=False), Then("send", NOW), True), (Answer("again"), Then("send", NOW), False),
    (Answer("again", status=503), Then("send", NOW), False), (Answer("unknown"), Then("stuck"), False),
    (Answer("again", sent=False), Then("stuck"), True), (Answer("unknown"), Then("ask", NOW), False),
    (Answer("refused", reason="no", status=422), Then("done"), True),
])
def test_a_leg_that_may_be_with_its_department_is_not_withdrawn_without_telling_it(
        desk, receipt, opened, answer, then, withdrawn):
    claim = next(claim for claim in desk.claim(ROOM, NOW) if claim.id.leg == "01")
    desk.record([Came(claim, answer, then)], NOW)
    desk.afterwards.withdraw("somebody", receipt.reference, Withdrawal(("01",), "改期"), "w-1", NOW)
    with opened.db.read() as tx:
        kinds = {message.type for message in messages.of_case(tx, receipt.reference) if message.leg == "01"}
    assert (state(desk, receipt, "01") == "withdrawn") is withdrawn
    assert ("leg.withdrawn" in kinds) is not withdrawn


@pytest.mark.parametrize("first", ["the notice", "the answer"])
@pytest.mark.parametrize("lost", [
    (Answer("again", detail="no answer"), Then("send", NOW + timedelta(hours=12))),
    (Answer("unknown", detail="no answer"), Then("ask", NOW + timedelta(hours=12))),
    (Answer("unknown", detail="no answer"), Then("stuck")),
    (Answer("refused", reason="重复的流水号", status=422), Then("done")),
])
def test_a_filing_whose_answer_was_lost_has_arrived_once_its_department_speaks_of_the_leg(
        desk, receipt, premises, first, lost):
    claim = claims(desk)["01:leg.filed:1"]
    order = [lambda: say(desk, receipt, "01", "leg.granted", results=[], seq=1),
             lambda: desk.record([Came(claim, *lost)], NOW)]
    for act in order if first == "the notice" else reversed(order):
        act()
    with premises.database.read() as tx:
        message = message_of(tx, claim.id)
    assert (message.state, message.next_at, state(desk, receipt, "01")) == ("done", None, "granted")
    assert "01:leg.filed:1" not in claims(desk, NOW + timedelta(days=1))


def test_an_answer_to_the_push_never_replaces_the_reason_of_a_legal_refusal(desk, receipt, premises):
    claim = claims(desk)["01:leg.filed:1"]
    say(desk, receipt, "01", "leg.refused", 1, reason_code="R1", reason="容量不足，不予接入")
    desk.record([Came(claim, Answer("refused", reason="重复的流水号", status=422), Then("done"))], NOW)
    leg = next(leg for leg in desk.case_view("somebody", receipt.reference, NOW)["legs"] if leg["leg"] == "01")
    assert (leg["state"], leg["reason"]) == ("refused", "容量不足，不予接入")
    assert "平台人员处理中" not in "".join(line["text"] for line in leg["timeline"])


def test_a_certificate_over_several_results_stands_while_its_needed_parts_do(premises):
    joint = Composite("joint", Text("联合证"), "city-management", ("plan_reply", "tree_permit"), ("plan_reply",))
    bundle = replace(premises.catalog.bundles["utilities"], composite=joint)
    desk = Desk(replace(premises, catalog=replace(premises.catalog, bundles={"utilities": bundle})))
    receipt = desk.intake.file("somebody", small_filing(), "key-1", NOW)

    def seen(**later):
        found = desk.case_view("somebody", receipt.reference, NOW + timedelta(**later))["composite"]
        return found["stands"], [(part["leg"], part["state"], part["number"]) for part in found["parts"]]

    assert seen() == (False, [("01", "awaited", None), ("03", "awaited", None)])
    result = {"material": "plan_reply", "name": "方案", "number": "示例 1", "valid_to": "2026-01-31"}
    say(desk, receipt, "01", "leg.granted", 9, results=[result])
    assert seen() == (False, [("01", "held", "示例 1"), ("03", "awaited", None)])
    say(desk, receipt, "03", "leg.granted", 9, results=[{**result, "valid_to": "长期"}])
    assert seen() == (True, [("01", "held", "示例 1"), ("03", "held", "示例 1")])
    assert seen(days=26, hours=14, minutes=59)[0], "on its last day, until midnight in the city"
    assert seen(days=26, hours=15) == (False, [("01", "expired", "示例 1"), ("03", "held", "示例 1")])
