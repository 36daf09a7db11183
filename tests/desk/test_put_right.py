"""A result that is put right comes after the wrong one, whatever became of the messages in between."""

from __future__ import annotations

import json

import pytest

from connectors.base import Answer
from desk.errors import CannotRetry
from desk.sending.recording import Came
from desk.staff.acts import Act
from dispatch.retry import Then
from store import messages
from tests.desk.filings import Filed
from tests.desk.test_given_fields import YEARS, minute, premises, retirement, sheet

__all__ = ("premises", "retirement")
ADDED = "leg.material_added"
REFUSED = Answer("refused", reason="格式不符", status=422), Then("done")
ACT = Act("operator", "试一试")


def deliver(case, now, first=None):
    """What leaves, as fields by number of the papers that came later; the first of them is answered as `first` says."""
    claims = case.desk.claim(dict.fromkeys(case.offices.values(), 64), now)
    came = [Came(claim, *(first if first and claim.id[2:] == (ADDED, 1) else (Answer("received"), Then("done"))))
            for claim in claims]
    assert case.desk.record(came, now) == []
    return {claim.id.n: json.loads(claim.outgoing.body)["data"]["fields"] for claim in claims if claim.id.type == ADDED}


def correct(case, now, leg, results):
    assert case.say(leg, "leg.corrected", now, what={"results": results}, authority="复核") == "applied"


@pytest.mark.parametrize("first", [
    (Answer("again", status=503), Then("send", minute(70))), (Answer("again", sent=False), Then("send", minute(70))),
    (Answer("unknown"), Then("ask", minute(70)))], ids=["again", "unsent", "unknown"])
def test_what_is_right_waits_for_what_was_wrong_and_is_still_under_way(retirement, first):
    retirement.to_medical(12)
    correct(retirement, minute(9), YEARS, sheet(13))
    assert deliver(retirement, minute(10), first) == {1: {"stjfys": 13}}
    correct(retirement, minute(11), YEARS, sheet(14))
    assert deliver(retirement, minute(12)) == {}
    assert [deliver(retirement, minute(at)) for at in (71, 80)] == [{1: {"stjfys": 13}}, {2: {"stjfys": 14}}]


def later(n):
    """After the time for which what is found must be public."""
    return minute(28_800 + n)


def refused_once(desk, catalog):
    """A case in which a department refused one correction and took the next; the key of the refused message."""
    case = Filed(desk, catalog, "disability", dict(catalog.bundles["disability"].figures))
    deliver(case, minute(1))
    card = [{"material": "ID07", "number": "N1"},
            {"name": "评定", "fields": {"disability_card_no": "37020219900101001X11", "disability_grade": "one"}}]
    assert case.say("01", "leg.granted", later(2), results=card) == "applied"
    deliver(case, later(3))
    fixed = {"name": "评定", "fields": {"disability_card_no": "37020219900101001X22", "disability_grade": "one"}}
    correct(case, later(4), "01", [card[0], fixed])
    deliver(case, later(5), REFUSED)
    correct(case, later(6), "01", [{"material": "ID07", "number": "N2"}, fixed])
    deliver(case, later(7))
    with case.desk._book._premises.database.read() as tx:
        lost = [one for one in messages.of_case(tx, case.reference) if one.state == "refused"]
    return case, f"{case.reference}-{lost[0].leg}:{lost[0].type}:{lost[0].n}"


def test_a_refused_correction_that_is_written_anew_says_all_that_is_given_now(desk, catalog):
    case, key = refused_once(desk, catalog)
    with pytest.raises(CannotRetry, match="请改发新消息"):
        case.desk.operations.resends.retry([key], corrected=False, act=ACT, now=later(8))
    case.desk.operations.resends.retry([key], corrected=True, act=ACT, now=later(8))
    claims = [claim for claim in case.desk.claim(dict.fromkeys(case.offices.values(), 64), later(9))
              if claim.id.type == ADDED]
    said = json.loads(claims[0].outgoing.body)["data"]
    assert "37020219900101001X22" in said["fields"].values() and said["corrected"] is True
    assert "N2" in [one["number"] for paper in said["materials"] for one in paper["documents"]]
