"""Somebody who files a bundle until the day on which it is closed, and after it: what was filed goes on, what was
repeated has its receipt, what was begun is kept, and nothing new is taken, from no open draft either.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from bench.applicant import good
from chaos.clients import Office
from chaos.forms import CLOSED
from chaos.forms import LATECOMER as NAME
from chaos.stage import Stage
from chaos.taking_part import Part
from sandbox.ledger import Ledger

PAUSES = (0.5, 4.0)
GLANCE = 0.2
AFTER = 2  # filings that are tried after the day, beside an open draft and a repetition


class Latecomer(Office):
    """Files, each time under a key of its own; the draft that stays open is known by its id."""

    def __init__(self, url: str, token: str, log: Ledger) -> None:
        super().__init__(url, token, NAME, log)
        self._sent: dict[str, dict[str, Any]] = {}  # by key, as it was filed

    def hand_in(self, prepared: Mapping[str, Any], key: str) -> None:
        """File once, on record with what came of it."""
        begun = time.time()
        self.note("tried", key=key)
        filing = self._sent.setdefault(key, self.anew(prepared))
        answer = self.try_to_file(filing, key)
        self._note_filed(begun, key, answer)
        if answer.ok:
            self.note_receipt(answer.json(), filing, key)

    def begin(self, prepared: Mapping[str, Any]) -> str:
        """A draft that could be filed at once, and is not; its id."""
        made = good(self.call("POST", "/api/drafts", json={name: prepared[name] for name in ("bundle", "situation")}))
        draft = str(made["draft"])
        good(self.call("PATCH", f"/api/drafts/{draft}", json={
            name: prepared[name] for name in ("form", "materials", "consent")}))
        return draft

    def submit_draft(self, draft: str, consent: Mapping[str, Any]) -> None:
        """Submit it after all."""
        begun = time.time()
        self._note_filed(begun, draft, self.call("POST", f"/api/drafts/{draft}/submit", json={"consent": consent}))

    def _note_filed(self, begun: float, key: str, answer: Any) -> None:
        self.note("filed_late", key=key, begun=begun, status=answer.status_code,
                  code="" if answer.ok else answer.json()["code"])

    def look_at(self, draft: str, wanted: Mapping[str, Any]) -> None:
        """Whether the draft is there as it was left."""
        seen = self.call("GET", f"/api/drafts/{draft}")
        kept = seen.ok and all(seen.json()["form"].get(name) == value for name, value in wanted.items())
        self.note("kept_draft", draft=draft, status=seen.status_code, kept=kept)


class Latecomers(Part):
    """The one there is, if the form closes a bundle. `days` tells how often the clock has leapt by days."""

    def __init__(self, stage: Stage, token: str, log: Ledger, days: Callable[[], int]) -> None:
        super().__init__()
        self._form, self._days, self._dice = stage.form, days, Random(f"{stage.seed}/latecomers")
        if self._form.closes:
            self._one = Latecomer(stage.url, token, log)
            self._play(self._come)

    def _come(self) -> None:
        one, prepared = self._one, self._one.prepare(CLOSED)
        draft = one.begin(prepared)
        for number in range(self._form.closes):
            if not self._days():
                one.hand_in(prepared, f"{NAME}-{number}")
                self._over.wait(self._dice.uniform(*PAUSES))
        while not self._days() and not self._over.wait(GLANCE):
            pass
        for number in range(AFTER):
            one.hand_in(prepared, f"{NAME}-after-{number}")
        one.hand_in(prepared, f"{NAME}-0")  # a repetition
        one.submit_draft(draft, prepared["consent"])
        one.look_at(draft, prepared["form"])
