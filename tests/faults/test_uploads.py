"""Slow uploads keep no department's notice waiting."""

import pytest

from bench.town import Town
from bench.uploads import LARGE, NOTICES, PATIENT, SMALL, UPLOADS, Drips, a_leg, remark

HELD = 4


@pytest.fixture
def town(tmp_path):
    """A portal that gives a body as long as this test may last."""
    made = Town(tmp_path, more=PATIENT)
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture
def leg(town):
    return a_leg(town)


@pytest.mark.parametrize("paper", [LARGE, SMALL], ids=["large", "small"])
def test_slow_uploads_keep_no_notice_waiting(town, leg, paper):
    drips = Drips(town, town.token(), UPLOADS, paper)
    try:
        assert remark(town, leg, 0) == 204
        before = drips.held()
        statuses = [remark(town, leg, number) for number in range(1, NOTICES)]
        after = drips.held()
        assert set(statuses) == {204}
        assert len(after) >= HELD
        # Uploads beyond the places are turned away; none that was held had to end for a notice to be answered.
        assert {drips.answers[line].split(b" ")[1] for line in before - after} <= {b"503"}
        assert all(b"Connection: close" in answer for answer in drips.answers.values())  # or a thread would drain them
        assert set(drips.finish()) == {b"201"}
    finally:
        drips.close()
