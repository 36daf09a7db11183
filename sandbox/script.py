"""What a demo department does: plays (what happens to a leg) and rules (which leg gets which play), from YAML."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from connectors.lined_yaml import BadYaml, plain, read_lined

SCRIPTS = Path(__file__).parent / "scripts"
FAULTS = frozenset({"reset", "hang", "cut", "html", "broken"})
WAITS = frozenset({"supplement", "urge", "papers"})


class BadScript(ValueError):
    """This sandbox script cannot be played; the message says which part and why."""

    code = "bad_script"


@dataclass(frozen=True, slots=True)
class Step:
    """One notice `type` sent `after` seconds, `copies` times with `data`, numbered `seq` by the department; or a
    `wait` of at most `at_most` seconds for the hub's message: `supplement`, `urge`, or the `papers` that other legs
    still owe this one."""

    type: str = ""
    after: float = 0.5
    copies: int = 1
    data: Mapping[str, Any] = field(default_factory=dict)
    wait: str = ""
    at_most: float | None = None
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong at one attempt: an HTTP `status`, or a `fault` of the connection; `effect` says whether the
    department took the message all the same."""

    status: int = 0
    fault: str = ""
    effect: bool = False
    retry_after: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Play:
    """What happens to one leg: `troubles` of the first attempts, then the answer after `delay`, then the `steps`.

    `state` is answered at once; `down` is how many seconds after its first call a department answers 503.
    """

    name: str
    steps: tuple[Step, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    state: str = ""
    delay: float = 0.0
    down: float = 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """Legs that match every part given get `play`. `legs` are numbers in the case; `share` a part of all legs."""

    play: str
    bodies: tuple[str, ...] = ()
    bundles: tuple[str, ...] = ()
    matters: tuple[str, ...] = ()
    legs: tuple[str, ...] = ()
    share: float = 1.0

    def fits(self, body: str, bundle: str, matter: str, leg: str) -> bool:
        """Whether this rule is for the leg; the share is drawn from the leg itself, so that a rerun agrees."""
        number = leg.rpartition("-")[2].partition(".")[0]
        named = ((self.bodies, body), (self.bundles, bundle), (self.matters, matter), (self.legs, number))
        return all(not wanted or found in wanted for wanted, found in named) and _draw(leg) < self.share


def _draw(leg: str) -> float:
    return int.from_bytes(hashlib.sha256(leg.encode()).digest()[:4], "big") / 2**32


@dataclass(frozen=True, slots=True)
class Script:
    """A named script: the first rule that fits decides."""

    name: str
    plays: Mapping[str, Play]
    rules: tuple[Rule, ...]
    about: str = ""

    def play_for(self, body: str, bundle: str, matter: str, leg: str) -> Play:
        """The play of a leg; the last rule of every script fits all."""
        return next(self.plays[rule.play] for rule in self.rules if rule.fits(body, bundle, matter, leg))


def shipped_scripts() -> tuple[str, ...]:
    """The names of the scripts that come with the sandbox."""
    return tuple(sorted(path.stem for path in SCRIPTS.glob("*.yaml")))


def read_script(name: str) -> Script:
    """A shipped script by name, or one from a file; raises `BadScript`."""
    path = SCRIPTS / f"{name}.yaml" if name in shipped_scripts() else Path(name)
    try:
        top = plain(read_lined(path))
        plays = {key: _play(key, value) for key, value in top["plays"].items()}
        rules = tuple(_rule(value, plays) for value in top["rules"])
        first = next(iter(plays), "")
        return Script(top.get("name", path.stem), plays, (*rules, _rule({"play": first}, plays)), top.get("about", ""))
    except BadYaml as error:
        raise BadScript(f"{path.name}:{error.line}: {error}") from None
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise BadScript(f"{path.name}: {type(error).__name__}: {error}") from None


def _play(name: str, value: Mapping[str, Any]) -> Play:
    unknown = value.keys() - {"steps", "troubles", "state", "delay", "down", "reorder"}
    if unknown:
        raise ValueError(f"play {name} has unknown keys {sorted(unknown)}")
    steps = [_step(item) for item in value.get("steps", ())]
    numbered = [replace(step, seq=at) for at, step in enumerate(steps, start=1)]
    if value.get("reorder") == "yes":
        numbered.reverse()
    return Play(
        name, tuple(numbered), tuple(_trouble(item) for item in value.get("troubles", ())), value.get("state", ""),
        float(value.get("delay", 0)), float(value.get("down", 0)))


def _step(value: Mapping[str, Any]) -> Step:
    wait = value.get("wait", "")
    if wait not in WAITS and not str(value.get("type", "")).startswith("leg."):
        raise ValueError(f"a step needs a type leg.… or wait: {', '.join(sorted(WAITS))}")
    known = {"type": value.get("type", ""), "wait": wait, "data": value.get("data", {})}
    most = float(value["at_most"]) if "at_most" in value else None
    return Step(**known, after=float(value.get("after", 0.5)), copies=int(value.get("copies", 1)), at_most=most)


def _trouble(value: Mapping[str, str]) -> Trouble:
    if value.get("fault", "reset") not in FAULTS:
        raise ValueError(f"fault is one of {', '.join(sorted(FAULTS))}")
    return Trouble(
        int(value.get("status", 0)), value.get("fault", ""), value.get("effect") == "yes", value.get("retry_after", ""),
        float(value.get("seconds", 0)))


def _rule(value: Mapping[str, Any], plays: Mapping[str, Play]) -> Rule:
    if value["play"] not in plays:
        raise ValueError(f"no play is called {value['play']}")
    parts = {key: tuple(value.get(key, ())) for key in ("bodies", "bundles", "matters", "legs")}
    share = float(str(value.get("share", "100%")).rstrip("%")) / 100
    return Rule(value["play"], share=share, **parts)
