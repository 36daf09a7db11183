"""What notices may say: every type has a schema; what is wrong is 400 with its place and moves nothing."""

import base64
import json
from datetime import timedelta

import pytest

from cases.states import NOTICES
from connectors.base import Answer
from desk.applicants.afterwards import Supply
from desk.errors import InvalidAnswers, MalformedNotice, UnknownFile
from desk.hearing.notice_schemas import DATA, read_data
from desk.hearing.notices import Incoming
from desk.sending.recording import Came
from dispatch.retry import Then
from store import notices
from tests.desk.conftest import HOME, NOW
from tests.desk.filings import PNG, small_filing

GUIDES = ("connecting.md", "connecting.zh-CN.md")
ROOM = {"water-group": 4, "power-grid": 4}
OFFICES = {"01": "water-group", "03": "power-grid"}
ASK = {"ask": "a1", "reason": "数据对不上", "limit": "5wd"}


@pytest.fixture
def receipt(desk):
    made = desk.intake.file("somebody", small_filing(), "key-1", NOW)
    for claim in desk.claim(ROOM, NOW):
        desk.record([Came(claim, Answer("received"), Then("done"))], NOW)
    return made


def said(receipt, number, type_, data, at=None):
    leg = f"{receipt.reference}-{number}"
    return {"type": type_, "timestamp": at or NOW.isoformat(), "data": {"leg": leg, **data}}


# What contract 3.4 demands of each type of notice, in the order in which it lists them.
NEEDS = {
    "leg.received": (), "leg.accepted": (), "leg.not_accepted": ("reason_code", "reason"),
    "leg.supplement_required": ("ask", "reason", "limit"), "leg.special_started": ("kind", "basis"),
    "leg.special_ended": ("kind",), "leg.extended": ("reason", "basis", "approved_by"),
    "leg.in_review": ("step",), "leg.forwarded": ("to",),
    "leg.simulated": ("opinion",), "leg.granted": ("results",), "leg.refused": ("reason_code", "reason"),
    "leg.delivered": ("mode",), "leg.withdraw_confirmed": (), "leg.withdraw_rejected": (),
    "leg.remark": ("text",), "leg.fee": ("amount", "basis"), "leg.corrected": ("what", "authority"),
}


def say(desk, receipt, number, type_, data, at=None):
    notice = said(receipt, number, type_, data, at)
    raw = json.dumps(notice).encode()
    return desk.notices.take(Incoming(OFFICES[number], f"m-{hash(raw)}", raw, notice), NOW)


def leg_of(desk, receipt, number):
    legs = desk.case_view("somebody", receipt.reference, NOW)["legs"]
    return next(leg for leg in legs if leg["leg"] == number)


def test_every_type_of_notice_has_a_schema_that_asks_for_what_it_needs():
    assert set(DATA) == set(NEEDS) == NOTICES
    for type_, needs in NEEDS.items():
        required = {name for name, one in DATA[type_]().fields.items() if one.required}
        assert required == {"leg", *needs}


@pytest.mark.parametrize(("type_", "data", "place"), [
    *(("leg.supplement_required", {**ASK, "materials": ["CO06"], "limit": limit}, "limit")
      for limit in ("banana", "5D", "-3wd", 5, {}, "9999wd", "")),
    *(("leg.supplement_required", {**ASK, "materials": papers}, "materials")
      for papers in ("CO06", [{}], [{"material": 5}], {"a": 1}, [None], [], None, [{"material": "K13", "name": 5}])),
    *(("leg.supplement_required", {**ASK, "fields": asked}, "fields") for asked in ("x", {"a": "?"}, [7], [[]])),
    *(("leg.supplement_required", {**ASK, "ask": ask, "materials": ["K13"]}, "ask")
      for ask in (7, "2026/0012", "", ".", "..", "a?b", "a#b", "x" * 101, None)),
    *(("leg.refused", {"reason_code": "R", "reason": reason}, "reason")
      for reason in ({"x": 1}, "", None, "x" * 10_001)),
    *(("leg.granted", {"results": results}, "results") for results in (
        "x", [{}], [7], {}, None, [{"material": "no-such-paper"}], [{"name": "x", "valid_to": "2027/01/01"}],
        [{"name": "x", "valid_to": "2027-1-1"}], [{"name": "x", "valid_from": "2027-02-30"}],
        [{"name": "x", "valid_to": 2027}], [{"name": {}}], [{"name": "x", "fields": []}],
        *([{"name": "x", "files": files}] for files in ([None], "x", {"file": "x"}, [{}], [7], [{"file": 7}],
                                                        [{"base64": None}])))),
    ("leg.accepted", {"ref": "x" * 5_000}, "ref"), ("leg.accepted", {"ref": {}}, "ref"),
    *(("leg.accepted", {"seq": seq}, "seq") for seq in ("1", 1.5, True, -1, [], 2**60)),
    ("leg.remark", {"text": {}}, "text"), ("leg.remark", {"text": "x" * 100_000}, "text"),
    *(("leg.fee", {"amount": amount, "basis": "规定"}, "amount") for amount in ("abc", -1, True, {}, "")),
    ("leg.corrected", {"what": "x", "authority": {}}, "authority"),
    ("leg.corrected", {"what": 5, "authority": "x"}, "what"),
    ("leg.corrected", {"what": "granted", "authority": "x"}, "what"),
    ("leg.corrected", {"what": {"results": "x"}, "authority": "x"}, "what"),
    ("leg.corrected", {"what": {"state": "gone"}, "authority": "x"}, "what"),
])
def test_what_cannot_be_read_is_refused_with_its_place_and_moves_nothing(desk, receipt, type_, data, place):
    before = leg_of(desk, receipt, "03")
    with pytest.raises(MalformedNotice) as refused:
        say(desk, receipt, "03", type_, data)
    assert list(refused.value.errors["data"]) == [place]
    assert leg_of(desk, receipt, "03") == before


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-05", "x", 5, None])
def test_a_time_that_is_none_is_malformed(desk, receipt, at):
    notice = said(receipt, "03", "leg.accepted", {}) | {"timestamp": at}
    with pytest.raises(MalformedNotice) as refused:
        desk.notices.take(Incoming("power-grid", "m", b"{}", notice), NOW)
    assert refused.value.errors == {"timestamp": refused.value.errors.get("timestamp")} or not refused.value.errors


@pytest.mark.parametrize(("given", "shown"), [
    ("长期", "长期"), ("2027-01-01", "2027-01-01"), ("2027-01-01T08:00:00+08:00", "2027-01-01"), ("", None),
    (None, None),
])
def test_a_validity_is_a_day_or_for_ever(desk, receipt, given, shown):
    assert say(desk, receipt, "03", "leg.granted", {"results": [{"name": "协议", "valid_to": given}]}) == "applied"
    assert leg_of(desk, receipt, "03")["results"][0]["valid_to"] == shown


def test_numbers_of_their_own_may_be_digits_and_optional_values_null(desk, receipt):
    data = {"ref": 123, "seq": None, "results": [{"material": None, "name": "批复", "number": 7, "files": None}]}
    assert say(desk, receipt, "03", "leg.granted", data) == "applied"
    leg = leg_of(desk, receipt, "03")
    assert (leg["ref"], leg["results"][0]["number"]) == ("123", "7")


def inline(**more):
    return [{"name": "协议", "files": [{"base64": PNG, "name": "协议.png", **more}]}]


def test_a_result_without_a_name_has_the_name_of_its_code(desk, receipt):
    results = [{"material": "plan_reply", "number": "1"}]
    assert say(desk, receipt, "03", "leg.granted", {"results": results}) == "applied"
    assert leg_of(desk, receipt, "03")["results"][0]["name"] == "接入方案答复单"


@pytest.mark.parametrize("more", [
    {"base64": base64.b64encode(b"<html><script>1</script>").decode(), "name": "../../e.html"}, {"base64": ""},
    {"base64": "?"}, {"name": "x.pdf"}, {"type": "bad\r\nX: y"}, {"type": "application/pdf"},
    {"base64": base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()},
])
def test_a_file_inside_a_notice_is_checked_like_an_upload(desk, receipt, more):
    with pytest.raises(MalformedNotice):
        say(desk, receipt, "03", "leg.granted", {"results": inline(**more)})
    assert leg_of(desk, receipt, "03")["state"] == "received"


@pytest.mark.parametrize(("more", "name"), [
    ({}, "协议.png"), ({"name": "../../e"}, "e.png"),
    ({"name": None}, "结果文件.png"), ({"type": "image/png"}, "协议.png")])
def test_a_good_file_inside_a_notice_is_kept_under_a_clean_name_and_type(desk, receipt, more, name):
    say(desk, receipt, "03", "leg.granted", {"results": inline(**more)})
    (file,) = leg_of(desk, receipt, "03")["results"][0]["files"]
    info, pieces = desk.open_file("somebody", file["file"])
    assert (info.name, info.type, b"".join(pieces)) == (name, "image/png", base64.b64decode(PNG))


def test_a_bare_file_id_is_the_file(desk, receipt):
    kept = desk.keep_file("department:power-grid", ("协议.png", "image/png"), [base64.b64decode(PNG)], NOW)
    assert say(desk, receipt, "03", "leg.granted", {"results": [{"name": "协议", "files": [kept.file]}]}) == "applied"
    (file,) = leg_of(desk, receipt, "03")["results"][0]["files"]
    assert file == {"file": kept.file, "name": "协议.png"}
    assert b"".join(desk.open_file("somebody", kept.file)[1]) == base64.b64decode(PNG)


def answered(desk, state, data, ref="A-1"):
    made = desk.intake.file("somebody", small_filing(), "key-2", NOW)
    claim = next(claim for claim in desk.claim(ROOM, NOW) if claim.id.leg == "01")
    desk.record([Came(claim, Answer("received", ref=ref, state=state, data=data), Then("done"))], NOW)
    return made


def test_files_of_an_immediate_grant_are_the_applicants(desk):
    kept = desk.keep_file("department:water-group", ("协议.png", "image/png"), [base64.b64decode(PNG)], NOW)
    both = [kept.file, {"base64": PNG, "name": "b.png"}]
    made = answered(desk, "granted", {"results": [{"name": "协议", "files": both}]})
    files = leg_of(desk, made, "01")["results"][0]["files"]
    assert [file["name"] for file in files] == ["协议.png", "b.png"]
    assert all(b"".join(desk.open_file("somebody", file["file"])[1]) == base64.b64decode(PNG) for file in files)


def document(desk, office="power-grid", name="受理通知书.png"):
    return desk.keep_file(f"department:{office}", (name, "image/png"), [base64.b64decode(PNG)], NOW).file


def test_what_a_department_serves_beside_any_notice_is_the_applicants_to_read(desk, receipt):
    files = [document(desk) for _ in range(4)]
    told = [
        ("leg.accepted", {"documents": [{"name": "受理通知书", "number": 7, "files": files[:1]}]}),
        ("leg.supplement_required", {**ASK, "materials": ["K13"], "files": files[1:2]}),
        ("leg.accepted", {"seq": 9, "files": [{"file": files[2]}]}),
        ("leg.refused", {"reason_code": "B1", "reason": "不符合", "documents": [{"number": "（2026）8 号"}]}),
        *[("leg.accepted", {"documents": [{"name": "受理通知书（更正）", "files": files[3:]}]})] * 2]
    assert [say(desk, receipt, "03", type_, data, (NOW - timedelta(minutes=9 - at)).isoformat())
            for at, (type_, data) in enumerate(told)] == [*["applied"] * 5, "known"]
    shown = leg_of(desk, receipt, "03")["documents"]
    assert [(one["name"], one["number"], [file["file"] for file in one["files"]]) for one in shown] == [
        ("受理通知书", "7", files[:1]), ("补正告知书", None, files[1:2]), ("受理通知书", None, files[2:3]),
        ("不予办理决定书", "（2026）8 号", []), ("受理通知书（更正）", None, files[3:])]
    assert all(b"".join(desk.open_file("somebody", file)[1]) == base64.b64decode(PNG) for file in files)
    masked = next(leg for leg in desk.track(receipt.reference, receipt.code, NOW)["legs"] if leg["leg"] == "03")
    assert {(one["number"], *one["files"]) for one in masked["documents"]} == {("＊＊",)}
    assert "受理通知书，编号 7，文件 受理通知书.png" in desk.sheet("somebody", receipt.reference)


@pytest.mark.parametrize(("data", "place"), [
    ({"documents": "受理通知书"}, "documents"), ({"documents": [{}]}, "documents"), ({"files": "x"}, "files"),
    ({"files": ["of-somebody-else"]}, "files"), ({"documents": [{"name": "书", "files": ["no-file"]}]}, "documents"),
])
def test_a_document_that_cannot_be_used_is_refused_and_not_dropped(desk, receipt, data, place):
    with pytest.raises(MalformedNotice) as wrong:
        say(desk, receipt, "03", "leg.accepted", data)
    assert place in wrong.value.errors["data"]
    assert leg_of(desk, receipt, "03")["state"] == "received"


def test_a_document_that_comes_with_the_answer_to_a_push_is_the_applicants(desk):
    made = answered(desk, "accepted", {"documents": [{"name": "受理通知书", "files": [document(desk, "water-group")]}]})
    (one,) = leg_of(desk, made, "01")["documents"]
    assert b"".join(desk.open_file("somebody", one["files"][0]["file"])[1]) == base64.b64decode(PNG)


@pytest.mark.parametrize(("state", "data"), [
    ("refused", {}), ("refused", {"reason_code": "R", "reason": {"x": 1}}), ("granted", {}),
    ("granted", {"results": "x"}), ("granted", {"results": [{"material": "no-such-paper"}]}),
    ("granted", {"results": [{"name": "x", "files": ["other"]}]}),
    ("accepted", {"seq": "x"}),
])
def test_an_immediate_answer_that_would_be_no_notice_only_says_received(desk, opened, state, data):
    made = answered(desk, state, data)
    assert leg_of(desk, made, "01")["state"] == "received"
    with opened.db.read() as tx:
        assert [entry.code for entry in notices.unsettled(tx)] == ["malformed"]


def test_a_copy_of_a_notice_does_not_have_its_case_read_again(desk, receipt, monkeypatch):
    assert say(desk, receipt, "01", "leg.accepted", {"seq": 1}) == "applied"
    monkeypatch.setattr("desk.book.events.of_case", lambda *_: pytest.fail("the case is in memory"))
    assert [say(desk, receipt, "01", "leg.accepted", {"seq": 1}) for _ in range(2)] == ["known", "known"]
    assert leg_of(desk, receipt, "01")["state"] == "accepted"


def test_a_decision_said_in_the_answer_and_again_by_a_notice_is_one(desk):
    results = [{"name": "方案", "number": "G-1"}]
    made = answered(desk, "granted", {"results": results})
    assert say(desk, made, "01", "leg.granted", {"ref": "A-1", "seq": 1, "results": results}) == "known"


def test_a_number_that_comes_after_an_early_notice_is_kept(desk):
    made = desk.intake.file("somebody", small_filing(), "key-2", NOW)
    claim = next(claim for claim in desk.claim(ROOM, NOW) if claim.id.leg == "01")
    assert say(desk, made, "01", "leg.accepted", {}) == "applied"
    desk.record([Came(claim, Answer("received", ref="LATE-1"), Then("done"))], NOW + timedelta(seconds=3))
    leg = leg_of(desk, made, "01")
    assert (leg["state"], leg["ref"]) == ("accepted", "LATE-1")


@pytest.mark.parametrize("asked", ["rysl", "daily_volume", {"field": "rysl", "name": "别的名字"}])
def test_a_field_asked_by_either_name_is_the_forms_own_line(desk, receipt, asked):
    say(desk, receipt, "01", "leg.supplement_required", {**ASK, "fields": [asked]})
    (ask,) = leg_of(desk, receipt, "01")["asks"]
    assert ask["fields"] == [{"field": "daily_volume", "name": "日用水量", "note": None}]
    with pytest.raises(InvalidAnswers):
        desk.afterwards.supplement("somebody", receipt.reference, Supply("01", "a1", {"daily_volume": "很多"}), "s1",
                                   NOW)
    desk.afterwards.supplement("somebody", receipt.reference, Supply("01", "a1", {"daily_volume": "70"}), "s2", NOW)
    (claim,) = desk.claim(ROOM, NOW)
    assert json.loads(claim.outgoing.body)["data"]["fields"] == {"rysl": 70}


def test_an_answer_goes_back_in_the_departments_code_values(desk, receipt, catalog):
    asks = {ask.code: ask for ask in catalog.matters["power-supply"].asks.fields}
    ask = next(ask for ask in asks.values() if ask.values and ask.code in small_filing().form)
    value = small_filing().form[ask.code]
    say(desk, receipt, "03", "leg.supplement_required", {**ASK, "fields": [ask.code, "other"]})
    answers = {ask.code: value, "other": "自由填写"}
    desk.afterwards.supplement("somebody", receipt.reference, Supply("03", "a1", answers), "s1", NOW)
    (claim,) = desk.claim(ROOM, NOW)
    assert json.loads(claim.outgoing.body)["data"]["fields"] == {
        ask.as_name or ask.code: ask.values[value], "other": "自由填写"}


def test_a_paper_that_is_asked_has_the_dictionarys_name_and_the_departments_note(desk, receipt):
    papers = ["K13", {"material": "K99", "name": "说明", "note": "两份"},
              {"material": "K13", "name": "清单", "note": "盖章"}]
    say(desk, receipt, "03", "leg.supplement_required", {**ASK, "materials": papers})
    (ask,) = leg_of(desk, receipt, "03")["asks"]
    assert [(one["name"], one["note"]) for one in ask["materials"]] == [
        ("用量负荷清单", None), ("说明", "两份"), ("用量负荷清单", "盖章")]


def test_an_ask_for_a_bare_code_that_nobody_knows_has_a_name_the_applicant_can_read(desk, receipt):
    papers = ["K99", "说明书一份", {"material": "K98", "name": "清单"}]
    say(desk, receipt, "03", "leg.supplement_required", {**ASK, "fields": ["rysl"], "materials": papers})
    (ask,) = leg_of(desk, receipt, "03")["asks"]
    assert [one["name"] for one in ask["materials"]] == ["部门另外要的材料（编号 K99）", "说明书一份", "清单"]
    assert [one["name"] for one in ask["fields"]] == ["部门另外要的内容（编号 rysl）"]


def test_a_file_of_another_office_is_unknown_to_the_one_that_names_it(desk, receipt):
    kept = desk.keep_file("department:water-group", ("协议.png", "image/png"), [base64.b64decode(PNG)], NOW)
    with pytest.raises(MalformedNotice):
        say(desk, receipt, "03", "leg.granted", {"results": [{"name": "协议", "files": [kept.file]}]})
    with pytest.raises(UnknownFile):
        desk.open_file("somebody", kept.file)


@pytest.mark.parametrize("guide", GUIDES)
def test_every_example_of_a_guide_is_a_notice_that_can_be_read(guide):
    text = (HOME / "docs" / guide).read_text()
    block = next(part for part in text.split("```json") if "leg.not_accepted" in part).partition("```")[0]
    notices_shown = [json.loads("{" + part) for part in block.strip().removeprefix("{").split("\n{")]
    assert list(dict.fromkeys(one["type"] for one in notices_shown)) == list(NEEDS)
    for one in notices_shown:
        assert read_data(one["type"], one["data"])["leg"] == "202601054R4JK2EFMETJ-01"
