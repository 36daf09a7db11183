"""Scripts and the demo deployment: what they must contain, and what a wrong one is told."""

from pathlib import Path

import pytest

from connectors.deployment import read_deployment
from connectors.shipped import registry
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
