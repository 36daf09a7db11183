"""Towns of real processes, ended after the test whatever happened."""

import pytest

from bench.town import Town


@pytest.fixture
def town(tmp_path):
    made = Town(tmp_path)
    try:
        yield made.start()
    finally:
        made.stop()
