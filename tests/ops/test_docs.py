"""Every command and every setting stands in the documentation, and nothing stands there that does not exist."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from app import create_app
from settings.table import SETTINGS
from store.conservation import RULES
from tests.docs.pages import FENCE, blocks, code
from web.probes import GAUGES, KEPT, WAITS

HOME = Path(__file__).resolve().parents[2]
FLASKS_OWN = {"run", "shell", "routes"}


def commands(group, before=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command.name == name
        if name not in FLASKS_OWN:
            yield (*before, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*before, name))


def described():
    app = create_app({"YJS_ENV": "test", "FLASK_RUN_FROM_CLI": "true"})
    return dict(commands(app.cli))


@pytest.fixture(scope="module")
def page():
    return (HOME / "docs" / "operating.md").read_text()


def test_every_command_stands_in_the_page_with_each_of_its_options(page):
    for name, command in described().items():
        line = f"flask {' '.join(name)}"
        assert re.search(rf"`{re.escape(line)}[ `]", page), line
        assert command.help, line
        for option in (one for one in command.params if isinstance(one, click.Option)):
            assert f"`{option.opts[0]}" in page or f" {option.opts[0]}" in page, (line, option.opts)


def test_a_command_that_a_page_shows_with_what_it_is_about_has_all_that_it_insists_on(page):
    shown = {one for text in (page, (HOME / "docs" / "operating.zh-CN.md").read_text())
             for one in code(FENCE.sub("", text))}
    lacking = []
    for name, command in described().items():
        needed = [one.opts[0] for one in command.params
                  if isinstance(one, click.Option) and one.required and not one.envvar]
        line = f"flask {' '.join(name)} "
        lacking += [one for one in shown if one.startswith(line) and one[len(line)].isupper()
                    and not all(option in one for option in needed)]
    assert lacking == []


def test_whoever_may_use_a_command_that_opens_the_store_is_said(page):
    plain = {"check", "plan", "figures", "sheet", "due", "sandbox", "conform", "dispatch"}  # or a process of its own
    lists = set(re.findall(r"/usr/local/bin/yjs ([a-z]+)", page))
    alone, = re.findall(r"What stands in no list \(([^)]*)\)", page)
    machine = set(re.findall(r"`flask ([a-z]+)`", alone))
    assert {name for name, *more in described() if not more} - plain - lists - machine == set()
    assert lists & machine == set()


def test_no_page_names_a_command_that_does_not_exist():
    known = {" ".join(name) for name in described()}
    for path in [*(HOME / "docs").rglob("*.md"), HOME / "README.md", HOME / "README.zh-CN.md"]:
        for said in re.findall(r"\bflask ([a-z]+)", path.read_text()):
            assert said in known | FLASKS_OWN, (path.name, said)


def test_every_setting_stands_in_the_docs(page):
    settings = (HOME / "docs" / "settings.md").read_text()
    for one in SETTINGS:
        assert f"`{one.name}`" in settings
    for name in set(re.findall(r"\b(?:YJS_[A-Z_]+|DATABASE_URL|FAILPOINTS)\b", page)):
        assert f"`{name}`" in settings or name == "YJS_PASSWORD", name


def test_the_chinese_page_of_the_first_day_names_and_shows_nothing_that_the_whole_one_lacks(page):
    first_day = (HOME / "docs" / "operating.zh-CN.md").read_text()
    assert len(blocks(first_day)) >= 6
    assert [block for block in blocks(first_day) if block not in blocks(page)] == []
    assert code(FENCE.sub("", first_day)) - code(FENCE.sub("", page)) == set()


FIGURES = {f"yijianshi_{name}" for name in
           (*KEPT, *dict([*GAUGES.values(), *WAITS.values()]), "oldest_message_seconds")}


def test_every_figure_that_is_measured_is_explained(page):
    for name in FIGURES:
        assert f"`{name}`" in page, name
    assert [rule for rule in RULES if f"`{rule}`" not in page] == []


def test_every_row_of_figures_that_says_when_to_act_has_an_alert_and_each_alert_can_fire(page):
    block, = (block for block in blocks(page) if any("{alert:" in line for line in block))
    groups = yaml.safe_load("\n".join(block[1:-1]))["groups"]
    rules = [rule["expr"] for group in groups for rule in group["rules"]]
    named = set(re.findall(r"yijianshi_\w+", " ".join(rules)))
    assert named <= FIGURES
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `yijianshi_")]
    assert {name for first, *_ in rows for name in re.findall(r"yijianshi_\w+", first)} == FIGURES
    assert [first for first, _, act in rows if not act.startswith(("–", "for planning"))
            and not named & set(re.findall(r"yijianshi_\w+", first))] == []
    # Arithmetic between two figures gives nothing unless all their labels are the same.
    assert [rule for rule in rules if re.search(r" [-+*/] ", rule)] == []


def test_the_wrapper_of_the_page_runs_a_command_where_its_caller_stands(page, tmp_path):
    text = next("\n".join(block[1:-1]) for block in blocks(page) if "#!/bin/sh" in block)
    (tmp_path / "env").write_text(f"YJS_BUNDLES={HOME}/bundles\nYJS_DATA={tmp_path}/data\n")
    yjs = tmp_path / "yjs"
    for theirs, ours in (("/etc/yijianshi.env", tmp_path / "env"), ("/srv/yijianshi/app.py", HOME / "app.py"),
                         ("/srv/yijianshi/.venv/bin", Path(sys.executable).parent)):
        assert theirs in text
        text = text.replace(theirs, str(ours))
    yjs.write_text(text)
    yjs.chmod(0o755)
    (tmp_path / "here.zip").write_bytes(b"no package")
    done = subprocess.run([yjs, "archive", "check", "here.zip", "there.zip"], cwd=tmp_path, capture_output=True,
                          text=True, check=False, timeout=60)
    here, there = done.stdout.splitlines()
    assert (done.returncode, "BadZipFile" in here, "请核对路径" in there) == (1, True, True), done.stderr
