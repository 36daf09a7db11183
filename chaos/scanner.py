"""The virus scanner of a run, a process of its own (`python -m chaos.scanner`): clamd as the portal speaks to it.

It finds the test file of EICAR and nothing else, and of some streams it cannot tell when it hears them first. Its
ledger has a line for each whole stream before the verdict leaves: so what the portal was told is known, also where it
was killed in that moment. That it is killed, and stopped in the midst of a stream, is done to it (`chaos/scanning.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import struct
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from chaos.script import draw
from sandbox.ledger import Ledger

# In two parts, or a scanner that looks at this file would take it away.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
NAME = "scanner"
CLEAN, INFECTED, UNSURE = "clean", "infected", "unsure"
SAYS = {CLEAN: b"stream: OK\0", INFECTED: b"stream: Eicar-Test-Signature FOUND\0"}
AT_A_LOSS = (b"stream: Can't allocate memory ERROR\0", b"stream: OK")  # an error of its own, and an answer that is cut
_LENGTH = struct.Struct(">I")


class Scanner:
    """Answers on loopback until the process ends. `errors` is the share of streams of which it cannot tell at first."""

    def __init__(self, ledger: Ledger, seed: int, errors: float) -> None:
        self._ledger, self._seed, self._errors = ledger, seed, errors
        self._heard: Counter[str] = Counter()

    async def serve(self, port: int) -> None:
        """Listen for ever."""
        async with await asyncio.start_server(self._line, "127.0.0.1", port, backlog=512) as server:
            await server.serve_forever()

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            command = await reader.readuntil(b"\0")
            writer.write(b"PONG\0" if command == b"zPING\0" else self._judged(await _stream(reader)))
            await writer.drain()
        writer.close()

    def _judged(self, stream: bytes) -> bytes:
        digest = hashlib.sha256(stream).hexdigest()
        self._heard[digest] += 1
        lost = self._heard[digest] == 1 and draw(self._seed, "scan", digest) < self._errors
        verdict = UNSURE if lost else INFECTED if EICAR in stream else CLEAN
        self._ledger.write(datetime.now(UTC), NAME, "scanned", at=time.time(), sha256=digest, verdict=verdict)
        return AT_A_LOSS[int(draw(digest) * len(AT_A_LOSS))] if lost else SAYS[verdict]


async def _stream(reader: asyncio.StreamReader) -> bytes:
    """What comes in pieces, each behind its length, to the empty one."""
    whole = bytearray()
    while length := _LENGTH.unpack(await reader.readexactly(_LENGTH.size))[0]:
        whole += await reader.readexactly(length)
    return bytes(whole)


def main() -> None:
    """Scan until killed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--errors", type=float, default=0.0)
    options = parser.parse_args()
    asyncio.run(Scanner(Ledger(options.ledger), options.seed, options.errors).serve(options.port))


if __name__ == "__main__":
    main()
