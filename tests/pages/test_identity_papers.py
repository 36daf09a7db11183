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
