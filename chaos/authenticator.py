"""An authenticator app, and the recovery codes beside it, as somebody who signs in has them; of the rig's own make."""

from __future__ import annotations

import base64
import hmac
import re
import struct
import threading
import time
from pathlib import Path

from settings.clock import Clock

STEP_SECONDS, PAUSE = 30, 0.2
_SECRET = re.compile(r'class="code-text">([A-Z2-7 ]+)<')
_RECOVERY = re.compile(r"\b(\d{4}) ?(\d{4}) ?(\d{4}) ?(\d{4})\b")


class App:
    """An authenticator app by the town's clock, with one secret, and the recovery codes beside it."""

    def __init__(self, clock: Path) -> None:
        self.now = Clock(clock).now
        self.turn = threading.RLock()  # two windows of one person do not set it up at once
        self.recovery: list[str] = []
        self._secret, self._last = "", 0

    def read(self, text: str) -> None:
        """Take the secret that a page shows."""
        found = _SECRET.search(text)
        self._secret = found[1].replace(" ", "") if found else ""

    def keep(self, text: str) -> None:
        """Keep the recovery codes that a page shows once."""
        self.recovery = ["".join(found) for found in _RECOVERY.findall(text)] or self.recovery

    def code(self, over: threading.Event | None = None) -> str:
        """A code that was not given before; the next one has to be waited for, and is empty once it is `over`."""
        while over is None or not over.is_set():
            here = int(self.now().timestamp()) // STEP_SECONDS
            step = max(here, self._last + 1)
            if step <= here + 1:
                self._last = step
                return self._at(step)
            time.sleep(PAUSE)
        return ""

    def _at(self, step: int) -> str:
        digest = hmac.digest(base64.b32decode(self._secret), struct.pack(">Q", step), "sha1")
        start = digest[-1] & 0x0F
        return f"{(struct.unpack('>I', digest[start:start + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"
