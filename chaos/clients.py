"""The applicants: they file, retry on any doubt until there is a receipt, repeat themselves, withdraw and answer."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

import requests

from bench.applicant import Applicant, good
from chaos.forms import Form
from chaos.stage import Stage
from chaos.taking_part import thread_of
from sandbox.ledger import Ledger

BUNDLE = "utilities"
PATIENCE = 240.0
LOOK_SECONDS = 1.0
ASKED = "leg.supplement_required"
UNKNOWN, TOO_OFTEN = 404, 429
LONGEST_REST = 5.0
PDF = "application/pdf"


class Office(Applicant):
    """An applicant whose every answer is on record, written after the answer came."""

    patience = PATIENCE

    def __init__(self, url: str, token: str, name: str, log: Ledger) -> None:
        super().__init__(url, token)
        self._name, self._log = name, log

    def note(self, what: str, **more: Any) -> None:
        """One line of the record."""
        self._log.write(datetime.now(UTC), self._name, what, at=time.time(), **more)

    def once(self, method: str, path: str, **more: Any) -> requests.Response:
        """One request; what came back is noted, a paper with its digest."""
        began = time.time()
        answer = super().once(method, path, **more)
        if not answer.ok:
            self.note("answer", method=method, path=path.split("/")[2], status=answer.status_code,
                      took=time.time() - began)
        elif path == "/api/files":
            said = answer.json()
            self.note("file", file=said["file"], sha256=hashlib.sha256(more["data"]).hexdigest())
        return answer

    def paper(self, key: str) -> tuple[str, str, bytes]:
        """A paper like no other, so that what is said of its bytes is said of it."""
        name, type_, content = super().paper(key)
        return name, type_, content + (f"%{secrets.token_hex(8)}\n".encode() if type_ == PDF else b"")

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        """One request, repeated as long as anything is in doubt: no answer, or any 5xx; what came too often comes again
        when it is let in."""
        until = time.monotonic() + self.patience
        answer = super().call(method, path, **more)
        while (answer.status_code >= 500 or _soon(answer)) and time.monotonic() < until:
            time.sleep(_soon(answer) or 0.1)
            answer = super().call(method, path, **more)
        return answer

    def submit(self, filing: dict[str, Any], key: str) -> dict[str, Any]:
        """File until there is a receipt, and only then note it."""
        self.note("tried", key=key)
        receipt = self.file(filing, key)
        self.note_receipt(receipt, filing, key)
        return receipt

    def note_receipt(self, receipt: Mapping[str, Any], filing: Mapping[str, Any], key: str) -> None:
        """That there is a receipt, with what it promises."""
        self.note("ack", key=key, reference=receipt["reference"], edition=receipt["edition"],
                  legs=[leg["leg"] for leg in receipt["legs"]], digest=_digest(receipt),
                  files=sorted(file for files in filing["materials"].values() for file in files))

    def news(self) -> Iterator[dict[str, Any]]:
        """All their news, the latest first."""
        after: str | None = ""
        while after is not None:
            page = good(self.call("GET", f"/api/news?{urlencode({'after': after})}" if after else "/api/news"))
            yield from page["news"]
            after = page["next"]


def _soon(answer: requests.Response) -> float:
    """In how many seconds to come again after asking too often; 0 where that is no matter of seconds: who guessed too
    often waits for minutes, and takes that for the answer."""
    after = float(answer.headers.get("Retry-After", 1)) if answer.status_code == TOO_OFTEN else 0.0
    return after if after <= LONGEST_REST else 0.0


def _asks(told: Mapping[str, Any]) -> bool:
    """Whether a department, or an officer at a desk, has asked for a supplement and heard that it is taken."""
    return ASKED in (told.get("type"), told.get("act")) and (told.get("status") == 204 or told.get("outcome") == "done")


def _digest(receipt: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(receipt, sort_keys=True).encode()).hexdigest()


class Crowd:
    """All applicants of a run. `allowed` of the applications may be filed by now, so that there is load all along."""

    def __init__(self, stage: Stage, form: Form, seed: int, log: Ledger) -> None:
        self._stage, self._form, self._seed, self._log = stage, form, seed, log
        self.token = stage.token()
        self._numbers = iter(range(form.applications))
        self._turn = threading.Condition()
        self.allowed = self.filed = 0
        self.faults: list[str] = []
        self._over = threading.Event()
        self._prepared = self._office("prepares").prepare(BUNDLE)
        self._threads = [thread_of(partial(self._file, self._office(f"client-{number}")), self.faults)
                         for number in range(form.clients)]
        self._answerer = threading.Thread(target=self._answer, daemon=True)

    def _office(self, name: str) -> Office:
        return Office(self._stage.url, self.token, name, self._log)

    def reader(self) -> Office:
        """Who reads the news of all of them."""
        return self._office("reads")

    def start(self) -> None:
        """Begin."""
        for thread in (*self._threads, self._answerer):
            thread.start()

    def allow(self, number: int) -> None:
        """So many may be filed from now on."""
        with self._turn:
            self.allowed = number
            self._turn.notify_all()

    def wait_until_filed(self, seconds: float) -> bool:
        """Whether every application has a receipt within `seconds`."""
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        """Nobody answers asks any more."""
        self._over.set()
        self._answerer.join(PATIENCE)

    def _file(self, office: Office) -> None:
        for number in self._due():
            dice = Random(f"{self._seed}/{number}")
            key = f"key-{number}"
            filing = office.anew(self._prepared)
            receipt = office.submit(filing, key)
            with self._turn:
                self.filed += 1
            if dice.random() < self._form.repeats:
                office.submit(filing, key)
            if dice.random() < self._form.withdraws:
                time.sleep(dice.random() * self._form.regret_seconds)
                self._withdraw(office, receipt["reference"])

    def _due(self) -> Iterator[int]:
        while True:
            with self._turn:
                number = next(self._numbers, None)
                while number is not None and number >= self.allowed:
                    self._turn.wait()
            if number is None:
                return
            yield number

    def _withdraw(self, office: Office, reference: str) -> None:
        office.note("withdraws", reference=reference)
        answer = office.call("POST", f"/api/cases/{reference}/withdraw", json={"reason": "项目调整"},
                             headers={"Idempotency-Key": f"withdraw-{reference}"})
        office.note("withdrew", reference=reference, status=answer.status_code)

    def _answer(self) -> None:
        """Look into every case of which a department asked something, until its asks are answered; what is somebody
        else's is left to them."""
        office, asked = self._office("answers"), Asked(self._stage.folder)
        todo: set[str] = set()
        while not self._over.wait(LOOK_SECONDS):
            todo |= asked.fresh()
            todo -= {reference for reference in sorted(todo) if _is_answered(office, reference)}


def _is_answered(office: Office, reference: str) -> bool:
    """Whether nothing is left to be answered of a case, or it is not theirs."""
    try:
        seen = office.call("GET", f"/api/cases/{reference}")
        if seen.status_code != UNKNOWN:
            office.answer_asks(good(seen))
    except (requests.RequestException, RuntimeError) as fault:
        office.note("unanswered", reference=reference, why=type(fault).__name__)
        return False
    return True


class Asked:
    """The cases of which a department, or an officer at a desk, asked something and heard that it is taken."""

    def __init__(self, folder: Path) -> None:
        self._tails = Tail(folder / "ledger.jsonl"), Tail(folder / "officers.jsonl")

    def fresh(self) -> set[str]:
        """Those of which something was asked since this was asked last."""
        return {line["leg"].rpartition("-")[0] for tail in self._tails for line in tail.fresh()
                if line["what"] == "told" and _asks(line)}


class Tail:
    """The lines that a growing file has got since it was last looked at."""

    def __init__(self, path: Path) -> None:
        self._path, self._at = path, 0

    def fresh(self) -> list[dict[str, Any]]:
        """Whole new lines."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._at)
            whole = file.read().rpartition(b"\n")[0]
        self._at += len(whole) + (1 if whole else 0)
        return [json.loads(line) for line in whole.splitlines()]
