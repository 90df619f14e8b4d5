"""The files of results: of each workload what was measured last."""

from __future__ import annotations

import json

from benchmarks import results
from benchmarks.plan import Sample
from benchmarks.results import About
from benchmarks.summary import Row
from benchmarks.workloads import ALL

ORDER = ["cold", "burst10", "cells"]
ABOUT = About("2026-01-02", "abc1234", "a machine", 0.02)


def row(workload, stock=2.0):
    return Row(workload, "time, median", "s", stock, 1.0, 1 / stock, 5)


def test_only_what_was_measured_again_is_replaced(tmp_path):
    """A run of one workload leaves the others' rows as they are, in the usual order."""
    results.write([row("cells"), row("cold")], {"cells": ABOUT, "cold": ABOUT}, ORDER, tmp_path)
    rows, about = results.write([row("cold", 4.0)], {"cold": ABOUT}, ORDER, tmp_path)

    assert [(one.workload, one.stock) for one in rows] == [("cold", 4.0), ("cells", 2.0)]
    assert set(about) == {"cold", "cells"}
    assert results.read(tmp_path) == (rows, about)


def test_workloads_that_are_gone_go(tmp_path):
    """What nobody can measure any more is not shown."""
    results.write([row("cells")], {"cells": ABOUT}, ORDER, tmp_path)
    rows, about = results.write([row("cold")], {"cold": ABOUT}, ["cold"], tmp_path)

    assert [one.workload for one in rows] == ["cold"]
    assert set(about) == {"cold"}


def test_nothing_measured(tmp_path):
    """Before the first run there are no rows."""
    assert results.read(tmp_path / "none") == ([], {})


def test_latest_is_a_plain_list(tmp_path):
    """Others read it: the names of its members are fixed."""
    results.write([row("cold")], {"cold": ABOUT}, ORDER, tmp_path)
    [one] = json.loads((tmp_path / "latest.json").read_text())

    assert list(one) == ["workload", "metric", "unit", "stock", "hubkit", "ratio", "rounds"]


def test_raw_values_are_all_there(tmp_path):
    """Dropped rounds and failures included."""
    results.write_raw({"cold": {"stock": [Sample({"time": [1.0]}, notes=["x"])]}}, tmp_path)
    found = json.loads((tmp_path / "raw.json").read_text())

    assert found["cold"]["stock"][0]["values"] == {"time": [1.0]}


def test_what_is_kept_here_is_of_workloads_there_are():
    """The committed results belong to this code."""
    rows, about = results.read()

    assert {one.workload for one in rows} <= set(ALL)
    assert {one.workload for one in rows} == set(about)
