"""Says in the log what runs out: 30, 7 and 1 days ahead, and once it has."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from connectors.base import Body, Registry
from desk.upkeep.expiring import Expiring, certificates, soon, tokens
from store.people import Token

LOG = logging.getLogger("yijianshi.dispatch")
EVERY = timedelta(hours=1)


class ExpiryWatch:
    """Looks once an hour; of each thing that runs out it speaks once at each step."""

    def __init__(self, registry: Registry, bodies: Collection[Body], known: Callable[[], Sequence[Token]]) -> None:
        self._registry, self._bodies, self._known = registry, bodies, known
        self._looked: datetime | None = None
        self._told: set[tuple[Expiring, timedelta | None, bool]] = set()

    def tell(self, now: datetime) -> None:
        """Warn of what is not told yet."""
        if self._looked is not None and self._looked <= now < self._looked + EVERY:
            return
        for one in soon([*certificates(self._registry, self._bodies), *tokens(self._known(), now)], now):
            over = one.at <= now
            if (step := (one, one.step(now), over)) not in self._told:
                self._told.add(step)
                LOG.warning("%s of %s %s at %s", one.what, one.of, "ended" if over else "ends", one.at.isoformat())
        self._looked = now
