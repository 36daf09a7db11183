"""A period is counted from what happened: the same again afterwards, and when what it said of people is erased."""

from dataclasses import replace
from datetime import date, timedelta

from desk.staff.acts import Act
from oversight.daily import Daily
from oversight.report import Report, lines, report
from store import days
from store.report import Period, cases_of
from tests.oversight.conftest import ON_BOTH, at

JANUARY = Period(at(1, 0), at(31, 0), "20260131")


def tables(town, period=JANUARY):
    """The three tables by id, with a page for each case; only what was counted."""
    found, after = [], ""
    while after is not None:
        with town.premises.database.read() as tx:
            page, after = cases_of(tx, period, after, limit=1)
        found += page
    return shown(report(found, period))


def shown(made):
    return [{line["id"]: {name: value for name, value in line.items() if value and name != "id"}
             for line in lines(table, lambda _: {})} for table in (made.bundles, made.offices, made.matters)]


@ON_BOTH
def test_a_period_is_counted_by_bundle_office_and_matter(town):
    first, second = town.file("key-1"), town.file("key-2")
    town.say(first, "01", "leg.granted", at(6), results=[])
    town.say(first, "03", "leg.refused", at(12), reason_code="R1", reason="不符")  # it was due on the 8th
    town.say(second, "01", "leg.supplement_required", at(6), ask="BZ-1", reason="缺图", limit="5wd",
             materials=[{"material": "K13"}])
    town.say(second, "01", "leg.granted", at(7), results=[])
    town.desk.sweep(at(12))
    water = {"filed": 2, "decided": 2, "granted": 2, "at_first": 1, "at_first_percent": 50.0, "asked": 1,
             "asked_percent": 50.0, "on_time": 2, "on_time_percent": 100.0, "mean_days": 1.5, "median_days": 1.5,
             "p90_days": 2.0}
    power = {"filed": 2, "decided": 1, "refused": 1, "late": 1, "mean_days": 7.0, "median_days": 7.0, "p90_days": 7.0}
    whole = {"filed": 2, "ended": 1, "late": 1, "mean_days": 7.0, "median_days": 7.0, "p90_days": 7.0}
    january = [{"utilities": whole}, {"water-group": water, "power-grid": power},
               {"water-supply": water, "power-supply": power}]
    assert tables(town) == january
    days = Period(at(6, 0), at(7, 0), "20260107")  # filed before it, decided within it
    assert tables(town, days)[:2] == [{}, {"water-group": {
        "decided": 1, "granted": 1, "at_first": 1, "at_first_percent": 100.0, "on_time": 1, "on_time_percent": 100.0,
        "mean_days": 1.0, "median_days": 1.0, "p90_days": 1.0}}]
    assert tables(town, Period(at(1, 0), at(5, 0), "20260105")) == [{}, {}, {}]
    later = at(12).replace(month=6)
    assert town.desk.operations.erasures.erase([first], Act("boss", "到期"), later) == {first: ""}
    assert tables(town) == january


WHOLE = date(2026, 1, 1), date(2026, 1, 30)


def counted(daily, now):
    """Count until nothing is due; how many days that took."""
    times = 0
    while daily.go_on(now):
        times += 1
    return times


@ON_BOTH
def test_kept_days_add_up_to_what_is_counted_anew_also_after_a_decision_is_put_right(town, monkeypatch, caplog):
    offices = town.premises.deployment.bodies
    monkeypatch.setitem(offices, "water-group", replace(offices["water-group"], authorities=("示例复核机构",)))
    daily = Daily(town.premises.database, town.premises.calendar)
    assert not daily.go_on(at(5))  # nothing was filed yet
    first, second = town.file("key-1"), town.file("key-2")
    town.say(first, "01", "leg.granted", at(6), results=[])
    town.say(first, "03", "leg.refused", at(12), reason_code="R1", reason="不符")
    town.say(second, "01", "leg.granted", at(7), results=[])
    town.desk.sweep(at(12))
    before = daily.added(*WHOLE, at(12, 12))
    assert (before.uncounted, before.totals, shown(before.report)) == (8, [], [{}, {}, {}])
    assert counted(daily, at(12, 12)) == 8  # from the first case to today
    added = daily.added(*WHOLE, at(12, 12))
    assert (added.uncounted, added.until, shown(added.report)) == (0, at(12, 12), tables(town))
    assert [(one.day.day, one.filed, one.ended) for one in added.totals if one[1:] != (0, 0)] == [(5, 2, 0), (12, 0, 1)]
    days_ = Period(at(6, 0), at(8, 0), "20260108")
    assert shown(daily.added(date(2026, 1, 6), date(2026, 1, 7), at(12, 12)).report) == tables(town, days_)
    town.say(first, "01", "leg.corrected", at(13), what={"void": True, "state": "in_review"}, authority="示例复核机构")
    town.desk.sweep(at(13))
    assert counted(daily, at(13, 12)) == 4  # today, and the 12th, 6th and 5th, which its correction changed
    assert shown(daily.added(*WHOLE, at(13, 12)).report) == tables(town)
    assert "corrected" in tables(town)[1]["water-group"] and tables(town)[0]["utilities"].get("ended") is None
    assert counted(daily, at(13, 12)) == 0
    # Once a month each day is looked at again; what came to something else unseen is told.
    with town.premises.database.read() as tx:
        kept, = days.kept(tx, date(2026, 1, 6), date(2026, 1, 6))
    wrong = replace(kept, figures={"report": Report().packed(), "pledges": []})
    town.premises.database.write(lambda tx: days.put(tx, wrong))
    later = at(6) + timedelta(days=40)
    counted(daily, later)
    assert shown(daily.added(*WHOLE, later).report) == tables(town)
    # Of many days whole months are added up, as long as they stand for their days.
    year, month = (date(2025, 12, 1), date(2026, 12, 31)), (date(2026, 1, 1), date(2026, 1, 31))
    with town.premises.database.read() as tx:
        there, = days.months(tx, *month).values()
        newest = max(one.at for one in days.counted(tx, *month).values())
    assert (there.at, daily.added(*year, later).uncounted) == (newest, 0)
    assert (shown(daily.added(*year, later).report), daily.added(*year, later).totals[0].filed) == (tables(town), 2)
    town.premises.database.write(lambda tx: days.put(tx, days.Kept(there, wrong.figures), month=True))
    assert shown(daily.added(*year, later).report) == [{}, {}, {}]  # it is what is read
    town.premises.database.write(lambda tx: days.count_again(tx, [date(2026, 1, 9)]))
    assert shown(daily.added(*year, later).report) == tables(town)
    for _ in range(2):  # today, and the 9th, after which the month is older than its days
        assert daily.go_on(later + timedelta(minutes=1))
    assert shown(daily.added(*year, later).report) == tables(town)
    other = days.Kept(replace(kept.counted, by="0:x"), {})
    town.premises.database.write(lambda tx: days.put(tx, other))
    assert (daily.added(*WHOLE, later).uncounted, daily.added(*year, later).uncounted) == (1, 1)
    assert [line.args[0] for line in caplog.records if line.name == "yijianshi.report"] == [date(2026, 1, 6)]


def test_figures_that_are_added_up_are_those_of_the_whole():
    made = Report.opened({"bundles": {"b": {"filed": 1}}, "matters": {}, "offices": {
        "o": {"decided": 2, "how": {"leg.granted": 2}, "waits": [3 * 86_400, 24, 1, 48, 1]}}})
    other = Report.opened({**made.packed(), "bundles": {}})
    made.take(other)
    made.take(Report.opened(made.packed()))
    assert made.packed() == {"bundles": {"b": {"filed": 2}}, "matters": {}, "offices": {
        "o": {"decided": 8, "how": {"leg.granted": 8}, "waits": [12 * 86_400, 24, 4, 48, 4]}}}
    assert made.offices["o"].waits.line() == {"mean_days": 1.5, "median_days": 1.5, "p90_days": 2.0}
