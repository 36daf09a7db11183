"""Somebody who has a passport: their number is chosen, typed, shown and agreed to on the pages as it stands on it."""

from __future__ import annotations

import re

from flask import Flask

from store import people
from tests.pages.client import Visitor, controls
from tests.pages.test_agreements import SALE, code_of, say_yes, seller, submit
from tests.pages.test_words import fill, start
from web.wiring import NAME

__all__ = ("seller",)
PAPER, NUMBER = "home_owner_id.paper", "home_owner_id"


def save(buyer: Visitor, draft: str, kind: str, number: str) -> str:
    """Save the page of the home with another paper of the seller; where that led."""
    buyer.get(f"/drafts/{draft}/form/home")
    kept = [(name, value) for name, value in controls(buyer.page) if name not in {PAPER, NUMBER}]
    return buyer.send(buyer.at, *kept, (PAPER, kind), (NUMBER, number))


def has_passport(app: Flask, who: str) -> None:
    """Let the city know a person by the passport alone."""
    def unit(tx):  # type: ignore[no-untyped-def]
        known = people.account(tx, who)
        body = {code: "passport:E12345678" if code.endswith("_id") else value for code, value in known.body.items()}
        people.renew(tx, known, known.name, body)

    app.extensions[NAME].database.write(unit)


def test_a_row_that_is_left_blank_is_none_though_a_kind_of_paper_stands_in_it(visitor: Visitor) -> None:
    draft = start(visitor, "after-life", "sample-retiree", has_certificate=True, cremated=False, had=["pension"],
                  survivors=False, several_heirs=True, filer="self")
    fill(visitor, draft)
    visitor.get(f"/drafts/{draft}/form/heirs")
    visitor.send(visitor.at, *controls(visitor.page), ("do", "add:heirs"))
    blank = [(name, value) for name, value in controls(visitor.page) if name.startswith("heirs.2.")]
    assert ("heirs.2.id_number.paper", "id_card") in blank and ("heirs.2.id_number", "") in blank
    at = visitor.send(f"/drafts/{draft}/form/heirs", *controls(visitor.page))
    assert at != f"/drafts/{draft}/form/heirs", "the page goes on"


def test_a_kept_number_of_a_paper_that_is_not_taken_stands_beside_no_choice(app: Flask, visitor: Visitor) -> None:
    visitor.sign_in("sample-mother")
    has_passport(app, "sample-mother")
    ask = {"retire_kind": "age", "household_local": True, "deemed": False, "has_fund": False, "one_child": False}
    draft = start(visitor, "retirement", None, **ask, filer="self")
    visitor.get(f"/drafts/{draft}/form/person")
    assert '<option value="">请选择</option>' in visitor.page and "这里不能用护照；可以用的：居民身份证" in visitor.text
    assert (NUMBER.replace("home_owner", "holder"), "E12345678") in controls(visitor.page)


def test_a_seller_with_a_passport_is_written_down_shown_and_asked(
    app: Flask, visitor: Visitor, seller: Visitor,
) -> None:
    draft = start(visitor, "home-transfer", "sample-retiree", **SALE)
    fill(visitor, draft)
    save(visitor, draft, "passport", "护照")
    visitor.get(f"/drafts/{draft}/form/home")
    assert "护照号码不对：应为 5 到 20 位字母和数字" in visitor.text
    assert (PAPER, "passport") in controls(visitor.page) and (NUMBER, "护照") in controls(visitor.page)
    save(visitor, draft, "id_card", "E12345678")
    visitor.get(f"/drafts/{draft}/form/home")
    assert "请先选是哪一种：护照" in visitor.text
    save(visitor, draft, "passport", "e1234-5678")
    visitor.get(f"/drafts/{draft}/materials")
    assert "身份证件(卖方)" in visitor.text
    assert "电子证照库按身份证号查询，产权人证件号码填的是别的证件，没有查询，请您自己上传" in visitor.text
    visitor.send(f"/drafts/{draft}/sample-papers")
    visitor.get(f"/drafts/{draft}/consent")
    shown = re.search(r'name="shown" value="([^"]+)"', visitor.page)
    assert shown is not None
    visitor.send(f"/drafts/{draft}/consent", ("shown", shown[1]), ("agreed", "yes"), ("sensitive", "yes"))
    visitor.get(f"/drafts/{draft}/review")
    assert "产权人证件号码 护照 e1234-5678" in visitor.text
    code = code_of(visitor, draft)
    seller.get("/agreements")
    seller.send("/agreements", ("code", code))
    assert seller.status == 403, "the account still knows the seller by another paper"
    has_passport(app, "sample-father")
    seller.get("/agreements")
    seller.send("/agreements", ("code", code))
    assert "护照 E12****78" in seller.text, seller.text
    say_yes(seller)
    assert submit(visitor, draft).endswith("/receipt"), visitor.text
