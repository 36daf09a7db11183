"""Planted bugs: each patch breaks one promise, and the shortest run must find it; the same run without it is clean."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.town import HOME

PLANTED = Path(__file__).parent / "planted"
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", "data", "*.pyc", "tests", "docs")
RUN_SECONDS = 600
TRIES = 3  # some bugs show only where two things cross, or where no kill takes what was remembered away just then
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Bug:
    """A patch, the form that finds it, and the rules of which at least one must be broken. `on` is a patch that only
    provokes: with it alone everything must still hold."""

    name: str
    form: str
    rules: tuple[str, ...]
    on: str = ""


BUGS = (
    Bug("no-fencing", "late", ("I23",)),
    Bug("notices-not-remembered", "mixed", ("I11",)),
    Bug("key-per-attempt", "mixed", ("I5", "I24")),
    Bug("acknowledged-before-commit", "hasty-kills", ("I1", "I3", "I8", "I20", "I25"), on="slow-commits"),
    Bug("one-shared-queue", "hanging", ("I12",)),
    Bug("early-notice-dropped", "mixed", ("I4", "I8", "I25")),
    Bug("batch-dies-together", "mixed", ("I1", "I4", "I8", "I25"), on="provoked-rollbacks"),
    Bug("signature-not-checked", "mixed", ("I10",)),
    Bug("sent-again-instead-of-asked", "mixed", ("I5",)),
    Bug("asked-about-the-wrong-thing", "mixed", ("I4",)),
    Bug("told-out-of-order", "regrets", ("I4", "I26")),
    Bug("filing-not-idempotent", "mixed", ("I3", "I20")),
    Bug("form-used-up-beforehand", "by-hand", ("I29",)),
    Bug("old-pages-count", "by-hand", ("I29",)),
    Bug("page-compared-too-early", "by-hand", ("I29",)),
    Bug("office-instead-of-officer", "by-hand", ("I28",)),
    Bug("urged-again-the-same-day", "by-hand", ("I32",)),
    Bug("urge-never-sent", "by-hand", ("I31",)),
    Bug("rating-counted-before-it-is-taken", "by-hand", ("I33",)),
    Bug("rating-shown-to-officers", "by-hand", ("I34",)),
    Bug("mandate-looked-at-beforehand", "entrusted", ("I36",), on="slow-filings"),
    Bug("mandates-remembered", "entrusted", ("I35", "I36")),
    Bug("mandate-for-everything", "entrusted", ("I35", "I36")),
    Bug("mandate-without-a-last-day", "entrusted", ("I35", "I36")),
    Bug("agent-without-a-name", "entrusted", ("I38",)),
    Bug("end-left-out-of-the-audit-log", "entrusted", ("I37",)),
    Bug("news-to-whoever-filed", "entrusted", ("I39",)),
    Bug("news-taken-and-then-told", "entrusted", ("I39",)),
    Bug("bulletin-key-per-attempt", "entrusted", ("I40",)),
    Bug("bulletin-tried-once", "entrusted", ("I40",)),
    Bug("reason-in-a-bulletin", "entrusted", ("I41",)),
    Bug("number-not-taken-back", "entrusted", ("I41",)),
    Bug("rung-within-the-transaction", "ringing", ("I12", "I42")),
    Bug("ticket-counts-twice", "signing-in", ("I44",)),
    Bug("signed-out-there-and-in-here", "signing-in", ("I44",)),
    Bug("former-office-counts", "transferred", ("I47",)),
    Bug("earlier-stay-counts", "transferred", ("I47",)),
    Bug("farewell-ends-with-the-next-move", "transferred", ("I46",)),
    Bug("filing-under-the-old-key", "transferred", ("I24", "I45")),
    Bug("unscanned-leaves", "scanned", ("I49",)),
    Bug("unscanned-to-be-read", "scanned", ("I49",)),
    Bug("looked-at-by-the-dead", "scanned", ("I50",)),
    Bug("found-late-and-not-asked-again", "scanned", ("I50",)),
    Bug("agreement-looked-at-beforehand", "agreed", ("I51",), on="slow-filings"),
    Bug("yes-to-what-is-shown-now", "agreed", ("I51",)),
    Bug("agreements-left-out-of-the-filing", "agreed", ("I52",)),
    Bug("looked-up-with-the-filers-yes", "agreed", ("I53",)),
    Bug("code-remembered-in-memory", "factored", ("I54",)),
    Bug("recovery-code-stays", "factored", ("I54",)),
    Bug("locked-out-for-days", "factored", ("I54",)),
    Bug("day-of-the-end-remembered", "closed", ("I55",)),
    Bug("token-remembered-after-leaving", "left", ("I56",)),
    Bug("all-programs-in-one-bucket", "hurried", ("I57",)),
    Bug("rest-worked-out-before-it-is-bounded", "outage", ("I12", "I58", "I60")),
    Bug("every-failure-doubles-the-rest", "outage", ("I58",)),
    Bug("one-file-loses-the-batch", "answered", ("I61",)),
    Bug("not-found-remembered-by-a-host", "denied", ("I5",)),
    Bug("package-named-before-it-is-whole", "packed", ("I43",)),
)


def patch_of(name: str) -> Path:
    """Where a patch stands."""
    return PLANTED / f"{name}.patch"


def apply(name: str, tree: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Apply a patch to a tree; `--dry-run` only tries."""
    return subprocess.run(["patch", "-p1", "--forward", "--no-backup-if-mismatch", *options, "-i", str(patch_of(name))],
                          cwd=tree, text=True, capture_output=True, check=False)


def tree_with(folder: Path, *patches: str) -> Path:
    """A copy of the project with these patches."""
    tree = folder / "tree"
    shutil.copytree(HOME, tree, ignore=LEFT_OUT)
    for name in filter(None, patches):
        done = apply(name, tree)
        if done.returncode:
            raise RuntimeError(f"{name} does not apply\n{done.stdout}{done.stderr}")
    return tree


def judged(form: str, seed: int, *patches: str) -> dict[str, int]:
    """Rule → how often it is broken in a run of `form` with these patches in force."""
    with TemporaryDirectory(prefix="planted-") as folder:
        tree = tree_with(Path(folder), *patches)
        run = str(Path(folder) / "run")
        command = [sys.executable, "-m", "chaos", form, "--seed", str(seed), "--folder", run, "--json"]
        done = subprocess.run(command, cwd=tree, text=True, capture_output=True, timeout=RUN_SECONDS, check=False)
        if done.returncode not in {0, 1} or not done.stdout.strip():
            raise RuntimeError(f"{form} with {patches} did not end: {done.stderr[-2000:]}")
        made: dict[str, Any] = json.loads(done.stdout)
    return {rule.split()[0]: int(one["count"]) for rule, one in made["rules"].items() if one["count"]}


def hunt(seed: int, say: Say, only: str = "") -> dict[str, bool]:
    """Every bug and every run without it: whether it came out as it must."""
    bugs = [bug for bug in BUGS if not only or only == bug.name]
    clean = sorted({(bug.form, bug.on) for bug in bugs})
    return dict([*_without(clean, seed, say), *_with(bugs, seed, say)])


def _without(forms: list[tuple[str, str]], seed: int, say: Say) -> Iterator[tuple[str, bool]]:
    for form, on in forms:
        broken = judged(form, seed, on)
        name = f"{form}{' on ' + on if on else ''} without a bug"
        say(f"{name}: {'clean' if not broken else f'NOT CLEAN {broken}'}")
        yield name, not broken


def _with(bugs: list[Bug], seed: int, say: Say) -> Iterator[tuple[str, bool]]:
    for bug in bugs:
        found, tried, broken = False, 0, dict[str, int]()
        while not found and tried < TRIES:
            broken = judged(bug.form, seed + tried, bug.on, bug.name)
            found, tried = any(rule in broken for rule in bug.rules), tried + 1
        say(f"{bug.name}: {'found' if found else 'NOT FOUND'} in run {tried} {broken}")
        yield bug.name, found
