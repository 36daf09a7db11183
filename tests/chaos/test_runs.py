"""The rig plays from start to verdict, and the short run breaks no rule."""

import json
import subprocess
import sys

import pytest

from chaos.checker import verdict
from chaos.driver import Run
from chaos.forms import CALM, DESKS, FORMS, Form


def test_a_tiny_run_goes_from_the_first_start_to_a_clean_verdict(tmp_path):
    said = []
    form = Form(2, script=CALM, repeats=1.0, withdraws=0, read_out=False, desks=DESKS, officers=1)
    Run(form, 1, tmp_path / "run", said.append).play()
    made = verdict(tmp_path / "run")
    assert {rule: one["examples"] for rule, one in made["rules"].items() if one["count"]} == {}
    shown = {name: made["figures"][name] for name in ("applications", "acknowledgements", "legs")}
    assert shown == {"applications": 2, "acknowledgements": 4, "legs": 34}
    assert made["figures"]["acts"] >= 2  # one leg of each is worked by officers
    assert said[-1].startswith("reading out")


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_a_disk_that_refuses_files_of_answers_costs_no_answer(tmp_path):
    Run(FORMS["answered"], 1, tmp_path / "run", lambda _: None).play()
    made = verdict(tmp_path / "run")
    assert {rule: one["examples"] for rule, one in made["rules"].items() if one["count"]} == {}
    assert made["figures"]["decided_in_answers"] > 20
    assert "answers wait to be written" in (tmp_path / "run" / "portal.log").read_text()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_short_run_breaks_no_rule(request):
    done = subprocess.run([sys.executable, "-m", "chaos", "short", "--json"], cwd=request.config.rootpath, text=True,
                          capture_output=True, check=False)
    assert done.stdout, done.stderr  # its words name the seed
    made = json.loads(done.stdout)
    broken = {rule: one["examples"] for rule, one in made["rules"].items() if one["count"]}
    assert broken == {}, done.stderr
    assert made["figures"]["applications"] > 200  # those of agents and principals beside them
    assert made["figures"]["legs"] > 17 * 200  # and those of other bundles
    assert made["figures"]["sigkills"] >= 12
    assert all(made["figures"][name] for name in (
        "acts", "acts_refused", "urges", "ratings", "mandates", "acts_by_agents", "acts_by_agents_refused", "news",
        "bulletins", "bulletins_again", "sign_ins", "packages", "transfers", "transfers_back", "agreements", "scans",
        "codes"))
