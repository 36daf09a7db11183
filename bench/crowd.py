"""A crowd: applicants who file one case after another, and departments' clerks who remark on them, until told to stop.

Everything acknowledged is kept with the moment after its answer; whatever is in doubt is repeated with its own key.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests

from bench.answers import LATER, Answers
from bench.applicant import OVER, Applicant
from bench.town import Town
from connectors.signing import headers_for

CLERK = "city-management"  # has leg 10 of a utilities case
CLERKS_LEG = "10"
AT_WORK = frozenset({"received", "accepted", "in_review", "special"})
LOOKS = 5


@dataclass(frozen=True, slots=True)
class Ack:
    """A filing that was acknowledged: its receipt, and when its answer had been read (seconds since 1970)."""

    receipt: Mapping[str, Any]
    at: float


@dataclass(frozen=True, slots=True)
class Size:
    """How many applicants file at once, the pause of each between two cases, and the most cases all together."""

    clients: int
    pause: float = 0.0
    most: int = 100_000


@dataclass
class Crowd:
    """Applicants and one clerk. `urls` are the portals; each applicant keeps to one of them."""

    town: Town
    size: Size
    urls: tuple[str, ...] = ()
    patience: float = 120.0
    answers: Answers = field(default_factory=Answers)
    acks: dict[str, Ack] = field(default_factory=dict)
    filings: dict[str, dict[str, Any]] = field(default_factory=dict)
    remarks: set[str] = field(default_factory=set)
    faults: list[BaseException] = field(default_factory=list)

    def start(self) -> Crowd:
        """Begin to file and to remark."""
        self.token = self.town.token()
        self.prepared = self._applicant(0).prepare("utilities")
        self.over = threading.Event()
        self._numbers = iter(range(self.size.most))
        self._lock = threading.Lock()
        acts = [(self._file_all, (number,)) for number in range(self.size.clients)]
        self._threads = [threading.Thread(target=self._watched, args=(act, *given), daemon=True)
                         for act, given in (*acts, (self._remark_all, ()))]
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        """Begin nothing new, and wait until everything begun is acknowledged; raises what went wrong for somebody."""
        self.over.set()
        for thread in self._threads:
            thread.join(self.patience + 60)
        if self.faults:
            raise self.faults[0]

    def applicant(self) -> Applicant:
        """Somebody who may see every case that was filed here."""
        return self._applicant(0)

    def _applicant(self, number: int) -> Applicant:
        urls = self.urls or (self.town.url,)
        made = Applicant(urls[number % len(urls)], self.token, self.answers.see)
        made.patience = self.patience
        return made

    def _watched(self, act: Any, *given: Any) -> None:
        try:
            act(*given)
        except BaseException as fault:  # noqa: BLE001  # whoever stops the crowd is told
            self.faults.append(fault)

    def _file_all(self, number: int) -> None:
        applicant = self._applicant(number)
        while not self.over.is_set() and (key := self._next_key()) is not None:
            filing = self.filings[key] = applicant.anew(self.prepared)
            self.acks[key] = Ack(applicant.file(filing, key), time.time())
            self.over.wait(self.size.pause)

    def _next_key(self) -> str | None:
        with self._lock:
            number = next(self._numbers, None)
        return None if number is None else f"storm-{number:06d}"

    def _remark_all(self) -> None:
        """One remark for each case whose leg the clerk has and has not ended, repeated word for word until it is taken.
        What a department has not got it does not remark on: the hub would believe it, and not send it any more."""
        self._post = requests.Session()
        self._post.trust_env = False
        sees, known, waiting = self._applicant(0), 0, deque[str]()
        while not self.over.wait(0.3):
            acks = list(self.acks.values())
            waiting += [ack.receipt["reference"] for ack in acks[known:]]
            known = len(acks)
            for _ in range(min(LOOKS, len(waiting))):
                reference = waiting.popleft()
                if not self._remarked(sees, reference):
                    waiting.append(reference)

    def _remarked(self, sees: Applicant, reference: str) -> bool:
        """Remark on this case if it is time to; whether nothing is left to be done."""
        leg = next(one for one in sees.see(reference)["legs"] if one["leg"] == CLERKS_LEG)
        return leg["state"] in OVER or (leg["state"] in AT_WORK and self._taken(leg["id"]))

    def _taken(self, leg: str) -> bool:
        """Tell one remark until there is a definite answer; whether it was taken."""
        data = {"leg": leg, "text": "已收悉"}
        body = json.dumps({"type": "leg.remark", "timestamp": datetime.now(UTC).isoformat(), "data": data}).encode()
        url = f"{(self.urls or (self.town.url,))[0]}/api/departments/{CLERK}/notices"
        secrets, until = [self.town.secret(CLERK)], time.monotonic() + self.patience
        while time.monotonic() < until:
            signed = {**headers_for(f"remark_{leg}", datetime.now(UTC), body, secrets),
                      "Content-Type": "application/json"}
            status = self._status(url, body, signed)
            if status == requests.codes.no_content:
                self.remarks.add(leg)
            if status is not None and status not in LATER:
                return True
            if self.over.wait(0.1):
                return False
        return False

    def _status(self, url: str, body: bytes, headers: dict[str, str]) -> int | None:
        """The status of one try; None where there was no answer."""
        try:
            answer = self._post.post(url, data=body, headers=headers, timeout=30)
        except requests.RequestException as error:
            self.answers.see(error)
            return None
        self.answers.see(answer)
        return answer.status_code
