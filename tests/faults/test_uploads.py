"""Slow uploads keep no department's notice waiting."""

import pytest

from bench.town import Town
from bench.uploads import LARGE, PATIENT, SMALL, UPLOADS, Drips, a_leg, remark

NOTICES, PLACES = 40, 6


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A portal that gives a body as long as these tests may last."""
    made = Town(tmp_path_factory.mktemp("town"), more=PATIENT)
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture(scope="module")
def leg(town):
    return a_leg(town)


@pytest.mark.parametrize(("paper", "first"), [(LARGE, 0), (SMALL, 100_000)], ids=["large", "small"])
def test_slow_uploads_keep_no_notice_waiting(town, leg, paper, first):
    drips = Drips(town, town.token(), UPLOADS, paper)
    try:
        before, sent = drips.held(), 0
        while sent < NOTICES or len(drips.held()) > PLACES:
            assert remark(town, leg, first + sent) == 204
            sent += 1
        after = drips.held()
        assert len(after) == PLACES
        # Uploads beyond the places are turned away; none that was held had to end for a notice to be answered.
        assert {drips.answers[line].split(b" ")[1] for line in before - after} <= {b"503"}
        assert all(b"Connection: close" in answer for answer in drips.answers.values())  # or a thread would drain them
        assert set(drips.finish()) == {b"201"}
    finally:
        drips.close()
