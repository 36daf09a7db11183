"""`flask check`, `plan` and `figures` on real folders: what they print, where, and how they end."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

import cli

BUNDLES = Path(__file__).parents[2] / "bundles"


def run(command, *words, folder=BUNDLES):
    return CliRunner().invoke(command, list(map(str, words)), env={"YJS_BUNDLES": str(folder), "YJS_ENV": "test"})


def situation(folder, text):
    file = folder / "situation.txt"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


@pytest.mark.parametrize("answers", [
    b'{"has_certificate": true, "register_with": "mother", "wants": [], "filer": "self"}',
    b'\xef\xbb\xbf{"has_certificate": "yes", "register_with": "mother", "wants": [], "filer": "self"}',
    "has_certificate: yes\nregister_with: mother\nwants: []\nfiler: self\n",
    "has_certificate: 是\nregister_with: mother\nwants: []\nfiler: self\n",
])
def test_a_situation_is_json_or_as_in_a_bundle(tmp_path, answers):
    done = run(cli.figures, "newborn", "--json", "--situation", situation(tmp_path, answers))
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["situation"]["has_certificate"] is True


@pytest.mark.parametrize("command", [cli.plan, cli.figures])
def test_a_wrong_answer_is_said_and_no_plan_is_shown(tmp_path, command):
    done = run(command, "newborn", "--situation", situation(tmp_path, "register_with: uncle\nchild: yes\n"))
    assert done.exit_code == 1
    assert done.stdout == ""
    first, *rest = done.stderr.splitlines()
    assert first == "情形里有答错的问题，请改正后再算："
    assert [line.strip().split("：")[0] for line in rest] == ["register_with", "child"]


@pytest.mark.parametrize(("content", "says"), [
    ("", "是空的；请写上回答"), ("有出生证：是", "里要写「问题: 回答」"), ("[water]", "里要写「问题: 回答」"),
    ("是".encode("gb18030"), "文字编码不是 UTF-8；请另存为 UTF-8"), ("a: 'b", "引号没有成对"),
])
def test_a_file_of_answers_that_cannot_be_read_says_in_chinese_why(tmp_path, content, says):
    done = run(cli.plan, "newborn", "--situation", situation(tmp_path, content))
    assert done.exit_code == 1
    assert says in done.stderr
    assert "Errno" not in done.stderr


def test_a_missing_file_of_answers_is_named(tmp_path):
    done = run(cli.plan, "newborn", "--situation", tmp_path / "no.json")
    assert "读不到情形文件" in done.stderr
    assert "Errno" not in done.stderr


def test_figures_of_an_unanswered_situation_say_that_they_are_not_to_be_published(tmp_path):
    folder = tmp_path / "bundles"
    shutil.copytree(BUNDLES, folder)
    file = folder / "newborn.yaml"
    lines = [line for line in file.read_text().splitlines() if not line.startswith("figures:")]
    file.write_text("\n".join(lines))
    done = run(cli.figures, "newborn", folder=folder)
    assert done.stderr.startswith("还有问题没有回答，下面的数字不能公布")
    assert "has_certificate：" in done.stderr
    checked = run(cli.check, folder=folder)
    assert checked.exit_code == 0
    assert "newborn.yaml:2: 提醒：没有写 figures" in checked.output
