"""A national bundle of five services grows into the local one of seventeen matters by `extends`."""

from __future__ import annotations

import pytest

from catalog.assemble import Loaded, assemble
from catalog.check import check
from forms.figures import figures_json
from tests.bundles.shipped import FOLDER, planned, public_plan

NATIONAL = """
id: utilities-national
name: 水电气网联合报装
origin: national
lead: city-management
limits: {promised: 7wd}
situation:
  services:
    ask: 需要接入哪些服务？
    many: {water: 供水, power: 供电, gas: 燃气, network: 通信}
    min: 1
  outside_line: {ask: 需要在项目红线外新建管线吗？, yes_no: yes}
  line_length: {ask: 红线外管线总长多少米？, when: outside_line}
matters:
  water-supply: {no: "01", when: water in services, after: joint-survey}
  power-supply: {no: "03", when: power in services, after: joint-survey}
  gas-connection: {no: "04", when: gas in services, after: joint-survey}
  network-access: {no: "06", when: network in services, after: joint-survey}
  joint-survey: {no: "08", when: outside_line}
"""
TEXTS = {str(path.relative_to(FOLDER)): path.read_text("utf-8") for path in FOLDER.rglob("*.yaml")}
# A local bundle may only warn: what stops a filing is the nation's to say (language 2.9).
LOCAL = TEXTS["utilities.yaml"].replace("id: utilities\n", "id: utilities\nextends: utilities-national\n").replace(
    "effect: block", "effect: warn",
)


def with_local(text: str) -> Loaded:
    """The shipped definitions with the national bundle, and the local one on it."""
    return assemble({**TEXTS, "utilities-national.yaml": NATIONAL, "utilities.yaml": text})


def refusals(loaded: Loaded) -> list[str]:
    """What stops these definitions."""
    return [str(problem) for problem in (*loaded.problems, *check(loaded.catalog)) if problem.level == "error"]


def test_the_local_bundle_of_seventeen_stands_on_the_national_five() -> None:
    loaded = with_local(LOCAL)
    assert refusals(loaded) == []
    national, local = (loaded.catalog.bundles[code] for code in ("utilities-national", "utilities"))
    assert (len(national.entries), len(local.entries)) == (5, 17)
    figures = figures_json(planned("utilities", local.figures, loaded.catalog))
    assert figures == figures_json(public_plan("utilities"))


def test_the_numbers_of_the_five_stay_theirs() -> None:
    catalog = with_local(LOCAL).catalog
    numbers = {entry.matter: entry.number for entry in catalog.bundles["utilities"].entries}
    for entry in catalog.bundles["utilities-national"].entries:
        assert numbers[entry.matter] == entry.number


def test_the_national_bundle_works_by_itself() -> None:
    situation = {"services": ["water", "power", "gas", "network"], "outside_line": True, "line_length": 120,
                 "filer": "legal_rep"}
    plan = planned("utilities-national", situation, with_local(LOCAL).catalog)
    assert len(plan.legs) == 5
    assert plan.figures.days.after == 4


@pytest.mark.parametrize(("change", "named"), [
    ('  gas-connection: {no: "04", limits: {promised: 5wd}, ', "gas-connection"),
    ('  gas-connection: {no: "04", asks: {materials: [K23]}, ', "K23"),
])
def test_a_local_bundle_cannot_ask_more_or_take_longer_than_the_national_one(change: str, named: str) -> None:
    loaded = with_local(LOCAL.replace('  gas-connection: {no: "04", ', change))
    assert any(named in refusal and refusal.startswith("utilities.yaml:") for refusal in refusals(loaded))


def test_a_local_bundle_cannot_stop_filings_by_a_rule_of_its_own() -> None:
    assert any("warn" in refusal for refusal in refusals(with_local(LOCAL.replace("effect: warn", "effect: block", 1))))


def test_a_local_bundle_cannot_drop_what_the_nation_requires() -> None:
    assert refusals(with_local(LOCAL.replace("\nsituation:\n", "\ndrop: [network-access]\nsituation:\n", 1)))
