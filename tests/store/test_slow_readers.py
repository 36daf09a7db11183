"""What readers that take their download slowly may hold, on real sockets and both stores."""

from __future__ import annotations

import socket
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bench.inside import SUBJECT, inside
from people.tokens import Grant
from store.engine.opening import Place
from tests.web.test_worker import Patient, Served
from web.readers import MOST_OF_ONE

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
MEGABYTE = 1 << 20


def test_one_person_holds_a_few_megabytes_and_the_next_download_is_told_to_come_again(
        place: Place, tmp_path: Path) -> None:
    with inside(tmp_path, place.data, place.url) as there, closing(Served(Patient)) as behind:
        now = there.house.clock.now()
        tokens = [there.house.tokens.issue(Grant("applicant", who), now) for who in (SUBJECT, "another")]
        files = [there.desk.keep_file(who, ("图.pdf", "application/pdf"), [b"x" * MEGABYTE] * 24, now).file
                 for who in (SUBJECT, "another")]
        behind.worker.wsgi = there.app

        def ask(which: int) -> socket.socket:
            line: socket.socket = behind.call((
                f"GET /api/files/{files[which]} HTTP/1.1\r\nHost: localhost\r\n"
                f"Authorization: Bearer {tokens[which]}\r\n\r\n").encode())
            return line

        slow = [ask(0) for _ in range(MOST_OF_ONE)]
        behind.until(lambda: len(behind.worker.waiting) == MOST_OF_ONE)
        held = [len(line.reply.out) for line in behind.worker.waiting.values()]
        assert max(held) <= MEGABYTE + 65_536
        opened = [one.readlink() for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
        assert len([one for one in opened if one.is_relative_to(place.data / "files")]) <= MOST_OF_ONE
        refused = behind.hear(ask(0), b"}")
        assert refused.startswith(b"HTTP/1.1 503 ") and b"Retry-After: " in refused and b"too_many_downloads" in refused
        assert ask(1).recv(15) == b"HTTP/1.1 200 OK", "another person is not kept waiting"
        slow[0].close()
        behind.until(lambda: len([one for one in behind.worker.waiting.values() if one.reply]) == MOST_OF_ONE)
        assert ask(0).recv(15) == b"HTTP/1.1 200 OK"
