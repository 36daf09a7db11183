"""What callers were told during a storm: every answer counted, and those that nobody should get kept apart."""

from __future__ import annotations

import threading
from collections import Counter

import requests

LATER = frozenset({503, 507})
KEPT = 20


class Answers:
    """Counts answers by status and broken calls by kind. `unfair` are those that are neither an answer of the matter
    (below 500) nor a 503 or 507 that says when to come again; `broken` are calls without any. Some are kept in words.
    """

    def __init__(self) -> None:
        self.by_status: Counter[str] = Counter()
        self.unfair = self.broken = 0
        self.examples: list[str] = []
        self._lock = threading.Lock()

    def see(self, came: requests.Response | requests.RequestException) -> None:
        """Count one answer, or a call that had none."""
        with self._lock:
            if isinstance(came, requests.RequestException):
                self.by_status[type(came).__name__] += 1
                self.broken += 1
                self._keep(f"{type(came).__name__} {came}")
                return
            self.by_status[str(came.status_code)] += 1
            if came.status_code >= 500 and not (came.status_code in LATER and came.headers.get("Retry-After")):
                self.unfair += 1
                self._keep(f"{came.status_code} {came.request.method} {came.request.path_url} {came.text[:300]}")

    def count(self, *statuses: str) -> int:
        """How many answers had one of these statuses."""
        return sum(self.by_status[status] for status in statuses)

    def server_errors(self) -> int:
        """How many answers were 5xx, the polite ones included."""
        return sum(number for status, number in self.by_status.items() if status.startswith("5"))

    def _keep(self, words: str) -> None:
        if len(self.examples) < KEPT:
            self.examples.append(words)
