"""A program gives a mandate by the agent's code, files under one, and is refused without; others' are as unknown."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from people.guesses import PERSONS_CODE
from tests.web.conftest import Caller
from tests.web.test_departments import notice, send
from tests.web.test_openapi import fits, made

__all__ = ["made"]

TODAY = datetime.now(UTC).date()  # as the portal's own clock has it, which no test here moves
SOON, BEFORE, LAST = (str(TODAY + timedelta(days=days)) for days in (60, 199, 200))


@pytest.fixture
def boss(caller):
    return caller("applicant")


def give(principal, agent, key="give-1", **more):
    code = agent.post("/api/mandates/code").json["code"]
    said = {"code": code, "valid_until": LAST, **more}
    return principal.post("/api/mandates", said, headers={"Idempotency-Key": key}), said


def test_an_agent_files_for_whoever_gave_the_mandate_and_for_nobody_else(boss, applicant, caller, filing, made):
    given, said = give(boss, applicant, bundles=["connect"])
    assert (given.status_code, given.json["state"], given.json["yours"]) == (201, "in_force", "principal")
    again = boss.post("/api/mandates", said, headers={"Idempotency-Key": "give-1"})
    assert (again.status_code, again.json) == (201, given.json)
    seen, = applicant.get("/api/mandates").json["received"]
    assert seen == {**given.json, "yours": "agent"}
    receipt = applicant.file({**filing, "on_behalf_of": seen["principal"]}, "f1")
    assert receipt.status_code == 201
    case = f"/api/cases/{receipt.json['reference']}"
    assert (boss.get(case).json["on_behalf"]["yours"], applicant.get(case).json["on_behalf"]["yours"]) == (
        "principal", "agent")
    assert applicant.get("/api/cases").json == {"cases": [], "next": None}
    draft = applicant.post("/api/drafts", {"bundle": "connect", "on_behalf_of": seen["principal"]}).json
    assert (draft["on_behalf_of"], draft["situation"]) == (seen["principal"], {"filer": "agent"})
    again, mine = (one.post(f"{case}/draft") for one in (applicant, boss))
    assert (again.status_code, again.json["on_behalf_of"], again.json["situation"]["filer"]) == (
        201, seen["principal"], "agent")
    assert (mine.json["on_behalf_of"], "filer" in mine.json["situation"], mine.json["form"]) == (
        None, False, again.json["form"])
    own = f"/api/mandates/{given.json['mandate']}"
    for name, value in (("Mandate", given.json), ("Mandates", applicant.get("/api/mandates").json),
                        ("AgentCode", caller("applicant").post("/api/mandates/code").json),
                        ("Case", boss.get(case).json),
                        ("FiledForOthers", applicant.get("/api/mandates/cases").json), ("Draft", draft)):
        assert fits(made, name, value) == []
    stranger = caller("applicant")
    assert [stranger.get(path).status_code for path in (case, own)] == [404, 404]
    assert [stranger.post(path).status_code for path in (f"{own}/revoke", f"{case}/draft")] == [404, 404]
    over = boss.post(f"{own}/revoke").json
    assert (over["state"], applicant.post(f"{own}/revoke").json["revoked_at"]) == ("revoked", over["revoked_at"])
    assert [caller.get(case).status_code for caller in (applicant, boss)] == [404, 200]
    assert applicant.post(f"{case}/draft").json["code"] == "unknown_case"
    for key, whom, why in (("f2", seen["principal"], "revoked"), ("f3", "nobody", "none")):
        refused = applicant.file({**filing, "on_behalf_of": whom}, key)
        assert (refused.status_code, refused.json["code"], refused.json["why"]) == (403, "no_mandate", why)
    assert applicant.file({**filing, "on_behalf_of": seen["principal"]}, "f1").json == receipt.json, "one's own receipt"
    assert applicant.get(f"/api/drafts/{draft['draft']}").json["code"] == "no_mandate"
    assert {(one["draft"], one["shut"]) for one in applicant.get("/api/drafts").json["drafts"]} == {
        (draft["draft"], True), (again.json["draft"], True)}
    assert [one["stands"] for one in applicant.get("/api/mandates/cases").json["cases"]] == [False]


def test_results_are_for_whom_they_were_entrusted_to(boss, applicant, caller, filing, signed, drawing):
    given, _ = give(boss, applicant, acts=["file"])
    asked = {**filing, "on_behalf_of": given.json["principal"]}
    case = f"/api/cases/{applicant.file(asked, 'f1').json['reference']}"
    paper = {"name": "协议.png", "type": "image/png", "base64": base64.b64encode(drawing).decode()}
    raw = notice(f"{case[11:]}-01", "leg.granted", results=[{"name": "供水协议", "number": "G-1", "files": [paper]}])
    assert send(caller, raw, signed("water", raw)).status_code == 204
    result, = boss.get(case).json["legs"][0]["results"]
    seen, = applicant.get(case).json["legs"][0]["results"]
    assert (result["number"], seen["number"], seen["files"]) == ("G-1", None, [])
    file = f"/api/files/{result['files'][0]['file']}"
    assert [applicant.get(path).json["code"] for path in (file, f"{case}/results")] == ["no_mandate", "unknown_file"]
    give(boss, applicant, "give-2", valid_until=SOON)  # it allows more, and ends sooner
    assert applicant.get(case).json["on_behalf"]["acts"] == ["file", "answer", "withdraw", "results", "urge"]
    assert [(applicant.get(path).status_code, boss.get(path).status_code) for path in (file, f"{case}/results")] == [
        (200, 200), (200, 200)]


def test_what_an_agent_did_is_answered_alike_when_it_comes_again_after_the_mandate(
        boss, applicant, filing, caller, signed, made):
    given, _ = give(boss, applicant)
    case = f"/api/cases/{applicant.file({**filing, 'on_behalf_of': given.json['principal']}, 'f1').json['reference']}"
    raw = notice(f"{case[11:]}-01", "leg.refused", reason_code="R1", reason="容量不足")
    assert send(caller, raw, signed("water", raw)).status_code == 204
    acts = (("withdraw", {"legs": None, "reason": "不办了"}), ("rating", {"level": 4, "leg": "01"}))

    def act(key):
        return [applicant.post(f"{case}/{name}", said, headers={"Idempotency-Key": f"{key}-{name}"})
                for name, said in acts]

    assert [one.status_code for one in act("a")] == [200, 200]
    boss.post(f"/api/mandates/{given.json['mandate']}/revoke")
    taken_back, rated = act("a")
    assert (taken_back.status_code, rated.status_code, rated.json) == (200, 200, {"handlings": []})
    assert fits(made, "FiledForOther", taken_back.json) == [] and taken_back.json["stands"] is False
    assert [one.status_code for one in act("b")] == [404, 404]
    assert len([one for one in boss.get(f"{case}/rating").json["handlings"] if one["rating"]]) == 1


@pytest.mark.parametrize(("change", "place"), [
    ({"bundles": ["nothing"]}, "bundles"), ({"bundles": []}, "bundles"), ({"acts": ["answer"]}, "acts"),
    ({"acts": ["file", "sell"]}, "acts"), ({"valid_until": "2020-01-01"}, "valid_until"),
    ({"valid_until": "2099-01-01"}, "valid_until"), ({"valid_until": "tomorrow"}, "valid_until"),
    ({"valid_from": "2020-01-01"}, "valid_from"), ({"valid_from": LAST, "valid_until": BEFORE}, "valid_until"),
    ({"reason": "a\x00b"}, "reason"), ({"to": "somebody"}, "to"),
])
def test_what_cannot_be_entrusted_is_refused_by_its_part_and_the_code_is_still_good(boss, applicant, change, place):
    refused, said = give(boss, applicant, **change)
    assert (refused.status_code, place in refused.json.get("errors", {place: ""})) in {(422, True), (400, True)}
    right = {"code": said["code"], "valid_until": LAST}
    assert boss.post("/api/mandates", right, headers={"Idempotency-Key": "right"}).status_code == 201


def test_nobody_entrusts_oneself_or_says_that_somebody_else_files(boss, applicant, filing):
    own, _ = give(boss, boss)
    assert (own.status_code, list(own.json["errors"])) == (422, ["code"])
    given, _ = give(boss, applicant)
    asked = {**filing, "on_behalf_of": given.json["principal"]}
    asked["situation"] = {**asked["situation"], "filer": "legal_rep"}
    refused = applicant.file(asked, "f1")
    assert (refused.status_code, list(refused.json["errors"]["situation"])) == (422, ["filer"])


def test_codes_cannot_be_tried_out(app, house, boss, applicant):
    right, said = give(boss, applicant)
    assert right.status_code == 201
    tried = [boss.post("/api/mandates", {**said, "code": f"0000000{n}"}, headers={"Idempotency-Key": f"t{n}"})
             for n in range(PERSONS_CODE.times + 1)]
    assert {answer.json["code"] for answer in tried[:-1]} == {"unknown_agent_code"}
    assert (tried[-1].status_code, "Retry-After" in tried[-1].headers) == (429, True)
    assert Caller(app).post("/api/mandates/code").status_code == 401
