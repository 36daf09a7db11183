"""`flask report` prints a period for people, for spreadsheets and for programs."""

import csv
import io

from tests.ops.conftest import file, received, say


def test_a_report_is_a_table_a_spreadsheet_and_json(deployment):
    with deployment.house() as home:
        receipt, = file(home)
        received(home)
        say(home, receipt.legs[0].leg, "leg.granted", results=[])
        today = f"{home.clock.now().astimezone(home.settings.zone):%Y-%m-%d}"
    said = deployment.ok("report", today, today)
    assert "供水公司（water-office）  申请 1  办结 1  准予 1  一次通过 1" in said and "超期" not in said
    found = deployment.json("report", today, today)
    water = next(line for line in found["offices"] if line["id"] == "water-office")
    assert (water["name"], water["decided"], water["granted"], water["on_time_percent"]) == ("供水公司", 1, 1, 100.0)
    text = deployment.ok("report", today, today, "--csv", "--of", "offices")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert text.startswith("\ufeff")
    assert [(row["名称"], row["申请"], row["办结"], row["按时办结率%"]) for row in rows] == [
        ("供电公司", "1", "0", ""), ("供水公司", "1", "1", "100.0")]
    assert "没有可以统计的" in deployment.ok("report", "2020-01-01", "2020-01-31", "--csv")
    for wrong in (("2026-02-30", today), (today, "2020-01-01")):
        assert deployment.flask("report", *wrong).exit_code == 1
