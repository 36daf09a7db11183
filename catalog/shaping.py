"""Nodes through a schema: typed values, and every fault of them at its own line."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from marshmallow import Schema, ValidationError

from catalog.nodes import Node
from catalog.text import Place, Problem

_CODES = (("未知的键", "unknown_key"), ("缺少", "missing"))


def place_at(node: Node, path: tuple[str | int, ...]) -> Place:
    """The place of `path` below `node`, else of its nearest ancestor."""
    for step in path:
        if isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        elif isinstance(step, str) and step in node.pairs:
            node = node.pairs[step]
        else:
            break
    return node.place


@lru_cache(maxsize=20_000)
def shaped(node: Node, schema: Schema) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """Load a node; what is right comes back even where other parts are wrong, so that all problems show at once.

    The same node gives the same values again (readers never change them), so loading after one edit is quick.
    """
    try:
        return schema.load(node.plain()), ()
    except ValidationError as error:
        problems = tuple(_problem(node, path, message) for path, message in _leaves(error.messages) if message)
        kept = error.valid_data
        return kept if isinstance(kept, dict) else {}, problems


def _problem(node: Node, path: tuple[str | int, ...], message: str) -> Problem:
    code = next((code for start, code in _CODES if message.startswith(start)), "bad_value")
    return Problem(place_at(node, path), code, message)


def _leaves(messages: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _leaves(inner, path if key == "_schema" else (*path, key))
    else:
        for message in messages:
            if isinstance(message, dict):
                yield from _leaves(message, path)
            else:
                yield path, str(message)
