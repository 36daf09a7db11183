"""Slow uploads keep no department's notice waiting."""

import pytest
import requests

from bench.town import Town
from bench.uploads import LARGE, PATIENT, SMALL, TYPE, UPLOADS, Drips, a_leg, remark

NOTICES, PLACES = 40, 3  # of six for members, one account has half


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


@pytest.fixture(scope="module")
def another(town):
    """What an upload by another account is answered that is too large to be served without a place."""
    headers = {"Authorization": f"Bearer {town.token(subject='another')}", "Content-Type": TYPE,
               "Content-Disposition": 'attachment; filename="other.pdf"'}
    return lambda: requests.post(
        f"http://127.0.0.1:{town.port}/api/files", LARGE, headers=headers, timeout=60).status_code


@pytest.mark.parametrize(("paper", "first"), [(LARGE, 0), (SMALL, 100_000)], ids=["large", "small"])
def test_slow_uploads_keep_no_notice_waiting(town, leg, another, paper, first):
    drips = Drips(town, town.token(), UPLOADS, paper)
    try:
        before, sent = drips.held(), 0
        while sent < NOTICES or len(drips.held()) > PLACES:
            assert remark(town, leg, first + sent) == 204
            sent += 1
        after = drips.held()
        assert len(after) == PLACES
        assert another() == 201  # who finds a place beside them
        # Uploads beyond the places are turned away; none that was held had to end for a notice to be answered.
        assert {drips.answers[line].split(b" ")[1] for line in before - after} <= {b"503"}
        assert all(b"Connection: close" in answer for answer in drips.answers.values())  # or a thread would drain them
        assert set(drips.finish()) == {b"201"}
    finally:
        drips.close()
