"""Supervisors see what is late and urge it, answer bad ratings, and read figures that nobody typed in."""

import pytest

from oversight.ratings import Given
from store import audit
from tests.ops.conftest import file, received, say, state

# Filed and accepted on Monday the 5th; power has two working days, water three.
FILED, LATER, SOON = "2026-01-05T10:00:00+08:00", "2026-01-09T10:00:00+08:00", "2026-01-07T10:00:00+08:00"


@pytest.fixture
def on(deployment, monkeypatch):
    """Let it be another time."""
    clock = deployment.folder / "clock"
    monkeypatch.setenv("YJS_CLOCK", str(clock))

    def move(to):
        clock.write_text(f"{to} x0", "ascii")

    move(FILED)
    return move


@pytest.fixture
def town(on, opened):
    """A supervisor at a portal with two cases whose four legs were accepted; the legs' ids."""
    with opened("supervisor") as (home, clerk):
        legs = [leg.leg for receipt in file(home, 2) for leg in receipt.legs]
        received(home)
        for leg in legs:
            say(home, leg, "leg.accepted", office="water-office" if leg.endswith("01") else "power-office", later=2)
        yield home, clerk, legs


def later(on, clerk, to=LATER):
    """Another day, on which the supervisor signs in anew."""
    on(to)
    clerk.sign_in("supervisor")


def rate(home, leg, level, words="", key=None):
    reference, _, number = leg.partition("-")
    home.ratings.give("somebody", reference, Given(number, level, {"efficiency": level}, words), key or f"r-{leg}",
                      home.clock.now())


def end(home, legs, type_="leg.granted", **data):
    for leg in legs:
        say(home, leg, type_, office="water-office" if leg.endswith("01") else "power-office", later=3, results=[],
            **data)


def acts(home):
    with home.database.read() as tx:
        return [(entry.action, entry.actor, entry.data.get("reason")) for entry in audit.entries(tx)]


def test_late_legs_stand_with_the_longest_overdue_first_and_soon_late_ones_apart(town, on):
    _, clerk, legs = town
    assert clerk.at == "/staff/warnings"
    assert "没有超期的分办件" in clerk.text
    later(on, clerk, SOON)
    clerk.get("/staff/warnings?soon=1")
    assert [leg in clerk.text for leg in legs] == [False, True] * 2  # the last of power's two days
    later(on, clerk)
    places = [clerk.text.index(f" {leg} ") for leg in legs]
    assert max(places[1::2]) < min(places[::2])  # power has been late since the 7th, water since the 8th
    assert all(word in clerk.text for word in ("超期 4 件", "超期 2 天", "超期 1 天", "还没有催办过"))
    clerk.get("/staff/warnings?office=water-office")
    assert [leg in clerk.text for leg in legs] == [True, False] * 2


def test_a_list_goes_on_where_its_page_ended(town, on, monkeypatch):
    monkeypatch.setattr("web.staff.warnings.AT_ONCE", 3)
    _, clerk, legs = town
    later(on, clerk)
    first = {leg for leg in legs if f" {leg} " in clerk.text}
    following = clerk.page.partition('rel="next"')[0].rpartition('href="')[2].rstrip('" ').replace("&amp;", "&")
    clerk.get(following)
    assert (len(first), {leg for leg in legs if f" {leg} " in clerk.text} | first) == (3, set(legs))


def test_chosen_legs_are_urged_for_a_reason_and_each_refusal_is_said(town, on):
    home, clerk, legs = town
    later(on, clerk)
    clerk.send("/staff/warnings", ("reason", "重点项目"))
    assert (clerk.status, "请先选中" in clerk.text) == (422, True)
    clerk.send("/staff/warnings", ("leg", legs[0]), ("reason", " "))
    assert (clerk.status, "请写明催办的原因" in clerk.text) == (422, True)
    end(home, legs[3:])
    clerk.send("/staff/warnings", ("leg", legs[0]), ("leg", legs[1]), ("leg", legs[3]), ("reason", "重点项目"))
    assert "已催办 2 件" in clerk.text
    assert f"{legs[3]}：现在不该部门办理" in clerk.text
    assert "催办 1 次" in clerk.text
    assert acts(home) == [("urge", "supervisor", "重点项目")] * 2


@pytest.mark.parametrize(("days", "level"), [((9,), ""), ((9, 12), "群里协调"), ((9, 12, 13), "群里协调"),
                                             ((9, 12, 13, 14), "到现场协调"), ((9, 12, 13, 14, 15, 16), "上专题会")])
def test_urging_in_vain_escalates_by_days_that_were_worked(town, on, days, level):
    home, clerk, legs = town
    for day in days:
        on(f"2026-01-{day:02d}T10:00:00+08:00")
        home.desk.sweep(home.clock.now())
    clerk.sign_in("supervisor")
    clerk.get("/staff/warnings?office=water-office")
    assert f"催办 {len(days)} 次" in clerk.text
    found = [name for name in ("群里协调", "到现场协调", "上专题会") if f"· {name} " in clerk.text]
    assert found == ([level] if level else [])
    assert state(home, legs[0]) == "accepted"


def test_a_bad_rating_is_put_right_and_called_back_by_its_day(town, on):
    home, clerk, legs = town
    end(home, legs)
    rate(home, legs[0], 1, "态度不好，等了一天")
    rate(home, legs[1], 5)
    later(on, clerk)
    clerk.get("/staff/ratings")
    assert "待答复的差评 1 条" in clerk.text
    assert "2026年1月26日 前答复" in clerk.text  # fifteen working days after the 5th
    page = f"/staff/ratings/{legs[0]}"
    clerk.get(page)
    assert "态度不好" not in clerk.text
    clerk.send(f"{page}/look", ("reason", ""))
    assert clerk.status == 422
    clerk.send(f"{page}/look", ("reason", "核实差评"))
    assert all(word in clerk.text for word in ("态度不好，等了一天", "办事效率：非常不满意", "示例项目", "13800138000"))
    for do, says in (("fix", "已约谈并致歉"), ("call", "接通，表示满意")):
        clerk.send(page, ("do", do), ("reason", says))
        assert says in clerk.text
    clerk.send(page, ("do", "fix"), ("reason", "再来一次"))
    assert clerk.status == 409
    clerk.send(page, ("do", "hide"), ("reason", "x"))
    assert clerk.status == 422
    # What was done stands with the rating, which can be erased; the log says who did it.
    assert acts(home) == [("rating.show", "supervisor", "核实差评"), ("rating.fix", "supervisor", None),
                          ("rating.call", "supervisor", None)]
    clerk.get("/staff/ratings")
    assert "没有待答复的差评" in clerk.text
    clerk.get(f"/staff/ratings/{legs[1]}")
    assert clerk.status == 404


def test_an_answer_that_is_overdue_is_red_and_does_not_count_as_put_right_in_time(town, on):
    home, clerk, legs = town
    end(home, legs)
    rate(home, legs[0], 2)
    later(on, clerk, "2026-01-27T10:00:00+08:00")
    clerk.get("/staff/ratings")
    assert "过期 1 条" in clerk.text
    assert 'look-late">已过期' in clerk.page
    clerk.send(f"/staff/ratings/{legs[0]}", ("do", "fix"), ("reason", "晚了"))
    clerk.get("/staff/ratings")
    assert "0.0% 0/1" in clerk.text


def test_figures_are_counted_and_silence_is_neither_good_nor_bad(town, on):
    home, clerk, legs = town
    end(home, legs[:3])
    say(home, legs[3], "leg.refused", office="power-office", later=3, reason_code="R1", reason="不符")
    for leg, level in zip(legs, (5, 3, 2), strict=False):
        rate(home, leg, level)
    reference = legs[0].partition("-")[0]
    home.ratings.give("somebody", reference, Given("", 4), "whole", home.clock.now())
    later(on, clerk)
    clerk.get("/staff/ratings")
    by_bundle, by_office = clerk.text.partition("按一件事")[2].split("按单位（各事项的评价）", 1)
    # ended, silent, five levels, then good / put right / called back of how many
    assert "水电联办 2 1 0 1 0 0 0 100.0% 1/1 – –" in by_bundle
    assert "供水公司 2 0 1 0 0 1 0 50.0% 1/2 0.0% 0/1 0.0% 0/1" in by_office
    assert "供电公司 2 1 0 0 1 0 0 100.0% 1/1 – –" in by_office


def test_the_overview_tells_per_bundle_what_is_open_ended_in_time_and_late(town, on):
    home, clerk, legs = town
    end(home, legs[:2])
    home.desk.sweep(home.clock.now())
    later(on, clerk)
    clerk.get("/staff/overview")
    assert "水电联办 1 1 1 0 0 100.0% 1/1" in clerk.text
    end(home, legs[2:])
    home.desk.sweep(home.clock.now())
    clerk.get("/staff/overview")
    assert "水电联办 0 2 1 1 0 50.0% 1/2" in clerk.text
    assert "部门超期 0 件" in clerk.text
