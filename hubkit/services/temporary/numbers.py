"""How many are here: the same numbers as JSON and for Prometheus."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from hubkit import __version__
from hubkit.auth.ledger import ADDRESS, BUCKETS, FULL, Ledger

ENDS = ("idle", "age", "empty", "admin")


def stats(ledger: Ledger, image: str) -> dict[str, Any]:
    """Return what ``/api/stats`` says: tmpnb's four words, and more."""
    visits, counts = ledger.visits(), ledger.counts()
    refused = {why: int(counts.get(f"refused_{why}", 0)) for why in (FULL, ADDRESS)}
    ready = sum(bool(one.ready) for one in visits)
    return {
        "available": max(ledger.capacity - len(visits), 0),
        "capacity": ledger.capacity,
        "version": __version__,
        "container_image": image,
        "in_use": ready,
        "starting": len(visits) - ready,
        "admitted": int(counts.get("admitted", 0)),
        "refused": sum(refused.values()),
        "refused_full": refused[FULL],
        "refused_address": refused[ADDRESS],
        "failed": int(counts.get("failed", 0)),
    }


class Numbers(Collector):
    """The numbers as metrics, read from the ledger at each scrape."""

    def __init__(self, ledger: Ledger, image: str):
        self._ledger, self._image = ledger, image

    def collect(self) -> Iterator[Any]:
        """Yield gauges, counters and the histogram of hand-outs."""
        told, counts = stats(self._ledger, self._image), self._ledger.counts()
        for name in ("capacity", "available", "in_use", "starting"):
            text = f"Visitors: {name.replace('_', ' ')}."
            yield GaugeMetricFamily(f"hubkit_visitors_{name}", text, value=told[name])
        refused = CounterMetricFamily(
            "hubkit_visitors_refused", "Visitors for whom there was no room.", labels=["why"]
        )
        for why in (FULL, ADDRESS):
            refused.add_metric([why], told[f"refused_{why}"])
        yield refused
        for name in ("admitted", "failed"):
            text = f"Visitors {name}."
            yield CounterMetricFamily(f"hubkit_visitors_{name}", text, value=told[name])
        ended = CounterMetricFamily("hubkit_visitors_ended", "Visits ended.", labels=["why"])
        for why in ENDS:
            ended.add_metric([why], counts.get(f"ended_{why}", 0))
        yield ended
        yield _hand_outs(counts)


def _hand_outs(counts: dict[str, float]) -> HistogramMetricFamily:
    buckets, total = [], 0.0
    for bound in (*BUCKETS, math.inf):
        total += counts.get(f"handout_{bound}", 0)
        buckets.append(("+Inf" if math.isinf(bound) else str(bound), total))
    text = "Seconds from admitting a visitor until their server was ready."
    made = HistogramMetricFamily("hubkit_visitors_handout_seconds", text)
    made.add_metric([], buckets, counts.get("handout_seconds", 0.0))
    return made


def exposition(ledger: Ledger, image: str) -> bytes:
    """Return the metrics in Prometheus's text format."""
    registry = CollectorRegistry()
    registry.register(Numbers(ledger, image))
    return generate_latest(registry)
