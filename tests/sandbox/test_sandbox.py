"""The demo departments as a hub meets them: over HTTP, signed, with every shipped script."""

import hashlib
import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.base import Body
from sandbox.hub import Hub
from sandbox.script import shipped_scripts
from sandbox.server import Sandbox, Setting

SECRET = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
Start = Callable[..., Body]


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub([SECRET])
    yield hub
    hub.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[Sandbox] = []

    def start(script: str, **more: object) -> Body:
        while running:
            running.pop().stop()
        body = Body("gas", "gas-utility", "rest", "燃气公司(示例)", secrets=(SECRET,), tokens=("token-1",))
        running.append(Sandbox([body], Setting(script, tmp_path / "ledger.jsonl", speed=20)))
        return replace(body, address=running[0].address("gas"), **more)
    yield start
    while running:
        running.pop().stop()


def _ledger(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "ledger.jsonl").read_text("utf-8").splitlines()]


def _granted(types: list[str]) -> bool:
    return "leg.granted" in types


def test_a_prompt_department_takes_accepts_and_grants_with_a_result_file(hub: Hub, start: Start) -> None:
    fields = [{"field": "child_id", "type": "citizen_id"}]
    gives = {"materials": [{"material": "K24", "name": "挖掘许可证"}], "fields": fields}
    answer = hub.push(start("prompt"), gives=gives)
    assert answer.kind == "received" and str(answer.ref).startswith("gas-")
    assert hub.wait(_granted) == ["leg.accepted", "leg.in_review", "leg.granted"]
    result = hub.notices[-1]["data"]["results"][0]
    assert (result["material"], result["name"]) == ("K24", "挖掘许可证")
    assert hub.files[result["files"][0]["file"]].startswith(b"%PDF")
    assert len(result["fields"]["child_id"]) == 18


def test_the_same_key_has_one_effect_and_one_answer(hub: Hub, start: Start, tmp_path: Path) -> None:
    body = start("slow")
    assert hub.push(body).ref == hub.push(body).ref
    assert [line["what"] for line in _ledger(tmp_path)].count("effect") == 1


def test_the_ledger_has_the_effect_before_the_answer_is_out(hub: Hub, start: Start, tmp_path: Path) -> None:
    hub.push(start("prompt"))
    order = [line["what"] for line in _ledger(tmp_path)]
    assert order.index("call") < order.index("effect") < order.index("answer")


def test_papers_are_fetched_with_the_token_and_checked(hub: Hub, start: Start, tmp_path: Path) -> None:
    def file(url: str, content: bytes) -> dict[str, str]:
        return {"url": url, "sha256": hashlib.sha256(content).hexdigest(), "name": "a.pdf"}
    elsewhere = file("http://elsewhere.example/3", hub.paper)
    files = [file(f"{hub.url}/f/1", hub.paper), file(f"{hub.url}/f/2", b"x"), elsewhere]
    hub.push(start("prompt"), materials=[{"material": "K16", "name": "方案", "obtained": "upload", "files": files}])
    hub.wait(_granted)
    found = [line["found"] for line in _ledger(tmp_path) if line["what"] == "paper"]
    assert found == ["ok", "wrong bytes", "another host"]
    assert hub.fetched == ["Bearer token-1"] * 2


def test_a_wrong_signature_is_refused_and_a_query_tells_known_from_unknown(hub: Hub, start: Start) -> None:
    body = start("slow")
    wrong = replace(body, secrets=("whsec_" + "d3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmc=",))
    assert hub.push(wrong).kind == "setup"
    assert hub.ask("R1-04", body).kind == "absent"
    hub.push(body)
    assert hub.ask("R1-04", body).state == "received"
    assert hub.ask("R1-04", wrong).kind == "setup"


def test_a_supplement_is_waited_for_and_a_withdrawal_confirmed(hub: Hub, start: Start) -> None:
    body = start("asks-for-supplement")
    materials = [{"material": "K16", "name": "方案", "obtained": "upload", "files": []}]
    hub.push(body, materials=materials)
    hub.push(body, leg="R1-05")
    hub.wait(lambda types: types.count("leg.supplement_required") == 2)
    ask = next(one["data"] for one in hub.notices if one["data"]["leg"] == "R1-04")
    assert (ask["ask"], ask["materials"][0]["material"], ask["limit"]) == ("ask-1", "K16", "5wd")
    hub.push(body, "leg.supplemented", ask="ask-1")
    hub.wait(_granted)
    hub.push(body, "leg.withdrawn", leg="R1-05")
    assert hub.wait(lambda types: "leg.withdraw_confirmed" in types)[-1] == "leg.withdraw_confirmed"


def test_a_silent_department_speaks_when_it_is_urged(hub: Hub, start: Start) -> None:
    body = start("silent")
    hub.push(body)
    hub.push(body, "leg.urged")
    assert hub.wait(_granted) == ["leg.accepted", "leg.granted"]


def test_a_grant_waits_for_the_papers_that_other_legs_owe(hub: Hub, start: Start, tmp_path: Path) -> None:
    body = start("special-procedure")
    hub.push(body, materials=[{"material": "K24", "name": "批准文件", "obtained": "result", "files": []}])
    hub.wait(lambda types: "leg.special_ended" in types)
    hub.push(body, "leg.material_added", materials=[{"material": "K24", "name": "批准文件", "files": []}])
    assert hub.wait(_granted)[-1] == "leg.granted"
    lines = [(line["what"], line.get("type")) for line in _ledger(tmp_path)]
    assert lines.index(("effect", "leg.material_added")) < lines.index(("notice", "leg.granted"))


def test_a_lost_answer_is_found_by_the_resend_or_the_query(hub: Hub, start: Start, tmp_path: Path) -> None:
    body = start("crashes-after-effect", honours_keys=False)
    kinds = {leg: hub.push(body, leg=leg).kind for leg in (f"R{at}-04" for at in range(12))}
    assert set(kinds.values()) == {"unknown"}
    assert {hub.ask(leg, body).kind for leg in kinds} == {"received"}
    effects = [line["leg"] for line in _ledger(tmp_path) if line["what"] == "effect"]
    assert sorted(effects) == sorted(kinds)


def test_shuffled_notices_carry_their_true_order_in_seq(hub: Hub, start: Start) -> None:
    hub.push(start("duplicates-and-reorders"))
    assert hub.wait(lambda types: types.count("leg.received") == 3)[0] == "leg.granted"
    first = {one["type"]: one["data"]["seq"] for one in hub.notices}
    assert first["leg.received"] < first["leg.accepted"] < first["leg.remark"] < first["leg.granted"]
    assert len(hub.ids) == 12 and len(set(hub.ids)) == 4


def test_a_department_that_is_down_says_when_to_come_again(hub: Hub, start: Start) -> None:
    answer = hub.push(start("down-for-a-while"))
    assert (answer.kind, answer.status, answer.retry_after) == ("again", 503, 1.0)


def test_a_notice_is_repeated_with_its_id_until_the_hub_has_it(hub: Hub, start: Start) -> None:
    hub.refuse = [503, 503]
    hub.push(start("prompt"))
    hub.wait(_granted)
    assert len(hub.notices) == 3 and hub.ids[0] == hub.ids[1] == hub.ids[2]


def test_a_restarted_sandbox_knows_its_legs_and_finishes_them(hub: Hub, start: Start, tmp_path: Path) -> None:
    first = start("slow")
    ref = hub.push(first).ref
    again = start("slow")
    assert hub.push(again).ref == ref
    assert hub.wait(_granted)[-1] == "leg.granted"
    assert [line["what"] for line in _ledger(tmp_path)].count("effect") == 1


def test_a_leg_that_left_is_reported_no_more_and_one_that_comes_back_begins_anew(hub: Hub, start: Start) -> None:
    body = start("slow")
    hub.push(body)
    assert hub.push(body, "leg.transferred", filed="R1-04:leg.filed:1").kind == "received"
    assert hub.push(body, "leg.transferred", leg="R1-05", filed="R1-05:leg.filed:1").kind == "received"
    body = start("prompt")  # what left has left after a restart, too
    for leg in ("R1-04", "R1-05"):  # their filings come late, or again
        assert (hub.push(body, leg=leg).kind, hub.ask(leg, body).kind) == ("received", "absent")
    hub.push(body, n=3)
    assert hub.wait(_granted)[-1] == "leg.granted"
    assert {one["data"]["leg"] for one in hub.notices} == {"R1-04"}


def test_a_message_to_an_unknown_leg_or_body_and_no_json_are_refused(hub: Hub, start: Start) -> None:
    body = start("prompt")
    assert hub.push(body, "leg.urged").kind == "refused"
    assert hub.push(replace(body, address=body.address + "x")).status == 404
    with socket.create_connection(("127.0.0.1", int(body.address.split(":")[2].split("/")[0]))) as raw:
        raw.sendall(b"POST /d/gas HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("script", shipped_scripts())
def test_every_shipped_script_brings_a_leg_to_its_end(script: str, hub: Hub, start: Start) -> None:
    body = start(script)
    ends = ("leg.granted", "leg.refused", "leg.not_accepted")
    for _ in range(40):
        if hub.push(body).kind == "received":
            break
        hub.wait(lambda _: False, 0.05)
    if script == "asks-for-supplement":
        hub.wait(lambda types: "leg.supplement_required" in types)
        hub.push(body, "leg.supplemented")
    assert set(hub.wait(lambda types: any(end in types for end in ends))) & set(ends)
