"""Tell with the hub's metrics how many servers start, and how many wait for their turn."""

from __future__ import annotations

from prometheus_client import REGISTRY, CollectorRegistry, Gauge

from hubkit.spawner.turns import Turns


def configure(turns: Turns, registry: CollectorRegistry = REGISTRY) -> None:
    """Add the start queue to the metrics of this process."""
    running = "Servers that start now, those from the warm pool not counted."
    Gauge("hubkit_starts_running", running, registry=registry).set_function(lambda: turns.taken)
    queued = "Servers that wait for their turn to start."
    Gauge("hubkit_starts_queued", queued, registry=registry).set_function(lambda: turns.waiting)
