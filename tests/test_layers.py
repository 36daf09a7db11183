"""Imports point down; the pure floors touch nothing outside; SQL and the clock stay in their rooms."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parent.parent
# What each room imports: all of it, and nothing else of ours.
MAY_IMPORT = {
    "catalog": set(),
    "forms": {"catalog"},
    "cases": {"catalog", "forms"},
    "connectors": set(),
    "settings": set(),
    "sources": {"connectors"},
    "store": {"cases"},
    "desk": {"catalog", "forms", "cases", "store", "connectors", "sources"},
    "dispatch": {"store", "desk", "connectors"},
    "oversight": {"catalog", "forms", "cases", "store", "desk"},
    "people": {"store", "connectors"},
    "web": {"catalog", "forms", "cases", "store", "desk", "dispatch", "oversight", "people", "connectors", "sources",
            "settings"},
    "commands": {"catalog", "forms", "cases", "store", "desk", "dispatch", "oversight", "people", "web", "connectors",
                 "sandbox", "settings", "sources"},
    # Signatures and sample papers import nothing of ours; everything else goes by HTTP.
    "sandbox": {"connectors", "sources"},
    # The fault rig is a stranger too: signatures, what departments say, and the tools of bench; the rest by HTTP.
    "chaos": {"connectors", "sandbox", "settings", "sources", "bench"},
}
MODULES = {path.stem for path in HOME.glob("*.py")}
ROOMS = {*MODULES, *(path.parent.name for path in HOME.glob("*/__init__.py")), "bench"} - {"tests"}
PURE = ("catalog", "forms", "cases")
IMPURE_MODULES = {"flask", "sqlite3", "sqlite_utils", "requests", "os", "random", "time", "psycopg", "secrets",
                  "pathlib", "subprocess", "socket", "urllib"}
FOR_FEW = {"pikepdf", "psycopg", "psycopg_pool"}
CLOCK_ROOMS = {"settings", "web", "dispatch", "sandbox", "chaos"}
NO_CITYS_DAY = re.compile(r"\bnow(\(\))?\.date\(\)")  # the zone is missing: `now` is in UTC
CLOCK_CALLS = re.compile(r"\b(datetime\.now|datetime\.utcnow|date\.today|time\.time)\(")
SQL = re.compile(r"\b(select\s.+\sfrom|insert\s+into|update\s+\w+\s+set|delete\s+from)\s", re.IGNORECASE)


def files(room):
    return [HOME / f"{room}.py"] if room in MODULES else sorted((HOME / room).rglob("*.py"))


@cache
def tree_of(path):
    """A file of ours, read once for all that is looked for in it."""
    return ast.parse(path.read_text())


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0], node


def imports_of(room):
    """What a room imports of the others, each with where it does."""
    return {name: f"{path.relative_to(HOME)}:{node.lineno} imports {name}" for path in files(room)
            for name, node in imported(tree_of(path)) if name in ROOMS - {room}}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_what_stands_beside_it_here(room):
    found = imports_of(room)
    assert [line for name, line in found.items() if name not in MAY_IMPORT[room]] == []
    assert MAY_IMPORT[room] - found.keys() == set()


def test_each_line_of_the_readmes_table_imports_from_itself_and_those_above():
    table = (HOME / "README.md").read_text().split("| room |", 1)[1].split("\n\n", 1)[0]
    above = set()
    for cell in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE):
        here = {path.stem for name in re.findall(r"`([\w/.*]+)`", cell) for path in HOME.glob(name.strip("/"))}
        above |= here
        assert [line for room in here & ROOMS for name, line in imports_of(room).items() if name not in above] == []
    assert ROOMS - above == ROOMS - MODULES - {*MAY_IMPORT, "bench"} == set()


def test_an_image_holds_whatever_is_imported_in_it():
    left_out = set((HOME / ".dockerignore").read_text().split()) & ROOMS
    assert left_out == {"bench", "chaos"}
    assert [line for room in ROOMS - left_out for name, line in imports_of(room).items() if name in left_out] == []


@pytest.mark.parametrize("room", PURE)
def test_pure_floors_import_nothing_from_outside(room):
    wrong = [
        f"{path.relative_to(HOME)}:{node.lineno} imports {name}"
        for path in files(room)
        if (room, path.name) != ("catalog", "load.py")
        for name, node in imported(tree_of(path))
        if name in IMPURE_MODULES
    ]
    assert wrong == []


def test_only_the_edges_read_the_clock():
    wrong = [
        f"{path.relative_to(HOME)}:{number}"
        for room in MAY_IMPORT.keys() - CLOCK_ROOMS
        for path in files(room)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if CLOCK_CALLS.search(line)
    ]
    assert wrong == []


def test_today_is_the_citys_day_and_not_the_one_in_greenwich():
    wrong = [f"{path.relative_to(HOME)}:{number}" for room in MAY_IMPORT for path in files(room)
             for number, line in enumerate(path.read_text().splitlines(), 1) if NO_CITYS_DAY.search(line)]
    assert wrong == []


def test_sql_stands_in_the_store_alone():
    wrong = []
    for room in MAY_IMPORT.keys() - {"store"}:
        for path in files(room):
            texts = [node for node in ast.walk(tree_of(path))
                     if isinstance(node, ast.Constant) and isinstance(node.value, str)]
            wrong += [f"{path.relative_to(HOME)}:{node.lineno}" for node in texts if SQL.search(node.value)]
    assert wrong == []


def test_no_function_imports_inside_itself():
    wrong = []
    for path in [*(file for room in MAY_IMPORT for file in files(room)), *HOME.glob("*.py")]:
        for function in ast.walk(tree_of(path)):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                wrong += [f"{path.relative_to(HOME)}:{node.lineno}" for node in ast.walk(function)
                          if isinstance(node, ast.Import | ast.ImportFrom)]
    assert wrong == []


def modules():
    """Every module of the product by its name, with its file."""
    paths = [*(path for room in MAY_IMPORT for path in files(room)), *HOME.glob("*.py")]
    return {".".join(path.relative_to(HOME).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def graph():
    """What each module of the product imports of the others."""
    known, found = modules().keys(), {}
    for name, path in modules().items():
        targets = set()
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ImportFrom) and node.module:
                whole = {f"{node.module}.{alias.name}" for alias in node.names}
                targets |= (whole & known) or ({node.module} & known)
            elif isinstance(node, ast.Import):
                targets |= {alias.name for alias in node.names} & known
        found[name] = targets - {name}
    return found


def test_no_start_loads_a_large_library_that_few_ever_use():
    imports, reached, at_hand = graph(), set(), ["app", "web.serve"]
    while at_hand:
        if (name := at_hand.pop()) not in reached:
            reached.add(name)
            at_hand += imports[name]
    wrong = [f"{name} imports {library}" for name, path in modules().items() if name in reached
             for library, _ in imported(tree_of(path)) if library in FOR_FEW]
    assert wrong == []


def test_modules_import_each_other_in_one_direction_only():
    imports = graph()
    done, path_now = set(), []

    def visit(name):
        if name in path_now:
            raise AssertionError(" → ".join([*path_now[path_now.index(name):], name]))
        if name in done:
            return
        path_now.append(name)
        for target in sorted(imports[name]):
            visit(target)
        path_now.pop()
        done.add(name)

    for name in sorted(imports):
        visit(name)
    assert done == set(imports)
