"""A deployment file reads the same whether or not the quick parser is there, and so do its slips."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors import lined_yaml
from connectors.lined_yaml import BadYaml, Lined, read_lined

SANDBOX = Path(__file__).parents[2] / "sandbox"
GOOD = "hosts:\n  gas: https://gas.example\nbodies:\n  one: {host: gas, secrets: [\"file:a\"]}\n"
SLIPS = (
    "", "# nothing\n", "a: &b c\n", "a: *b\n", "a: !x b\n", "a: b\na: c\n", "a:\n", "a: \"\"\n", "a: '一'二\n",
    "a:\tb\n", "? a\n", "<<: {a: b}\n", "---\na: b\n--- \nc: d\n", "a: [b, c\n", "a: {b: c\n", "a: b: c\n", "a: =\n",
    "=\n", "[a, [b, {c: d}]]\n", "a\n", "a: 01\nb: 1e3\nc: yes\nd: 2026-01-01\n", "a: |\n  b\n  c\n", "a: >\n  b\n",
    "'a':b\n", "[[[[[[[[[[[[[[[[[[[[a]]]]]]]]]]]]]]]]]]]]\n", "a: b\n c: d\n", "- a\n- b: c\n  d: e\n",
)


def told(path: Path) -> Lined | tuple[int, str]:
    """What the file says, or the line and the words of the refusal."""
    try:
        return read_lined(path)
    except BadYaml as error:
        return error.line, str(error)


def both(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[object, object]:
    """What is told with the quick parser and without it."""
    quick = told(path)
    monkeypatch.setattr(lined_yaml, "_QUICK", None)
    return quick, told(path)


@pytest.mark.parametrize("path", sorted(SANDBOX.rglob("*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_file_is_read_alike(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick, careful = both(path, monkeypatch)
    assert quick == careful
    assert isinstance(careful, Lined)


@pytest.mark.parametrize("slip", SLIPS)
@pytest.mark.parametrize("before", ["", GOOD])
def test_a_slip_is_told_alike(before: str, slip: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "departments.yaml"
    path.write_text(before + slip, "utf-8")
    quick, careful = both(path, monkeypatch)
    assert quick == careful


def test_the_line_of_every_key_is_known(tmp_path: Path) -> None:
    path = tmp_path / "departments.yaml"
    path.write_text(GOOD, "utf-8")
    top = read_lined(path)
    assert top.lines == {"hosts": 1, "bodies": 3}
    assert top.value["bodies"].lines == {"one": 4}
