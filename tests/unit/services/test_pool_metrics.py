"""What the hub's metrics say about the warm pool."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from hubkit.pool.members import Member
from hubkit.pool.pool import Kind, Pool
from hubkit.services import pool_metrics


@pytest.fixture
def pool():
    made = Pool("kit", 2)
    made.support("")
    made.kinds["lab:1"] = Kind()
    return made


@pytest.fixture
def scrape(pool):
    """Return a function that scrapes: name with labels → value."""
    registry = CollectorRegistry(auto_describe=True)
    pool_metrics.configure(pool, registry)

    def scrape():
        lines = generate_latest(registry).decode().splitlines()
        found = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name.removeprefix("hubkit_pool_"): float(value) for name, value in found.items()}

    return scrape


def test_gauges(pool, scrape):
    """Size and what is ready are those of the moment of the scrape."""
    assert scrape() == {'size{image="lab:1"}': 2, 'ready{image="lab:1"}': 0}

    pool.members.add(Member("a", "n", "lab:1", "k", 0.0, "t"))

    assert scrape()['ready{image="lab:1"}'] == 1


def test_counts(pool, scrape):
    """Hand-outs, refusals and refills are counted, the times with them."""
    pool.figures.handed_out("lab:1", 0.18)
    pool.figures.refused("lab:1")
    pool.figures.refilled("lab:1", 2.5)

    found = scrape()
    assert found['handed_out_total{image="lab:1"}'] == 1
    assert found['refused_total{image="lab:1"}'] == 1
    assert found['hand_out_seconds_bucket{image="lab:1",le="0.15"}'] == 0
    assert found['hand_out_seconds_bucket{image="lab:1",le="0.2"}'] == 1
    assert found['refill_seconds_sum{image="lab:1"}'] == 2.5
