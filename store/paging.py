"""Lists that are read page by page: where a page ended is the text by which the next one is asked for, so that a page
costs a page, wherever it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from store.port import Row

_BETWEEN = "|"
_DIGITS = 15  # of a number that either store can hold


@dataclass(frozen=True, slots=True)
class Order:
    """The columns that a list is ordered by, together unique; those in `numbers` hold numbers, all others text. Whoever
    asks reads one row more than a page holds."""

    columns: tuple[str, ...]
    numbers: frozenset[str] = frozenset()
    backwards: bool = False
    first: str = ""  # sorts before every text of the first column, or behind it if the list goes backwards

    @property
    def behind(self) -> str:
        """The condition that a row stands behind the place in the parameters of `place`."""
        names = ", ".join(f":after_{name}" for name in self.columns)
        return f"({', '.join(self.columns)}) {'<' if self.backwards else '>'} ({names})"

    @property
    def by(self) -> str:
        """What stands after `order by`."""
        return ", ".join(f"{name} desc" if self.backwards else name for name in self.columns)

    def place(self, after: str | None) -> dict[str, Any]:
        """The parameters of `behind` for the place where a page ended; the beginning for None and for anything that is
        no such place."""
        parts = after.split(_BETWEEN) if after and after.isprintable() else []
        fits = len(parts) == len(self.columns) and all(
            _is_number(part) for name, part in zip(self.columns, parts, strict=True) if name in self.numbers)
        if not fits:
            parts = ["0" if name in self.numbers else self.first for name in self.columns]
        return {f"after_{name}": int(part) if name in self.numbers else part
                for name, part in zip(self.columns, parts, strict=True)}

    def page(self, found: Sequence[Row], limit: int) -> tuple[Sequence[Row], str | None]:
        """The rows of a page, and where the next one begins (None: this was the last)."""
        more = len(found) > limit
        return found[:limit], self.text(*(found[limit - 1][name] for name in self.columns)) if more else None

    def text(self, *place: Any) -> str:
        """A place, given by the values of the columns."""
        return _BETWEEN.join(map(str, place))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS
