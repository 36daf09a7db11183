"""A key under which something made once from large values is kept: the very same values, not equal ones."""

from __future__ import annotations


class Same:
    """Some values, equal only to themselves: comparing or hashing a catalog or a plan costs more than using it."""

    __slots__ = ("parts",)

    def __init__(self, *parts: object) -> None:
        self.parts = parts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and len(self.parts) == len(other.parts) and all(
            mine is its for mine, its in zip(self.parts, other.parts, strict=True))

    def __hash__(self) -> int:
        return hash(tuple(map(id, self.parts)))
