"""How many are here: the same numbers as JSON and for Prometheus."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from hubkit import __version__
from hubkit.auth.ledger import ADDRESS, BUCKETS, FULL, Ledger

ENDS = ("idle", "age", "empty", "admin")
BOUNDS = (*BUCKETS, math.inf)
UNKNOWN = ""  # the image of what an earlier version counted


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


def by_image(
    counts: Mapping[str, float], what: str, images: Mapping[str, str], usual: str
) -> dict[str, float]:
    """Return one count for each image, all together being the whole.

    Args:
        counts: The ledger's.
        what: Such as ``refused_full``.
        images: Word → image that may be asked for.
        usual: The image of whoever asks for none.
    """
    found = dict.fromkeys(dict.fromkeys([*images.values(), usual]), 0.0)
    for name, value in counts.items():
        one, space, asked = name.partition(" ")
        if space and one == what:
            image = images.get(asked, asked or usual)
            found[image] = found.get(image, 0.0) + value
    older = counts.get(what, 0.0) - sum(found.values())
    # Seconds are sums of fractions, which never come out to nothing.
    return {**found, UNKNOWN: older} if older > 1e-6 else found


class Numbers(Collector):
    """The numbers as metrics, read from the ledger at each scrape.

    Args:
        ledger: Counts.
        image: The usual one.
        images: Word → image that may be asked for.
    """

    def __init__(self, ledger: Ledger, image: str, images: Mapping[str, str]):
        self._ledger, self._image, self._images = ledger, image, images

    def collect(self) -> Iterator[Any]:
        """Yield gauges, counters and the histogram of hand-outs."""
        told, counts = stats(self._ledger, self._image), self._ledger.counts()
        for name in ("capacity", "available", "in_use", "starting"):
            text = f"Visitors: {name.replace('_', ' ')}."
            yield GaugeMetricFamily(f"hubkit_visitors_{name}", text, value=told[name])
        yield self._refused(counts)
        for name in ("admitted", "failed"):
            text = f"Visitors {name}."
            yield CounterMetricFamily(f"hubkit_visitors_{name}", text, value=told[name])
        ended = CounterMetricFamily("hubkit_visitors_ended", "Visits ended.", labels=["why"])
        for why in ENDS:
            ended.add_metric([why], counts.get(f"ended_{why}", 0))
        yield ended
        yield self._hand_outs(counts)

    def _refused(self, counts: Mapping[str, float]) -> CounterMetricFamily:
        text = "Visitors for whom there was no room, by the image they asked for."
        made = CounterMetricFamily("hubkit_visitors_refused", text, labels=["why", "image"])
        for why in (FULL, ADDRESS):
            for image, value in self._each(counts, f"refused_{why}").items():
                made.add_metric([why, image], value)
        return made

    def _hand_outs(self, counts: Mapping[str, float]) -> HistogramMetricFamily:
        text = "Seconds from admitting a visitor until their server was ready, by image."
        made = HistogramMetricFamily("hubkit_visitors_handout_seconds", text, labels=["image"])
        found = [self._each(counts, f"handout_{bound}") for bound in BOUNDS]
        seconds = self._each(counts, "handout_seconds")
        for image in dict.fromkeys(image for one in (*found, seconds) for image in one):
            buckets, total = [], 0.0
            for bound, each in zip(BOUNDS, found, strict=True):
                total += each.get(image, 0.0)
                buckets.append(("+Inf" if math.isinf(bound) else str(bound), total))
            made.add_metric([image], buckets, seconds.get(image, 0.0))
        return made

    def _each(self, counts: Mapping[str, float], what: str) -> dict[str, float]:
        return by_image(counts, what, self._images, self._image)


def exposition(ledger: Ledger, image: str, images: Mapping[str, str]) -> bytes:
    """Return the metrics in Prometheus's text format."""
    registry = CollectorRegistry()
    registry.register(Numbers(ledger, image, images))
    return generate_latest(registry)
