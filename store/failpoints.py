"""Named places where a test may kill, slow or fail the process (contract 4); no-ops unless armed."""

from __future__ import annotations

import errno
import os
import random
import re
import signal
import threading
import time
from dataclasses import dataclass, field

from store.errors import StoreUnavailable

_RULE = re.compile(
    r"(?P<name>[a-z_.]+):(?P<act>kill|raise(=(?P<fault>E[A-Z]+))?|sleep=(?P<seconds>[0-9.]+))(@(?P<nth>\d+))?"
    r"(,p=(?P<p>[0-9.]+))?"
)


@dataclass
class _Rule:
    act: str
    seconds: float
    nth: int | None
    chance: float
    fault: int | None  # of the system's own
    seen: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def due(self) -> bool:
        with self.lock:
            self.seen += 1
            return self.nth in (None, self.seen) and random.random() < self.chance  # noqa: S311 - a die


_rules: dict[str, _Rule] = {}


def arm(text: str) -> None:
    """Set the failpoints of `name:kill|sleep=SECONDS|raise[=EIO][@nth][,p=0.1]` joined by `;`; ValueError if malformed.
    `raise` is a store that is away; with the name of a fault of the system's it is that."""
    _rules.clear()
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        match = _RULE.fullmatch(part)
        if match is None:
            raise ValueError(f"FAILPOINTS cannot be read at {part!r}")
        if match["fault"] and not hasattr(errno, match["fault"]):
            raise ValueError(f"FAILPOINTS knows no fault {match['fault']!r}")
        act = "sleep" if match["seconds"] else match["act"].partition("=")[0]
        _rules[match["name"]] = _Rule(
            act, float(match["seconds"] or 0), int(match["nth"]) if match["nth"] else None, float(match["p"] or 1),
            getattr(errno, match["fault"]) if match["fault"] else None,
        )


def reach(name: str) -> None:
    """Pass the failpoint `name`."""
    rule = _rules.get(name) if _rules else None
    if rule is None or not rule.due():
        return
    if rule.act == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif rule.act == "sleep":
        time.sleep(rule.seconds)
    elif rule.fault is not None:
        raise OSError(rule.fault, f"failpoint {name}")
    else:
        raise StoreUnavailable(f"failpoint {name}")
