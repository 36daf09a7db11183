"""A bundle that was closed: the pages and the API say why, and where to go instead."""

import shutil
from pathlib import Path

import pytest

from app import create_app
from tests.web.conftest import OFFICES, POWER_TOKEN, SECRETS, WATER_TOKEN
from web.wiring import NAME

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def visitor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("closed")
    bundles = Path(shutil.copytree(HERE / "definitions", folder / "bundles"))
    text = (bundles / "connect.yaml").read_text()
    (bundles / "all.yaml").write_text(text.replace("id: connect", "id: all").replace("水电联办", "水电气联办"))
    (bundles / "connect.yaml").write_text(f"{text}closed: {{why: 已并入水电气联办。, instead: all}}\n")
    (folder / "offices.yaml").write_text(OFFICES)
    made = create_app({"YJS_ENV": "test", "YJS_DATA": str(folder / "data"), "YJS_BUNDLES": str(bundles),
                       "YJS_DEPARTMENTS": str(folder / "offices.yaml"), "WATER_SECRET": SECRETS["water"],
                       "WATER_TOKEN": WATER_TOKEN, "POWER_SECRET": SECRETS["power"], "POWER_TOKEN": POWER_TOKEN})
    yield made.test_client()
    made.extensions[NAME].close()


SAID = "这件事已停止受理：已并入水电气联办；请改办“水电气联办”"


def test_the_home_page_offers_what_is_open_and_a_search_finds_the_rest_with_its_reason(visitor):
    assert "/bundles/all" in visitor.get("/").text
    assert "/bundles/connect" not in visitor.get("/").text
    found = visitor.get("/?q=水电联办").text
    assert "/bundles/connect" in found
    assert SAID in found


def test_its_page_leads_to_what_takes_its_place_and_begins_nothing(visitor):
    page = visitor.get("/bundles/connect").text
    assert SAID in page
    assert "去办水电气联办" in page
    assert "/bundles/connect/questions" not in page
    assert "/bundles/all/questions" in visitor.get("/bundles/all").text


def test_programs_read_why(visitor):
    listed = {one["bundle"]: one["closed"] for one in visitor.get("/api/bundles").json["bundles"]}
    assert listed == {"connect": SAID, "all": None}
    plan = visitor.post("/api/bundles/connect/plan", json={"situation": {"services": ["water"]}}).json
    assert [(one["level"], one["text"]) for one in plan["problems"] if one["rule"] == "closed"] == [("block", SAID)]
