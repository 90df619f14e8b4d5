"""docs/performance.svg: each workload's ratio as a bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.plan import Workload
from benchmarks.report import number
from benchmarks.summary import Row

PICTURE = Path(__file__).parents[1] / "docs" / "performance.svg"
LESS, MORE = "#00798c", "#d1495b"
WIDTH, BAR, MARGIN = 9.0, 0.42, 1.3  # inches
ROOM = 1.35  # of the longest bar, for what stands behind it


def pictured(rows: Sequence[Row], workloads: Mapping[str, Workload]) -> list[Row]:
    """Return the one row of each workload that the picture shows."""
    return [
        row for row in rows if row.ratio is not None and workloads[row.workload].shows == row.metric
    ]


def draw(rows: Sequence[Row], workloads: Mapping[str, Workload], path: Path = PICTURE) -> None:
    """Draw the ratios; the same rows give the same file."""
    shown = pictured(rows, workloads)
    if not shown:
        return
    # Names inside an SVG are random, and its date is today's, unless told otherwise.
    with mpl.rc_context({"svg.hashsalt": "hubkit", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(WIDTH, MARGIN + BAR * len(shown)), layout="constrained")
        axes = figure.subplots()
        ratios = [row.ratio or 0.0 for row in shown]
        bars = axes.barh(
            [f"{row.workload}: {row.metric}" for row in shown],
            ratios,
            color=[MORE if ratio > 1 else LESS for ratio in ratios],
            height=0.6,
        )
        notes = list(map(_note, shown))
        axes.bar_label(bars, notes, padding=4)
        axes.axvline(1, color="#444444", linewidth=1)
        axes.set_xlim(0, ROOM * max(1.0, *ratios))
        axes.invert_yaxis()
        axes.set_xlabel(
            "hubkit ÷ stock JupyterHub with DockerSpawner; the line is stock, shorter is better"
        )
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def _note(row: Row) -> str:
    return f"{row.ratio:.2f} · {number(row.stock)} → {number(row.hubkit)} {row.unit}"
