"""How a department misbehaves: rules that match a call and say what goes wrong before and after the effect, as JSON.

The first rule that matches acts. Every draw comes from the seed and the message's key, so a rerun agrees.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BEFORE = frozenset({"", "refuse", "sleep", "500", "401", "429", "reset", "hang"})
AFTER = frozenset({"", "odd", "html", "500", "hang", "reset", "drip", "bomb", "redirect", "length", "gbk"})
EFFECTS = frozenset({"", "none", "key", "leg", "call"})


class BadScript(ValueError):
    """This script cannot be played; the message says why."""


def draw(*parts: object) -> float:
    """A number in [0, 1) that the parts alone decide."""
    text = "|".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:6], "big") / 2**48


@dataclass(frozen=True, slots=True)
class Call:
    """One message that came in: its key, leg and type, the how-manieth call of this department and try of its key."""

    key: str
    leg: str
    type: str
    number: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to calls that match every part given.

    `before` and `after` are `name` or `name:number` (seconds to sleep or to ask for, the byte to reset at). `effect`
    overrides the department's own way: `none`, once per `key`, once per `leg`, at every `call`.
    """

    chance: float = 1.0
    calls: tuple[int, int] | None = None
    attempts: tuple[int, int] | None = None
    mod: tuple[int, int] | None = None
    types: tuple[str, ...] = ("leg.filed",)
    before: str = ""
    effect: str = ""
    after: str = ""

    def fits(self, seed: int, call: Call) -> bool:
        """Whether this rule is for the call."""
        return (call.type in self.types and _within(self.calls, call.number) and _within(self.attempts, call.attempt)
                and (self.mod is None or int(draw("mod", call.leg) * self.mod[0]) == self.mod[1])
                and draw(seed, call.key, call.attempt, self.before, self.after) < self.chance)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One department: how often a message has its effect, its rules, how it reports (manner → share), how long it does
    not find a leg that it has (`lag`), and which legs it may refuse. While it is `away` that befalls every call, as a
    rule's `before` does, and questions are answered 503."""

    effect: str = "key"
    rules: tuple[Rule, ...] = ()
    manners: Mapping[str, float] = field(default_factory=lambda: {"plain": 1.0})
    lag: float = 0.0
    refuses: Mapping[str, float] = field(default_factory=dict)
    honours_keys: bool = True
    can_be_asked: bool = True
    away: str = ""

    def rule_for(self, seed: int, call: Call) -> Rule:
        """The first rule that fits, else one by which all goes well."""
        return next((rule for rule in self.rules if rule.fits(seed, call)), Rule())

    def manner_for(self, seed: int, leg: str) -> str:
        """How the department reports about this leg."""
        at, last = draw(seed, "manner", leg), "plain"
        for name, share in self.manners.items():
            last = name
            at -= share
            if at < 0:
                break
        return last

    def refuses_leg(self, seed: int, leg: str) -> bool:
        """Whether it decides against this leg."""
        return draw(seed, "decision", leg) < self.refuses.get(leg.rpartition("-")[2], 0.0)

    @property
    def troubled(self) -> bool:
        """Whether anything goes wrong here."""
        return bool(self.rules) or self.effect == "call"


def named(trouble: str) -> tuple[str, float]:
    """A trouble's name and its number: `sleep:0.5` is `sleep` and 0.5."""
    name, _, number = trouble.partition(":")
    return name, float(number or 1)


def read_script(path: Path) -> dict[str, Behaviour]:
    """Department → behaviour; raises `BadScript`."""
    return read_behaviours(json.loads(path.read_text("utf-8")))


def read_behaviours(written: Mapping[str, Mapping[str, Any]]) -> dict[str, Behaviour]:
    """The same from what JSON gives."""
    try:
        return {name: _behaviour(one) for name, one in written.items()}
    except (TypeError, ValueError) as error:
        raise BadScript(str(error)) from error


def _behaviour(one: Mapping[str, Any]) -> Behaviour:
    made = Behaviour(**{**one, "rules": tuple(_rule(rule) for rule in one.get("rules", ()))})
    if made.effect not in EFFECTS - {"", "none"}:
        raise BadScript(f"effect {made.effect!r}")
    if made.away not in BEFORE:
        raise BadScript(f"away {made.away!r}")
    return made


def _rule(one: Mapping[str, Any]) -> Rule:
    pairs = {name: _pair(one[name]) for name in ("calls", "attempts", "mod") if one.get(name) is not None}
    types = {"types": tuple(one["types"])} if "types" in one else {}
    rule = Rule(**{**one, **pairs, **types})
    for word, known in ((named(rule.before)[0], BEFORE), (rule.effect, EFFECTS), (named(rule.after)[0], AFTER)):
        if word not in known:
            raise BadScript(f"nothing is called {word!r}; there are {', '.join(sorted(filter(None, known)))}")
    return rule


def _pair(value: Sequence[int]) -> tuple[int, int]:
    first, second = value
    return int(first), int(second)


def _within(span: tuple[int, int] | None, number: int) -> bool:
    return span is None or span[0] <= number <= span[1]
