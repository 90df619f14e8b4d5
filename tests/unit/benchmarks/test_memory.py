"""Memory, in the two ways the kernel counts it."""

from __future__ import annotations

import pytest

from benchmarks import memory


@pytest.mark.parametrize("name", ["total_inactive_file", "inactive_file"], ids=["v1", "v2"])
def test_files_that_could_be_dropped_do_not_count(name):
    """Both versions of cgroups give the number `docker stats` shows."""
    stats = {"memory_stats": {"usage": 110 * 2**20, "stats": {name: 10 * 2**20}}}

    assert memory.charged(stats) == 100


def test_shared_pages_count_in_parts():
    """A page two processes share counts half for each."""
    rollup = "00400000-7ffe r--p 0 00:00 0 [rollup]\nRss: 4096 kB\nPss: 2048 kB\nPss_Dirty: 9 kB\n"

    assert memory.proportional(rollup) == 2
