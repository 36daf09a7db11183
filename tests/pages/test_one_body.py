"""One body decides what elsewhere several departments do (行政审批局): as the operators' guide lists it, on the shipped
definitions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click import Command
from click.testing import CliRunner

from bench.applicant import CATALOG
from bench.inside import SUBJECT, Inside, inside
from catalog.text import Problem
from commands.legs import legs
from commands.reading import export_
from commands.reporting import report_
from connectors.base import Answer
from connectors.deployment import read_deployment
from connectors.shipped import registry
from desk.sending.recording import Came
from desk.staff.acts import Act
from desk.staff.transfers import Order
from dispatch.retry import Then
from forms.values import json_ready
from sandbox.run import DEPLOYMENT
from tests.pages.client import Visitor
from web.check_offices import check_offices

GUIDE = Path(__file__).parents[2] / "docs" / "operating.md"
NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
NAME = "示例市行政审批服务局"
USCC = "11370200MB0000000C"
FOOD = f"{USCC}3000131024000"
TAKEN_OVER = ("city-management", "garden-bureau", "water-bureau")


def town(folder: Path) -> Path:
    """The demo's list in which the body of the guide's example took over what it names."""
    shown = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    block = next(one for one in shown if "approval-bureau:" in one)
    text = DEPLOYMENT.read_text("utf-8")
    for kind in TAKEN_OVER:
        text = text.replace(entry_of(kind), "")
    (folder / "town.yaml").write_text(text + block, "utf-8")
    (folder / "secrets").mkdir(exist_ok=True)
    for name, said in (("approval.secret", "whsec_" + "QUFB" * 10), ("approval.token", "approval-0123456789abcdef")):
        (folder / "secrets" / name).write_text(said)
        (folder / "secrets" / name).chmod(0o600)
    return folder / "town.yaml"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    folder = tmp_path_factory.mktemp("town")
    with inside(folder, YJS_DEPARTMENTS=str(town(folder))) as made:
        yield made


def figures_of(bundle: str) -> dict[str, Any]:
    return {**CATALOG.bundles[bundle].figures}


def sent(here: Inside, office: str) -> dict[str, dict[str, Any]]:
    """What leaves for an office, by matter."""
    bodies = [json.loads(claim.outgoing.body)["data"] for claim in here.desk.claim({office: 64}, NOW, 1000)]
    return {one["matter"]["id"]: one for one in bodies if "matter" in one}


def test_the_list_of_the_guide_has_no_fault(here: Inside) -> None:
    found = check_offices(here.house.settings, here.house.catalog, here.house.deployment)
    assert [str(one) for one in found] == []


def test_seventeen_matters_of_eleven_departments_are_those_of_nine_bodies(here: Inside) -> None:
    plan = here.desk.plan("utilities", figures_of("utilities"), NOW)
    names = {str(leg.department_name) for leg in plan.legs}
    assert (len(plan.legs), plan.figures.departments.before, plan.figures.departments.after) == (17, 9, 1)
    assert len(names) == 9 and NAME in names and not names & {"城市管理局", "园林和林业局", "水务管理局"}
    first, *rest = plan.figures.because
    assert first.startswith("部门：17 个事项原属 11 个部门，其中 3 个部门的 ")
    assert first.endswith(f"由{NAME}办理，实际是 9 个单位，现在只到 1 个窗口(一次申请)")
    assert rest and not any(line.startswith("部门：") for line in rest)


def test_a_department_that_keeps_some_of_its_matters_is_counted_beside_the_body(here: Inside) -> None:
    plan = here.desk.plan("restaurant", figures_of("restaurant"), NOW)
    names = {leg.matter: str(leg.department_name) for leg in plan.legs}
    assert (names["food-licence"], names["sign-setting"]) == (NAME, NAME)
    assert (names["business-check"], names["joint-visit"]) == ("市场监督管理局", "市场监督管理局")
    assert plan.figures.departments.before == 4, "one body with two systems; regulator, fire brigade, tobacco"
    assert {leg.matter: leg.department for leg in plan.legs}["food-licence"] == "market-regulator"


def test_each_leg_of_a_case_at_the_one_body_has_its_own_key_fate_and_state(here: Inside) -> None:
    receipt = here.file(figures_of("utilities"), "own", NOW)
    mine = {leg.leg: leg.matter for leg in receipt.legs if leg.department == "approval-bureau"}
    matters = here.house.catalog.matters
    assert {matters[matter].department for matter in mine.values()} == set(TAKEN_OVER)
    survey, = [leg for leg, matter in mine.items() if matter == "joint-survey"]
    here.deliver(NOW)
    assert here.say("approval-bureau", survey, "leg.granted", NOW, results=[]) == "applied"
    claims = here.desk.claim({"approval-bureau": 64}, NOW, 1000)
    assert len({claim.outgoing.key for claim in claims}) == len(claims) > 1
    refused, *others = claims
    here.desk.record([Came(refused, Answer("refused", reason="少一个字段", status=422), Then("refused"))], NOW)
    here.desk.record([Came(one, Answer("received", ref=one.leg[-2:]), Then("done")) for one in others], NOW)
    asked, *rest = [one.leg for one in others]
    assert here.say("approval-bureau", asked, "leg.refused", NOW, reason_code="X", reason="不符合") == "applied"
    states = {leg["id"]: leg["state"] for leg in here.desk.case_view(SUBJECT, receipt.reference, NOW)["legs"]}
    assert states[asked] == "refused" and {states[leg] for leg in rest} <= {"received"}
    assert states[refused.leg] == "stuck"


def food_leg(here: Inside, key: str) -> tuple[str, str]:
    """A case of a restaurant that was filed, and the leg of its licence."""
    receipt = here.file(figures_of("restaurant"), key, NOW, "restaurant")
    legs = {leg.matter: (leg.leg, leg.department) for leg in receipt.legs}
    assert (legs["food-licence"][1], legs["sign-setting"][1]) == ("approval-licences", "approval-bureau")
    here.deliver(NOW)
    assert here.say("market-regulator", legs["business-check"][0], "leg.granted", NOW, results=[]) == "applied"
    return receipt.reference, legs["food-licence"][0]


def test_a_department_is_told_the_codes_that_were_computed_and_not_one_that_nobody_knows(here: Inside) -> None:
    _, leg = food_leg(here, "codes")
    told = here.desk.feed.fetch("approval-licences", leg, NOW)["matter"]
    assert (told["code"], told["implementation_code"], told["item_code"]) == ("000131024000", FOOD, f"{FOOD}01")
    sign = sent(here, "approval-bureau")["sign-setting"]["matter"]
    assert (sign["code"], sign["implementation_code"], sign["item_code"]) == ("", None, None)


def test_whoever_applies_reads_who_decides_who_supervises_and_the_code(here: Inside) -> None:
    reference, leg = food_leg(here, "pages")
    legs = {one["id"]: one for one in here.desk.case_view(SUBJECT, reference, NOW)["legs"]}
    view = legs[leg]
    assert {one["supervised_by"] for one in legs.values() if one["department"] == "tobacco-bureau"} == {None}
    assert (view["department_name"], str(view["supervised_by"]), view["department"]) == (
        NAME, "市场监督管理局", "approval-licences")
    assert (view["code"], view["implementation_code"], view["item_code"]) == ("000131024000", FOOD, f"{FOOD}01")
    visitor = Visitor(here.app)
    visitor.get("/bundles/restaurant")
    assert all(words in visitor.text for words in (f"实施编码 {FOOD}，业务办理项 01", "基本编码 000162004000",
                                                   "事后监管：市场监督管理局", "电话 0000-12345"))
    officer = Visitor(here.app)
    officer.sign_in("officer-approval-licences")
    officer.get(f"/staff/work/{leg}")
    officer.send(f"/staff/work/{leg}/open")
    assert f"实施编码 {FOOD}，业务办理项 01" in officer.text and "事后监管 市场监督管理局" in officer.text


def test_the_api_has_every_office_of_a_matter_with_its_codes(here: Inside) -> None:
    caller = here.app.test_client()
    matters = {one["matter"]: one for one in caller.get("/api/bundles/restaurant").json["matters"]}
    everywhere = {name: next(one for one in line["offices"] if one["region"] is None) for name, line in matters.items()}
    assert everywhere["food-licence"] == {"office": "approval-licences", "name": NAME, "region": None,
                                          "implementation_code": FOOD, "item_code": f"{FOOD}01"}
    assert everywhere["business-check"]["office"] == "market-regulator"
    plan = caller.post("/api/bundles/restaurant/plan", json={"situation": json_ready(figures_of("restaurant"))}).json
    line = {one["matter"]: one for one in plan["matters"]}
    assert (line["food-licence"]["implementation_code"], line["food-licence"]["department_name"]) == (FOOD, NAME)
    assert "implementation_code" not in line["tobacco-licence"] and line["tobacco-licence"]["code"] == "000162004000"


def test_a_leg_may_go_to_the_body_that_does_its_matter_without_a_warning_and_to_another_with_one(here: Inside) -> None:
    reference, leg = food_leg(here, "moved")
    act, transfers = Act("operator", "改革", dry_run=True), here.desk.operations.transfers
    done = [transfers.transfer(Order(to, [leg]), act, NOW).legs[0] for to in ("market-regulator", "approval-bureau")]
    assert [(one.why, one.other_kind) for one in done] == [("", False), ("", True)]
    visit = f"{reference}-02"
    assert transfers.transfer(Order("approval-licences", [visit]), act, NOW).legs[0].other_kind, "not its own"


def flask(here: Inside, command: Command, *words: str) -> str:
    """What a command that reads beside the portal prints."""
    settings = here.house.settings
    done = CliRunner().invoke(command, words, env={
        "YJS_ENV": "test", "YJS_DATA": str(settings.data), "YJS_KEYS": str(settings.key_file),
        "YJS_DEPARTMENTS": str(settings.departments), "YJS_SECRETS": str(settings.data.parent / "secrets"),
        "YJS_SANDBOX_URL": "http://127.0.0.1:9"})
    assert done.exit_code == 0, done.output
    return done.output


def test_a_command_on_one_kind_says_that_its_body_has_matters_of_others(here: Inside) -> None:
    told = "注意：approval-bureau 还承办别类部门的事项，这里一并包括"
    assert told in flask(here, legs, "--department", "garden-bureau")
    assert told not in flask(here, legs, "--department", "approval-bureau")


def test_reports_and_exports_have_the_codes_on_which_a_bureau_joins(here: Inside) -> None:
    food_leg(here, "counted")
    tables = json.loads(flask(here, report_, "2026-01-01", "2026-01-31", "--json"))
    assert {one["id"]: one["uscc"] for one in tables["offices"]}["approval-licences"] == USCC
    assert {one["id"]: one["code"] for one in tables["matters"]}["food-licence"] == "000131024000"
    lines = map(json.loads, flask(here, export_, "--jsonl").splitlines())
    codes = {one["matter"]: (one["code"], one["implementation_code"], one["item_code"])
             for one in lines if one["kind"] == "leg"}
    assert codes["food-licence"] == ("000131024000", FOOD, f"{FOOD}01")
    assert codes["tobacco-licence"] == ("000162004000", None, None)


def entry_of(office: str) -> str:
    """An office's lines in the demo's list."""
    found = re.search(rf"^  {office}:\n(    .*\n)+", DEPLOYMENT.read_text("utf-8"), re.MULTILINE)
    assert found is not None
    return found[0]


def checked(here: Inside, folder: Path, change: tuple[str, str]) -> list[Problem]:
    """What `flask check` says of the demo's list with one change."""
    text = DEPLOYMENT.read_text("utf-8")
    assert text.count(change[0]) == 1
    (folder / "list.yaml").write_text(text.replace(*change), "utf-8")
    secrets = str(here.house.settings.data.parent / "secrets")
    listed = read_deployment(folder / "list.yaml", {"YJS_SECRETS": secrets}, registry())
    return check_offices(here.house.settings, here.house.catalog, listed)


@pytest.mark.parametrize(("entry", "says"), [
    ("department: [tax, customs], name: 甲, matters: [purchase-tx]",
     "没有事项 purchase-tx；是否想写 purchase-tax？"),
    ("department: tax, matters: [purchase-tax, food-licence]",
     "事项 food-licence 属于 market-regulator，这个单位没有承办；请把 market-regulator 加进 department"),
    ("department: [tax, customs], name: 甲, matters: [purchase-tax]",
     "matters 里没有一个事项属于 customs；请列出它的事项，或从 department 中删去 customs"),
    ("department: market-regulator, matters: [food-licence], codes: {food-licence: '01'}",
     "b：codes 里 food-licence 只写了 2 位，缺少uscc、level，算不出业务办理项编码"),
    ("department: tax, matters: [purchase-tax], uscc: 11370200MB0000000C, level: 3, codes: {purchase-tax: '01'}",
     "b：codes 里 purchase-tax 只写了 2 位，缺少事项的基本编码，算不出业务办理项编码"),
    ("department: market-regulator, matters: [food-licence], codes: {food-licence: 11370200MB0000000C3000162004000}",
     "b：codes 里 food-licence 的基本编码是 000162004000，定义里是 000131024000；请核对是否写错了一处"),
])
def test_what_is_wrong_with_a_body_of_several_departments_is_said(
        here: Inside, tmp_path: Path, entry: str, says: str) -> None:
    found = checked(here, tmp_path, ("bodies:\n", f"bodies:\n  b: {{connector: desk, {entry}}}\n"))
    told = [one for one in found if says in one.message]
    assert [one.level for one in told] == ["warning" if "codes 里" in says else "error"], found


def test_a_matter_that_nobody_does_any_more_is_said_where_others_of_its_department_are_done(
        here: Inside, tmp_path: Path) -> None:
    demo = entry_of("city-management")
    told, = checked(here, tmp_path, (demo, f"{demo}    matters: [sign-setting]\n"))
    assert "部门 city-management 没有配置对接方式" in told.message and "sign-setting" not in told.message


def test_a_matter_that_is_done_in_one_region_alone_is_said_for_the_others(here: Inside, tmp_path: Path) -> None:
    demo = entry_of("tobacco-bureau")
    told, = checked(here, tmp_path, (demo, f'{demo}    matters: [tobacco-licence]\n    region: "370202"\n'))
    assert re.search("部门 tobacco-bureau 在区划 .*370600.* 没有配置对接方式", told.message)
