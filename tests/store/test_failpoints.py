"""Failpoints do nothing unless armed, and then exactly what they say."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from functools import partial

import pytest

from store import counters
from store.engine.opening import Opened
from store.errors import StoreUnavailable
from store.failpoints import arm, reach
from store.port import Tx
from tests.store import children


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    arm("")


def comes_through(name: str) -> bool:
    """Whether work goes on behind the failpoint."""
    try:
        reach(name)
    except StoreUnavailable:
        return False
    return True


def test_an_unarmed_failpoint_does_nothing() -> None:
    assert comes_through("accept.before_commit")
    arm("accept.before_commit:raise")
    assert (comes_through("accept.before_commit"), comes_through("accept.after_commit")) == (False, True)
    arm("")
    assert comes_through("accept.before_commit")


def test_a_failpoint_raises_the_fault_of_the_system_that_it_names() -> None:
    arm("result.before_write:raise=EIO@2")
    reach("result.before_write")
    with pytest.raises(OSError) as met:
        reach("result.before_write")
    assert met.value.errno == errno.EIO
    with pytest.raises(ValueError, match="ENOTHING"):
        arm("result.before_write:raise=ENOTHING")


def test_a_failpoint_that_raises_leaves_nothing_of_its_unit_and_all_of_the_others(store: Opened) -> None:
    def unit(name: str, tx: Tx) -> None:
        counters.add(tx, {("units", name): 1})
        reach("notice.before_commit")

    arm("notice.before_commit:raise@2")
    store.db.write(partial(unit, "first"))
    with pytest.raises(StoreUnavailable):
        store.db.write(partial(unit, "second"))
    store.db.write(partial(unit, "third"))
    with store.db.read() as tx:
        assert counters.every(tx, "units") == {"first": 1, "third": 1}


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
    arm("a.b:raise,p=0.0; c.d:raise,p=1.0")
    assert [comes_through(name) for name in ("a.b", "c.d") for _ in range(100)] == [True] * 100 + [False] * 100


@pytest.mark.parametrize("text", ["a", "a:explode", "a:sleep", "a:raise@x", ":kill"])
def test_a_misspelt_failpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="FAILPOINTS"):
        arm(text)
