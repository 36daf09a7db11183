"""What a run left behind, read once: receipts, the departments' ledger, the portal's export, what was done to it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

Line = Mapping[str, Any]
FILED = "leg.filed"


@dataclass(frozen=True)
class Evidence:
    """The four files of a run. `clients` were written after each answer came, `ledger` before each answer left."""

    clients: tuple[Line, ...] = ()
    ledger: tuple[Line, ...] = ()
    export: tuple[Line, ...] = ()
    run: Mapping[str, Any] = field(default_factory=dict)

    def said(self, *what: str) -> Iterator[Line]:
        """The departments' lines of these kinds."""
        return (line for line in self.ledger if line["what"] in what)

    def noted(self, what: str) -> Iterator[Line]:
        """The applicants' lines of a kind."""
        return (line for line in self.clients if line["what"] == what)

    def exported(self, kind: str) -> Iterator[Line]:
        """The portal's lines of a kind."""
        return (line for line in self.export if line["kind"] == kind)

    @cached_property
    def acks(self) -> tuple[Line, ...]:
        """Every receipt that an applicant was given."""
        return tuple(self.noted("ack"))

    @cached_property
    def cases(self) -> Mapping[str, Line]:
        """The portal's cases by reference."""
        return {line["id"]: line for line in self.exported("case")}

    @cached_property
    def legs(self) -> Mapping[str, Line]:
        """The portal's legs by public id."""
        return {line["id"]: line for line in self.exported("leg")}

    @cached_property
    def legs_of(self) -> Mapping[str, list[Line]]:
        """The portal's legs by case."""
        return grouped(self.legs.values(), "case")

    @cached_property
    def events_of(self) -> Mapping[str, list[Line]]:
        """The portal's events by leg, in their order."""
        return grouped((line for line in self.exported("event") if line["leg"]), "leg")

    @cached_property
    def effects(self) -> tuple[Line, ...]:
        """Every effect that a message had at a department."""
        return tuple(self.said("effect"))

    @cached_property
    def decided(self) -> Mapping[str, str]:
        """What each department decided about a leg, by the leg."""
        return {line["leg"]: line["state"] for line in self.said("final")}

    @cached_property
    def withdrawn(self) -> frozenset[str]:
        """The cases that their applicants wanted to take back."""
        return frozenset(line["reference"] for line in self.noted("withdraws"))

    @property
    def outages(self) -> list[tuple[float, float]]:
        """When the portal was away, in seconds since 1970."""
        return [(float(since), float(until)) for since, until in self.run.get("outages", ())]

    def real(self, text: str) -> float:
        """A time of the town's clock in real seconds since 1970: what the clock leapt is taken off."""
        at = datetime.fromisoformat(text).timestamp()
        leaps = self.run.get("leaps", ())  # each noted on the clock of its moment: not taken off in turn
        return float(at - sum(leap["seconds"] for leap in leaps if at >= leap["before"] + leap["seconds"]))

    def away(self, since: float, until: float) -> float:
        """For how many seconds between two moments the portal was away."""
        return sum(max(0.0, min(until, end) - max(since, begin)) for begin, end in self.outages)


def grouped(lines: Iterable[Line], name: str) -> Mapping[str, list[Line]]:
    """The lines by one of their values."""
    found: defaultdict[str, list[Line]] = defaultdict(list)
    for line in lines:
        found[line[name]].append(line)
    return found


def read_evidence(folder: Path) -> Evidence:
    """The files of a run's folder."""
    clients, ledger, export = (_lines(folder / f"{name}.jsonl") for name in ("clients", "ledger", "export"))
    return Evidence(clients, ledger, export, json.loads((folder / "run.json").read_text("utf-8")))


def _lines(path: Path) -> tuple[Line, ...]:
    with path.open(encoding="utf-8") as file:
        return tuple(json.loads(line) for line in file)
