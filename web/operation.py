"""What operators and their machines ask: is the process alive, is it ready, and the figures for Prometheus.

No answer here holds personal data; figures are read from the store at the moment of asking, so that any number of
processes tells the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from flask import Blueprint, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from desk.sweeps import HEARTBEAT
from store import marks, pausing, reading
from store.errors import StoreError
from web.answers import shown
from web.errors import Problem
from web.operations import Operation, operation
from web.wiring import house

operation_pages = Blueprint("operation", __name__)
PROBE = "web.probe"
LONGEST_SILENCE = timedelta(seconds=150)


@operation_pages.get("/healthz")
@operation(Operation("Is the process alive", {200: "yes"}))
def healthz() -> Response:
    """The process answers."""
    return shown({"status": "ok"})


@operation_pages.get("/readyz")
@operation(Operation("Is the store writable and the dispatcher beating", {200: "yes"}, refuses=(503,)))
def readyz() -> Response:
    """The store takes a write, and a dispatcher (this process's own, else any) gave a sign of life."""
    now = house().clock.now()
    beat = _probe(now)
    own = house().dispatcher
    beating = own.alive() if own is not None else beat is not None and now - beat <= LONGEST_SILENCE
    if not beating:
        raise Problem(503, "not_ready", "派发还没有开始或已停止，请稍后再试", headers={"Retry-After": "5"})
    return shown({"status": "ready"})


def _probe(now: datetime) -> datetime | None:
    """Write a mark and read a dispatcher's last one; raises a 503 problem when the store cannot."""
    try:
        house().database.write(lambda tx: marks.put(tx, PROBE, now.isoformat(), now))
        with house().database.read() as tx:
            found = marks.get(tx, HEARTBEAT)
    except StoreError as error:
        raise Problem(503, "not_ready", "数据库暂时不能写入，请稍后再试", headers={"Retry-After": "5"}) from error
    return found.at if found else None


@operation_pages.get("/metrics")
@operation(Operation("Figures in Prometheus' text form", {200: "the figures"}))
def metrics() -> Response:
    """The figures of this moment."""
    now = house().clock.now()
    with house().database.read() as tx:
        figures, paused = reading.figures(tx, now), pausing.paused(tx) is not None
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(figures, now, paused))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


GAUGES: Mapping[str, tuple[str, str]] = {
    "waiting": ("messages_waiting", "messages that will leave by themselves, by office"),
    "leased": ("messages_leased", "messages being sent right now, by office"),
    "held": ("messages_troubled", "messages that need somebody, by state"),
    "yellow": ("legs_yellow", "legs close to their due time"),
    "red": ("legs_red", "legs past their due time"),
    "strange": ("notices_quarantined", "notices that a person has to settle"),
}


class _Figures(Collector):
    """One gauge for each figure; a figure that is a mapping has one line for each key."""

    def __init__(self, figures: reading.Figures, now: datetime, paused: bool) -> None:
        self._figures, self._now, self._paused = figures, now, paused

    def collect(self) -> Iterator[Metric]:
        """The gauges."""
        oldest = self._figures.oldest_due
        age = max(0.0, (self._now - oldest).total_seconds()) if oldest else 0.0
        yield GaugeMetricFamily("yijianshi_oldest_message_seconds", "how long the oldest message is overdue", value=age)
        yield GaugeMetricFamily("yijianshi_paused", "1 while nothing leaves and no notice is taken", value=self._paused)
        for name, (shown_name, says) in GAUGES.items():
            value = getattr(self._figures, name)
            labels = ["key"] if isinstance(value, Mapping) else []
            gauge = GaugeMetricFamily(f"yijianshi_{shown_name}", says, labels=labels)
            for key, number in (value if isinstance(value, Mapping) else {"": value}).items():
                gauge.add_metric([key] if labels else [], float(number))
            yield gauge
