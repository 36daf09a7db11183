"""Two at once, or one behind the other: nothing is decided on what is no longer so, and nothing newer is lost."""

import base64
import json
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.base import Answer
from desk.applicants.afterwards import Supply, Withdrawal
from desk.desk import Desk
from desk.errors import MalformedNotice, NotNow
from desk.hearing.notices import Incoming
from desk.sending.recording import Came
from dispatch.retry import Then
from tests.desk.conftest import NOW
from tests.desk.filings import CONSENT, FORM, PNG, SITUATION, small_filing

ROOM = {"water-group": 4, "power-grid": 4}
DONE = Then("done")


@pytest.fixture
def receipt(desk):
    return desk.intake.file("somebody", small_filing(), "key-1", NOW)


@pytest.fixture
def beside(premises):
    """Another process on the same store, with a memory of its own."""
    return Desk(replace(premises, embedded=False))


def deliver(desk):
    for claim in desk.claim(ROOM, NOW):
        desk.record([Came(claim, Answer("received", ref="A-1"), DONE)], NOW)


def say(desk, leg, type_, after=1, **data):
    at = NOW + timedelta(minutes=after)
    said = {"type": type_, "timestamp": at.isoformat(), "data": {"leg": leg, **data}}
    return desk.notices.take(Incoming("water-group", f"m-{type_}-{after}", json.dumps(said).encode(), said), at)


def states(desk, receipt):
    return {leg["leg"]: leg["state"] for leg in desk.case_view("somebody", receipt.reference, NOW)["legs"]}


def test_a_notice_is_put_aside_only_on_what_is_really_so(premises, beside, receipt, desk):
    here = Desk(replace(premises, embedded=False))
    assert states(here, receipt)["01"] == "queued"
    deliver(beside)
    assert say(beside, f"{receipt.reference}-01", "leg.refused", 2, reason_code="R", reason="不符合") == "applied"
    # This process still remembers an open leg, in which the same decision would be news.
    assert say(here, f"{receipt.reference}-01", "leg.refused", 3, reason_code="R", reason="不符合") == "known"
    assert say(here, f"{receipt.reference}-01", "leg.granted", 4, results=[]) == "quarantined"


def test_a_decision_without_events_is_taken_again_if_the_case_moved(premises, beside, receipt):
    here = Desk(replace(premises, embedded=False))
    with pytest.raises(NotNow):
        here.afterwards.supplement("somebody", receipt.reference, Supply("01", "a1"), "s0", NOW)
    claims = {claim.id.leg: claim for claim in here.claim(ROOM, NOW)}
    assert say(beside, f"{receipt.reference}-01", "leg.accepted") == "applied"
    # An unknown outcome says nothing new about a leg that the department has accepted meanwhile.
    here.record([Came(claims["01"], Answer("unknown"), Then("ask", NOW))], NOW)
    assert states(here, receipt)["01"] == "accepted"


def test_a_slow_reader_never_puts_an_older_case_over_a_newer_one(desk, receipt, opened):
    book = desk._book
    old = book.known(receipt.reference)
    deliver(desk)
    assert book._remember(old).n > old.n
    assert set(states(desk, receipt).values()) == {"received"}


def test_two_that_answer_an_ask_with_the_same_key_at_once_are_both_told_that_it_is_done(desk, receipt):
    deliver(desk)
    ask = {"ask": "a1", "reason": "缺少附图", "limit": "5wd", "fields": [{"field": "pipe_plan", "name": "管线走向"}]}
    say(desk, f"{receipt.reference}-01", "leg.supplement_required", **ask)
    supply, wrong = Supply("01", "a1", {"pipe_plan": "沿示例路"}), []

    def answer():
        try:
            desk.afterwards.supplement("somebody", receipt.reference, supply, "s1", NOW)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=answer) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    with pytest.raises(NotNow):
        desk.afterwards.supplement("somebody", receipt.reference, supply, "s2", NOW)


def test_withdrawing_twice_with_the_same_key_is_done_once_and_with_another_refused(desk, receipt):
    wish = Withdrawal(None, "改期")
    desk.afterwards.withdraw("somebody", receipt.reference, wish, "w1", NOW)
    desk.afterwards.withdraw("somebody", receipt.reference, wish, "w1", NOW)
    with pytest.raises(NotNow):
        desk.afterwards.withdraw("somebody", receipt.reference, wish, "w2", NOW)


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "by another process"])
def test_who_withdraws_a_leg_that_is_just_leaving_withdraws_it_with_its_department(desk, beside, receipt, elsewhere):
    claims = {claim.id.leg: claim for claim in desk.claim({"water-group": 4}, NOW)}
    assert states(desk, receipt) == {"01": "queued", "03": "queued"}
    (beside if elsewhere else desk).afterwards.withdraw("somebody", receipt.reference, Withdrawal(None, "改期"), "w1",
                                                        NOW)
    assert states(beside, receipt) == {"01": "sending", "03": "withdrawn"}
    desk.record([Came(claims["01"], Answer("received", ref="A-1"), DONE)], NOW)
    assert {claim.outgoing.type for claim in beside.claim(ROOM, NOW)} == {"leg.withdrawn"}


def test_a_leg_whose_attempt_never_left_ends_at_once_and_leaves_no_more(desk, receipt):
    never = Answer("again", detail="not sent", sent=False)
    for claim in desk.claim(ROOM, NOW):
        desk.record([Came(claim, never, Then("send", NOW))], NOW)
    desk.afterwards.withdraw("somebody", receipt.reference, Withdrawal(None, "改期"), "w1", NOW)
    assert set(states(desk, receipt).values()) == {"withdrawn"}
    assert desk.claim(ROOM, NOW) == []


def test_a_leg_that_may_have_arrived_is_withdrawn_with_its_department(desk, receipt):
    for claim in desk.claim(ROOM, NOW):
        desk.record([Came(claim, Answer("again", status=503), Then("send", NOW + timedelta(hours=1)))], NOW)
    desk.afterwards.withdraw("somebody", receipt.reference, Withdrawal(None, "改期"), "w1", NOW)
    assert set(states(desk, receipt).values()) == {"queued"}
    assert desk.claim(ROOM, NOW) == []  # a withdrawal does not come before what it takes back
    for hours in (1, 2):
        claims = desk.claim(ROOM, NOW + timedelta(hours=hours))
        assert {claim.outgoing.type for claim in claims} == {("leg.filed", "leg.withdrawn")[hours - 1]}
        desk.record([Came(claim, Answer("received"), DONE) for claim in claims], NOW + timedelta(hours=hours))


def test_changes_made_while_the_sources_are_asked_are_kept_and_void_what_they_found(desk, sources):
    draft = desk.drafts.open("somebody", "utilities", SITUATION, NOW)
    desk.drafts.save("somebody", draft.id, {"form": FORM}, NOW)
    find, changed = sources.find, []

    def find_slowly(query):
        if not changed:
            changed.append(desk.drafts.save("somebody", draft.id, {"form": {"floor_area": 900}}, NOW))
        return find(query)

    sources.find = find_slowly
    shown = desk.drafts.save("somebody", draft.id, {"consent": CONSENT}, NOW)
    assert changed
    assert shown.form["floor_area"] == 900
    assert shown.found is None
    assert desk.submit_draft("somebody", draft.id, None, NOW).reference


def test_a_draft_becomes_its_case_in_the_transaction_of_the_filing(desk, opened, monkeypatch):
    draft = desk.drafts.open("somebody", "utilities", SITUATION, NOW)
    desk.drafts.save("somebody", draft.id, {"form": FORM, "consent": CONSENT}, NOW)
    seen, write = [], opened.db.write
    monkeypatch.setattr(type(opened.db), "write", lambda _, unit: seen.append(unit) or write(unit))
    receipt = desk.submit_draft("somebody", draft.id, None, NOW)
    assert len(seen) == 1
    assert desk.drafts.read("somebody", draft.id, NOW).filed_as == receipt.reference


@pytest.mark.parametrize(("state", "data", "expected"), [
    ("granted", {"results": []}, "granted"),
    ("granted", {"results": [{"name": "方案", "files": [{"base64": PNG, "name": "a.png"}]}]}, "granted"),
    ("refused", {"reason_code": "R1", "reason": "不符合"}, "refused"),
    ("refused", {}, "received"), ("granted", {}, "received"), ("granted", {"results": "all"}, "received"),
    ("granted", {"results": [{"files": [{"file": "nobodys"}]}]}, "received"),
])
def test_an_immediate_state_counts_only_with_what_its_notice_needs(desk, receipt, state, data, expected):
    claim = next(claim for claim in desk.claim(ROOM, NOW) if claim.id.leg == "01")
    desk.record([Came(claim, Answer("received", ref="A-1", state=state, data=data), DONE)], NOW)
    view = desk.case_view("somebody", receipt.reference, NOW)
    leg = next(leg for leg in view["legs"] if leg["leg"] == "01")
    assert leg["state"] == expected
    for file in [file for result in leg["results"] for file in result["files"]]:
        info, chunks = desk.open_file("somebody", file["file"])
        assert (info.name, b"".join(chunks)) == ("a.png", base64.b64decode(PNG))


def test_a_result_file_of_another_case_or_department_is_refused_alike(desk, receipt):
    deliver(desk)
    other = desk.intake.file("somebody", small_filing(), "key-2", NOW)
    deliver(desk)
    own = desk.keep_file("department:water-group", ("a.pdf", "application/pdf"), [b"%PDF"], NOW)
    foreign = desk.keep_file("department:power-grid", ("b.pdf", "application/pdf"), [b"%PDF"], NOW)
    told = []
    for file in (foreign.file, "no-such-file"):
        with pytest.raises(MalformedNotice) as refused:
            say(desk, f"{receipt.reference}-01", "leg.granted", results=[{"name": "方案", "files": [{"file": file}]}])
        told.append(str(refused.value))
    assert told[0] == told[1]
    results = [{"name": "方案", "files": [{"file": own.file}]}]
    assert say(desk, f"{receipt.reference}-01", "leg.granted", 2, results=results) == "applied"
    with pytest.raises(MalformedNotice, match="另一个办件"):
        say(desk, f"{other.reference}-01", "leg.granted", 3, results=results)
    assert states(desk, other)["01"] == "received"


def test_copies_of_a_notice_store_their_inline_file_once(desk, receipt, opened):
    deliver(desk)
    results = [{"name": "方案", "files": [{"base64": PNG, "name": "a.png"}]}]
    for _ in range(3):
        say(desk, f"{receipt.reference}-01", "leg.granted", results=results)
    with opened.db.read() as tx:
        assert tx.rows("select count(*) as n from files where owner = 'department:water-group'")[0]["n"] == 1


@pytest.mark.parametrize(("type_", "data", "named"), [
    ("leg.granted", {"results": ["x"]}, "results"), ("leg.granted", {"results": {"a": 1}}, "results"),
    ("leg.granted", {"results": [{"files": ["x"]}]}, "results"),
    ("leg.granted", {"results": [{"files": {}}, 1]}, "results"),
    ("leg.supplement_required", {"materials": "BL01"}, "materials"),
    ("leg.supplement_required", {"materials": [{"note": "x"}]}, "materials"),
    ("leg.supplement_required", {"fields": [7]}, "fields"), ("leg.supplement_required", {}, "materials"),
    ("leg.supplement_required", {"materials": ["BL01"], "limit": "soon"}, "limit"),
])
def test_a_notice_that_cannot_be_read_is_refused_and_named(desk, receipt, type_, data, named):
    deliver(desk)
    more = {"ask": "a1", "reason": "缺", "limit": "5wd"} if type_ == "leg.supplement_required" else {}
    with pytest.raises(MalformedNotice) as refused:
        say(desk, f"{receipt.reference}-01", type_, **{**more, **data})
    assert named in refused.value.errors["data"]
