"""The short run: two hundred applications, a dozen kills, five departments that misbehave, and no rule broken."""

import json
import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_short_run_breaks_no_rule(request):
    done = subprocess.run([sys.executable, "-m", "chaos", "short", "--json"], cwd=request.config.rootpath, text=True,
                          capture_output=True, check=False)
    assert done.stdout, done.stderr  # its words name the seed
    made = json.loads(done.stdout)
    broken = {rule: one["examples"] for rule, one in made["rules"].items() if one["count"]}
    assert broken == {}, done.stderr
    assert (made["figures"]["applications"], made["figures"]["legs"]) == (200, 3400)
    assert made["figures"]["sigkills"] >= 12
