"""Slow uploads keep no department's notice waiting."""

import json
import select
import socket
import threading
from datetime import UTC, datetime

import pytest
import requests

from bench.applicant import Applicant
from bench.town import Town
from connectors.signing import headers_for
from sources.samples import sample_paper

UPLOADS, NOTICES, HELD = 32, 40, 4
NAME, TYPE, SMALL = sample_paper("营业执照")
LARGE = SMALL.replace(b"startxref", b"%" + b"." * 100_000 + b"\nstartxref")


class Drips:
    """Uploads that send one byte now and then, in a thread, until they are let go or answered."""

    def __init__(self, town, token, count, paper):
        self.paper = paper
        head = (f"POST /api/files HTTP/1.1\r\nHost: 127.0.0.1:{town.port}\r\nAuthorization: Bearer {token}\r\n"
                f"Content-Type: {TYPE}\r\nContent-Disposition: attachment; filename=\"slow.pdf\"\r\n"
                f"Content-Length: {len(paper)}\r\n\r\n").encode()
        self.sent = {socket.create_connection(("127.0.0.1", town.port), timeout=60): 0 for _ in range(count)}
        for line in self.sent:
            line.sendall(head)
        self.answers, self.still = {}, threading.Event()
        self.thread = threading.Thread(target=self._drip, daemon=True)
        self.thread.start()

    def held(self):
        """The uploads that have no answer yet."""
        return self.sent.keys() - self.answers.keys()

    def finish(self):
        """Send the rest of every upload that is still held; the status of each of them."""
        self.still.set()
        self.thread.join()
        held = self.held()
        for line in held:
            line.sendall(self.paper[self.sent[line]:])
        return [line.recv(4096).split(b" ")[1] for line in held]

    def close(self):
        """Stop dripping and hang up."""
        self.still.set()
        self.thread.join()
        for line in self.sent:
            line.close()

    def _drip(self):
        while not self.still.wait(0.1):
            held = self.held()
            for line in select.select(held, [], [], 0)[0]:
                self.answers[line] = line.recv(4096)
            for line in held - self.answers.keys():
                if self.sent[line] < len(self.paper) - 1:  # the last byte is kept back, so that none can end by itself
                    line.sendall(self.paper[self.sent[line]:self.sent[line] + 1])
                    self.sent[line] += 1


@pytest.fixture
def town(tmp_path):
    """A portal that gives a body as long as this test may last."""
    made = Town(tmp_path, more={"YJS_BODY_DEADLINE": "600"})
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture
def leg(town):
    """A leg of a filed case that its department has."""
    applicant = Applicant(town.url, town.token())
    reference = applicant.file(applicant.prepare("utilities"), "one")["reference"]
    return f"{reference}-08"


def remark(town, leg, number):
    """The status of a signed notice about `leg`."""
    said = {"type": "leg.remark", "timestamp": datetime.now(UTC).isoformat(), "data": {"leg": leg, "text": "已收悉"}}
    body = json.dumps(said).encode()
    signed = headers_for(f"remark_{number}", datetime.now(UTC), body, [town.secret("city-management")])
    return requests.post(f"{town.url}/api/departments/city-management/notices", data=body, timeout=60,
                         headers={**signed, "Content-Type": "application/json"}).status_code


@pytest.mark.parametrize("paper", [LARGE, SMALL], ids=["large", "small"])
def test_slow_uploads_keep_no_notice_waiting(town, leg, paper):
    drips = Drips(town, town.token(), UPLOADS, paper)
    try:
        assert remark(town, leg, 0) == 204
        before = drips.held()
        statuses = [remark(town, leg, number) for number in range(1, NOTICES)]
        after = drips.held()
        assert set(statuses) == {204}
        assert len(after) >= HELD
        # Uploads beyond the places are turned away; none that was held had to end for a notice to be answered.
        assert {drips.answers[line].split(b" ")[1] for line in before - after} <= {b"503"}
        assert set(drips.finish()) == {b"201"}
    finally:
        drips.close()
