"""Filing by API: one receipt for one key, drafts that file once, tracking without login, reading by ETag."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from people.guesses import TRACK

ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}
LEG = re.compile(r"(.+)-(\d\d)")


def test_a_case_is_filed_and_read_back(applicant, filing):
    answer = applicant.file(filing, "k1")
    assert answer.status_code == 201, answer.json
    receipt = answer.json
    assert {"reference", "code", "state", "edition", "legs"} <= receipt.keys()
    assert [(leg["leg"].removeprefix(f"{receipt['reference']}-"), leg["matter"], leg["department"])
            for leg in receipt["legs"]] == [("01", "water-connection", "water-office"),
                                                ("02", "power-connection", "power-office")]
    assert answer.headers["Location"] == f"/api/cases/{receipt['reference']}"
    case = applicant.get(f"/api/cases/{receipt['reference']}").json
    assert (case["reference"], case["edition"], len(case["legs"])) == (receipt["reference"], receipt["edition"], 2)
    assert [line["reference"] for line in applicant.get("/api/cases").json["cases"]] == [receipt["reference"]]


def test_the_same_key_and_content_give_the_same_answer_and_other_content_none(applicant, filing):
    first = applicant.file(filing, "k1")
    again = applicant.file(filing, "k1")
    assert (again.status_code, again.json) == (201, first.json)
    filing["form"]["project_name"] = "另一个项目"
    other = applicant.file(filing, "k1")
    assert (other.status_code, other.json["code"]) == (422, "idempotency_mismatch")
    assert len(applicant.get("/api/cases").json["cases"]) == 1


def test_twelve_posts_at_once_with_one_key_file_one_case(applicant, filing):
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: applicant.file(filing, "k1"), range(12)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["reference"] for answer in answers}) == 1
    assert len(applicant.get("/api/cases").json["cases"]) == 1


def test_the_same_key_of_another_person_is_another_key(applicant, caller, filing, drawing):
    first = applicant.file(filing, "k1").json
    other = caller("applicant")
    kept = other.post("/api/files", data=drawing, content_type="image/png").json
    second = other.file({**filing, "materials": {"drawing": [kept["file"]]}}, "k1").json
    assert first["reference"] != second["reference"]


def test_a_draft_is_kept_resumed_and_filed_once(applicant, filing):
    made = applicant.post("/api/drafts", {"bundle": "connect", "situation": {"services": ["water"]}})
    assert made.status_code == 201
    path = f"/api/drafts/{made.json['draft']}"
    assert "phone" in made.json["missing"]
    applicant.patch(path, {"situation": filing["situation"], "form": {"project_name": "示例项目"}})
    saved = applicant.patch(path, {"form": {"credit_code": "wrong", "phone": filing["form"]["phone"]}}).json
    assert "credit_code" in saved["errors"]
    refused = applicant.post(f"{path}/submit", {"consent": filing["consent"]})
    assert (refused.status_code, "credit_code" in refused.json["errors"]) == (422, True)
    assert [line["draft"] for line in applicant.get("/api/drafts").json["drafts"]] == [made.json["draft"]]
    applicant.patch(path, {"form": {"credit_code": filing["form"]["credit_code"]}, "materials": filing["materials"]})
    receipts = [applicant.post(f"{path}/submit", {"consent": filing["consent"]}) for _ in range(2)]
    assert [receipt.status_code for receipt in receipts] == [201, 201]
    assert receipts[0].json["reference"] == receipts[1].json["reference"]
    assert applicant.patch(path, {"form": {"phone": "13900139000"}}).status_code == 409
    assert applicant.get("/api/drafts").json == {"drafts": []}


def test_an_edition_other_than_shown_is_a_conflict(applicant, filing):
    shown = applicant.get("/api/bundles/connect").json["edition"]
    assert applicant.file({**filing, "edition": shown}, "k1").status_code == 201


def test_a_poller_pays_nothing_for_an_unchanged_case(applicant, filing):
    path = f"/api/cases/{applicant.file(filing, 'k1').json['reference']}"
    first = applicant.get(path)
    again = applicant.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert first.headers["Cache-Control"] == "private, no-cache"


def test_tracking_shows_the_case_masked_to_whoever_has_both_codes(applicant, caller, filing):
    receipt = applicant.file(filing, "k1").json
    answer = caller().post("/api/track", {"reference": receipt["reference"], "code": receipt["code"]})
    assert (answer.status_code, answer.json["masked"], len(answer.json["legs"])) == (200, True, 2)
    assert filing["form"]["phone"] not in answer.text
    assert filing["form"]["credit_code"] not in answer.text


def test_wrong_codes_and_unknown_references_look_alike_and_are_counted(applicant, caller, filing):
    receipt = applicant.file(filing, "k1").json
    # The reference's guesses are counted apart from the address's, which other tests of this process share.
    guesses = [caller().post("/api/track", {"reference": receipt["reference"], "code": "wrong"}) for _ in range(6)]
    assert [guess.status_code for guess in guesses] == [404] * 5 + [429]
    assert guesses[0].json["code"] == "unknown_case"
    assert int(guesses[5].headers["Retry-After"]) > 0
    locked = caller().post("/api/track", {"reference": receipt["reference"], "code": receipt["code"]})
    assert locked.status_code == 429
    unknown = caller().post("/api/track", {"reference": "nothing", "code": "wrong"})
    assert {**unknown.json, "request_id": ""} == {**guesses[0].json, "request_id": ""}


def test_a_case_is_withdrawn_by_its_owner_who_may_look_beforehand_what_follows(caller, applicant, filing):
    reference = applicant.file(filing, "k1").json["reference"]
    path = f"/api/cases/{reference}/withdraw"
    assert applicant.post(path, {"reason": "不办了"}).status_code == 400
    before = applicant.get(f"/api/cases/{reference}").json
    foreseen = applicant.get(path).json["effects"]
    assert [(one["id"], one["state"], one["of"]) for one in foreseen] == [
        (leg["id"], "withdrawn", None) for leg in before["legs"]]
    assert all("撤回" in one["text"] for one in foreseen)
    assert {one["leg"] for one in applicant.get(f"{path}?legs={reference}-02").json["effects"]} == {"02"}
    assert [applicant.get(path + more).status_code for more in ("?legs=99", "?legs=", "?leg=02")] == [404, 409, 400]
    assert caller("applicant").get(path).status_code == 404
    assert applicant.get(f"/api/cases/{reference}").json["legs"] == before["legs"], "nothing was done"
    answer = applicant.post(path, {"reason": "不办了"}, headers={"Idempotency-Key": "w1"})
    assert answer.status_code == 200, answer.json
    assert applicant.post(path, {"reason": "不办了"}, headers={"Idempotency-Key": "w1"}).status_code == 200


@pytest.mark.parametrize("name",
                         ["𠮷㛃", "阿卜杜拉·艾合买提", "一", "项" * 50, "=cmd|' /C calc'!A0",
                          "<script>alert(1)</script>"])
def test_real_names_come_back_whole(applicant, name):
    draft = applicant.post("/api/drafts", {"bundle": "connect", "situation": {"services": ["power"]}}).json["draft"]
    assert applicant.patch(f"/api/drafts/{draft}",
                           {"form": {"project_name": name}}).json["form"]["project_name"] == name


@pytest.mark.parametrize("consent", [
    {"agreed": "no", "sensitive": ["phone"]}, {"agreed": 1, "sensitive": ["phone"]}, {"agreed": True},
    {"agreed": True, "sensitive": "phone"}, {"agreed": True, "sensitive": ["phone"], "signed": [[1]]},
    {"agreed": True, "sensitive": ["phone"], "scope": {}}, [], None, "yes",
])
def test_what_is_no_consent_in_our_shape_is_refused_everywhere(applicant, filing, consent):
    filing["consent"] = consent
    assert applicant.file(filing, "k1").status_code == 422
    made = applicant.post("/api/drafts", {"bundle": "connect", "situation": filing["situation"]}).json
    path = f"/api/drafts/{made['draft']}"
    applicant.patch(path, {"form": filing["form"], "materials": filing["materials"]})
    assert applicant.post(f"{path}/submit", {"consent": consent}).status_code == 422
    assert not applicant.get(path).json["consented"]


def test_a_reference_in_another_spelling_has_the_same_guesses(applicant, caller, filing):
    reference = applicant.file(filing, "k1").json["reference"]
    spelled = [reference, reference.lower(), f" {reference}", f"{reference[:8]}-{reference[8:]}", f"{reference} ",
               f"{reference[:4]} {reference[4:]}"]
    answers = [caller().post("/api/track", {"reference": one, "code": "WRONG123"}, environ_base=ELSEWHERE)
               for one in spelled]
    assert [answer.status_code for answer in answers] == [404] * 5 + [429]


def test_guesses_at_once_are_no_more_than_guesses_one_by_one(applicant, caller, filing):
    receipt = applicant.file(filing, "k1").json
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: caller().post(
            "/api/track", {"reference": receipt["reference"], "code": "WRONG123"}, environ_base=ELSEWHERE), range(12)))
    assert sorted(answer.status_code for answer in answers) == [404] * 5 + [429] * 7


def test_the_addresses_of_one_network_have_the_guesses_of_one(caller):
    def guess(address):
        unknown = {"reference": "nothing", "code": "wrong"}
        return caller().post("/api/track", unknown, environ_base={"REMOTE_ADDR": address}).status_code

    guesses = [guess(f"2001:db8:0:7::{number:x}") for number in range(1, TRACK.any_name.times + 2)]
    assert guesses == [404] * TRACK.any_name.times + [429]
    assert guess("2001:db8:0:8::1") == guess("::ffff:198.51.100.7") == 404


def test_nobody_elsewhere_keeps_the_holder_of_a_receipt_out(applicant, caller, filing):
    receipt = applicant.file(filing, "k1").json

    def track(address, code="WRONG123"):
        asked = {"reference": receipt["reference"], "code": code}
        return caller().post("/api/track", asked, environ_base={"REMOTE_ADDR": address}).status_code

    right, home = receipt["code"], "198.51.100.9"
    assert [track(f"2001:db8:0:9::{number}") for number in range(6)] == [404] * 5 + [429], "one network"
    assert [track(address, right) for address in ("2001:db8:0:9::1", home)] == [429, 200]
    of_many = [track(f"2001:db8:1:{number:x}::1") for number in range(TRACK.anywhere.times)]
    assert of_many == [404] * (TRACK.anywhere.times - 5) + [429] * 5, "what many networks guess is bounded, too"
    assert [track(address, right) for address in ("203.0.113.7", home)] == [429, 200], "but not where it was known"


def test_right_codes_use_no_guesses_up(applicant, caller, filing):
    receipt = applicant.file(filing, "k1").json
    codes = {"reference": receipt["reference"], "code": receipt["code"]}
    answers = [caller().post("/api/track", codes, environ_base=ELSEWHERE) for _ in range(8)]
    assert {answer.status_code for answer in answers} == {200}


def test_a_draft_is_deleted_once_and_only_by_its_owner(caller):
    owner, other = caller("applicant"), caller("applicant")
    draft = owner.post("/api/drafts", {"bundle": "connect", "situation": {}}).json["draft"]
    assert other.delete(f"/api/drafts/{draft}").status_code == 404
    assert owner.delete(f"/api/drafts/{draft}").status_code == 204
    assert owner.delete(f"/api/drafts/{draft}").status_code == 404
