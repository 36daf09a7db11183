"""What a department took a statement for is listed with the day, or the matter, in which it has to look after it."""

import csv
import io
import shutil
from datetime import date, timedelta

import pytest

from bench.inside import inside
from store import legs
from tests.ops.conftest import HOME, Deployment

MARCH = date(2026, 3, 1), date(2026, 3, 31)
FORM = "form: fire_promise,"
CHECKS = {"20wd": ("2026-03-30", False), "fire-visit": (None, True), "": (None, False)}


def settled(there, now):
    """A restaurant of which every matter is granted; its reference."""
    situation = dict(there.house.catalog.bundles["restaurant"].figures)
    reference = there.file(situation, "key-1", now, "restaurant").reference
    for step in range(1, 4):  # each waits for the one before
        at = now + timedelta(minutes=step)
        there.deliver(at)
        with there.house.database.read() as tx:
            arrived = [row for row in legs.of_case(tx, reference) if row.state == "received"]
        for row in arrived:
            there.say(row.office, f"{reference}-{row.leg}", "leg.granted", at, results=[])
    return reference


@pytest.mark.parametrize("check", CHECKS, ids=["a-time", "a-matter", "nothing"])
def test_each_statement_is_listed_with_how_it_is_checked(check, tmp_path, monkeypatch):
    shutil.copytree(HOME / "bundles", tmp_path / "bundles")
    matters, clock = tmp_path / "bundles" / "matters" / "restaurant.yaml", tmp_path / "clock"
    matters.write_text(matters.read_text().replace(FORM, f"{FORM} later_check: {check}," if check else FORM))
    clock.write_text("2026-03-02T10:00:00+08:00 x0")
    place = {"YJS_BUNDLES": str(tmp_path / "bundles"), "YJS_CLOCK": str(clock)}
    with inside(tmp_path, **place) as there:
        name = str(there.house.catalog.matters["fire-visit"].name)
        reference = settled(there, there.house.clock.now())
        while there.house.daily.go_on(there.house.clock.now()):
            pass
        kept = there.house.daily.added(*MARCH, there.house.clock.now()).pledges
    deployment = Deployment(tmp_path, monkeypatch)
    for key, value in {**place, "YJS_KEYS": str(tmp_path / "keys" / "keys"), "YJS_SECRETS": str(tmp_path / "secrets"),
                       "YJS_DEPARTMENTS": str(HOME / "sandbox" / "departments.yaml"),
                       "YJS_SANDBOX_URL": "http://127.0.0.1:9"}.items():
        monkeypatch.setenv(key, value)
    found, = deployment.json("pledges", "2026-03-01", "2026-03-31")
    assert kept == [found]
    by, within = CHECKS[check]
    assert found == {
        "leg": f"{reference}-04", "office": "fire-rescue", "matter": found["matter"], "paper": "消防安全制度和疏散预案",
        "form": found["form"], "signers": "holder", "decided_on": "2026-03-02", "check_by": by,
        "check_within": name if within else None}
    assert deployment.json("pledges", "2026-03-01", "2026-03-31", "--office", "tobacco-bureau") == []
    assert deployment.json("pledges", "2026-03-03", "2026-03-31") == []
    if by:
        row, = csv.DictReader(io.StringIO(deployment.ok("pledges", "2026-03-01", "2026-03-31", "--csv")[1:]))
        assert (row["分办件"], row["核查到期"]) == (found["leg"], by)
        assert f"核查到期 {by}" in deployment.ok("pledges", "2026-03-01", "2026-03-31")
