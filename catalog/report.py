"""Problems in the order in which an author should meet them: what stops reading first, then errors, then the rest."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from catalog.assemble import Loaded
from catalog.check import check
from catalog.text import Problem

LEVELS = {"error": 0, "warning": 1, "note": 2}
WORDS = {"error": "", "warning": "提醒：", "note": "说明："}


def by_weight(problems: Iterable[Problem]) -> list[Problem]:
    """Errors before warnings before notes, each by file and line, each once."""
    return sorted(set(problems), key=lambda one: (LEVELS[one.level], one))


def found_in(loaded: Loaded, today: date | None = None) -> list[Problem]:
    """Everything wrong with loaded definitions; while a file cannot be read, only why.

    What an unreadable file would have defined seems to be missing everywhere, so nothing else can be judged yet.
    """
    if loaded.unread:
        return by_weight(one for one in loaded.problems if one.place.file in loaded.unread)
    return by_weight([*loaded.problems, *check(loaded.catalog, today)])


def report_lines(problems: list[Problem], unread: bool = False) -> list[str]:
    """The problems as `flask check` prints them, with their number at the end."""
    if not problems:
        return ["定义全部正确。"]
    wrong = sum(one.level == "error" for one in problems)
    lines = [f"{one.place}: {WORDS[one.level]}{one.message}" for one in problems]
    rest = "这些文件还读不出来，先改好它们，再运行一次看其余的。" if unread else ""
    return [*lines, f"共 {wrong} 处错误，{len(problems) - wrong} 条提醒。{rest}"]
