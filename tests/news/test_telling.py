"""Applicants are told what happened, once, while it is true, in words that name nobody."""

from dataclasses import replace
from datetime import timedelta

import pytest

from desk.acts import Act
from desk.applicant import Supply
from desk.desk import Desk
from store import bulletins, moved, preferences
from store.preferences import Preferences
from tests.news.conftest import Town, said
from tests.oversight.conftest import ON_BOTH, at

MORNING = at(6, 10)
ACT = Act("operator", "维护")


def answer(town, reference, ask, now):
    """The applicant answers an ask of the water leg."""
    file = town.desk.keep_file("somebody", ("图.png", "image/png"), [b"\x89PNG\r\n\x1a\n" + bytes(99)], now).file
    town.desk.supplement("somebody", reference, Supply("01", ask, {}, {"BL01": (file,)}), f"s{now}", now)


@ON_BOTH
def test_an_ask_is_told_with_its_limit_reminded_of_and_forgotten_once_it_is_answered(town):
    reference = town.file()
    town.desk.sweep(MORNING)
    town.ask(reference, MORNING, limit="10wd")
    assert town.heard() == []  # a notice tells nobody anything: the sweep finds what moved
    for _ in range(2):
        town.desk.sweep(MORNING)
    one, = town.news()
    assert (one.kind, one.leg, one.until, one.read_at) == ("ask", "01", "2026-01-20", None)
    assert "请在 1月20日 前完成" in one.text
    departing, = town.leaving(MORNING)
    told = said(departing)
    assert told["link"] == f"http://127.0.0.1:5000/cases/{reference}"
    assert told["recipient"] == {"subject": "somebody"}
    assert "13900000000" not in departing.body.decode()  # what a department writes stays here
    town.desk.sweep(at(19, 10))
    town.desk.sweep(at(19, 11))
    assert town.heard() == [("ask", "01"), ("reminder", "01")]
    answer(town, reference, "a0610", at(19, 12))
    town.desk.sweep(at(20))
    assert town.heard() == [("ask", "01"), ("reminder", "01")]
    assert town.leaving(at(20)) == []  # nor does what was told of it leave any more
