"""Tell with the hub's metrics for how long the kernel gateway's certificates last.

They are read at each scrape of ``/hub/metrics``, which asks for a token with the scope
``read:metrics``. Negative days are days since the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from hubkit import stack
from hubkit.certs import overview
from hubkit.certs.places import Names
from hubkit.settings import Settings
from hubkit.spawner.gateway import Gateway

NAME = "hubkit_gateway_certificate_expiry_days"
HELP = "Days until a certificate for the kernel gateway expires."


class Expiry(Collector):
    """One gauge, labelled with the certificate's kind and whose it is.

    Kinds are ``client`` (the name is the hub user's), ``server`` (a gateway's) and
    ``authority`` (the kit's own). What cannot be read, or is gone, is not shown.
    """

    def __init__(self, people: Path, authority: Path, names: Names):
        """Read the folders *people* and *authority*, in which users' files have *names*."""
        self._people, self._authority, self._names = people, authority, names

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Return the gauge without values, so that registering it reads nothing."""
        yield self._gauge()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return the gauge with what is true now."""
        gauge = self._gauge()
        found = {"client": overview.days_left(self._people, self._names)}
        for kind, ends in {**found, **overview.own_days_left(self._authority)}.items():
            for name, days in sorted(ends.items()):
                gauge.add_metric([kind, name], days)
        yield gauge

    def _gauge(self) -> GaugeMetricFamily:
        return GaugeMetricFamily(NAME, HELP, labels=["kind", "name"])


def configure(env: Settings, registry: CollectorRegistry = REGISTRY) -> None:
    """Add the gauge to the metrics of this process."""
    names = Gateway.of(env).names or Names()
    registry.register(Expiry(stack.GATEWAY_PEOPLE, stack.GATEWAY_AUTHORITY, names))
