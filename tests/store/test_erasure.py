"""What a closed case says of people is erased on both stores, and everything else holds as it did."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.inside import SUBJECT, Inside, inside
from desk.book import Book
from desk.desk import Desk
from desk.errors import UnknownCase, UnknownLeg
from desk.hearing.notices import Incoming
from desk.news import telling
from desk.records.export import Extent, export, plain
from desk.staff.acts import Act
from desk.upkeep.watch import Watch
from oversight.ratings import Given, Ratings
from store import audit, events, files, tallies
from store.chains import moved
from store.chains.proof import verify
from store.engine.opening import Place
from store.errors import UnknownFile
from store.events import Recorded
from store.port import Tx

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
LATER = NOW + 40 * DAY
POWER = {"services": ["power"], "outside_line": False, "filer": "legal_rep"}
ACT = Act("ops", "保存期满")


@pytest.fixture
def there(place: Place, tmp_path: Path) -> Iterator[Inside]:
    with inside(tmp_path, place.data, place.url) as made:
        yield made


def ended(there: Inside, key: str) -> tuple[str, str]:
    """A case of one leg that was refused; its reference and query code."""
    receipt = there.file(POWER, key, NOW)
    there.deliver(NOW)
    assert there.say("power-grid", f"{receipt.reference}-03", "leg.refused", NOW, reason_code="R1",
                     reason="容量不足，不予接入") == "applied"
    paper = there.desk.keep_file(SUBJECT, ("图.pdf", "application/pdf"), [b"x"], NOW).file
    there.house.database.write(lambda tx: files.link(tx, receipt.reference, SUBJECT, [paper]))
    return receipt.reference, receipt.code


def rate(there: Inside, reference: str, level: int, words: str = "") -> None:
    Ratings(there.house.database, there.desk).give(SUBJECT, reference, Given("", level, {}, words), "rating", NOW)


def erased(there: Inside, *references: str, at: datetime = LATER, act: Act = ACT) -> dict[str, str]:
    return there.desk.operations.erasures.erase(references, act, at)


def beside(there: Inside) -> Desk:
    """Another host on the same store, with a memory of its own."""
    return Desk(replace(there.desk._premises, embedded=False))


def say(desk: Desk, leg: str, type_: str, now: datetime, **data: Any) -> str:
    said = {"type": type_, "timestamp": now.isoformat(), "data": {"leg": leg, **data}}
    return desk.notices.take(Incoming("power-grid", f"m-{type_}-{now}", json.dumps(said).encode(), said), now)


def lines(there: Inside, reference: str) -> list[dict[str, Any]]:
    """What an export with personal values says of a case."""
    found = [json.loads(json.dumps(line, default=plain)) for line in export(there.house.database, Extent(None, True))]
    return [line for line in found if reference in line["id"]]


def test_nothing_personal_is_left_of_an_erased_case_and_every_chain_holds(there: Inside) -> None:
    desk, database = there.desk, there.house.database
    (reference, code), (other, _) = ended(there, "one"), ended(there, "two")
    rate(there, reference, 1, "说得不清楚")
    ratings, owed = Ratings(database, desk), Ratings(database, desk).bad(reference, "")
    ratings.fix(owed, Act("boss", "当面道歉"), NOW)
    ratings.call(owed, Act("boss", "接通，表示满意"), NOW)
    case = next(line for line in lines(there, reference) if line["kind"] == "case")
    papers = [one["file"] for one in case["files"]]
    assert papers and case["content"]["form"]
    before = [line["type"] for line in lines(there, reference) if line["kind"] == "event"]
    assert erased(there, reference, act=Act("ops", "试试", dry_run=True)) == {reference: ""}
    assert desk.case_view(SUBJECT, reference, LATER)["reference"] == reference
    assert erased(there, reference) == {reference: ""}
    left = lines(there, reference)
    kept = next(line for line in left if line["kind"] == "case")
    assert (kept["erased"], kept["content"], kept["subject"], kept["files"]) == (True, {}, "", [])
    assert [line["type"] for line in left if line["kind"] == "event"] == [*before, "case.erased"]
    assert all(line["erased"] and line["data"] == {} for line in left if line["kind"] == "event")
    assert {line["answer"] for line in left if line["kind"] == "attempt"} == {None}
    said = json.dumps(left, ensure_ascii=False)
    assert [words for words in (SUBJECT, "容量不足", "说得不清楚", "当面道歉") if words in said] == []
    assert [line["level"] for line in left if line["kind"] == "rating"] == [1]
    for reads in (lambda: desk.case_view(SUBJECT, reference, LATER), lambda: desk.track(reference, code, LATER),
                  lambda: desk.intake.receipt(SUBJECT, reference)):
        with pytest.raises(UnknownCase):
            reads()
    with pytest.raises(UnknownLeg):
        there.say("power-grid", f"{reference}-03", "leg.remark", LATER, text="迟到")
    assert [one["reference"] for one in desk.cases_of(SUBJECT, LATER)[0]] == [other]
    verdict = verify(database)
    assert (verdict.holds, verdict.erased) == (True, len(before) + 1)
    assert list(Watch(database).everything()) == []
    for hours in (0, 25):  # the bytes rest for a day, for a backup may be on its way to them
        assert b"".join(there.house.opened.vault.open(papers[0]))
        desk.sweep(LATER + timedelta(hours=hours))
    with database.read() as tx:
        assert tallies.drift(tx) == []
        assert files.several(tx, papers) == {}
        assert [(one.action, one.target, one.data) for one in audit.entries(tx)] == [
            ("rating.fix", reference, {}), ("rating.call", reference, {}),
            ("case.erase", reference, {"reason": ACT.reason})]
    for paper in papers:
        with pytest.raises(UnknownFile):
            b"".join(there.house.opened.vault.open(paper))
    assert erased(there, reference) == {reference: "已经删除过"}


def test_nothing_is_told_of_an_erased_case_and_of_its_persons_others_everything(
        there: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(replace(there.desk._premises, gateway=True))
    (one, _), (two, _) = ended(there, "one"), ended(there, "two")

    def left() -> list[list[str]]:
        while desk.bulletins.make(LATER):
            pass
        return [json.loads(going.body)["data"]["references"] for going in desk.bulletins.claim(9, LATER)]

    desk.sweep(NOW)
    assert desk.bulletins.make(LATER) == 1  # of both, in one bulletin, which never arrives
    assert erased(there, one) == {one: ""}
    assert (left(), desk.inbox.page(SUBJECT, None, LATER)[0][0].reference) == ([[two]], two)
    three, _ = ended(there, "three")
    looked = telling.folded

    def erased_meanwhile(book: Book, references: Iterable[str]) -> telling.Folded:
        found = looked(book, references)
        assert erased(there, three)[three] in {"", "已经删除过"}
        return found

    monkeypatch.setattr(telling, "folded", erased_meanwhile)
    desk.sweep(LATER)
    four, _ = ended(there, "four")
    named, eraser = moved.named, threading.Thread(target=lambda: erased(there, four))

    def one_by_one(references: Collection[str]) -> object:
        if isinstance(references, set) and not eraser.ident:  # seen, and about to be taken off the list
            eraser.start()
            eraser.join(0.5)  # an embedded store lets it wait for this transaction
        return named(references)

    monkeypatch.setattr(telling, "folded", looked)
    monkeypatch.setattr(moved, "named", one_by_one)
    desk.sweep(LATER)
    eraser.join()
    assert {one.reference for one in desk.inbox.page(SUBJECT, None, LATER)[0]} == {two}


def test_what_is_open_young_or_in_trouble_is_not_erased(there: Inside) -> None:
    reference, _ = ended(there, "one")
    strange, _ = ended(there, "two")
    running = there.file(POWER, "three", NOW).reference
    assert there.say("power-grid", f"{strange}-03", "leg.granted", NOW, results=[]) == "quarantined"
    complained, _ = ended(there, "four")
    rate(there, complained, 1)
    assert erased(there, complained)[complained].startswith("还有没有答复的差评")
    assert erased(there, reference, at=NOW + 29 * DAY) == {reference: "办结不满 30 天"}
    found = erased(there, strange, running, "none")
    assert found[strange].startswith("还有待处理的异常")
    assert (found[running], found["none"]) == ("还没有办结", "没有这个办件")
    assert there.desk.case_view(SUBJECT, strange, LATER)["reference"] == strange


def test_who_decided_on_a_case_that_is_erased_meanwhile_writes_nothing_to_it(there: Inside) -> None:
    reference, _ = ended(there, "one")
    other, rating = beside(there), Ratings(there.house.database, there.desk)
    say(other, f"{reference}-03", "leg.remark", NOW + DAY, text="还记得这件")
    made, kept = rating._made, []

    def slowly(*given: Any) -> Any:
        kept.append(erased(there, reference))
        return made(*given)

    rating._made = slowly  # type: ignore[method-assign]
    with pytest.raises(UnknownCase):
        rating.give(SUBJECT, reference, Given("", 1, {}, "迟到的差评"), "late", LATER)
    assert kept == [{reference: ""}]
    for type_, data in (("leg.remark", {"text": "迟到的话"}), ("leg.granted", {"results": []})):
        with pytest.raises(UnknownLeg):
            say(other, f"{reference}-03", type_, LATER, **data)
    assert [line for line in lines(there, reference) if line["kind"] in ("rating", "quarantine")] == []
    assert all(line["erased"] for line in lines(there, reference) if line["kind"] == "event")


def test_a_plan_goes_with_the_last_case_that_has_it(there: Inside) -> None:
    first, second = (ended(there, key)[0] for key in ("one", "two"))
    plan, = {line["plan"] for name in (first, second) for line in lines(there, name) if line["kind"] == "case"}

    def kept() -> bool:
        with there.house.database.read() as tx:
            return bool(tx.rows("select 1 as yes from plans where hash = :plan", plan=plan))

    assert (erased(there, first), kept()) == ({first: ""}, True)
    assert there.desk.case_view(SUBJECT, second, LATER)["reference"] == second
    assert (erased(there, second), kept()) == ({second: ""}, False)
    assert list(Watch(there.house.database).everything()) == []


def test_who_reads_a_case_while_it_is_erased_does_not_bring_it_back(there: Inside, monkeypatch: Any) -> None:
    reference, _ = ended(there, "one")
    there.desk._book.forget(reference)
    read = events.of_cases

    def slowly(tx: Tx, of: Sequence[str]) -> dict[str, list[Recorded]]:
        found = read(tx, of)
        monkeypatch.setattr(events, "of_cases", read)
        eraser = threading.Thread(target=erased, args=(there, reference))
        eraser.start()
        eraser.join()
        return found

    monkeypatch.setattr(events, "of_cases", slowly)
    there.desk.intake.receipt(SUBJECT, reference)
    with pytest.raises(UnknownCase):
        there.desk.intake.receipt(SUBJECT, reference)
