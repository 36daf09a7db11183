"""The seller of a home agrees on the pages to what the buyer has filled in, before anything is filed or looked up."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from bench.filling import answers
from people.guesses import PERSONS_CODE
from people.tokens import Grant
from tests.pages.client import Visitor, controls
from tests.pages.test_words import BORN, fill, start
from tests.web.conftest import Caller
from tests.web.test_openapi import fits
from web.api.openapi import document
from web.own_copy import Person, entries
from web.wiring import NAME

SALE = {"mortgaged": False, "moves": ["water"], "bills_paid": True, "filer": "self"}


@pytest.fixture
def seller(app: Flask) -> Visitor:
    """The one who sells, signed in."""
    made = Visitor(app)
    made.sign_in("sample-father")
    return made


def code_of(buyer: Visitor, draft: str, role: str = "owner") -> str:
    """Ask the person in a role; the code, as it stands on the page this once."""
    buyer.get(f"/drafts/{draft}/agreements")
    buyer.send(f"/drafts/{draft}/agreements/{role}")
    code = re.search(r'class="code">([^<]+)<', buyer.page)
    assert code is not None, buyer.text
    return code[1]


def answer(person: Visitor, do: str, *more: tuple[str, str]) -> str:
    """Answer on the page that is open."""
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', person.page)
    assert digest is not None, person.text
    return person.send(person.at, ("do", do), ("digest", digest[1]), *more)


def say_yes(person: Visitor) -> str:
    """Agree with both ticks."""
    return answer(person, "agree", ("agreed", "yes"), ("sensitive", "yes"))


def change_price(buyer: Visitor, draft: str, price: str) -> None:
    """Save the page of the home with another price, and agree to the use of the data anew."""
    buyer.get(f"/drafts/{draft}/form/home")
    kept = [(name, price if name == "sale_price" else value) for name, value in controls(buyer.page)]
    buyer.send(buyer.at, *kept)


def of_person(app: Flask, who: str) -> Person:
    """Whose copy of all that is kept of them is made."""
    house = app.extensions[NAME]
    return Person(who, house.clock.now(), house.desk, house.accounts, house.visits)


def submit(buyer: Visitor, draft: str) -> str:
    """Press the button of the review."""
    buyer.get(f"/drafts/{draft}/review")
    return buyer.send(f"/drafts/{draft}/submit", *re.findall(r'name="(edition|seen)" value="([^"]+)"', buyer.page))


def test_a_home_is_filed_once_the_seller_has_agreed_to_what_is_filed(
    app: Flask, visitor: Visitor, seller: Visitor,
) -> None:
    draft = start(visitor, "home-transfer", "sample-retiree", **SALE)
    fill(visitor, draft)
    assert visitor.at == f"/drafts/{draft}/agreements", "after the buyer's own consent comes the seller's"
    assert "卖方：示例己" in visitor.text and "还没有请对方确认" in visitor.text
    assert submit(visitor, draft) == f"/drafts/{draft}/review"
    assert "还差卖方示例己的确认：还没有请对方确认" in visitor.text
    visitor.get(f"/drafts/{draft}/consent")
    assert "要等对方同意才查询的" in visitor.text and "您的同意不能代替" in visitor.text
    code = code_of(visitor, draft)
    stranger = Visitor(app)
    stranger.sign_in("sample-mother")
    stranger.get("/agreements")
    stranger.send("/agreements", ("code", code))
    assert (stranger.status, "和申请表里填的不一样" in stranger.text) == (403, True)
    assert "示例路 9 号" not in stranger.text and "示例己" not in stranger.text
    seller.get("/agreements")
    seller.send("/agreements", ("code", "0000 0000"))
    assert (seller.status, "确认码不对" in seller.text) == (404, True)
    asked = seller.send("/agreements", ("code", code.lower()))
    assert asked.startswith("/agreements/QR"), seller.text
    for said in ("示例丙填写了这份申请，表里写的卖方是您", "我是这套房屋的产权人", "1200000 元", "370202********9958",
                 "示例路 9 号 2 单元 301", "自来水", "身份证件", "不动产权证书", "供水过户"):
        assert said in seller.text, said
    answer(seller, "agree")
    assert (seller.status, "请勾选，表示您看清楚并且同意" in seller.text) == (422, True)
    answer(seller, "refuse")
    assert "您没有同意，这份申请不能提交" in seller.text
    visitor.get(f"/drafts/{draft}/review")
    assert "还差卖方示例己的确认：不同意" in visitor.text
    say_yes(seller)
    assert "您已经同意" in seller.text
    change_price(visitor, draft, "1300000")
    visitor.get("/cases")
    assert "等卖方确认" in visitor.text
    assert submit(visitor, draft) == f"/drafts/{draft}/review"
    assert "还差卖方示例己的确认：内容改过，要重新确认" in visitor.text
    seller.get(asked)
    assert "原来的同意不再算数" in seller.text and "1300000 元" in seller.text
    say_yes(seller)
    answer(seller, "take_back")
    assert "您收回了同意" in seller.text
    say_yes(seller)
    receipt = submit(visitor, draft)
    assert receipt.endswith("/receipt"), visitor.text
    number = receipt.split("/")[2]
    visitor.get(f"/cases/{number}/consent")
    assert "提交前已在网上确认：卖方示例己" in visitor.text
    seller.get(asked)
    for said in (f"受理编号 {number}", "不能再在这里收回", "1300000 元", "契税申报", "您的信息给了谁"):
        assert said in seller.text, said
    assert "收回同意" not in seller.text and "示例丙不动产" not in seller.text
    seller.get(f"/cases/{number}")
    assert seller.status == 404, "the case is the buyer's"
    stranger.get(asked)
    assert stranger.status == 404
    copied = b"".join(content for path, pieces in entries(of_person(app, "sample-father")) for content in pieces
                      if path == "请您确认的.json").decode()
    assert number in copied and "1300000 元" in copied, "what is kept of a person is in the person's own copy"


def test_a_parent_who_files_is_not_asked_and_the_other_one_is(app: Flask, visitor: Visitor, seller: Visitor) -> None:
    draft = start(visitor, "newborn", "sample-mother", **BORN, wants=[], filer="self")
    fill(visitor, draft)
    assert "父亲：示例己" in visitor.text and "母亲：示例丁" not in visitor.text
    seller.get("/agreements")
    seller.send("/agreements", ("code", " "))
    assert (seller.status, "请填写确认码" in seller.text, "重新生成" in seller.text) == (422, True, False)
    assert re.search('<input[^>]* id="code"[^>]* aria-invalid="true"', seller.page)
    seller.send("/agreements", ("code", code_of(visitor, draft, "father")))
    assert re.search(r"出生时间 \d{4}年\d{1,2}月\d{1,2}日 \d{2}:\d{2} ", seller.text), "as the one who files reads it"
    assert "户口落在下面选的一方" in seller.text and "示例小宝" in seller.text
    say_yes(seller)
    assert submit(visitor, draft).endswith("/receipt"), visitor.text


def test_a_program_asks_by_a_code_and_another_answers_what_it_was_shown(app: Flask, seller: Visitor) -> None:
    house, now = app.extensions[NAME], app.extensions[NAME].clock.now()
    buyer, owner = (Caller(app, house.tokens.issue(Grant("applicant", who), now))
                    for who in ("sample-retiree", "sample-father"))
    Visitor(app).sign_in("sample-retiree")
    form = answers(house.desk.plan("home-transfer", SALE, now), now.date())
    said = {"bundle": "home-transfer", "situation": SALE}
    draft = f"/api/drafts/{buyer.post('/api/drafts', said).json['draft']}"
    consent = {"agreed": True, "sensitive": buyer.get(draft).json["asks_consent_for"]["sensitive"]}
    whole = buyer.patch(draft, {"form": form, "consent": consent}).json
    assert [(one["role"], one["state"]) for one in whole["agreements"]] == [("owner", "uninvited")]
    refused = buyer.post(f"{draft}/submit", {"consent": consent})
    assert (refused.status_code, refused.json["code"], refused.json["missing"][0]["name"]) == (
        409, "agreement_missing", "示例己")
    direct = buyer.file({**said, "form": form, "consent": consent}, "k-agreement")
    assert (direct.status_code, direct.json["code"]) == (409, "agreement_missing")
    code = buyer.post(f"{draft}/agreements/owner/code")
    assert code.status_code == 201
    assert buyer.post(f"{draft}/agreements/holder/code").status_code == 404
    taken = buyer.post("/api/agreements/open", {"code": code.json["code"]})
    assert (taken.status_code, taken.json["code"]) == (403, "not_the_party")
    seen = owner.post("/api/agreements/open", {"code": code.json["code"]}).json
    at = f"/api/agreements/{seen['agreement']}"
    assert (seen["state"], buyer.get(at).status_code) == ("opened", 404)
    stale = owner.post(at, {"answer": "agree", "digest": "0" * 64})
    assert (stale.status_code, stale.json["code"]) == (409, "agreement_changed")
    assert owner.post(at, {"answer": "perhaps"}).status_code == 422
    agreed = owner.post(at, {"answer": "agree", "digest": seen["digest"], "sensitive": True}).json
    made = document(app, "http://127.0.0.1:5000")
    receipt = buyer.post(f"{draft}/submit", {"consent": consent})
    assert receipt.status_code == 201, receipt.json
    case = f"/api/cases/{receipt.json['reference']}"
    late = owner.post(at, {"answer": "take_back"})
    assert (late.status_code, late.json["code"]) == (409, "not_now")
    for name, value in (("AgreementInvitation", code.json), ("Agreement", agreed), ("Agreement", owner.get(at).json),
                        ("Agreements", owner.get("/api/agreements").json), ("Draft", whole),
                        ("Disclosure", buyer.get(f"{case}/consent").json)):
        assert fits(made, name, value) == [], name
    guesser = Caller(app, house.tokens.issue(Grant("applicant", "guesser"), now))
    tried = [guesser.post("/api/agreements/open", {"code": f"0000000{number}"}).status_code
             for number in range(PERSONS_CODE.times + 1)]
    assert tried == [404] * PERSONS_CODE.times + [429]
