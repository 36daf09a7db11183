"""Whether a newer version of the service works on the same store: then this process is behind, and has to be upgraded.

Hosts are upgraded one after the other, and a newer one may write what an older one cannot fold: an event of a kind that
it does not know, a layout that came later. To go on regardless would be to decide on something that is not so. So the
older one leaves such a case alone, says so where it is looked for, and where others work on the same store it takes no
work any more.
"""

from __future__ import annotations

import logging

LOG = logging.getLogger("yijianshi.desk")


class Behind:
    """What a process has met of a newer version; empty while it has met nothing. It stays until the process ends."""

    def __init__(self) -> None:
        self.why = ""

    def met(self, what: str) -> None:
        """Note what was met, the first time in the log, too."""
        if not self.why:
            LOG.error("this host runs an older version than others on the same store and must be upgraded: %s", what)
            self.why = what
