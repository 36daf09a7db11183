"""Failpoints do nothing unless armed, and then exactly what they say."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from store.errors import StoreUnavailable
from store.failpoints import arm, reach
from tests.store import children


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    arm("")


def test_an_unarmed_failpoint_does_nothing() -> None:
    reach("accept.before_commit")


def test_an_armed_failpoint_raises_at_its_turn_only() -> None:
    arm("notice.before_commit:raise@2; push.after_send:sleep=0.01")
    reach("notice.before_commit")
    with pytest.raises(StoreUnavailable):
        reach("notice.before_commit")
    reach("notice.before_commit")
    before = time.monotonic()
    reach("push.after_send")
    assert time.monotonic() > before


def test_a_failpoint_kills_the_process_at_once() -> None:
    child = children.start("die_at", "push.after_send")
    output = child.communicate()[0]
    assert (child.returncode, output) == (-9, b"before\n")


def test_a_chance_of_zero_never_strikes() -> None:
    arm("a.b:raise,p=0.0")
    for _ in range(100):
        reach("a.b")


@pytest.mark.parametrize("text", ["a", "a:explode", "a:sleep", "a:raise@x", ":kill"])
def test_a_misspelt_failpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="FAILPOINTS"):
        arm(text)
