"""Drafts that a program saved with values of any shape still open in the browser."""

from __future__ import annotations

import pytest
from flask import Flask, g

from tests.desk.filings import FORM, SITUATION
from tests.pages.client import Visitor
from web.wiring import NAME

ODD = ([{}], [[1]], {"region": {}}, {"region": "370202", "text": {}}, {}, [], [None], 1e300, True, "文字")


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_a_draft_with_values_of_an_odd_shape_is_shown_with_its_problems(
    app: Flask, visitor: Visitor, odd: object,
) -> None:
    visitor.sign_in()
    house = app.extensions[NAME]
    with visitor.client:
        visitor.get("/cases")
        subject, now = g.identity.subject, house.clock.now()
    draft = house.desk.drafts.open(subject, "utilities", SITUATION, now)
    house.desk.drafts.save(subject, draft.id, {"form": dict.fromkeys(FORM, odd)}, now)
    visitor.get(f"/drafts/{draft.id}/review")
    assert visitor.status == 200
    for section in draft.plan.sections:
        visitor.get(f"/drafts/{draft.id}/form/{section.code}?check=1")
        assert visitor.status in {200, 404}
