"""What a closed case says of people is erased on both stores, and everything else holds as it did."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.inside import SUBJECT, Inside, inside
from desk.acts import Act
from desk.errors import UnknownCase, UnknownLeg
from desk.export import Extent, export, plain
from desk.watch import Watch
from oversight.ratings import Given, Ratings
from store import audit, files, tallies
from store.errors import UnknownFile
from store.opening import Place
from store.proof import verify

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


def lines(there: Inside, reference: str) -> list[dict[str, Any]]:
    """What an export with personal values says of a case."""
    found = [json.loads(json.dumps(line, default=plain)) for line in export(there.house.database, Extent(None, True))]
    return [line for line in found if reference in line["id"]]


def test_nothing_personal_is_left_of_an_erased_case_and_every_chain_holds(there: Inside) -> None:
    desk, database = there.desk, there.house.database
    (reference, code), (other, _) = ended(there, "one"), ended(there, "two")
    rate(there, reference, 4, "说得不清楚")
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
    assert [line["type"] for line in left if line["kind"] == "event"] == before
    assert all(line["erased"] and line["data"] == {} for line in left if line["kind"] == "event")
    assert {line["answer"] for line in left if line["kind"] == "attempt"} == {None}
    said = json.dumps(left, ensure_ascii=False)
    assert [words for words in ("容量不足", "说得不清楚") if words in said] == []
    assert [line["level"] for line in left if line["kind"] == "rating"] == [4]
    for reads in (lambda: desk.case_view(SUBJECT, reference, LATER), lambda: desk.track(reference, code, LATER),
                  lambda: desk.receipt(SUBJECT, reference)):
        with pytest.raises(UnknownCase):
            reads()
    with pytest.raises(UnknownLeg):
        there.say("power-grid", f"{reference}-03", "leg.remark", LATER, text="迟到")
    assert [one["reference"] for one in desk.cases_of(SUBJECT, LATER)] == [other]
    verdict = verify(database)
    assert (verdict.holds, verdict.erased) == (True, len(before))
    assert list(Watch(database).everything()) == []
    desk.sweep(LATER)
    with database.read() as tx:
        assert tallies.drift(tx) == []
        assert files.several(tx, papers) == {}
        assert [(one.action, one.target) for one in audit.entries(tx)] == [("case.erase", reference)]
    for paper in papers:
        with pytest.raises(UnknownFile):
            b"".join(there.house.opened.vault.open(paper))
    assert erased(there, reference) == {reference: "已经删除过"}


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
