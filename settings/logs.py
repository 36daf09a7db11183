"""How every process that stays writes its log: one line for each thing said, to stderr."""

from __future__ import annotations

import logging
from datetime import datetime

FORM = "%(asctime)s %(levelname)s %(name)s %(message)s"


class Lines(logging.Formatter):
    """Time with its offset, so that lines of several hosts can be put in order; level; who says it; what."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002
        """The time as ISO 8601, to the millisecond."""
        return datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")


def log_to_stderr() -> None:
    """Write what is said from now on; of libraries only what warns."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines(FORM))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("yijianshi").setLevel(logging.INFO)
