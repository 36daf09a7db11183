"""Papers that are looked up, in production: what nobody has connected is brought and said; what is connected is not."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from app import create_app
from people.tokens import Grant
from sources.connected import digest
from store import consents
from store.keys import create_keys
from tests.connectors.raw_server import RawServer
from tests.web.conftest import GOOD_CODE, OFFICES, POWER_TOKEN, SECRETS, WATER_TOKEN, Caller
from web.check_sources import unconnected
from web.wiring import NAME, RefusedStart

FOLDER = Path(__file__).parent / "definitions"
HTTPS = {"base_url": "https://yijianshi.example"}
SITUATION = {"services": ["water"]}
FILING = {"bundle": "connect", "situation": SITUATION, "consent": {"agreed": True, "sensitive": ["phone"]},
          "form": {"project_name": "示例项目", "credit_code": GOOD_CODE, "phone": "13800138000"}}
LOOKED_UP = """drawing: {name: 图纸, sources: [{licence: site_plan, holder: holder}, self]}
agreement: {name: 供水协议}
"""
NOT_HERE = "证照和数据来源没有接通(YJS_SOURCES)，相关材料要办事人自己上传：licence site_plan"


@pytest.fixture
def settings(tmp_path):
    bundles = tmp_path / "bundles"
    for path in FOLDER.rglob("*.yaml"):
        target = bundles / path.relative_to(FOLDER)
        target.parent.mkdir(exist_ok=True)
        target.write_text(path.read_text())
    (bundles / "materials.yaml").write_text(LOOKED_UP)
    (bundles / "licences.yaml").write_text("site_plan: {name: 图纸证, held_by: enterprise}\n")
    (tmp_path / "offices.yaml").write_text(OFFICES)
    create_keys(tmp_path / "keys" / "keys")
    return {"YJS_ENV": "production", "YJS_DATA": str(tmp_path / "data"), "YJS_BUNDLES": str(bundles),
            "YJS_KEYS": str(tmp_path / "keys" / "keys"), "YJS_DEPARTMENTS": str(tmp_path / "offices.yaml"),
            "WATER_SECRET": SECRETS["water"], "POWER_SECRET": SECRETS["power"], "WATER_TOKEN": WATER_TOKEN,
            "POWER_TOKEN": POWER_TOKEN, "YJS_PUBLIC_URL": "https://yijianshi.example", "YJS_RATE": "0"}


@pytest.fixture
def start(settings, tmp_path):
    made = []

    def started(listed=None):
        if listed is not None:
            (tmp_path / "sources.yaml").write_text(listed)
        made.append(create_app({**settings, **({"YJS_SOURCES": str(tmp_path / "sources.yaml")} if listed else {}),
                                "YJS_LIBRARY_SECRET": SECRETS["water"]} if listed else settings))
        house = made[-1].extensions[NAME]
        house.begin()
        return Caller(made[-1], house.tokens.issue(Grant("applicant", "somebody"), house.clock.now()))

    yield started
    for one in made:
        one.extensions[NAME].close()


def planned(caller):
    return caller.post("/api/bundles/connect/plan", {"situation": SITUATION}, **HTTPS).json


def filed(caller):
    return caller.post("/api/cases", FILING, headers={"Idempotency-Key": "k1"}, **HTTPS)


def test_what_nobody_has_connected_is_brought_from_the_beginning_and_everybody_is_told(start, caplog):
    caplog.set_level(logging.WARNING)
    caller = start()
    made = planned(caller)
    kept, = made["materials"]["kept"]
    assert kept["why"]["text"].startswith("这里还没有接通电子证照库，请您自己上传")
    assert (kept["why"]["rule"], made["materials"]["removed"], made["figures"]["materials"]["after"]) == (
        "unconnected", [], 1)
    page = caller.get("/bundles/connect", **HTTPS).text
    assert "调取电子证照" not in page and "剩下 1 种由您提交" in page
    assert caplog.text.count(NOT_HERE) == 1
    assert [line for line in caller.get("/readyz", **HTTPS).json["look"] if "YJS_SOURCES" in line] == [NOT_HERE]
    assert filed(caller).json["errors"]["materials"].keys() == {"drawing"}
    here = caller.app.extensions[NAME].parts
    assert unconnected(here.catalog, here.sources) == NOT_HERE
    elsewhere = replace(here.catalog, offered=frozenset({"other"}))
    assert unconnected(elsewhere, here.sources) == "", "what is not offered looks nothing up"


def test_with_a_library_of_the_city_nothing_is_uploaded_and_the_office_gets_what_it_says(start, caplog):
    answer = json.dumps({"state": "found", "document": {"number": "示例0001", "valid_to": "长期"}}).encode()
    server = RawServer(lambda peer: peer.say(
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer)))
    try:
        caller = start("sources:\n  library: {kind: licence, names: [site_plan, site_plans], secrets: "
                       f"env:YJS_LIBRARY_SECRET, address: 'http://127.0.0.1:{server.port}/'}}\n")
        assert [line["rule"] for line in planned(caller)["materials"]["removed"]] == ["licence"]
        assert not [line for line in caller.get("/readyz", **HTTPS).json["look"] if "证照" in line]
        made = filed(caller)
        assert made.status_code == 201, made.text
    finally:
        server.close()
    assert "library：没有一件事要查 licence 的 site_plans；是不是 site_plan？" in caplog.text
    assert f'"about":{{"holder":"{GOOD_CODE}"}}'.encode() in server.heard[0]
    asked = json.loads(server.heard[0].partition(b"\r\n\r\n")[2])["data"]
    with caller.app.extensions[NAME].database.read() as tx:
        kept, = consents.of_case(tx, made.json["reference"])
    assert asked["consent"]["digest"] == digest(kept.scope)
    told = Caller(caller.app, WATER_TOKEN).get(
        f"/api/departments/water-office/legs/{made.json['legs'][0]['leg']}", **HTTPS).json
    paper, = told["materials"]
    assert (paper["obtained"], paper["documents"][0]["number"], paper["documents"][0]["by"]) == (
        "library", "示例0001", "library")
    assert "valid_to" not in paper["documents"][0]


def test_while_a_library_is_down_a_filing_is_asked_for_that_paper_and_the_probe_says_why(start):
    caller = start("sources:\n  library: {kind: licence, names: all, name: 市电子证照库, deadline: 0.1, "
                   "secrets: env:YJS_LIBRARY_SECRET, address: 'http://127.0.0.1:9/'}\n")
    for _ in range(3):
        refused = filed(caller)
        assert (refused.status_code, list(refused.json["errors"]["materials"])) == (422, ["drawing"])
    looks = caller.get("/readyz", **HTTPS).json["look"]
    assert "证照和数据来源没有应答，暂时改由办事人上传：市电子证照库" in looks
    assert "yijianshi_sources_resting 1.0" in caller.get("/metrics", **HTTPS).text


def test_a_list_of_sources_with_a_fault_refuses_the_start_with_its_line(start):
    with pytest.raises(RefusedStart, match=r"sources.yaml:2: library：请写 kind"):
        start("sources:\n  library: {names: all, secrets: env:YJS_LIBRARY_SECRET, address: 'http://127.0.0.1:9/'}\n")
