"""Every planted bug still applies to the code as it stands, and what it is planted into still is Python."""

import ast
import os
import shutil
import subprocess
import sys

import pytest

from chaos.bugs import BUGS, PLANTED, apply, patch_of, tree_with
from chaos.checker import RULES
from chaos.forms import FAILPOINTS, FORMS, SELDOM

NAMES = sorted(path.stem for path in PLANTED.glob("*.patch"))


def touched(name):
    lines = patch_of(name).read_text().splitlines()
    return [line.removeprefix("+++ b/") for line in lines if line.startswith("+++ ")]


@pytest.mark.parametrize("name", NAMES)
def test_a_patch_applies_and_changes_working_python(name, tmp_path, request):
    for path in touched(name):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(request.config.rootpath / path, tmp_path / path)
    before = {path: (tmp_path / path).read_text() for path in touched(name)}
    done = apply(name, tmp_path)
    assert done.returncode == 0, done.stdout
    after = {path: (tmp_path / path).read_text() for path in touched(name)}
    assert all(before[path] != after[path] for path in before)
    assert all(ast.parse(text).body for text in after.values())
    lint = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--select", "F821", "."]
    unknown = subprocess.run(lint, cwd=tmp_path, text=True, capture_output=True, check=False)
    assert unknown.returncode == 0, unknown.stdout  # a name that is nowhere would end the bug instead of planting it


def test_every_patch_is_a_bug_of_its_own():
    assert len({patch_of(name).read_text() for name in NAMES}) == len(NAMES)


def test_every_patch_is_hunted_by_a_run_and_rules_that_there_are():
    assert {name for bug in BUGS for name in (bug.name, bug.on) if name} == set(NAMES)
    assert {bug.form for bug in BUGS} <= FORMS.keys()
    assert {rule for bug in BUGS for rule in bug.rules} <= {name.split()[0] for name in RULES}


def test_every_place_where_a_run_kills_is_in_the_code(request):
    rooms = [request.config.rootpath / room for room in ("store", "desk", "dispatch", "people", "web")]
    code = "".join(path.read_text() for room in rooms for path in room.rglob("*.py"))
    assert [name for name in FAILPOINTS if f'reach("{name}")' not in code] == []
    assert {*FAILPOINTS} >= SELDOM


PROVOKE = """
from pathlib import Path
from bench.inside import inside
from store.errors import TransactionLost
with inside(Path("home")) as there:
    try:
        there.desk.provoke()
    except TransactionLost:
        print("lost")
"""


def test_the_provocation_ends_a_transaction_and_nothing_less(tmp_path):
    tree = tree_with(tmp_path, "provoked-rollbacks")
    done = subprocess.run([sys.executable, "-c", PROVOKE], cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)},
                          text=True, capture_output=True, check=False)
    assert done.stdout.strip() == "lost", done.stderr
