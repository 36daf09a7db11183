"""How often somebody may guess: a sliding window for each name, in memory, of bounded size.

One process serves the embedded default, so its count is the count. With several web processes each has its own, and
the deployment's proxy should limit by address as well (docs/operating.md).
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import IPv6Network, ip_address
from threading import Lock

from people.errors import TooManyAttempts

LARGEST = 50_000
TRUSTED = timedelta(days=30)
HOST_BITS = 64


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `times` in `window` for one name."""

    times: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class Guarded:
    """What is known of a name (its password, its query code), and how often that may be guessed at: from one network
    (`here`), so that nobody elsewhere keeps its owner out; where its owner was not seen lately, also from all those
    networks together; and from one network at `any_name`. One network may be a whole village or office: whoever was
    seen there is not kept out by what others there get wrong."""

    kind: str
    here: Limit
    anywhere: Limit
    any_name: Limit


LOGIN = Guarded("login", Limit(5, timedelta(minutes=15)), Limit(100, timedelta(hours=1)), Limit(50, timedelta(hours=1)))
# Query codes, and codes that people tell one another, are random, 40 bits: what many names are tried for from one
# network finds none in centuries, so there may be as many as a hall full of people mistypes.
TRACK = replace(LOGIN, kind="track", any_name=Limit(200, timedelta(hours=1)))
PERSONS_CODE = Limit(5, timedelta(minutes=15))  # of an agent, or of what somebody is asked to agree to
PERSONS_CODE_ADDRESS = Limit(200, timedelta(hours=1))
PLATFORM = Limit(60, timedelta(minutes=10))  # of one network: codes that the platform does not know
PLATFORM_KNOWN = Limit(10, timedelta(minutes=10))  # of one browser that was let in lately, which is counted by itself
Count = tuple[str, str, Limit]  # of what kind, for which name, and how many at most


class Guesses:
    """Counts wrong guesses. Names are kept as digests, so that nobody's login or reference stands in memory dumps."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: OrderedDict[bytes, deque[datetime]] = OrderedDict()
        self._trusted: OrderedDict[bytes, datetime] = OrderedDict()

    def guess_at(self, what: Guarded, name: str | None, network: str, now: datetime) -> None:
        """Count a guess at what is known of a name (None: of what can be nobody's), from a network; `TooManyAttempts`.
        A right one is given back (`known_at`)."""
        if name is None:
            self.guess(f"{what.kind} network", network, what.any_name, now)
            return
        here = f"{network}\0{name}"
        counts = [(f"{what.kind} here", here, what.here)]
        if not self.trusts(f"{what.kind} here", here, now):
            counts += [(f"{what.kind} network", network, what.any_name), (what.kind, name, what.anywhere)]
        self.guess_all(counts, now)

    def known_at(self, what: Guarded, name: str, network: str, now: datetime) -> None:
        """The guess was right: the owner of the name was seen in this network."""
        here = f"{network}\0{name}"
        if not self.trusts(f"{what.kind} here", here, now):
            self.back(what.kind, name)
            self.back(f"{what.kind} network", network)
        self.trust(f"{what.kind} here", here, now)
        self.right(f"{what.kind} here", here)

    def guess(self, kind: str, name: str, limit: Limit, now: datetime) -> None:
        """Count a guess before it is judged, so that many at once are no more than one by one; `TooManyAttempts` when
        the guesses of the window are used up. A right one is given back (`right`, `back`)."""
        self.guess_all([(kind, name, limit)], now)

    def guess_all(self, counts: Sequence[Count], now: datetime) -> None:
        """Count one guess in several ways. One that is refused is not judged, and counts in none of them: whoever is
        out of guesses and tries on must not use up those of others."""
        with self._lock:
            found = [(kind, name, limit, self._recent(kind, name, limit, now)) for kind, name, limit in counts]
            waits = [times[0] + limit.window - now for *_, limit, times in found if len(times) >= limit.times]
            if waits:
                raise TooManyAttempts(int(max(waits).total_seconds()) + 1)
            for kind, name, _, times in found:
                times.append(now)
                self._seen[_digest(kind, name)] = times
                self._seen.move_to_end(_digest(kind, name))
            while len(self._seen) > LARGEST:
                self._seen.popitem(last=False)

    def back(self, kind: str, name: str) -> None:
        """Take one guess back: it was right."""
        with self._lock:
            times = self._seen.get(_digest(kind, name))
            if times:
                times.pop()

    def right(self, kind: str, name: str) -> None:
        """Forget the guesses after a right one."""
        with self._lock:
            self._seen.pop(_digest(kind, name), None)

    def trust(self, kind: str, name: str, now: datetime) -> None:
        """Remember that the right answer came by this name."""
        with self._lock:
            self._trusted[_digest(kind, name)] = now
            self._trusted.move_to_end(_digest(kind, name))
            while len(self._trusted) > LARGEST:
                self._trusted.popitem(last=False)

    def trusts(self, kind: str, name: str, now: datetime) -> bool:
        """Whether the right answer came by this name within `TRUSTED`."""
        with self._lock:
            at = self._trusted.get(_digest(kind, name))
        return at is not None and now - at < TRUSTED

    def _recent(self, kind: str, name: str, limit: Limit, now: datetime) -> deque[datetime]:
        times = self._seen.get(_digest(kind, name), deque(maxlen=limit.times))
        while times and times[0] <= now - limit.window:
            times.popleft()
        return times


def network_of(address: str) -> str:
    """What counts as one caller: an address of IPv4, or the network of an address of IPv6, for whoever has one of those
    has 2^64 of them."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.version == 6 and found.ipv4_mapped is None:
        return str(IPv6Network((int(found) >> HOST_BITS << HOST_BITS, HOST_BITS)))
    return str(getattr(found, "ipv4_mapped", None) or found)


def _digest(kind: str, name: str) -> bytes:
    return hashlib.sha256(f"{kind}\0{name}".encode("utf-8", "surrogatepass")).digest()[:16]
