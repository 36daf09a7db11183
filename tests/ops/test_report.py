"""`flask report` prints a period for people, for spreadsheets and for programs; the page of supervisors is the same."""

import csv
import io

from oversight.sheets import as_csv
from tests.ops.conftest import deployment, file, received, say
from tests.staff.conftest import opened

__all__ = ["deployment", "opened"]


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
    assert (water["uscc"], next(line["code"] for line in found["matters"])) == ("", ""), "nothing is made up"
    text = deployment.ok("report", today, today, "--csv", "--of", "offices")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert text.startswith("\ufeff")
    assert [(row["名称"], row["申请"], row["办结"], row["按时办结率%"]) for row in rows] == [
        ("供电公司", "1", "0", ""), ("供水公司", "1", "1", "100.0")]
    assert "没有可以统计的" in deployment.ok("report", "2020-01-01", "2020-01-31", "--csv")
    for wrong in (("2026-02-30", today), (today, "2020-01-01")):
        assert deployment.flask("report", *wrong).exit_code == 1


def test_the_page_of_supervisors_is_what_the_command_counts_once_each_day_was_counted(deployment, opened):
    with opened("supervisor") as (home, clerk):
        receipt, = file(home)
        received(home)
        say(home, receipt.legs[0].leg, "leg.granted", results=[])
        now = home.clock.now()
        today = f"{now.astimezone(home.settings.zone):%Y-%m-%d}"
        days = f"?first={today}&last={today}"
        clerk.get(f"/staff/report/offices.csv{days}")
        assert (clerk.at, "还有 1 天没有统计完" in clerk.text) == ("/staff/report", True)
        assert (home.daily.go_on(now), home.daily.go_on(now)) == (True, False)
        clerk.get("/staff/report")
        assert "还有" not in clerk.text and "申请 1 件" in clerk.text and "100.0% 1/1" in clerk.text
        for table in ("bundles", "offices", "matters"):
            got = clerk.client.get(f"/staff/report/{table}.csv{days}", buffered=True)
            assert got.data == deployment.flask("report", today, today, "--csv", "--of", table).stdout_bytes
        got = clerk.client.get(f"/staff/report/pledges.csv{days}", buffered=True)
        assert got.data == deployment.flask("pledges", today, today, "--csv").stdout_bytes
        assert clerk.client.get(f"/staff/report/persons.csv{days}").status_code == 404
        for period in ("month", "last_month", "quarter", "last_quarter", "year", "last_year", "ever"):
            clerk.get(f"/staff/report?period={period}")
            assert clerk.status == 200, period
        for first, last, why in (("2026-02-30", today, "请把起止日"), (today, "2020-01-01", "结束日在起始日之前"),
                                 ("0001-01-01", "9999-12-31", "一次最多看三年"), ("", today, "请把起止日")):
            clerk.get(f"/staff/report?first={first}&last={last}")
            assert (clerk.status, why in clerk.text) == (422, True), why


def test_no_name_in_a_table_is_taken_for_a_formula_by_a_spreadsheet():
    hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1"]
    table = [{"name": name, "id": "a-1", "filed": -1} for name in hostile]
    rows = list(csv.DictReader(io.StringIO(as_csv(table).removeprefix("\ufeff"), newline="")))
    assert [row["名称"] for row in rows] == [f"'{name}" for name in hostile]
    assert {(row["编号"], row["申请"]) for row in rows} == {("a-1", "-1")}, "words and numbers stay as they are"
