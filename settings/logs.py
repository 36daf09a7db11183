"""How every process that stays writes its log: one line for each thing said, to stderr."""

from __future__ import annotations

import logging
import re
from datetime import datetime

FORM = "%(asctime)s %(levelname)s %(name)s %(message)s"
_UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


class Lines(logging.Formatter):
    """Time with its offset, so that lines of several hosts can be put in order; level; who says it; what. What goes on
    over more lines is indented, and signs that move a terminal are written out: a name or an answer of others that is
    quoted cannot look like a line of ours."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, with those that go on with it."""
        shown = _UNSEEN.sub(lambda sign: ascii(sign[0])[1:-1], super().format(record))
        return shown.rstrip("\n").replace("\n", "\n  ")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002
        """The time as ISO 8601, to the millisecond."""
        return datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")


def log_to_stderr() -> None:
    """Write what is said from now on; of libraries only what warns."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines(FORM))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("yijianshi").setLevel(logging.INFO)
