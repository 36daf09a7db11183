"""What is stored as JSON is one text, whichever writer wrote it, and comes back as it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from store.encoding import pack, stamp, to_json, unpack

LEAVES = some.none() | some.booleans() | some.integers(-2**80, 2**80) | some.text() | some.floats(
    allow_nan=False, allow_infinity=False)
VALUES = some.recursive(LEAVES, lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner), max_leaves=20)
STAMP = "2026-11-23T01:00:00.000000Z"


def stock(value: Any) -> str:
    """The canonical text as the standard library writes it."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@given(VALUES)
def test_what_is_packed_comes_back_equal(value: Any) -> None:
    assert unpack(pack(value)) == value


@given(some.recursive(some.none() | some.booleans() | some.integers(-2**80, 2**80) | some.text(),
                      lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner), max_leaves=20))
def test_the_canonical_text_is_the_one_that_chains_were_hashed_over(value: Any) -> None:
    assert to_json(value) == stock(value)


@pytest.mark.parametrize("value", [{1: "a", 2: None}, {True: 1}, 2**64, -2**63 - 1, [2**70]], ids=str)
def test_what_the_quick_writer_does_not_know_is_written_all_the_same(value: Any) -> None:
    assert to_json(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def test_a_time_is_its_stamp_in_any_zone() -> None:
    here = datetime(2026, 11, 23, 9, tzinfo=timezone(timedelta(hours=8)))
    assert to_json([here, datetime(2026, 11, 23, 1, tzinfo=UTC)]) == f'["{STAMP}","{STAMP}"]'
    assert stamp(here) == STAMP


@pytest.mark.parametrize("wrong", [{"a": object()}, {"b": b"bytes"}, {"s": {1, 2}}], ids=["object", "bytes", "set"])
def test_what_is_no_json_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError):
        to_json(wrong)
    with pytest.raises(ValueError, match="offset"):
        stamp(datetime(2026, 11, 23))  # noqa: DTZ001
