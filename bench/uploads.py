"""Do slow uploads keep a department's notice waiting? Signed notices one after another: alone, beside dripping uploads
that are too large to be waited for, and beside dripping small ones. The notices begin at once, when the uploads still
fight for their places.
"""

from __future__ import annotations

import json
import select
import socket
import threading
import time
from datetime import UTC, datetime

import requests

from bench.applicant import Applicant
from bench.figures import show, spread
from bench.town import Town, town_of
from connectors.signing import headers_for
from sources.samples import sample_paper

UPLOADS, NOTICES = 32, 100
NAME, TYPE, SMALL = sample_paper("营业执照")
LARGE = SMALL.replace(b"startxref", b"%" + b"." * 100_000 + b"\nstartxref")
OFFICE = "city-management"
PATIENT = {"YJS_BODY_DEADLINE": "600"}  # a dripping body is never late while this lasts


class Drips:
    """Uploads that send one byte now and then, in a thread, until they are let go or answered."""

    def __init__(self, town: Town, token: str, count: int, paper: bytes) -> None:
        self.paper = paper
        head = (f"POST /api/files HTTP/1.1\r\nHost: 127.0.0.1:{town.port}\r\nAuthorization: Bearer {token}\r\n"
                f"Content-Type: {TYPE}\r\nContent-Disposition: attachment; filename=\"slow.pdf\"\r\n"
                f"Content-Length: {len(paper)}\r\n\r\n").encode()
        self.sent = {socket.create_connection(("127.0.0.1", town.port), timeout=60): 0 for _ in range(count)}
        for line in self.sent:
            line.sendall(head)
        self.answers: dict[socket.socket, bytes] = {}
        self.still = threading.Event()
        self.thread = threading.Thread(target=self._drip, daemon=True)
        self.thread.start()

    def held(self) -> set[socket.socket]:
        """The uploads that have no answer yet."""
        return self.sent.keys() - self.answers.keys()

    def finish(self) -> list[bytes]:
        """Send the rest of every upload that is still held; the status of each of them."""
        self.still.set()
        self.thread.join()
        held = self.held()
        for line in held:
            line.sendall(self.paper[self.sent[line]:])
        return [line.recv(4096).split(b" ")[1] for line in held]

    def close(self) -> None:
        """Stop dripping and hang up."""
        self.still.set()
        self.thread.join()
        for line in self.sent:
            line.close()

    def _drip(self) -> None:
        while not self.still.wait(0.1):
            held = self.held()
            for line in select.select(held, [], [], 0)[0]:
                self.answers[line] = line.recv(4096)
            for line in held - self.answers.keys():
                if self.sent[line] < len(self.paper) - 1:  # the last byte is kept back, so that none can end by itself
                    line.sendall(self.paper[self.sent[line]:self.sent[line] + 1])
                    self.sent[line] += 1


def a_leg(town: Town) -> str:
    """A leg of a filed case that its department has."""
    applicant = Applicant(town.url, town.token())
    reference = applicant.file(applicant.prepare("utilities"), "one")["reference"]
    return f"{reference}-08"


def remark(town: Town, leg: str, number: int) -> int:
    """The status of a signed notice about `leg`."""
    said = {"type": "leg.remark", "timestamp": datetime.now(UTC).isoformat(), "data": {"leg": leg, "text": "已收悉"}}
    body = json.dumps(said).encode()
    signed = headers_for(f"remark_{number}", datetime.now(UTC), body, [town.secret(OFFICE)])
    return requests.post(f"{town.url}/api/departments/{OFFICE}/notices", data=body, timeout=60,
                         headers={**signed, "Content-Type": "application/json"}).status_code


def timed(town: Town, leg: str, first: int) -> list[float]:
    """How long each of many notices took; every one must be taken."""
    took = []
    for number in range(first, first + NOTICES):
        began = time.monotonic()
        status = remark(town, leg, number)
        took.append(time.monotonic() - began)
        if status != requests.codes.no_content:
            raise RuntimeError(f"notice {number}: {status}")
    return took


def measure(town: Town) -> None:
    """Measure and print."""
    leg, token = a_leg(town), town.token()
    remark(town, leg, 0)
    spread("uploads_none", timed(town, leg, 1))
    for round_, (name, paper) in enumerate({"large": LARGE, "small": SMALL}.items(), start=1):
        drips = Drips(town, token, UPLOADS, paper)
        try:
            spread(f"uploads_{name}", timed(town, leg, 1 + round_ * NOTICES))
            show(f"uploads_{name}_held", len(drips.held()))
        finally:
            drips.close()


def main() -> None:
    """Start a town, measure, end it."""
    with town_of(**PATIENT) as town:
        measure(town)


if __name__ == "__main__":
    main()
