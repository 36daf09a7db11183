"""Reads a bundles folder: the only module of the catalog that touches files."""

from __future__ import annotations

import re
from pathlib import Path

from catalog.assemble import Loaded, assemble
from catalog.nodes import LARGEST_FILE
from catalog.text import Place, Problem

_MEANT = re.compile(r"\.ya?ml(?:\.txt)?$", re.IGNORECASE)  # Notepad adds .txt and does not show it

__all__ = ["Loaded", "load_catalog", "read_folder"]


def load_catalog(folder: Path) -> Loaded:
    """Read every definition below `folder`; never raises for what an author wrote, all problems come back at once."""
    texts, problems = read_folder(folder)
    loaded = assemble(texts)
    unread = loaded.unread | {problem.place.file for problem in problems}
    if not texts and not problems:
        problems = [Problem(Place(folder.name, 1), "no_definitions", f"{folder.name} 里没有任何 .yaml 文件")]
    return Loaded(loaded.catalog, tuple(sorted([*problems, *loaded.problems])), unread)


def read_folder(folder: Path) -> tuple[dict[str, str], list[Problem]]:
    """The texts of all definition files by path below `folder`, and the files that cannot be read as text."""
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    for path in sorted(folder.rglob("*")):
        file = path.relative_to(folder).as_posix()
        if any(part.startswith(".") for part in file.split("/")) or not path.is_file():
            continue
        if path.suffix == ".yaml":
            _read(path, file, texts, problems)
        elif _MEANT.search(path.name):
            right = _MEANT.sub(".yaml", path.name)
            problems.append(Problem(Place(file, 1), "file_name", f"定义文件的名字要以 .yaml 结尾；请改名为 {right}"))
    return texts, problems


def _read(path: Path, file: str, texts: dict[str, str], problems: list[Problem]) -> None:
    if path.stat().st_size > LARGEST_FILE:
        problems.append(Problem(Place(file, 1), "too_large", "文件超过 1 MB；请拆成几个文件"))
        return
    raw = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    try:
        texts[file] = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problems.append(Problem(Place(file, line), "encoding", "文字编码不是 UTF-8；请另存为 UTF-8"))
