"""Department lists that differ from the demo's in one office (示例)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from sandbox.run import DEPLOYMENT

PULL, DESK, CLOSING = "connector: pull", "connector: desk", "takes_new: no"


def changed_list(folder: Path, office: str, *lines: str, more: str = "") -> Path:
    """The demo's list in a file of its own, with these lines added to the entry of `office`, and `more` at its end."""
    return _written(folder, office, lambda entry: "".join([entry, *(f"    {line}\n" for line in lines)]), more)


def list_without(folder: Path, office: str, more: str = "") -> Path:
    """The demo's list without `office`, with `more` at its end."""
    return _written(folder, office, lambda entry: "", more)


def entry(office: str, department: str) -> str:
    """An entry of an office that is pushed to, with the secrets of `department` of the demo."""
    return (f"  {office}:\n    department: {department}\n    name: 示例\n    path: /d/{office}\n"
            f"    secrets: [file:{department}.secret]\n")


def _written(folder: Path, office: str, change: Callable[[str], str], more: str) -> Path:
    text = DEPLOYMENT.read_text("utf-8")
    found = re.search(rf"^  {office}:\n(    .*\n)+", text, re.MULTILINE)
    assert found is not None
    path = folder / "changed.yaml"
    path.write_text(text.replace(found[0], change(found[0])) + more, "utf-8")
    return path
