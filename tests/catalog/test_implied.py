"""What two conditions say of one another is never said wrongly, and is seen where authors write it."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from random import Random

import pytest

from catalog.conditions import Condition, parse_condition
from catalog.evaluate import EMPTY, holds
from catalog.implied import exclusive, implied

ATOMS = ("a", "n > 2", "n <= 2", "s == 'x'", "s == 'y'", "s != 'x'", "'x' in m", "'y' in m", "n == 3")
WORLDS = [dict(zip("ansm", world, strict=True)) for world in product(
    (True, False, EMPTY), (Decimal(1), Decimal(2), Decimal(3), EMPTY), ("x", "y", "z", EMPTY),
    (("x",), ("x", "y"), (), EMPTY))]


def written(random: Random, depth: int) -> str:
    """A condition as somebody might write it."""
    kind = random.random() if depth else 0.0
    if kind < 0.4:
        return random.choice(ATOMS)
    if kind < 0.6:
        return f"not ({written(random, depth - 1)})"
    return f"({written(random, depth - 1)}) {random.choice(('and', 'or'))} ({written(random, depth - 1)})"


def true_in(condition: Condition) -> list[bool]:
    return [holds(condition, world) is True for world in WORLDS]


def test_what_is_said_of_two_conditions_holds_whatever_is_answered() -> None:
    random, said = Random(7), 0
    for _ in range(1_500):
        one, other = (parse_condition(written(random, 2)) for _ in range(2))
        if implied(one, other):
            said += 1
            assert all(then for this, then in zip(true_in(one), true_in(other), strict=True) if this), (one, other)
        if exclusive(one, other):
            said += 1
            assert not any(map(all, zip(true_in(one), true_in(other), strict=True))), (one, other)
    assert said > 100


@pytest.mark.parametrize(("one", "other", "follows", "apart"), [
    ("a", "a", True, False), ("a", "not a", False, True), ("a", "a or s == 'x'", True, False),
    ("a and n > 2", "a", True, False), ("n > 2", "n <= 2", False, True), ("s == 'x'", "s == 'y'", False, True),
    ("'x' in m", "not ('x' in m or 'y' in m)", False, True),
    ("'x' in m or 'y' in m", "not ('x' in m or 'y' in m or a)", False, True),
    ("'x' in m or a", "not ('x' in m or 'y' in m)", False, False),
    ("a and 'x' in m", "not 'x' in m and s == 'y'", False, True)])
def test_what_authors_write_is_seen(one: str, other: str, follows: bool, apart: bool) -> None:
    read = parse_condition(one), parse_condition(other)
    assert (implied(*read), exclusive(*read), exclusive(*read[::-1])) == (follows, apart, apart)
    assert implied(read[0], None) and not implied(None, read[0]) and not exclusive(None, read[0])
