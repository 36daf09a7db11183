"""What a run left behind, read once: receipts, the departments' ledger, the portal's export, what was done to it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

Line = Mapping[str, Any]
LINES = ("clients", "ledger", "export", "officers", "audit", "news", "scans")  # the files with lines of a run
FILED, TRANSFERRED = "leg.filed", "leg.transferred"
EACH_STAY = 100  # of a department's numbers for notices: the hundreds are those of the filing that they are about
AROUND_SECONDS = 2.0  # about an outage, in which what is on its way may be lost
ZONE = timezone(timedelta(hours=8))
DECIDES = {"leg.granted": "granted", "leg.refused": "refused", "leg.not_accepted": "not_accepted",
           "leg.delivered": "delivered", "leg.withdraw_confirmed": "withdrawn"}


@dataclass(frozen=True)
class Evidence:
    """The files of a run. `clients` and `officers` were written after each answer came (a press before it as well),
    `ledger` before each answer left; `audit` is the portal's list of who did what, `news` what everybody was told,
    `scans` what the virus scanner said."""

    clients: tuple[Line, ...] = ()
    ledger: tuple[Line, ...] = ()
    export: tuple[Line, ...] = ()
    run: Mapping[str, Any] = field(default_factory=dict)
    officers: tuple[Line, ...] = ()
    audit: tuple[Line, ...] = ()
    news: tuple[Line, ...] = ()
    scans: tuple[Line, ...] = ()

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
    def held(self) -> Mapping[tuple[str, str], Line]:
        """The filing by which an office holds a leg, by both: what came there and was not taken from it since."""
        made: dict[tuple[str, str], Line] = {}
        for line in self.effects:
            place = line["body"], line["leg"]
            if line["type"] == FILED:
                if place not in made or number_of(line["key"]) > number_of(made[place]["key"]):
                    made[place] = line
            elif line["type"] == TRANSFERRED and place in made and number_of(made[place]["key"]) <= line["over"]:
                del made[place]
        return made

    @cached_property
    def cleared(self) -> Mapping[str, float]:
        """When the virus scanner first said of bytes with this digest that nothing is in them."""
        return {line["sha256"]: line["at"] for line in reversed(self.scans) if line["verdict"] == "clean"}

    def cleared_by(self, digest: str, at: float) -> float:
        """When the scanner last said so before a moment; of what it said earlier the answer may have been lost."""
        return max((said for said in self._clearings.get(digest, ()) if said <= at), default=0.0)

    @cached_property
    def _clearings(self) -> Mapping[str, list[float]]:
        return {digest: [line["at"] for line in lines] for digest, lines in grouped(
            (line for line in self.scans if line["verdict"] == "clean"), "sha256").items()}

    @cached_property
    def transfers(self) -> Mapping[str, list[Line]]:
        """What the portal's list of who did what says of legs that were taken to another office, by the leg, in
        order."""
        return grouped((line for line in self.audit if line["action"] == "transfer"), "target")

    def stays(self, leg: str) -> list[str]:
        """The offices that had a leg one after the other, as far as it was ever taken to another."""
        moves = [line["data"] for line in self.transfers.get(leg, ())]
        return [*(move["from"] for move in moves[:1]), *(move["to"] for move in moves)]

    @cached_property
    def numbers(self) -> Mapping[str, int | None]:
        """The number that a department gave a notice, by the notice's id."""
        return {line["id"]: line.get("seq") for line in self.said("notice")}

    def of_before(self, leg: str, seq: int | None) -> bool | None:
        """Whether a notice with this number is about an earlier filing than the one by which the last office holds a
        leg; None where it has no number, or nobody holds the leg."""
        held = self.held.get((self.stays(leg)[-1], leg)) if leg in self.transfers else None
        return None if held is None or seq is None else seq // EACH_STAY < number_of(held["key"])

    @cached_property
    def decided(self) -> Mapping[str, str]:
        """What the department that holds a leg decided about it, by the leg."""
        at_desks = {one.leg: DECIDES[one.act] for one in self.acts if one.done and one.act in DECIDES}
        theirs = {line["leg"]: line["state"] for line in self.said("final")
                  if (place := (line["body"], line["leg"])) in self.held and line["key"] == self.held[place]["key"]}
        return {**theirs, **at_desks}

    @cached_property
    def acts(self) -> tuple[Act, ...]:
        """Every act that an officer pressed, in the order of the first press; words beside the first are acts too."""
        found: dict[tuple[str, str], list[Line]] = {}
        for line in self.officers:
            if line["what"] in {"press", "told"}:
                found.setdefault((line["form"], line["words"]), []).append(line)
        return tuple(_act(lines) for lines in found.values())

    @cached_property
    def opened(self) -> tuple[str, ...]:
        """The legs that officers have opened, and were told so."""
        return tuple(dict.fromkeys(line["leg"] for line in self.officers if line["what"] == "opened"))

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

    def town(self, at: float) -> float:
        """What the town's clock said at a real moment."""
        return at + float(sum(leap["seconds"] for leap in self.run.get("leaps", ()) if leap["at"] <= at))

    def reached(self, moment: float) -> float:
        """When in truth the town's clock said at least `moment`."""
        leapt = 0.0
        for leap in self.run.get("leaps", ()):
            if moment < leap["before"]:
                break
            if moment < leap["before"] + leap["seconds"]:
                return float(leap["at"])
            leapt += leap["seconds"]
        return moment - leapt

    def is_near_outage(self, since: float, until: float) -> bool:
        """Whether the portal was away about this time."""
        return any(begin - AROUND_SECONDS <= until and since <= end + AROUND_SECONDS for begin, end in self.outages)

    def is_disturbed(self, at: float) -> bool:
        """Whether what the portal was told at this moment may not have been kept: it was killed, or the clock leapt
        over a lease."""
        leapt = any(abs(leap["at"] - at) <= AROUND_SECONDS for leap in self.run.get("leaps", ()))
        return leapt or self.is_near_outage(at, at)

    def away(self, since: float, until: float) -> float:
        """For how many seconds between two moments the portal was away."""
        return sum(max(0.0, min(until, end) - max(since, begin)) for begin, end in self.outages)


@dataclass(frozen=True, slots=True)
class Act:
    """What an officer pressed, with one form and one wording: when its page had come, when it was pressed first, when
    the first good answer came (None: none did), and whether every press of it was refused."""

    leg: str
    act: str
    form: str
    officer: str
    read: float
    pressed: float
    done_at: float | None
    refused: bool

    @property
    def done(self) -> bool:
        """Whether it is acknowledged."""
        return self.done_at is not None


def _act(lines: list[Line]) -> Act:
    first = next(line for line in lines if line["what"] == "press")
    told = [line for line in lines if line["what"] == "told"]
    done = [line["at"] for line in told if line["outcome"] == "done"]
    refused = {line["outcome"] for line in told} == {"refused"} and 2 * len(told) == len(lines)
    return Act(first["leg"], first["act"], first["form"], first["body"], first["read"], first["at"],
               min(done, default=None), refused)


def number_of(key: str) -> int:
    """The how-manieth message of its type to a leg one is, by its key, whatever else a portal may have hung on it."""
    return int(key.rpartition(":")[2].partition(".")[0])


def grouped(lines: Iterable[Line], name: str) -> Mapping[str, list[Line]]:
    """The lines by one of their values."""
    found: defaultdict[str, list[Line]] = defaultdict(list)
    for line in lines:
        found[line[name]].append(line)
    return found


def read_evidence(folder: Path) -> Evidence:
    """The files of a run's folder."""
    lines = {name: lines_of(folder / f"{name}.jsonl") for name in LINES}
    return Evidence(**lines, run=json.loads((folder / "run.json").read_text("utf-8")))


def lines_of(path: Path) -> tuple[Line, ...]:
    """The lines of a file; none where it is missing, as that of officers is where no office is worked by hand."""
    if not path.exists():
        return ()
    with path.open(encoding="utf-8") as file:
        return tuple(json.loads(line) for line in file)
