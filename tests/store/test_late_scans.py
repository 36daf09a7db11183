"""What no scanner has cleared goes nowhere, on both stores: it waits and nobody waits with it, leaves with the scan,
and is asked for again if something is found in it."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from bench.applicant import CATALOG
from bench.inside import SUBJECT, Inside, inside
from connectors.base import Answer
from desk import writing
from desk.applicants.afterwards import Supply
from desk.applicants.filing import Also
from desk.desk import Desk
from desk.errors import InvalidAnswers, NotScanned, Quarantined, UnknownFile, UnknownLeg
from desk.sending.claims import Claim
from desk.sending.outgoing import Letter, offer_and_send
from desk.sending.recording import Came
from desk.upkeep.late_scans import AGAIN, LEASE
from desk.upkeep.watch import Watch
from desk.uploads.content import BadFile
from desk.uploads.files import owner_of
from desk.uploads.papers import SPOILED
from desk.uploads.scanning import REST
from desk.values import Receipt
from desk.writing import Change
from dispatch import inspector
from dispatch.retry import Then
from store import audit, failpoints, files, leaving, messages
from store.engine.opening import Place
from store.errors import StoreUnavailable
from store.port import Tx
from store.telling import news
from store.uploads import uncleared
from tests.clamd import EICAR, FOUND, Clamd
from tests.store.lists import PULL, changed_list
from web.pages.answer import _ask as asked_on_its_page
from web.staff.leg_sheet import WITHHELD, papers_of

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
SOON, LATER = NOW + timedelta(minutes=1), NOW + timedelta(hours=1)
BUNDLE = "credit-repair"
SITUATION = CATALOG.bundles[BUNDLE].figures
WHOLE = {**CATALOG.bundles["utilities"].figures, "services": ["power"]}
PUSHED, FETCHES = "development-reform", "market-regulator"
PAID, DONE = "penalty_paid#1", "duty_done"  # papers of leg 01.1, which is pushed, and of 03, which is fetched
GOOD, BAD = b"%PDF-1.4 good", b"%PDF-1.4 " + EICAR


class Town(Inside):
    """A portal whose market regulator fetches, and a scanner that comes and goes; `sent` are the legs that were pushed,
    with every byte that left."""

    def __init__(self, app: Flask, scanner: Clamd) -> None:
        super().__init__(app)
        self.scanner, self.left = scanner, b""

    def keep(self, content: bytes, owner: str = SUBJECT) -> str:
        """Upload a paper as a page does it."""
        cleared = self.desk.scans.cleared(owner, [content], NOW)
        return self.desk.keep_file(owner, ("纸.pdf", "application/pdf"), [content], NOW, cleared=cleared).file

    def filed(self, also: Also | None = None, **unseen: bytes) -> tuple[Receipt, dict[str, str]]:
        """A case with every paper; those of `unseen` came while no scanner answered."""
        filing = self.filing(SITUATION, NOW, BUNDLE)
        self.desk.late_scans.go_round(NOW)
        self.scanner.stop()
        kept = {key: self.keep(unseen[key]) for key in unseen}
        papers = {**filing.materials, **{key: (file,) for key, file in kept.items()}}
        return self.desk.intake.file(SUBJECT, replace(filing, materials=papers), "k", NOW, also), kept

    def scan(self, now: datetime) -> int:
        """The scanner is back, and goes through what waits."""
        self.scanner.start()
        return self.desk.late_scans.go_round(now)

    def pushed(self, now: datetime) -> dict[str, dict[str, Any]]:
        """Push what is due; what left, by leg and type."""
        claims = self.desk.claim(dict.fromkeys(self.house.deployment.bodies, 64), now, 1000)
        self.record(claims, now)
        return {f"{claim.id.leg} {claim.id.type}": json.loads(claim.outgoing.body)["data"] for claim in claims}

    def record(self, claims: list[Claim], now: datetime) -> None:
        """Every office has what was pushed to it."""
        self.left += b"".join(claim.outgoing.body for claim in claims)
        assert self.desk.record([Came(claim, Answer("received"), Then("done")) for claim in claims], now) == []

    def fetched(self, now: datetime) -> list[str]:
        """What the office that fetches can read: the numbers of the legs in its feed."""
        legs = [line["leg"] for line in self.desk.feed.after(FETCHES, 0, 100)]
        self.left += b"".join(json.dumps(self.desk.feed.fetch(FETCHES, leg, now)).encode()
                              for leg in dict.fromkeys(legs))
        return [leg.rpartition("-")[2] for leg in legs]

    def leg(self, reference: str, number: str) -> dict[str, Any]:
        legs = self.desk.case_view(SUBJECT, reference, LATER)["legs"]
        return next(leg for leg in legs if leg["leg"] == number)

    def figures(self) -> tuple[int, int]:
        """How many files wait, and in how many something was found."""
        with self.house.database.read() as tx:
            found = uncleared.figures(tx)
        return found.waiting, found.infected


@pytest.fixture
def town(place: Place, tmp_path: Path) -> Iterator[Town]:
    scanner = Clamd().start()
    listed = str(changed_list(tmp_path, FETCHES, PULL))
    with inside(tmp_path, place.data, place.url, YJS_DEPARTMENTS=listed, YJS_SCANNER=scanner.setting) as there:
        yield Town(there.app, scanner)
    with suppress(OSError):
        scanner.stop()


@pytest.fixture
def elsewhere(town: Town) -> Desk:
    """Another host on the same store."""
    return Desk(replace(town.desk._premises, embedded=False))


def test_what_names_a_file_that_nobody_has_looked_at_waits_alone_and_leaves_with_the_scan(town: Town) -> None:
    receipt, kept = town.filed(**{PAID: GOOD, DONE: GOOD})
    assert set(town.pushed(NOW)) == {"01.2 leg.filed"}
    assert town.fetched(NOW) == ["02"]
    assert town.figures() == (2, 0)
    for refused in (lambda: town.desk.open_file(SUBJECT, kept[PAID]),
                    lambda: town.desk.open_department_file(FETCHES, kept[DONE])):
        with pytest.raises(NotScanned):
            refused()
    with pytest.raises(UnknownLeg):
        town.desk.feed.fetch(FETCHES, f"{receipt.reference}-03", NOW)
    later = [Letter("03", "leg.material_added", b'{"data":{}}', waits=True)]  # which no office reads before its filing
    known, premises = town.desk._book.known(receipt.reference), town.desk._premises
    assert writing._names(Change(known, (), (), ()), later[0], *[{kept[DONE]}] * 2)
    town.house.database.write(lambda tx: offer_and_send(tx, premises, known.legs, later, SOON))
    town.desk.late_scans._release(receipt.reference, SOON)
    town.desk.sweep(SOON)
    assert (town.pushed(SOON), town.fetched(SOON)) == ({}, ["02"])
    assert town.scan(LATER) == 2
    assert set(town.pushed(LATER)) == {"01.1 leg.filed"}
    assert town.fetched(LATER) == ["02", "03", "03"]
    assert [line["type"] for line in town.desk.feed.after(FETCHES, 0, 9)] == ["leg.filed", "leg.filed",
                                                                              "leg.material_added"]
    assert b"".join(town.desk.open_department_file(FETCHES, kept[DONE])[1]) == GOOD
    assert town.figures() == (0, 0)
    town.desk.sweep(LATER)
    assert list(Watch(town.house.database).everything()) == []


def test_a_file_in_which_something_is_found_late_never_left_and_is_asked_for_again(town: Town) -> None:
    receipt, kept = town.filed(**{PAID: BAD, DONE: BAD})
    town.pushed(NOW), town.fetched(NOW)
    assert town.scan(LATER) == 2
    town.desk.sweep(LATER)
    assert (town.pushed(LATER), town.fetched(LATER), town.figures()) == ({}, ["02"], (0, 2))
    for number, key in (("01.1", PAID), ("03", DONE)):
        leg = town.leg(receipt.reference, number)
        ask, = (one for one in leg["asks"] if one["open"])
        assert (leg["state"], [entry["material"] for entry in ask["materials"]]) == ("held", [key])
        assert "病毒" in ask["reason"] and ask["until"] is None
        with pytest.raises(Quarantined):
            town.desk.open_file(SUBJECT, kept[key])
        with pytest.raises(InvalidAnswers) as same:  # it is not brought again
            answer(town, receipt, number, ask["id"], {key: kept[key]})
        assert same.value.errors["materials"] == {key: [SPOILED]}
        answer(town, receipt, number, ask["id"], {key: town.keep(GOOD)})
    assert set(town.pushed(LATER)) == {"01.1 leg.filed"}
    assert town.fetched(LATER) == ["02", "03"]
    assert not any(file.encode() in town.left for file in kept.values())
    with town.house.database.read() as tx:
        found = [(entry.action, entry.target, entry.data) for entry in audit.entries(tx)]
        assert {line.kind for line in news.of_subject(tx, SUBJECT, None, 99)[0]} == {"ask"}
    assert sorted(found) == sorted(("file.infected", file, {"found": FOUND}) for file in kept.values())
    town.desk.sweep(LATER)
    assert list(Watch(town.house.database).everything()) == []


def answer(town: Town, receipt: Receipt, leg: str, ask: str, papers: dict[str, str], **fields: Any) -> None:
    supply = Supply(leg, ask, fields, {key: (file,) for key, file in papers.items()})
    town.desk.afterwards.supplement(SUBJECT, receipt.reference, supply, "-".join([ask, *papers.values()]), LATER)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_an_answer_in_which_something_is_found_is_asked_again_in_part_and_told_whole(town: Town) -> None:
    receipt, _ = town.filed()
    town.pushed(NOW)
    leg = f"{receipt.reference}-01.1"
    town.say(PUSHED, leg, "leg.supplement_required", SOON, ask="b1", reason="看不清", limit="5wd", fields=["remarks"],
             materials=[{"material": PAID, "name": "缴款凭证"}, {"material": "other", "name": "说明"}])
    bad, good = town.keep(BAD), town.keep(GOOD)
    answer(town, receipt, "01.1", "b1", {PAID: bad, "other": good}, remarks="已补")
    assert town.pushed(LATER) == {}
    assert town.scan(LATER) == 2
    held = town.leg(receipt.reference, "01.1")
    ask, = (one for one in held["asks"] if one["open"])
    assert (held["state"], ask["id"], len(ask["materials"])) == ("supplemented", "b1", 1)
    view = town.desk.case_view(SUBJECT, receipt.reference, LATER)
    assert asked_on_its_page(view, "01.1", "b1") == (held, ask)
    assert town.pushed(LATER) == {}
    again = town.keep(GOOD)
    answer(town, receipt, "01.1", "b1", {PAID: again})
    said = town.pushed(LATER)["01.1 leg.supplemented"]
    assert (said["ask"], said["round"], len(said["fields"])) == ("b1", 1, 1)
    assert {paper["material"]: paper["files"][0]["url"][-32:] for paper in said["materials"]} == {
        PAID: again, "other": good}
    assert bad.encode() not in town.left


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_what_something_is_found_in_before_a_case_has_it_is_nobodys_to_file_and_goes_with_the_leftovers(
        town: Town) -> None:
    town.scanner.stop()
    mine, theirs = town.keep(BAD), town.keep(BAD, owner_of(PUSHED))
    filing = town.filing(SITUATION, NOW, BUNDLE)
    assert town.scan(LATER) > 2
    with pytest.raises(InvalidAnswers) as refused:
        town.desk.intake.file(SUBJECT, replace(filing, materials={**filing.materials, PAID: (mine,)}), "k", NOW)
    assert refused.value.errors["materials"] == {PAID: [SPOILED]}
    for look in (lambda: town.desk.open_file(SUBJECT, mine), lambda: town.desk.open_department_file(PUSHED, theirs)):
        with pytest.raises(Quarantined, match="查出病毒"):
            look()
    unfiled = leaving.unfiled(town.house.database, SUBJECT, LATER)
    assert mine in {one.file for one in unfiled}, "it goes with its account"
    assert town.desk.describe_file(SUBJECT, mine).name == "纸.pdf", "a draft's page shows it, so that it can be removed"
    for stranger in (lambda: town.desk.open_file("else", mine),
                     lambda: town.desk.open_department_file(FETCHES, theirs)):
        with pytest.raises(UnknownFile):
            stranger()
    assert town.figures() == (0, 2)
    town.desk.sweep(NOW + timedelta(days=90))  # what nobody files goes with the leftovers
    with town.house.database.read() as tx:
        assert (files.several(tx, [mine, theirs]), town.figures()) == ({}, (0, 0))


def test_what_names_a_departments_file_in_which_something_is_found_goes_without_it_and_says_so(town: Town) -> None:
    case, repair = town.file(WHOLE, "whole", NOW), town.filed()[0]
    office = {leg.leg.removeprefix(case.reference): leg.department for leg in case.legs}
    town.desk.late_scans.go_round(NOW)
    town.pushed(NOW), town.fetched(NOW)
    for number, paper in (("-08", "K14"), ("-03", "plan_reply")):
        town.say(office[number], f"{case.reference}{number}", "leg.granted", NOW,
                 results=[{"material": paper, "name": "结果"}])
        town.pushed(SOON)
    town.say(FETCHES, f"{repair.reference}-03", "leg.refused", NOW, reason_code="R1", reason="不符")
    town.scanner.stop()
    gave = {leg: town.keep(BAD, owner_of(by)) for leg, by in (("-09", office["-09"]), ("-02", FETCHES))}
    for by, leg, paper in ((office["-09"], f"{case.reference}-09", "pipeline_permit"),
                           (FETCHES, f"{repair.reference}-02", "abnormal_decision")):
        result = {"material": paper, "name": "决定", "number": "许-1", "files": [gave[leg[-3:]]]}
        assert town.say(by, leg, "leg.granted", SOON, results=[result]) == "applied"
    assert [town.pushed(SOON + timedelta(minutes=n)) for n in (0, 9)] == [{}, {}]
    assert town.fetched(SOON) == ["02", "03"]
    assert town.scan(LATER) == 2
    added = town.pushed(LATER)
    assert {name: [paper["name"] for paper in said["materials"] if "withheld" in paper]
            for name, said in added.items()} == {
        "04 leg.filed": ["移出经营异常名录决定书"],
        **{f"{number} leg.material_added": ["前一环节批准文件"] for number in ("11", "13")}}
    for paper in (paper for said in added.values() for paper in said["materials"] if "withheld" in paper):
        assert (paper["obtained"], paper["files"], paper["documents"][0]["number"]) == ("result", [], "许-1")
        lost, = paper["withheld"]
        assert (lost["name"], lost["why"], "url" in lost) == ("纸.pdf", "infected", False)
    with town.house.database.read() as tx:
        gone, barred = (of(tx, repair.reference) for of in (uncleared.spoiled_results, uncleared.of_case))
    known = town.desk._book.known(repair.reference)
    filing = Change(known, (), (), ()), Letter("04", "leg.filed", None)
    assert [writing._names(*filing, barred, later) for later in (barred, barred - gone)] == [True, False], (
        "an office that fetches does not wait for it either")
    entry = {"name": "决定", "files": [{"name": "纸.pdf", "url": f"https://x/{gave['-09']}"}]}
    body = json.dumps({"data": {"materials": [entry]}}).encode()
    known = town.desk._book.known(case.reference)
    change = Change(known, (), (Letter("11", "leg.material_added", body),), ())
    write = town.house.database.write
    letter, = write(lambda tx: town.desk._book._writing._letters(tx, change, known.legs))
    lost = {"name": "决定", "files": [], "withheld": [{"name": "纸.pdf", "why": "infected"}]}
    assert json.loads(letter.body)["data"]["materials"] == [lost], "found on another host since it was written"
    with town.app.test_request_context():
        sheet = papers_of(town.desk.officers.sheet(PUSHED, f"{repair.reference}-04", LATER))
    assert [one for paper in sheet for one in paper.documents if "病毒" in one] == [WITHHELD.format("纸.pdf")]
    assert not any(file.encode() in town.left for file in gave.values())
    with pytest.raises(Quarantined, match="请联系办理部门"):
        town.desk.open_file(SUBJECT, gave["-09"])
    town.desk.sweep(LATER)
    assert (town.figures(), list(Watch(town.house.database).everything())) == ((0, 2), [])


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_what_a_full_store_has_put_off_goes_without_the_spoiled_file_all_the_same(
        town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    case = town.file(WHOLE, "whole", NOW)
    office = {leg.leg.removeprefix(case.reference): leg.department for leg in case.legs}
    town.desk.late_scans.go_round(NOW)
    town.pushed(NOW)
    for number, paper in (("-08", "K14"), ("-03", "plan_reply")):
        town.say(office[number], f"{case.reference}{number}", "leg.granted", NOW,
                 results=[{"material": paper, "name": "结果"}])
        town.pushed(SOON)
    town.scanner.stop()
    result = {"material": "pipeline_permit", "name": "决定", "files": [town.keep(BAD, owner_of(office["-09"]))]}
    assert town.say(office["-09"], f"{case.reference}-09", "leg.granted", SOON, results=[result]) == "applied"
    book, later = town.desk._book, SOON + timedelta(minutes=20)
    with monkeypatch.context() as full:
        full.setattr(book, "advance_all", lambda wishes, now: [StoreUnavailable("full") for _ in wishes])
        assert town.pushed(later) == {}
    assert town.scan(LATER) == 1
    sent = town.pushed(LATER + timedelta(days=1))
    assert sent.keys() == {"11 leg.material_added", "13 leg.material_added"}
    assert all(paper["withheld"] for said in sent.values() for paper in said["materials"])


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_what_is_found_at_once_is_not_kept(town: Town) -> None:
    with pytest.raises(BadFile, match="病毒"):
        town.keep(BAD)
    with town.house.database.read() as tx:
        entry, = audit.entries(tx)
        assert (entry.actor, entry.action, entry.data, files.held(tx, SUBJECT)) == (
            SUBJECT, "file.refused", {"found": FOUND}, 0)


@pytest.mark.parametrize("point", ["scan.after_look", "scan.before_follow"])
def test_a_scan_that_is_cut_off_goes_on_once_its_lease_is_over_on_whichever_host(
        town: Town, elsewhere: Desk, point: str) -> None:
    receipt, _ = town.filed(**{PAID: BAD})
    failpoints.arm(f"{point}:raise")
    with pytest.raises(StoreUnavailable):
        town.scan(SOON)
    failpoints.arm("")
    assert elsewhere.late_scans.go_round(SOON) == 0
    assert set(town.pushed(SOON)) == {"01.2 leg.filed"}
    assert town.leg(receipt.reference, "01.1")["state"] == "queued"
    assert elsewhere.late_scans.go_round(SOON + LEASE) == 1
    town.desk._book.forget(receipt.reference)  # nobody tells an embedded store of other hosts
    assert town.leg(receipt.reference, "01.1")["state"] == "held"
    assert (town.pushed(LATER), town.figures()) == ({}, (0, 1))


def test_a_scan_that_died_with_the_only_process_goes_on_at_its_next_start(town: Town) -> None:
    town.filed(**{PAID: BAD})
    failpoints.arm("scan.after_look:raise")
    with pytest.raises(StoreUnavailable):
        town.scan(SOON)
    failpoints.arm("")
    assert town.desk.late_scans.go_round(SOON) == 0
    town.desk.recover(SOON)
    assert (town.desk.late_scans.go_round(SOON), town.figures()) == (1, (0, 1))


def test_two_hosts_that_look_at_the_same_files_say_each_thing_once(town: Town, elsewhere: Desk) -> None:
    receipt, _ = town.filed(**{PAID: BAD, DONE: GOOD})
    town.scanner.start()
    with town.house.database.read() as tx:
        both = [one for one, _ in uncleared.listed(tx, None, 9)[0]]
    for host in (town.desk, elsewhere) * 2:
        for one in both:
            host.late_scans._judge(one, SOON)
            host.late_scans._follow(one.file, SOON)
    with town.house.database.read() as tx:
        assert [entry.action for entry in audit.entries(tx)] == ["file.infected"]
        assert sum(one.leg == "03" and one.state == "due" for one in messages.of_case(tx, receipt.reference)) == 1
    assert len(town.leg(receipt.reference, "01.1")["asks"]) == 1
    assert town.fetched(SOON) == ["02", "03"]


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_scanner_that_is_away_is_asked_now_and_then_and_a_file_it_cannot_judge_keeps_no_other(town: Town) -> None:
    town.scanner.stop()
    gone, whole = town.keep(GOOD), town.keep(GOOD)
    assert town.desk.late_scans.go_round(NOW + REST) == 1
    town.scanner.start()
    assert town.desk.late_scans.go_round(NOW + REST) == 0
    town.house.desk._premises.vault.drop(gone)
    assert town.desk.late_scans.go_round(NOW + 2 * REST) == 2
    assert town.desk.late_scans.go_round(NOW + 2 * REST) == 0
    with town.house.database.read() as tx:
        left, = (one for one, _ in uncleared.listed(tx, None, 9)[0])
    assert (left.file, left.detail) == (gone, "unknown_file")
    assert left.next_at is not None and left.next_at >= NOW + 2 * REST + AGAIN
    assert b"".join(town.desk.open_file(SUBJECT, whole)[1]) == GOOD


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
def test_a_scan_that_ends_while_its_case_is_being_filed_lets_go_what_the_filing_put_off(
        town: Town, elsewhere: Desk) -> None:
    def look() -> None:  # at a file that it took before the filing had it
        with elsewhere._premises.database.read() as tx:
            (one, _), = uncleared.listed(tx, None, 9)[0]
        elsewhere.late_scans._judge(one, SOON)
        elsewhere.late_scans._follow(one.file, SOON)

    scans = threading.Thread(target=look)

    def meanwhile(_tx: Tx, _reference: str) -> None:
        town.scanner.start()
        scans.start()
        scans.join(1.0)  # it waits for this transaction

    town.filed(meanwhile, **{DONE: GOOD})
    scans.join()
    assert (town.fetched(SOON), town.figures()) == (["02", "03"], (0, 0))


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_the_inspector_goes_through_what_waits_by_itself(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.filed(**{PAID: GOOD, DONE: BAD})
    monkeypatch.setattr(inspector, "NAP", 0.01)
    clock = iter(NOW + REST * number for number in itertools.count(1))
    at_work = inspector.Inspector(town.desk.late_scans, town.house.parts.scanner, lambda: next(clock)).start()
    town.scanner.start()
    ends = time.monotonic() + 20
    while town.figures() != (0, 1) and time.monotonic() < ends:
        time.sleep(0.01)
    at_work.stop(10.0)
    assert town.figures() == (0, 1)
