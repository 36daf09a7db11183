"""Two kinds of requests to one portal in turn, so that whatever else the machine does meets both: the work that is
measured, and the server's lightest route (`/healthz`: the same server, policy table and headers, and nothing to do)."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.figures import show
from bench.load import used
from bench.town import Town
from bench.wire import Run, Wire, written

CONNECTIONS = 8
TRIVIAL_SECONDS = 1.0
WARM = 200


@dataclass(frozen=True, slots=True)
class Slice:
    """One run, and the processor seconds that the portal's worker used for each of its requests."""

    run: Run
    each: float


@dataclass
class Beside:
    """Slices of work, each with a slice of the trivial route before it."""

    town: Town
    connections: int = CONNECTIONS
    trivial: list[Slice] = field(default_factory=list)
    work: list[Slice] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Open the connections and wake what sleeps."""
        self.wire = Wire(self.town.port, self.connections)
        self._lightest = written("GET", "/healthz", self.town.port, {})
        self.wire.run([self._lightest] * WARM).must_be(200)

    def round(self, requests: Sequence[bytes], status: int) -> None:
        """A slice of the trivial route, then `requests`, which all must be answered with `status`."""
        self.trivial.append(self._slice([self._lightest] * 100_000, 200, TRIVIAL_SECONDS))
        self.work.append(self._slice(requests, status))

    def _slice(self, requests: Sequence[bytes], status: int, seconds: float = float("inf")) -> Slice:
        before = used(self.town).seconds
        run = self.wire.run(requests, lambda so_far: so_far >= seconds).must_be(status)
        return Slice(run, (used(self.town).seconds - before) / len(run.took))

    def tell(self, name: str) -> None:
        """Print the figures; rates and ratios are medians over the rounds, times are of all requests together."""
        pairs = list(zip(self.work, self.trivial, strict=True))
        took = sorted(seconds for each in self.work for seconds in each.run.took)
        middle, late = took[len(took) // 2], took[len(took) * 99 // 100]
        show(f"{name}_requests", len(took))
        show(f"{name}_connections", self.connections)
        show(f"{name}_per_second", statistics.median(each.run.rate for each in self.work))
        show(f"{name}_trivial_per_second", statistics.median(each.run.rate for each in self.trivial))
        show(f"{name}_over_trivial", statistics.median(ours.run.rate / theirs.run.rate for ours, theirs in pairs))
        show(f"{name}_cpu_us", statistics.median(each.each for each in self.work) * 1e6)
        show(f"{name}_trivial_cpu_us", statistics.median(each.each for each in self.trivial) * 1e6)
        show(f"{name}_over_trivial_by_cpu", statistics.median(theirs.each / ours.each for ours, theirs in pairs))
        show(f"{name}_p50_ms", middle * 1000)
        show(f"{name}_p99_ms", late * 1000)
        show(f"{name}_p99_over_p50", late / middle)

    def close(self) -> None:
        """Hang up."""
        self.wire.close()
