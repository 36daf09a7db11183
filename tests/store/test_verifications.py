"""What walks through the chains came to, on both stores."""

from __future__ import annotations

from datetime import timedelta

from store.chains import seals, verifications
from store.chains.verifications import OLD, Verification
from store.engine.opening import Opened
from tests.store.samples import NOW, file_case, minutes


def test_a_failure_counts_until_a_walk_that_looked_at_as_much_found_nothing(store: Opened) -> None:
    def walked(minute: int, bad: str | None, outside: int | None) -> bool:
        one = Verification(minutes(minute), "a", bad is None, 1, 2, 0, 3, outside, bad)
        store.db.write(lambda tx: verifications.add(tx, one))
        with store.db.read() as tx:
            assert one in verifications.latest(tx)
            return verifications.standing(tx).failed

    assert [walked(1, None, None), walked(2, "rebuilt", 7), walked(3, None, None), walked(4, None, 9),
            walked(5, "changed", None), walked(6, None, None)] == [False, True, True, False, True, False]


def test_a_walk_is_overdue_from_the_first_seal_or_the_last_walk_on(store: Opened) -> None:
    with store.db.read() as tx:
        assert not verifications.standing(tx).overdue(NOW + 2 * OLD)
    store.db.write(lambda tx: (file_case(tx), seals.seal_heads(tx, NOW)))
    soon, late = NOW + OLD, NOW + OLD + timedelta(seconds=1)
    with store.db.read() as tx:
        assert [verifications.standing(tx).overdue(at) for at in (soon, late)] == [False, True]
    store.db.write(lambda tx: verifications.add(tx, Verification(soon, "a", True, 1, 2, 0, 3)))
    with store.db.read() as tx:
        assert [verifications.standing(tx).overdue(at) for at in (late, soon + OLD)] == [False, False]
