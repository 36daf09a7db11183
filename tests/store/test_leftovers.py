"""What nobody came back for goes after its time, on both stores, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.inside import SUBJECT, Inside, inside
from desk.acts import Act
from desk.errors import UnknownDraft
from store import files
from store.errors import UnknownFile
from store.opening import Place

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
POWER = {"services": ["power"], "outside_line": False, "filer": "legal_rep"}
OFFICE = "power-grid"


@pytest.fixture
def there(place: Place, tmp_path: Path) -> Iterator[Inside]:
    with inside(tmp_path, place.data, place.url, YJS_KEEP_DRAFTS="90") as made:
        yield made


def kept(there: Inside, owner: str = SUBJECT, at: datetime = NOW) -> str:
    return there.desk.keep_file(owner, ("图.pdf", "application/pdf"), [b"x"], at).file


def left(there: Inside, named: list[str]) -> list[bool]:
    """Of which files the row is there; the bytes are there exactly then."""
    with there.house.database.read() as tx:
        rows = files.several(tx, named)
    for file in named:
        if file in rows:
            assert b"".join(there.house.opened.vault.open(file))
        else:
            with pytest.raises(UnknownFile):
                b"".join(there.house.opened.vault.open(file))
    return [file in rows for file in named]


def test_drafts_and_files_that_nobody_came_back_for_are_gone_and_nothing_else(there: Inside) -> None:
    desk = there.desk
    receipt = there.file(POWER, "filed", NOW)
    orphan, theirs, result, drafted = kept(there), kept(there), kept(there, f"department:{OFFICE}"), kept(there)
    named = kept(there, f"department:{OFFICE}")
    young = kept(there, at=NOW + 20 * DAY)
    draft = desk.open_draft(SUBJECT, "utilities", POWER, NOW)
    desk.attach(SUBJECT, draft.id, "BL01", [drafted], NOW)
    leg = f"{receipt.reference}-03"
    assert there.say(OFFICE, leg, "leg.refused", NOW, reason_code="R1", reason="不符") == "applied"
    assert there.say(OFFICE, leg, "leg.granted", NOW,
                     results=[{"name": "批复", "files": [{"file": named}]}]) == "quarantined"
    filed = [kept(there)]
    there.house.database.write(lambda tx: files.link(tx, receipt.reference, SUBJECT, filed))
    everything = [*filed, named, drafted, young, orphan, theirs, result]
    desk.sweep(NOW)
    desk.sweep(NOW + 29 * DAY)
    assert all(left(there, everything))
    desk.sweep(NOW + 31 * DAY)
    assert left(there, everything) == [True, True, True, True, False, False, False]
    assert desk.read_draft(SUBJECT, draft.id, NOW).id == draft.id
    desk.sweep(NOW + 91 * DAY)
    assert left(there, everything) == [True, True, False, False, False, False, False]
    with pytest.raises(UnknownDraft):
        desk.read_draft(SUBJECT, draft.id, NOW)


def test_while_the_service_is_paused_nothing_goes(there: Inside) -> None:
    orphan = kept(there)
    there.desk.operations.pause(Act("ops", "搬家"), NOW)
    there.desk.sweep(NOW + 40 * DAY)
    assert left(there, [orphan]) == [True]
