"""Authors see in the studio what the files in the folder come to, before anything of it is in force."""

import shutil
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(deployment, monkeypatch):
    """A folder of definitions of the author's own, which the portal began with."""
    mine = deployment.folder / "mine"
    shutil.copytree(HOME / "tests" / "web" / "definitions", mine)
    monkeypatch.setenv("YJS_BUNDLES", str(mine))
    return mine


def change(folder, old, new):
    """Replace a text in the one file of the folder that has it."""
    file, = (path for path in sorted(folder.rglob("*.yaml")) if old in path.read_text())
    file.write_text(file.read_text().replace(old, new, 1))
    return file.relative_to(folder).as_posix()


def test_an_author_begins_in_the_studio_and_finds_every_bundle_as_it_is_in_force(folder, opened):
    with opened("author") as (_, author):
        assert author.at == "/staff/studio"
        assert "可以生效" in author.text
        assert "与生效的相同" in author.text
        assert "有改动" not in author.text


def test_a_mistake_is_said_with_its_file_and_line_as_soon_as_it_is_saved(folder, opened):
    with opened("author") as (home, author):
        file = change(folder, "water-connection: {no", "water-conection: {no")
        author.get("/staff/studio")
        assert "改好之前不能生效" in author.text
        assert file in author.text
        assert "water-conection" in author.text
        author.get("/staff/studio/connect")
        assert author.status == 409
        assert home.desk.plan("connect", {"services": ["water"]}, home.clock.now()).legs


def test_a_bundle_is_tried_before_its_new_department_is_connected(folder, opened):
    with opened("author") as (_, author):
        change(folder, "power: {name: 供电公司}", "power: {name: 供电公司}\nheat: {name: 供热公司}")
        change(folder, "department: power", "department: heat")
        author.get("/staff/studio")
        assert "部门 heat 没有配置对接方式" in author.text
        assert "改好之前不能生效" in author.text
        author.get("/staff/studio/connect")
        assert author.status == 200
        assert "供热公司" in author.text


def test_a_change_is_shown_beside_what_is_in_force_and_touches_nothing_there(folder, opened):
    with opened("author") as (home, author):
        before = home.desk.plan("connect", {"services": ["water"]}, home.clock.now())
        change(folder, "供水报装", "自来水报装")
        author.get("/staff/studio")
        assert "有改动" in author.text
        author.get("/staff/studio/connect?case=own&given=services: [water]")
        assert "供水报装" in author.text  # the old name, beside the new one
        assert "自来水报装" in author.text
        assert home.desk.plan("connect", {"services": ["water"]}, home.clock.now()) == before


def test_any_situation_is_tried_and_a_text_that_cannot_be_read_says_the_line(folder, opened):
    with opened("author") as (_, author):
        author.get("/staff/studio/connect?case=own&given=services: [power]")
        assert "不用办的 1 个事项" in author.text
        author.get("/staff/studio/connect?case=own&given=services: [power")
        assert author.status == 200
        assert "第 1 行" in author.text
        author.get("/staff/studio/nothing")
        assert author.status == 404


def test_an_example_that_names_its_day_of_filing_is_tried_on_that_day(folder, opened):
    with opened("author") as (_, author):
        with (folder / "connect.yaml").open("a") as bundle:
            bundle.write("examples:\n  - {given: {services: [power]}}\n"
                         "  - {given: {services: [power]}, on: 2026-06-15}\n")
        author.get("/staff/studio/connect?case=2")
        assert "这个例子按 2026-06-15 提交算" in author.text
        author.get("/staff/studio/connect?case=1")
        assert "这个例子按" not in author.text


def test_an_example_that_fails_by_a_change_elsewhere_is_said_before_anything_is_in_force(folder, opened):
    file = folder / "connect.yaml"
    file.write_text(file.read_text() + "examples:\n- {given: {services: [water]}, days: 5wd}\n")
    with opened("author") as (_, author):
        author.get("/staff/studio")
        assert "例子第 1 条" in author.text and "改好之前不能生效" in author.text
        author.get("/staff/studio/connect")
        assert author.status == 200, "it is looked into by trying it"
