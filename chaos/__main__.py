"""`python -m chaos [FORM]`: play a run, judge it, print its figures; exit 1 if a rule is broken. `--planted`: hunt."""

from __future__ import annotations

import argparse
import json
import secrets
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from chaos.bugs import hunt
from chaos.checker import verdict
from chaos.driver import Run
from chaos.forms import FORMS

BEGAN = time.monotonic()


def _say(line: str) -> None:
    sys.stderr.write(f"[chaos {time.monotonic() - BEGAN:4.0f} s] {line}\n")


def _played(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    form = FORMS[options.form]
    form = replace(form, applications=options.applications or form.applications,
                   kills=form.kills if options.kills is None else options.kills)
    _say(f"{options.form}, seed {options.seed}, {form.applications} applications, {form.kills} kills, in {folder}")
    Run(form, options.seed, folder, _say).play()
    return verdict(folder)


def _show(made: dict[str, Any]) -> None:
    """What is broken with examples, then the figures, last."""
    for rule, one in made["rules"].items():
        if one["count"]:
            print(f"{rule}: {one['count']}", *one["examples"], sep="\n  ")
    for name, value in made["figures"].items():
        print(f"chaos_{name}: {value:.6g}")


def main() -> int:
    """Read the command line and play."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("form", nargs="?", default="short", choices=sorted(FORMS))
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="one seed, one schedule")
    parser.add_argument("--folder", type=Path, help="keep what the run leaves behind in this new folder")
    parser.add_argument("--json", action="store_true", help="the whole verdict as one JSON object")
    parser.add_argument("--planted", nargs="?", const="", metavar="BUG", help="plant every bug, or one, and find it")
    parser.add_argument("--applications", type=int, default=0, help="instead of the form's")
    parser.add_argument("--kills", type=int, help="instead of the form's")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))  # whoever ends the rig ends what it started
    if options.planted is not None:
        found = hunt(options.seed, _say, options.planted)
        print(f"chaos_planted_found: {sum(found.values())}\nchaos_planted_tried: {len(found)}")
        return 0 if all(found.values()) else 1
    with TemporaryDirectory(prefix="chaos-") as spare:
        made = _played(options, options.folder or Path(spare) / "run")
    if options.json:
        print(json.dumps(made, ensure_ascii=False))
    else:
        _show(made)
    return 1 if made["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
