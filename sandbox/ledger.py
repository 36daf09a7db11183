"""The sandbox's ledger: everything a demo department saw and did, one JSON object a line, before it answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any


class Ledger:
    """Appends lines and flushes each; without a file it keeps nothing but still orders."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        self._path = path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8") if path is not None else None

    def write(self, at: datetime, body: str, what: str, /, **more: Any) -> None:
        """Append one line; it has left this process when the call returns."""
        line = json.dumps({"t": at.isoformat(), "body": body, "what": what, **more}, ensure_ascii=False)
        with self._lock:
            if self._file is not None:
                self._file.write(line + "\n")
                self._file.flush()

    def lines(self) -> Iterator[Mapping[str, Any]]:
        """Every line of earlier runs; a last line cut by a crash is passed over."""
        if self._path is None or not self._path.exists():
            return
        for line in self._path.read_text("utf-8", errors="replace").splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                continue

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
