"""The operator who takes legs to and fro between the offices of a kind: on the page or by the command, on either
basis, waiting for an answer or not, also there and back and there again at once, and what has not left the portal yet.

A press or a command is on record before it, and after it which legs went by its answer. Where the answer is lost nobody
asks again: what became of it is for the audit log to say.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from random import Random
from typing import Any

from chaos.clients import Tail
from chaos.evidence import FILED
from chaos.forms import offices_of
from chaos.pages import PATIENCE, Browser
from chaos.stage import Stage
from chaos.taking_part import thread_of
from sandbox.ledger import Ledger

PAGE = "/staff/transfers"
BASES = ("successor", "misdirected")
BY_COMMAND, UNANSWERED, ON, RETURN = 0.1, 0.6, 0.75, 0.6
AT_ONCE = 4  # legs of one command
ON_SECONDS = (0.0, 0.5)  # until a leg goes back or on, which its office may still be telling of


class Operator(Browser):
    """One operator. Each order has a reason of its own, by which it is found again."""

    def __init__(self, stage: Stage, log: Ledger, dice: Random) -> None:
        super().__init__(stage.url, "operator", log, {"persona": "operator"})
        self._stage, self._dice, self._orders = stage, dice, 0

    def move(self, legs: list[str], to: str) -> bool:
        """Order that these legs go to another office; whether they did, as far as the answer says."""
        self._orders += 1
        unanswered = self._dice.random() < UNANSWERED
        order = {"to": to, "basis": self._dice.choice(BASES), "reason": f"示例转办 {self._orders}"}
        self.note("moves", legs=legs, unanswered=unanswered, **order)
        went = self._by_command(legs, order, unanswered) if legs[1:] else self._by_page(legs, order, unanswered)
        self.note("moved", legs=went, **order)
        return went == legs

    def _by_page(self, legs: list[str], order: dict[str, str], unanswered: bool) -> list[str]:
        form = self.look(PAGE).form(PAGE)
        if form is None:
            return []
        more = {"unanswered": "1"} if unanswered else {}
        return legs if self.press(form.filled({"legs": legs[0], "confirmed": "1", **order, **more})) == "done" else []

    def _by_command(self, legs: list[str], order: dict[str, str], unanswered: bool) -> list[str]:
        options = [word for name, value in order.items() for word in (f"--{name}", value)]
        _, said = self._stage.try_flask("legs", "transfer", *legs, *options, "--json", "--by", "operator",
                                        *(["--unanswered"] if unanswered else []))
        try:
            lines: list[dict[str, Any]] = json.loads(said[said.index("["):])
        except ValueError:  # the portal was killed under it
            return []
        return [line["leg"] for line in lines if not line["why"]]


class Transfers:
    """Whom the operator's work is left to: a thread that goes on until everybody is told to hurry."""

    def __init__(self, stage: Stage, log: Ledger) -> None:
        self._form, self._dice = stage.form, Random(f"{stage.seed}/transfers")
        self._operator = Operator(stage, log, self._dice)
        self._acks, self._seen = Tail(stage.folder / "clients.jsonl"), Tail(stage.ledger)
        self._legs: list[str] = []
        self._kinds: dict[str, str] = {}  # of department, by the number that its legs have in every case
        self._at: dict[str, str] = {}  # where a leg was last, as far as the operator knows
        self._over = threading.Event()
        self.faults: list[str] = []
        self._thread = thread_of(self._run, self.faults)

    def start(self) -> None:
        """Begin, if there is anything to be moved."""
        if self._form.moves:
            self._thread.start()

    def stop(self) -> None:
        """End."""
        self._over.set()
        if self._form.moves:
            self._thread.join(PATIENCE)

    def _run(self) -> None:
        while not self._over.wait(self._dice.uniform(*self._form.move_pauses)):
            self._look()
            if (some := self._chosen()) is None:
                continue
            legs, here = some
            to = self._another(here)
            while self._move(legs, to) and self._dice.random() < ON:
                to = here if to != here and self._dice.random() < RETURN else self._another(to)
                self._over.wait(self._dice.uniform(*ON_SECONDS))

    def _another(self, office: str) -> str:
        there = next(offices for kind in self._form.moves if office in (offices := offices_of(kind)))
        return self._dice.choice([one for one in there if one != office])

    def _move(self, legs: list[str], to: str) -> bool:
        went = self._operator.move(legs, to)
        self._at |= dict.fromkeys(legs, to)  # and if it did not go, the next order is refused and says so
        return went

    def _look(self) -> None:
        """Which legs there are, whose they are, and where."""
        filed = [line for line in self._acks.fresh() if line["what"] == "ack" and line["body"].startswith("client-")]
        self._legs += [leg for line in filed for leg in line["legs"] if leg not in self._legs]
        ended: set[str] = set()
        known = set(self._legs)  # those of another bundle have numbers of their own
        for line in self._seen.fresh():
            if line["what"] == "call" and line["leg"] in known and line["type"] == FILED \
                    and line["body"] in self._form.moves:
                self._kinds[line["leg"].rpartition("-")[2]] = line["body"]
            elif line["what"] == "told" and line["type"] in {"leg.granted", "leg.refused"} and line["status"] == 204:
                ended.add(line["leg"])
        self._legs = [leg for leg in self._legs if leg not in ended]

    def _chosen(self) -> tuple[list[str], str] | None:
        """One leg, or some of one office, and that office; None while there is none."""
        found = dict(self._movable())
        if not found:
            return None
        leg = self._dice.choice(sorted(found))
        if self._dice.random() >= BY_COMMAND:
            return [leg], found[leg]
        return sorted(one for one in found if found[one] == found[leg])[-AT_ONCE:], found[leg]

    def _movable(self) -> Iterator[tuple[str, str]]:
        for leg in self._legs:
            kind = self._kinds.get(leg.rpartition("-")[2])
            if kind is not None:
                yield leg, self._at.get(leg, kind)
