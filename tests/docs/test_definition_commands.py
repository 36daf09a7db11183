"""`flask check`, `plan` and `figures` on real folders: what they print, where, and how they end."""

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from app import create_app
from commands import definitions
from sandbox.demo_secrets import ensure_secrets
from sandbox.run import DEPLOYMENT
from web.wiring import RefusedStart

BUNDLES = Path(__file__).parents[2] / "bundles"
DOCS = Path(__file__).parents[2] / "docs"


def run(command, *words, folder=BUNDLES, **environ):
    environ |= {"YJS_BUNDLES": str(folder), "YJS_ENV": "test"}
    return CliRunner().invoke(command, list(map(str, words)), env=environ)


@pytest.fixture
def offices(tmp_path):
    """The shipped list of departments with its secrets; what is called changes it and gives the environment."""
    ensure_secrets(DEPLOYMENT, tmp_path)

    def changed(*changes):
        text = DEPLOYMENT.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        (tmp_path / "offices.yaml").write_text(text)
        return {"YJS_DEPARTMENTS": str(tmp_path / "offices.yaml"), "YJS_SECRETS": str(tmp_path)}

    return changed


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
    done = run(definitions.figures, "newborn", "--json", "--situation", situation(tmp_path, answers))
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["situation"]["has_certificate"] is True


@pytest.mark.parametrize("command", [definitions.plan, definitions.figures])
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
    done = run(definitions.plan, "newborn", "--situation", situation(tmp_path, content))
    assert done.exit_code == 1
    assert says in done.stderr
    assert "Errno" not in done.stderr


def test_a_missing_file_of_answers_is_named(tmp_path):
    done = run(definitions.plan, "newborn", "--situation", tmp_path / "no.json")
    assert "读不到情形文件" in done.stderr
    assert "Errno" not in done.stderr


def test_figures_of_an_unanswered_situation_say_that_they_are_not_to_be_published(tmp_path):
    folder = tmp_path / "bundles"
    shutil.copytree(BUNDLES, folder)
    file = folder / "newborn.yaml"
    lines = [line for line in file.read_text().splitlines() if not line.startswith("figures:")]
    file.write_text("\n".join(lines))
    done = run(definitions.figures, "newborn", folder=folder)
    assert done.stderr.startswith("还有问题没有回答，下面的数字不能公布")
    assert "has_certificate：" in done.stderr
    checked = run(definitions.check, folder=folder)
    assert checked.exit_code == 0
    assert "newborn.yaml:2: 提醒：没有写 figures" in checked.output


def test_the_shipped_list_of_departments_has_no_fault(offices):
    done = run(definitions.check, **offices())
    assert (done.exit_code, done.stdout, done.stderr) == (0, "定义全部正确。\n", "")


def test_faults_of_the_list_of_departments_are_said_counted_and_refused_like_any_other(offices):
    environ = offices(
        ("    department: water-group\n", "    department: water-grp\n"),
        ("    path: /d/transport-qingdao\n", "    path: /d/transport-qingdao\n    deadlin: 3\n    read_lag: soon\n"),
        ("  tax:\n", "  tax-2: {department: tax, path: /d/tax-2, secrets: [file:tax.secret]}\n  tax:\n"),
        ("    path: /d/bank\n", "    connector: pull\n"), ("    tokens: [file:bank.token]\n", ""))
    done = run(definitions.check, **environ)
    assert (done.exit_code, done.stderr) == (1, "")
    lines = [line.removeprefix(environ["YJS_DEPARTMENTS"]) for line in done.stdout.splitlines()]
    assert ":19: 没有 water-grp 这类部门；是不是 water-group？" in lines
    assert [line.split(": ", 1)[1] for line in lines if "transport-qingdao" in line] == [
        "transport-qingdao：不认识 deadlin；是不是 deadline？", "transport-qingdao：read_lag 应为 0 到 86400 的数字"]
    assert [line.split(": ", 1)[1] for line in lines if "tax" in line] == [
        "tax 与 tax-2 是同一类部门、同一地区，无法决定送给谁；只承办一部分事项的用 matters 列出"]
    assert "提醒：bank：没有写 tokens" in lines[-2]
    found = json.loads(run(definitions.check, "--json", **environ).stdout)
    assert lines[-1] == f"共 {sum(one['level'] == 'error' for one in found)} 处错误，1 条提醒。"
    assert {one["code"] for one in found} == {
        "unknown_department", "unknown_key", "bad_value", "same_place", "no_token", "no_connector"}
    with pytest.raises(RefusedStart) as refused:
        create_app({**environ, "YJS_ENV": "test"})
    assert str(refused.value).splitlines()[1:] == done.stdout.splitlines()[:-2]


@pytest.mark.parametrize("guide", ["connecting.md", "connecting.zh-CN.md"])
def test_one_real_department_among_the_demo_ones_is_set_up_as_the_guide_says(offices, tmp_path, guide):
    shown = re.findall(r"```yaml\n(.*?)```", (DOCS / guide).read_text(), re.DOTALL)
    entry = next(block for block in shown if "address: https://gas." in block)
    demo = re.search(r"  gas-utility:\n(?:    .*\n)+", DEPLOYMENT.read_text())[0]
    environ = offices((demo, entry))
    for name in ("gas.secret", "gas.token"):
        (tmp_path / f"{name.replace('gas', 'gas-utility')}").rename(tmp_path / name)  # which others cannot read
    assert run(definitions.check, **environ).stdout == "定义全部正确。\n"


def test_a_list_of_departments_that_cannot_be_read_is_the_only_thing_said(offices):
    done = run(definitions.check, **offices(("bodies:\n", "bodies: [\n")))
    first, last = done.stdout.splitlines()
    assert "offices.yaml:" in first and last == "共 1 处错误，0 条提醒。"
    assert done.exit_code == 1
