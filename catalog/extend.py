"""Local bundles on a parent (language 2.9): parent and child nodes → one node, and what the child may not do."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.nodes import Node
from catalog.text import Problem

DEEPEST_EXTENSION = 4


def inherited(bundles: Mapping[str, Node], matters: Mapping[str, Node]) -> tuple[dict[str, Node], list[Problem]]:
    """Every bundle with its parents laid under it, and the refusals of what a child must not change."""
    return dict(bundles), []

