"""A period is counted from what happened: the same again afterwards, and when what it said of people is erased."""

from desk.acts import Act
from oversight.report import lines, report
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
    made = report(found, period)
    return [{line["id"]: {name: value for name, value in line.items() if value and name not in {"id", "name"}}
             for line in lines(table, str)} for table in (made.bundles, made.offices, made.matters)]


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
