"""The rules of the house, with their numbers."""

import ast
import statistics
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
BANNED_NAMES = {"utils", "helpers", "manager", "common", "misc"}
LARGEST_FILE, LARGEST_FUNCTION, USUAL_FUNCTION, DEEPEST, MOST_FILES = 400, 40, 25, 3, 48


@cache
def sources():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.py"], cwd=HOME, check=True,
                            capture_output=True, text=True).stdout.split()
    return [HOME / name for name in listed if not name.startswith(("tests/", "bench/")) and (HOME / name).exists()]


@cache
def functions():
    """Every function with its file and how many lines of logic it has."""
    found = []
    for path in sources():
        lines = path.read_text().split("\n")
        found += [(path, node, logic_lines(node, lines)) for node in ast.walk(ast.parse("\n".join(lines)))
                  if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return found


def logic_lines(function, lines):
    first = function.body[0]
    value = first.value if isinstance(first, ast.Expr) else None
    is_doc = isinstance(value, ast.Constant) and isinstance(value.value, str)
    skipped = set(range(first.lineno, first.end_lineno + 1)) if is_doc else set()
    return sum(1 for number in range(function.lineno, function.end_lineno + 1)
               if number not in skipped and lines[number - 1].strip() and not lines[number - 1].strip().startswith("#"))


def depth(node, now=0):
    return max([now, *(depth(child, now + isinstance(child, ast.If | ast.For | ast.While | ast.With | ast.Try))
                       for child in ast.iter_child_nodes(node))])


def test_no_file_is_longer_than_400_lines():
    assert [str(path) for path in sources() if len(path.read_text().split("\n")) > LARGEST_FILE] == []


def test_functions_are_short():
    counted = functions()
    long = [f"{path}:{node.lineno} {node.name} {lines}" for path, node, lines in counted if lines > LARGEST_FUNCTION]
    assert long == []
    sizes = [lines for *_, lines in counted]
    assert statistics.median(sizes) <= 7
    assert sum(size <= USUAL_FUNCTION for size in sizes) / len(sizes) >= 0.95


def test_nothing_is_nested_deeper_than_three():
    assert [f"{path}:{node.lineno} {node.name}" for path, node, _ in functions() if depth(node) > DEEPEST] == []


def test_every_module_and_public_name_says_what_it_is():
    wrong = []
    for path in sources():
        tree = ast.parse(path.read_text())
        wrong += [] if ast.get_docstring(tree) else [f"{path}: module"]
        for node in tree.body:
            public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
            wrong += [f"{path}:{node.lineno} {node.name}"] if public and not ast.get_docstring(node) else []
    assert wrong == []


def test_no_folder_has_more_files_than_a_reader_overlooks():
    held = Counter(path.parent for path in sources())
    assert {folder: count for folder, count in held.items() if count > MOST_FILES} == {}


def test_modules_have_names_of_the_field():
    assert [str(path) for path in sources() if path.stem in BANNED_NAMES] == []


def test_tests_have_no_packages_that_would_hide_a_room():
    assert list((HOME / "tests").rglob("__init__.py")) == []


def test_nothing_is_left_for_later():
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X")
    listed = subprocess.run(["git", "ls-files", "*.py", "*.md", "*.yaml", "*.html"], cwd=HOME, check=True,
                            capture_output=True, text=True).stdout.split()
    wrong = [f"{name}:{number}" for name in listed if (HOME / name).exists()
             for number, line in enumerate((HOME / name).read_text().split("\n"), 1)
             if any(mark in line for mark in marks)]
    assert wrong == []
