"""A person sees which office gets what of a case, and takes back the consent that it rests on."""

import re

import pytest

from people.tokens import Grant
from tests.pages.client import Visitor
from tests.web.conftest import Caller


@pytest.fixture
def filed(applicant, filing):
    return f"/api/cases/{applicant.file(filing, 'k1').json['reference']}"


def take_back(caller, case, key="back-1"):
    return caller.post(f"{case}/consent/withdraw", headers={"Idempotency-Key": key})


def test_every_office_is_listed_with_what_it_gets_and_nothing_that_it_does_not(applicant, filed):
    told = applicant.get(f"{filed}/consent").json
    assert [(one["leg"], one["department_name"], one["told"], one["papers"]) for one in told["recipients"]] == [
        ("01", "供水公司", "leaving", ["图纸"]), ("02", "供电公司", "leaving", [])]
    water, power = (set(one["answers"]) for one in told["recipients"])
    assert ("面积" in water, "面积" in power, "联系电话" in water) == (True, False, True)
    assert (told["taken_back_at"], told["sensitive"], told["given_at"] is not None) == (None, ["联系电话"], True)


def test_taking_the_consent_back_withdraws_what_is_open_and_is_kept(applicant, filed):
    assert take_back(applicant, filed).status_code == 200
    after = applicant.get(f"{filed}/consent").json
    assert after["taken_back_at"] is not None
    assert [one["told"] for one in after["recipients"]] == ["never", "never"]
    case = applicant.get(filed).json
    assert ({leg["state"] for leg in case["legs"]}, case["state"]) == ({"withdrawn"}, "withdrawn")
    assert take_back(applicant, filed).json == after, "the same key: the same answer"
    again = take_back(applicant, filed, "back-2")
    assert (again.status_code, again.json["code"]) == (409, "not_now")


def test_what_is_decided_stands_and_the_consent_is_taken_back_all_the_same(applicant, filed):
    everything = {"reason": "改期"}
    applicant.post(f"{filed}/withdraw", everything, headers={"Idempotency-Key": "w"})
    before = applicant.get(filed).json["legs"]
    assert take_back(applicant, filed).json["taken_back_at"] is not None
    assert applicant.get(filed).json["legs"] == before


def test_nobody_else_sees_it_or_takes_it_back(caller, filed):
    stranger = caller("applicant")
    assert (stranger.get(f"{filed}/consent").status_code, take_back(stranger, filed).status_code) == (404, 404)
    assert caller().get(f"{filed}/consent").status_code == 401


def test_the_page_says_what_follows_before_it_is_done(app, house, drawing, filing):
    person = next(one.id for one in house.personas if one.role == "applicant")
    program = Caller(app, house.tokens.issue(Grant("applicant", person), house.clock.now()))
    kept = program.post("/api/files", data=drawing, content_type="image/png").json["file"]
    at = f"/cases/{program.file({**filing, 'materials': {'drawing': [kept]}}, 'disclosed').json['reference']}"
    browser = Visitor(app)
    browser.sign_in(person)
    browser.get(f"{at}/consent")
    assert ("您的信息给了谁" in browser.text, browser.text.count("正在送达")) == (True, 2)
    browser.get(f"{at}/consent?take_back=1")
    assert browser.text.count("将变为“已撤回”") == 2
    key = re.search(r'name="key" value="(\w+)"', browser.page)[1]
    assert browser.send(f"{at}/consent", ("key", key)) == at
    assert "您已经撤回同意" in browser.text
    browser.get(f"{at}/consent?take_back=1")
    assert ("撤回了同意" in browser.text, "确认撤回同意" in browser.text) == (True, False)
