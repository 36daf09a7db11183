"""What is filed at a counter is filed while its visit is open, on both stores, and goes when its time is over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.inside import SUBJECT, Inside, inside
from desk.errors import VisitOver
from desk.values import AtCounter
from people.accounts import NewAccount
from people.identity import Identity
from people.visits import PLACE
from sources.samples import PERSONAS
from store import cases, erasure, files
from store.engine.opening import Place
from store.visits import visits

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
POWER = {"services": ["power"], "outside_line": False, "filer": "legal_rep"}
YEAR = visits.KEPT + timedelta(days=1)
BODY = {"why": "present", "checked": "seen", "paper": "id_card"}


@pytest.fixture
def there(place: Place, tmp_path: Path) -> Iterator[Inside]:
    with inside(tmp_path, place.data, place.url) as made:
        for who in (NewAccount(SUBJECT, "applicant", "示例甲", subject=SUBJECT, details=PERSONAS[0].details),
                    NewAccount("zhao", "counter", "赵示例", subject="zhao", details={PLACE: "三号窗"})):
            made.house.accounts.add(who, NOW)
        yield made


def test_a_case_is_filed_at_a_counter_while_the_visit_is_open_and_forgotten_with_it(there: Inside) -> None:
    desk, home, clerk = there.desk, there.house, Identity("zhao", "counter", by="session")
    person = home.accounts.get(SUBJECT)
    assert person is not None
    visit, other = (home.visits.open(clerk, secret, person, BODY, NOW) for secret in ("one", "another"))
    scan = desk.keep_file(SUBJECT, ("申请表.pdf", "application/pdf"), [b"%PDF-1.4 signed"], NOW).file
    at = AtCounter(visit.visit, visit.counter, {"application": (scan,)})
    filing = replace(there.filing(POWER, NOW), counter=at)
    over = NOW + timedelta(seconds=home.settings.visit_idle)
    for late in (filing, replace(filing, counter=at._replace(visit="JD0"))):
        with pytest.raises(VisitOver):
            desk.intake.file(SUBJECT, late, "late", over)
    reference = desk.intake.file(SUBJECT, filing, "k1", NOW).reference
    line, = desk.counter.still_open("三号窗", None, 9)[0]
    assert (line.reference, line.name, line.waits, desk.counter.still_open("四号窗", None, 9)) == (
        reference, "示**", "", ([], None))
    claim, = desk.claim({"power-grid": 9}, NOW)
    assert json.loads(claim.outgoing.body)["data"]["channel"] == "counter"
    assert scan.encode() not in claim.outgoing.body
    there.file(POWER, "k2", NOW)
    claim, = desk.claim({"power-grid": 9}, NOW)
    assert json.loads(claim.outgoing.body)["data"]["channel"] == "online"
    assert desk.case_view(SUBJECT, reference, NOW)["counter"] == {
        "name": "三号窗", "scans": [{"file": scan, "name": "申请表.pdf"}]}
    with home.database.read() as tx:
        found = [(one["counter"], one["cases"]) for one in visits.counted(tx, NOW, NOW + timedelta(days=1))]
    assert sorted(found) == [("三号窗", 0), ("三号窗", 1)]
    home.visits.end(other, NOW)
    home.database.write(lambda tx: visits.purge(tx, over))
    with home.database.read() as tx:
        assert [visits.get(tx, one.visit).how for one in (visit, other)] == [visits.IDLE, visits.PRESSED]
    home.database.write(lambda tx: visits.purge(tx, NOW + YEAR))
    with home.database.read() as tx:
        assert [one["visit"] for one in visits.counted(tx, NOW, NOW + timedelta(days=1))] == [visit.visit]
        case = cases.get(tx, reference)
    home.database.write(lambda tx: erasure.erase(tx, case, NOW, NOW))
    home.database.write(lambda tx: visits.purge(tx, NOW + YEAR))
    with home.database.read() as tx:
        assert (visits.counted(tx, NOW, NOW + timedelta(days=1)), files.of_case(tx, reference)) == ([], [])
