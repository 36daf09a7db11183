"""Prints figures as `name: value` lines and reads from the departments' ledger who had which leg when."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from bench.town import Town

RECEIVE = str(Path(__file__).parent / "receive.yaml")


def show(name: str, value: float | str) -> None:
    """One figure."""
    print(f"{name}: {value if isinstance(value, str) else f'{value:.6g}'}", flush=True)


def spread(name: str, seconds: Sequence[float]) -> None:
    """The middle and the worst of several times, in milliseconds."""
    show(f"{name}_p50_ms", statistics.median(seconds) * 1000)
    show(f"{name}_worst_ms", max(seconds) * 1000)


def had_at(town: Town) -> dict[str, float]:
    """When each leg had its effect at its department, in seconds since 1970."""
    return {line["leg"]: datetime.fromisoformat(line["t"]).timestamp() for line in town.seen()
            if line["what"] == "effect" and line["type"] == "leg.filed"}
