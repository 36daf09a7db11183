"""How a department reports about a leg: which notices, in which order, how many copies, what is forged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FORGED_CODE = "FORGED"


@dataclass(frozen=True, slots=True)
class Manner:
    """`steps` end in the decision. `copies` of each go out at once; `fresh` ones are written anew, with a new time
    under the same id. `backwards`: the last one first. `early`: told before the push is answered. `waits`: an ask is
    told first and the rest after the applicant's answer. `tarries`: it decides only once everybody is told to hurry.
    `at_once`: the answer to the filing is the decision, with a file in it. `pause` seconds go by before anything is
    told. `bad`: what goes out beside and must never count."""

    steps: tuple[str, ...] = ("leg.accepted", "leg.granted")
    copies: int = 1
    fresh: bool = False
    backwards: bool = False
    early: bool = False
    waits: bool = False
    tarries: bool = False
    at_once: bool = False
    pause: float = 0.0
    bad: tuple[str, ...] = ()


MANNERS: Mapping[str, Manner] = {
    "plain": Manner(),
    "short": Manner(("leg.granted",)),
    "copies": Manner(("leg.accepted", "leg.remark", "leg.fee", "leg.granted"), copies=3, fresh=True),
    "backwards": Manner(("leg.received", "leg.accepted", "leg.in_review", "leg.granted"), copies=2, backwards=True),
    "early": Manner(("leg.accepted", "leg.granted"), early=True),
    "asks": Manner(("leg.accepted", "leg.granted"), waits=True),
    "beset": Manner(("leg.accepted", "leg.granted"), bad=("forged", "stale", "foreign", "stranger")),
    "slow": Manner(("leg.granted",), pause=5.0),
    "tarries": Manner(tarries=True),
    "at once": Manner(("leg.granted",), at_once=True),
    "silent": Manner(()),
}
