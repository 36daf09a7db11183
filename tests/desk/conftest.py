"""A desk on the shipped definitions, a real SQLite store and the demo deployment; sources that always find."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cases.calendar_days import work_calendar
from catalog.load import load_catalog
from desk.desk import Desk
from desk.premises import Premises
from sources.port import Found
from store.algorithms import SM4
from store.engine.opening import Place, open_store
from store.keys import create_keys, load_keys

HOME = Path(__file__).resolve().parents[2]
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 1, 5, 9, 0, tzinfo=SHANGHAI).astimezone(UTC)


class Generous:
    """Sources that find everything, except what a test takes away."""

    def __init__(self):
        self.answers = {}
        self.asked = []
        self.waiting = False
        self.off = set()

    def find(self, query):
        self.asked.append(query)
        return self.answers.get(query.name, Found("hit", {"name": query.name, "number": "示例0001"}))

    def waits(self, kind):
        return self.waiting

    def connected(self, kind, name):
        return name not in self.off

    def resting(self):
        return ()


@pytest.fixture(scope="session")
def catalog():
    loaded = load_catalog(HOME / "bundles")
    assert loaded.problems == ()
    return loaded.catalog


@pytest.fixture
def sources():
    return Generous()


@pytest.fixture
def opened(tmp_path, migrated):
    create_keys(tmp_path / "keys" / "keys", SM4)  # what is kept is tried with both families: the portals have AES
    store = open_store(Place(migrated(tmp_path / "data")), load_keys(tmp_path / "keys" / "keys", tmp_path / "data"))
    yield store
    store.close()


@pytest.fixture
def premises(catalog, sources, opened, shipped_offices):
    return Premises(database=opened.db, vault=opened.vault, catalog=catalog, zone=SHANGHAI, deployment=shipped_offices,
                    calendar=work_calendar(catalog.calendar.values(), SHANGHAI), sources=sources,
                    public_url="http://127.0.0.1:5000")


@pytest.fixture
def desk(premises):
    return Desk(premises)
