"""Tell with the hub's metrics how many servers wait, and what the warm pool is worth."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from hubkit.pool.pool import Pool

HAND_OUT = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 20)  # seconds
REFILL = (0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 20, 40, 80, 120)  # seconds


class Gauges(Collector):
    """How many wait and how many should, of each image, when somebody asks."""

    def __init__(self, pool: Pool):
        self._pool = pool

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Return the gauges without values, so that registering them asks nothing."""
        yield from self._gauges()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return the gauges with what is true now."""
        size, ready = self._gauges()
        for view in self._pool.views():
            size.add_metric([view.image], view.size)
            ready.add_metric([view.image], view.ready)
        yield from (size, ready)

    def _gauges(self) -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
        size = "Servers of an image that should wait in the warm pool."
        ready = "Servers of an image that do wait there, ready to be given away."
        return (
            GaugeMetricFamily("hubkit_pool_size", size, labels=["image"]),
            GaugeMetricFamily("hubkit_pool_ready", ready, labels=["image"]),
        )


class Figures:
    """Counts hand-outs, refusals and refills."""

    def __init__(self, registry: CollectorRegistry):
        def counter(name: str, text: str) -> Counter:
            return Counter(f"hubkit_pool_{name}", text, ["image"], registry=registry)

        def seconds(name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
            whole = f"hubkit_pool_{name}_seconds"
            return Histogram(whole, text, ["image"], buckets=buckets, registry=registry)

        self._handed_out = counter("handed_out", "Starts that got a server that waited.")
        self._refused = counter("refused", "Starts that found none ready, and were cold.")
        hand_out = "From the begin of a start that got a waiting server until it answered."
        self._hand_out_seconds = seconds("hand_out", hand_out, HAND_OUT)
        refill = "Until a server that was started ahead waited."
        self._refill_seconds = seconds("refill", refill, REFILL)

    def handed_out(self, image: str, seconds: float) -> None:
        """Count a start that was served by the pool, from its begin until ready."""
        self._handed_out.labels(image).inc()
        self._hand_out_seconds.labels(image).observe(seconds)

    def refused(self, image: str) -> None:
        """Count a start that would have been, had there been a container ready."""
        self._refused.labels(image).inc()

    def refilled(self, image: str, seconds: float) -> None:
        """Count a container that began to wait, and how long it took."""
        self._refill_seconds.labels(image).observe(seconds)


def configure(pool: Pool, registry: CollectorRegistry = REGISTRY) -> None:
    """Add the pool's figures to the metrics of this process."""
    registry.register(Gauges(pool))
    pool.figures = Figures(registry)
