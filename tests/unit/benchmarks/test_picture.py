"""The picture shows one ratio of each workload."""

from __future__ import annotations

from benchmarks import picture
from benchmarks.plan import Metric, Workload
from benchmarks.summary import Row
from benchmarks.workloads import ALL


async def nothing(side, sample):
    pass


METRICS = (Metric("time", "s", ("median", "max")),)
ONE = Workload("one", "Does something.", METRICS, nothing, shows="time, max")
ROWS = [
    Row("one", "time, median", "s", 2.0, 1.0, 0.5, 5),
    Row("one", "time, max", "s", 4.0, 1.0, 0.25, 5),
]


def test_the_chosen_row_is_drawn(tmp_path):
    """One bar for a workload, with both numbers beside it."""
    picture.draw(ROWS, {"one": ONE}, tmp_path / "p.svg")
    drawn = (tmp_path / "p.svg").read_text()

    assert "one: time, max" in drawn
    assert "0.25 · 4 → 1 s" in drawn
    assert "one: time, median" not in drawn


def test_the_same_rows_give_the_same_file(tmp_path):
    """A commit shows a picture only if something was measured."""
    for name in ("a", "b"):
        picture.draw(ROWS, {"one": ONE}, tmp_path / name)

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_without_a_ratio_there_is_no_picture(tmp_path):
    """A side that measured nothing leaves the old picture alone."""
    picture.draw([Row("one", "time, max", "s", None, 1.0, None, 5)], {"one": ONE}, tmp_path / "p")

    assert not (tmp_path / "p").exists()


def test_each_workload_shows_a_row_it_has():
    """What the picture shows is among what is measured."""
    for workload in ALL.values():
        labels = {
            f"{metric.name}, {shown}" for metric in workload.metrics for shown in metric.shown
        }
        assert workload.shows in {"", *labels}, workload.name
