"""What a department asks beside what is published stands, is shown to whoever asked, and is counted (清单之外)."""

from datetime import date

from desk.staff.acts import Act
from oversight.daily import Daily
from store import overseeing
from tests.oversight.conftest import ON_BOTH, at

UNHEARD = {"material": "XX99", "name": "社区证明"}


@ON_BOTH
def test_a_paper_on_no_list_and_a_later_ask_stand_and_are_listed_counted_and_said(town):
    reference = town.file()
    town.say(reference, "01", "leg.supplement_required", at(6), ask="a", reason="缺图", limit="5wd", materials=["K13"])
    assert beside(town, at(6, 12)) == []
    town.say(reference, "01", "leg.supplement_required", at(7), ask="b", reason="还缺", limit="5wd",
             materials=["K13", UNHEARD], beyond={"papers": []})
    town.say(reference, "03", "leg.fee", at(8), amount=30, basis="工本费")
    assert beside(town, at(8, 12)) == [("03", 1), ("01", 2)]
    assert beside(town, at(8, 12), "power-grid") == [("03", 1)]
    assert beside(town, at(8).replace(month=6)) == []
    water, power = (town.leg(reference, number, at(8, 12)) for number in ("01", "03"))
    assert water["state"] == "supplement_required" and [ask["open"] for ask in water["asks"]] == [True, True]
    assert [(one["kind"], one["ask"]) for one in water["beyond"]] == [("unlisted_paper", "b"), ("asked_later", "b")]
    assert "“社区证明”不在这个事项公布的材料清单里" in water["beyond"][0]["text"]
    assert "社区证明" not in water["beyond"][0]["listed"] and water["beyond"][0]["listed"]
    assert [one["text"] for one in power["beyond"]] == ["这个事项公布的清单里没有收费，部门告知了 30 元"]
    assert power["fees"] == [{"amount": 30, "basis": "工本费"}]
    town.desk._sweeper._refolder.case(reference, at(9))
    assert beside(town, at(9)) == [("03", 1), ("01", 2)]


@ON_BOTH
def test_a_day_is_counted_again_once_more_is_asked_of_what_was_decided_on_it(town):
    reference = town.file()
    town.say(reference, "03", "leg.granted", at(6), results=[])
    assert counted(town, at(7)) == 0
    town.say(reference, "03", "leg.fee", at(8), amount="30.00", basis="工本费")
    assert counted(town, at(9)) == 1
    town.say(reference, "01", "leg.granted", at(9), results=[])
    later = at(9).replace(month=3)
    assert town.desk.operations.erasures.erase([reference], Act("boss", "到期"), later) == {reference: ""}
    assert beside(town, later) == [] and counted(town, later) == 1


def counted(town, now):
    """How many legs that the power grid decided on the 6th a report says more was asked of than is published."""
    daily = Daily(town.premises.database, town.premises.calendar)
    while daily.go_on(now):
        pass
    return daily.added(date(2026, 1, 6), date(2026, 1, 6), now).report.offices["power-grid"].beyond


def beside(town, now, office=""):
    """The legs of the list, the last one first, with how often something was asked beside it."""
    with town.premises.database.read() as tx:
        found = overseeing.beyond(tx, now, overseeing.After(), 9, office)
        counted = sum(one.beyond for one in overseeing.by_office(tx, now) if office in ("", one.office))
        after = overseeing.After.of(found[0].beyond_at, found[0].reference, found[0].leg) if found else None
        assert after is None or overseeing.beyond(tx, now, after, 9, office) == found[1:]
    assert counted == len(found)
    return [(row.leg, row.beyond) for row in found]
