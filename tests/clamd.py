"""A virus scanner on a real socket, for tests: it speaks INSTREAM as clamd does, and finds the test file of EICAR."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from pathlib import Path

# In two parts, or a scanner that looks at this file would take it away.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
FOUND = "Eicar-Test-Signature"


class Clamd:
    """Listens on loopback, or at `path`, from `start` to `stop`, which may follow each other. `heard` are the streams
    that came; with `says` it answers that to every stream, with `says` empty nothing at all."""

    def __init__(self, path: Path | None = None, *, most: int = 25_000_000, says: bytes | None = None) -> None:
        self.heard: list[bytes] = []
        self._path, self._most, self._says, self._port = path, most, says, 0
        self._listening: socket.socket | None = None

    @property
    def setting(self) -> str:
        """What YJS_SCANNER is for it."""
        return f"unix:{self._path}" if self._path else f"clamd://127.0.0.1:{self._port}"

    def start(self) -> Clamd:
        """Be there, where it was before if it was."""
        listening = socket.socket(socket.AF_UNIX if self._path else socket.AF_INET)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(str(self._path) if self._path else ("127.0.0.1", self._port))
        listening.listen(16)
        if not self._path:
            self._port = listening.getsockname()[1]
        self._listening = listening
        threading.Thread(target=self._run, args=(listening,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Be there no more."""
        assert self._listening is not None
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        if self._path:
            self._path.unlink()

    def _run(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(listening.accept()[0],), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with line, line.makefile("rb") as said, contextlib.suppress(OSError, struct.error):
            line.settimeout(30)
            command = b""
            while not command.endswith(b"\0"):
                command += said.read(1)
            line.sendall(b"PONG\0" if command == b"zPING\0" else self._scanned(said))
            if self._says == b"":
                said.read(1)  # until the caller has had enough

    def _scanned(self, said: object) -> bytes:
        stream = bytearray()
        while length := struct.unpack(">I", said.read(4))[0]:  # type: ignore[attr-defined]
            stream += said.read(length)  # type: ignore[attr-defined]
            if len(stream) > self._most:
                return b"INSTREAM size limit exceeded. ERROR\0"
        self.heard.append(bytes(stream))
        if self._says is not None:
            return self._says
        return f"stream: {FOUND} FOUND\0".encode() if EICAR in stream else b"stream: OK\0"
