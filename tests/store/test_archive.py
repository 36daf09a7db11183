"""A case of either store becomes a package that proves itself, as long as it was not erased."""

from datetime import UTC, datetime, timedelta

import pytest

from bench.inside import inside
from desk.errors import CannotArchive
from desk.records.archive import Made, gather, write
from desk.records.archive_check import check
from desk.staff.acts import Act

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
POWER = {"services": ["power"], "outside_line": False, "filer": "agent"}


def test_a_case_of_either_store_becomes_a_sound_package(place, tmp_path):
    with inside(tmp_path, place.data, place.url) as there:
        reference = there.file(POWER, "key-1", NOW).reference
        there.deliver(NOW)
        there.say("power-grid", f"{reference}-03", "leg.refused", NOW, reason_code="R1", reason="容量不足")
        database, vault = there.house.database, there.house.opened.vault
        path = tmp_path / "package.zip"
        with path.open("wb") as stream:
            write(stream, gather(database, reference), vault, Made(NOW, "档案员", there.house.settings.zone))
        made = check(path)
        assert (made.reference, made.files > 0, made.events > 3) == (reference, True, True)
        act = Act("ops", "保存期满")
        assert there.desk.operations.erasures.erase([reference], act, NOW + timedelta(days=40)) == {reference: ""}
        with pytest.raises(CannotArchive, match="已经依法删除"):
            gather(database, reference)
