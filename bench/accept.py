"""Accepting over HTTP: utilities cases with 76 fields, 20 papers and 17 legs, filed over kept connections, in turn with
the server's lightest route. How many cases is the first argument, else 240.

The portal is paused meanwhile, so that the figure is of accepting alone; `bench.load` measures it with everything that
follows. The papers of all cases are uploaded first.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from bench.applicant import CATALOG, Applicant
from bench.beside import Beside
from bench.figures import RECEIVE, show
from bench.town import REAL_TIME, Town, town_of
from bench.wire import Wire, written
from sources.samples import sample_paper

CASES, ROUNDS, PAPERS = 240, 8, 20
UPLOADING = 4
Filing = dict[str, Any]


class Filer:
    """Writes filings out as requests, each with papers of its own."""

    def __init__(self, town: Town) -> None:
        self.town, self._token = town, town.token()
        applicant = Applicant(town.url, self._token)
        self.template = applicant.prepare("utilities")
        self.receipt = applicant.file(self.template, "first")
        self._filed = 0

    def requests(self, filings: Sequence[Filing]) -> list[bytes]:
        """The filings as requests, each with a key of its own."""
        made = []
        for filing in filings:
            self._filed += 1
            headers = self._headers({"Content-Type": "application/json", "Idempotency-Key": f"filed-{self._filed}"})
            body = json.dumps(filing, ensure_ascii=False).encode()
            made.append(written("POST", "/api/cases", self.town.port, headers, body))
        return made

    def filings(self, cases: int, papers: int) -> list[Filing]:
        """As many filings, each with `papers` files that nobody has used."""
        keys = list(self.template["materials"])
        places = [keys[number % len(keys)] for number in range(papers)]
        wire = Wire(self.town.port, UPLOADING)
        files = {key: iter(self._upload(wire, key, cases * places.count(key))) for key in keys}
        wire.close()
        return [self._filing(places, files) for _ in range(cases)]

    def _filing(self, places: Sequence[str], files: Mapping[str, Any]) -> Filing:
        materials: dict[str, list[str]] = {}
        for key in places:
            materials.setdefault(key, []).append(next(files[key]))
        return {**self.template, "materials": materials}

    def _upload(self, wire: Wire, key: str, count: int) -> list[str]:
        kind = CATALOG.materials.get(key.partition("#")[0].partition("@")[0])
        name, type_, content = sample_paper(key, kind.spec.file_types if kind else ("pdf",))
        headers = {"Content-Type": type_, "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
        request = written("POST", "/api/files", self.town.port, self._headers(headers), content)
        return [str(json.loads(body)["file"]) for body in wire.run([request] * count).must_be(201).bodies]

    def _headers(self, more: Mapping[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}", **more}


def measure(town: Town, cases: int) -> None:
    """Measure and print."""
    filer = Filer(town)
    filings = filer.filings(cases, PAPERS)
    town.flask("pause", "--reason", "bench")
    beside = Beside(town)
    share = max(1, cases // ROUNDS)
    for first in range(0, cases, share):
        beside.round(filer.requests(filings[first:first + share]), 201)
    beside.close()
    show("accept_fields", len(filings[0]["form"]))
    show("accept_papers", sum(map(len, filings[0]["materials"].values())))
    show("accept_legs", len(filer.receipt["legs"]))
    beside.tell("accept")


def main() -> None:
    """Start a town, measure, end it."""
    with town_of(RECEIVE, **REAL_TIME) as town:
        measure(town, int(sys.argv[1]) if sys.argv[1:] else CASES)


if __name__ == "__main__":
    main()
