"""Scripts and the demo deployment: what they must contain, and what a wrong one is told."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from connectors.deployment import read_deployment
from connectors.shipped import registry
from sandbox.answers_given import child_told, earliest_grant, last_day, results, supplement
from sandbox.demo_secrets import ensure_secrets
from sandbox.run import DEPLOYMENT
from sandbox.script import BadScript, read_script, shipped_scripts

PROMISED = {
    "prompt", "slow", "asks-for-supplement", "refuses", "special-procedure", "silent", "crashes-after-effect",
    "duplicates-and-reorders", "down-for-a-while", "mix"}


def test_every_promised_script_is_shipped() -> None:
    assert set(shipped_scripts()) == PROMISED


def test_the_mix_shows_every_turn_a_utilities_filing_can_take() -> None:
    script = read_script("mix")
    plays = {script.play_for("any", "utilities", "any", f"R-{at:02}").name for at in range(1, 18)}
    assert plays >= {"asks", "refuses", "special", "silent", "loses", "down", "shuffled", "prompt"}
    assert script.play_for("any", "newborn", "any", "R-04").name == "prompt"


def test_a_share_is_drawn_from_the_leg_so_that_a_rerun_agrees() -> None:
    script = read_script("refuses")
    names = [script.play_for("a", "b", "c", f"R{at}-01").name for at in range(400)]
    assert names == [script.play_for("a", "b", "c", f"R{at}-01").name for at in range(400)]
    assert 140 < names.count("refuses") < 260


@pytest.mark.parametrize("text", [
    "plays: {}\nrules: []\n", "rules: []\n", "plays: {a: {steps: [{after: 1}]}}\nrules: []\n",
    "plays: {a: {stepz: []}}\nrules: []\n", "plays: {a: {troubles: [{fault: fire}]}}\nrules: []\n",
    "plays: {a: {steps: []}}\nrules: [{play: b}]\n", "plays: [\n",
    "plays: {a: {steps: [{type: granted}]}}\nrules: []\n",
])
def test_a_wrong_script_is_refused_with_its_name(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(BadScript, match=r"mine\.yaml"):
        read_script(str(path))


def test_a_script_of_ones_own_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("plays: {a: {state: granted}}\nrules: []\n", "utf-8")
    assert read_script(str(path)).plays["a"].state == "granted"


def test_the_demo_deployment_is_sound_once_its_secrets_are_made(tmp_path: Path) -> None:
    ensure_secrets(DEPLOYMENT, tmp_path)
    ensure_secrets(DEPLOYMENT, tmp_path)
    found = read_deployment(DEPLOYMENT, {"YJS_SECRETS": str(tmp_path)}, registry())
    assert found.problems == ()
    secrets = [body.secrets for body in found.bodies.values()]
    assert len(set(secrets)) == len(secrets)
    assert {oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()} == {"0o600"}
    assert found.bodies["heat-utility"].honours_keys is False


def test_no_secret_stands_in_the_demo_deployment() -> None:
    assert "whsec_" not in DEPLOYMENT.read_text("utf-8")


@pytest.mark.parametrize(("wait", "days"), [
    ("20nd", 21), ("1mo", 32), ("5wd", 20), ("", 0), ("soon", 0), ("4wh", 14),
])
def test_a_decision_keeps_the_time_the_law_asks_for(wait: str, days: int) -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    assert earliest_grant({"wait": wait}, now) == (now + timedelta(days=days)).isoformat()


def test_results_are_what_the_hub_expects_and_numbers_have_their_check_characters() -> None:
    leg = {"leg": "R-01", "matter_name": "出生登记", "gives": {
        "materials": ["ID04", {"material": "K24", "name": "批准文件"}],
        "fields": [{"field": "child_id", "type": "citizen_id", "name": "孩子"}, {"field": "on", "type": "date"}]}}
    found = results(leg, {"批准文件": "f1"}, date(2026, 3, 2))
    assert [one["material"] for one in found] == ["ID04", "K24"]
    assert found[1]["files"] == [{"file": "f1"}]
    assert found[0]["fields"]["on"] == "2026-03-02"
    number = found[0]["fields"]["child_id"]
    weights = [2 ** (17 - at) % 11 for at in range(17)]
    total = sum(int(sign) * weight for sign, weight in zip(number, weights, strict=False))
    assert "10X98765432"[total % 11] == number[17]


@pytest.mark.parametrize(("sex", "even"), [("2", True), ("1", False)])
def test_a_childs_number_has_the_day_of_birth_and_the_sex_that_were_filed(sex: str, even: bool) -> None:
    gives = {"fields": [{"field": "child_id", "type": "citizen_id", "name": "孩子"}], "materials": []}
    for leg in ("R-01", "R-02", "R-03"):
        facts = {"leg": leg, "matter_name": "出生登记", "gives": gives,
                 "child": child_told({"born_at": "2026-11-11T09:00", "xb": sex})}
        number = results(facts, {}, date(2026, 11, 30))[0]["fields"]["child_id"]
        assert (number[6:14], int(number[16]) % 2 == 0) == ("20261111", even)
    assert child_told({"cssj": "昨天", "xb": 1}) == {"sex": "1"}, "what says no day makes no number"


@pytest.mark.parametrize(("name", "until"), [
    ("临时占用城市道路许可证", None), ("居民户口簿", None), ("道路运输经营许可证", "2030-03-01"),
    ("城镇污水排入排水管网许可证", "2031-03-01"),
])
def test_only_a_licence_that_has_to_be_renewed_says_until_when(name: str, until: str | None) -> None:
    assert last_day(name, date(2026, 3, 2)) == until
    leg = {"leg": "R-01", "matter_name": "示例", "gives": {"materials": [{"material": "x", "name": name}]}}
    assert results(leg, {}, date(2026, 3, 2))[0]["valid_to"] == until


def test_a_licence_given_on_the_first_of_march_ends_in_february_whatever_the_year() -> None:
    assert last_day("道路运输经营许可证", date(2028, 3, 1)) == "2032-02-28"


def test_what_is_asked_for_fits_why_it_is_asked_for() -> None:
    paper = supplement({"fields": [], "materials": [{"material": "AU01", "name": "委托书", "obtained": "upload"}]}, 1)
    assert "看不清楚" in paper["reason"]
    assert "字迹清楚" in paper["materials"][0]["note"]
    field = supplement({"fields": ["price"], "materials": []}, 1)
    assert "核对" in field["reason"]
    assert "materials" not in field
