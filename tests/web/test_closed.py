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


def test_whoever_fills_in_a_draft_of_it_is_told_on_every_page(visitor):
    offered = visitor.get("/demo/personas").json
    who = next(one["id"] for one in offered["personas"] if one["role"] == "applicant")
    visitor.post(f"/demo/personas/{who}", headers={"X-CSRFToken": offered["csrf_token"]})
    token = visitor.get("/demo/personas").json["csrf_token"]
    draft = visitor.post("/api/drafts", json={"bundle": "connect", "situation": {"services": ["water"]}},
                         headers={"X-CSRFToken": token}).json["draft"]
    form = visitor.get(f"/drafts/{draft}", follow_redirects=True)
    pages = {path: visitor.get(f"/drafts/{draft}/{path}", follow_redirects=True).text for path in ("plan", "materials")}
    assert [path for path, page in {"form": form.text, **pages}.items() if SAID not in page] == []
    assert SAID in visitor.get("/cases").text


def test_programs_read_why(visitor):
    listed = {one["bundle"]: one["closed"] for one in visitor.get("/api/bundles").json["bundles"]}
    assert listed == {"connect": SAID, "all": None}
    plan = visitor.post("/api/bundles/connect/plan", json={"situation": {"services": ["water"]}}).json
    assert [(one["level"], one["text"]) for one in plan["problems"] if one["rule"] == "closed"] == [("block", SAID)]
