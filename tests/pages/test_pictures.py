"""The three pictures: same facts as the plan, labels that stay apart and inside, tracks that pass no card."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.pages.sample_plan import sample_plan
from web.pictures.before_after import Pair, before_after, pairs
from web.pictures.canvas import NARROW, Box, Picture, broken, shortened, text_width
from web.pictures.map import drawn_map, explained, legend
from web.pictures.merge import merge, pages, sheets
from web.pictures.stations import Station, Track, in_words, look, network, planned, tracked

PLAN = sample_plan()
DRAWINGS = {
    "before and after": before_after(PLAN), "merge": merge(PLAN), "map": drawn_map(planned(PLAN), "办理顺序"),
}
SHOWN = ("wide", "narrow")
PICTURES = [(name, shown, getattr(drawing, shown)) for name, drawing in DRAWINGS.items() for shown in SHOWN]
CARD = re.compile(r'<rect x="[\d.]+" y="([\d.]+)" width="[\d.]+" height="([\d.]+)"')
PASSING = re.compile(r'd="([^"]+)"[^>]*stroke-dasharray="5 4"')


def meeting(picture: Picture) -> list[tuple[Box, Box]]:
    """The pairs of labels that share an area."""
    boxes = picture.labels
    return [(one, other) for at, one in enumerate(boxes) for other in boxes[at + 1:]
            if one.x < other.x + other.width and other.x < one.x + one.width
            and one.y < other.y + other.height and other.y < one.y + one.height]


@pytest.mark.parametrize(("name", "shown", "picture"), PICTURES)
def test_labels_do_not_overlap(name: str, shown: str, picture: Picture) -> None:
    assert meeting(picture) == []


@pytest.mark.parametrize(("name", "shown", "picture"), PICTURES)
def test_labels_stay_inside_the_picture(name: str, shown: str, picture: Picture) -> None:
    assert [box for box in picture.labels if box.x < 0 or box.y < 0 or box.x + box.width > picture.width
            or box.y + box.height > picture.height] == []


@pytest.mark.parametrize(("name", "shown", "picture"), PICTURES)
def test_pictures_carry_no_inline_style_and_a_title_that_is_read_aloud(name: str, shown: str, picture: Picture) -> None:
    svg = str(picture.svg)
    assert "style=" not in svg and "<script" not in svg
    assert 'role="img"' in svg and re.search(r'aria-label="[^"]+"', svg)


def test_a_map_says_in_words_who_is_in_which_step_and_what_each_waits_for() -> None:
    net = network([Station(name, f"事项{name}", "某部门") for name in ("01", "02", "03", "04")],
                  [Track(("01", "02"), "03"), Track(("01",), "04", soft=True), Track(("02",), "04", soft=True)])
    assert [[(one.id, waits) for one, waits in step] for step in in_words(net)] == [
        [("01", ""), ("02", ""), ("04", "可以先办，等 01、02 的结果再办结")], [("03", "等 01、02 办完再开始")]]


def test_a_narrow_picture_fits_a_phone() -> None:
    assert {drawing.narrow.width for drawing in DRAWINGS.values()} == {NARROW}


def test_names_are_escaped() -> None:
    net = network([Station("01", "<script>&", "备注")], [])
    assert "<script>" not in str(drawn_map(net, "图").wide.svg)


def test_before_and_after_tell_the_figures_of_the_plan() -> None:
    assert [(pair.before, pair.after) for pair in pairs(PLAN)] == [(129, 1), (37, 7), (17, 1), (11, 1)]


def test_what_does_not_change_is_not_said_to_change() -> None:
    assert Pair("办理时间", "天", 25, 25).words == "办理时间仍是 25 天"
    assert Pair("办理时间", "天", 37, 7).words == "办理时间由 37 天变为 7 天"


def test_the_merge_has_a_sheet_for_each_leg_and_a_page_for_each_section() -> None:
    assert [sheet.leg for sheet in sheets(PLAN)] == [leg.leg for leg in PLAN.legs]
    assert [(page.name, page.fields) for page in pages(PLAN)] == [("申请单位", 1), ("用电", 2)]
    assert sheets(PLAN)[2].fields == 3


def test_stages_follow_only_what_must_come_first() -> None:
    stages = planned(PLAN).stages
    assert stages["08"] == 0 and stages["01"] == stages["17"] == 1
    assert {stages[leg] for leg in ("09", "10", "11", "12", "13", "14", "15", "16")} == {2}


def test_a_track_over_a_stage_runs_below_the_cards() -> None:
    net = network([Station(name, name, "") for name in "abc"], [
        Track(("a",), "b"), Track(("b",), "c"), Track(("a",), "c", soft=True),
    ])
    svg = str(drawn_map(net, "图").wide.svg)
    lowest_card = max(float(y) + float(height) for y, height in CARD.findall(svg))
    passing = next(path for path in PASSING.findall(svg) if path.count("L") == 3)
    assert max(float(y) for _, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", passing)) >= lowest_card


LEVEL = re.compile(r'd="M([\d.]+) ([\d.]+) L([\d.]+) \2"')
CARDS = re.compile(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"')


def test_no_line_runs_through_a_card_that_it_does_not_concern() -> None:
    """One target with followers in two stages: the farther ones were joined straight through the nearer cards."""
    names = ["01", "02", "03", "04", "05", "06"]
    net = network([Station(name, name, "") for name in names], [
        *(Track(("01",), near) for near in ("02", "03", "04")), Track(("02",), "05"), Track(("02",), "06"),
        Track(("01",), "05"), Track(("01",), "06"),
    ])
    svg = str(drawn_map(net, "图").wide.svg)
    cards = [tuple(map(float, found)) for found in CARDS.findall(svg)]
    lines = [tuple(map(float, found)) for found in LEVEL.findall(svg)]
    assert lines
    assert [(line, card) for line in lines for card in cards
            if card[1] < line[1] < card[1] + card[3] and line[0] < card[0] and line[2] > card[0] + card[2]] == []


def test_only_the_signs_that_are_drawn_are_explained() -> None:
    plain = network([Station("01", "一", ""), Station("02", "二", "")], [Track(("01",), "02")])
    assert explained(plain) == {}
    full = network([Station("01", "一", "", bold=True, awaited=True), Station("02", "二", "")],
                   [Track(("01",), "02", soft=True)])
    assert list(explained(full)) == ["bold", "dashed", "ring"]


def test_an_absent_target_draws_no_track() -> None:
    net = network([Station("01", "一", "")], [Track(("09",), "01")])
    assert net.tracks == () and net.stages == {"01": 0}


@pytest.mark.parametrize(("state", "light", "open_ask", "expected"), [
    ("granted", "red", False, "done"),
    ("delivered", "grey", False, "done"),
    ("refused", "red", False, "refused"),
    ("voided", "white", False, "ended"),
    ("in_review", "green", False, "running"),
    ("in_review", "yellow", False, "soon"),
    ("in_review", "red", False, "late"),
    ("supplement_required", "red", False, "yours"),
    ("accepted", "green", True, "yours"),
    ("waiting", "white", False, "waiting"),
    ("outcome_unknown", "green", False, "running"),
])
def test_a_leg_looks_like_what_matters_most(state: str, light: str, open_ask: bool, expected: str) -> None:
    asks = [{"answered_at": None, "lapsed": False}] if open_ask else []
    assert look({"state": state, "light": light, "asks": asks}) == expected


def test_the_map_of_a_case_takes_numbers_from_public_ids_and_marks_who_is_awaited() -> None:
    legs = [
        {"leg": "R-01", "name": "供水", "state": "in_review", "state_name": "审查中", "light": "green", "asks": [],
         "department_name": "水务集团", "waits_for": []},
        {"leg": "R-02", "name": "排水", "state": "waiting", "state_name": "等待", "light": "white", "asks": [],
         "department_name": "水务局", "waits_for": ["01"]},
    ]
    edges = [{"leg": "02", "targets": ["01"], "kind": "before_start"}]
    net = tracked({"legs": legs, "critical": ["01"], "edges": edges})
    assert [(item.id, item.look, item.bold, item.awaited) for item in net.stations] == [
        ("01", "running", True, True), ("02", "waiting", False, False)]
    assert [name for name, _ in legend(net)] == ["waiting", "running"]
    ended = [leg | {"state": "granted"} for leg in legs]
    assert explained(tracked({"legs": ended, "critical": ["01"], "edges": edges})) == {}, "nothing decides any more"


def test_forty_legs_in_six_stages_still_keep_their_labels_apart() -> None:
    name, note = "很长很长的事项名称用来试换行" * 2, "20个工作日 · 自然资源和规划局"
    stations = [Station(f"{at:02}", name, note) for at in range(40)]
    tracks = [Track((f"{at - 7:02}",), f"{at:02}") for at in range(7, 40)]
    for shown in ("wide", "narrow"):
        assert meeting(getattr(drawn_map(network(stations, tracks), "图"), shown)) == []


def test_text_is_measured_broken_and_shortened_by_its_signs() -> None:
    assert text_width("一a", 10) == 16
    assert shortened("一二三四五", 10, 40) == "一二三…"
    assert broken("一二三四五六", 10, 30) == ["一二三", "四五六"]
    assert broken("一二三四五六七", 10, 30) == ["一二三", "四五…"]
    assert broken("车辆证（LSV12）", 10, 60) == ["车辆证", "（LSV12）"], "a number is not broken in two"


def test_the_same_plan_gives_the_same_drawing() -> None:
    assert str(merge(PLAN).wide.svg) == str(merge(replace(PLAN)).wide.svg)
