"""The tables of docs/performance.md, made from the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from benchmarks.plan import FAILURES, Workload
from benchmarks.results import About
from benchmarks.summary import Row

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- measured -->", "<!-- end of measured -->"


def number(value: float | None) -> str:
    """Return *value* as a person writes it."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def tables(
    rows: Sequence[Row], about: Mapping[str, About], workloads: Mapping[str, Workload]
) -> str:
    """Return the Markdown that belongs between the marks."""
    parts = [_machines(about)] if about else ["Nothing was measured yet."]
    for name, of_one in groupby(rows, key=lambda row: row.workload):
        parts.append(_table(workloads[name], list(of_one), about[name]))
    return "\n\n".join(parts)


def _machines(about: Mapping[str, About]) -> str:
    machines = sorted({one.machine for one in about.values()})
    return "\n".join(f"Measured on {machine}." for machine in machines)


def _table(workload: Workload, rows: Sequence[Row], about: About) -> str:
    first, second = workload.compares
    lines = [
        f"### {workload.name}",
        "",
        workload.says,
        "",
        f"| | {first} | {second} | ratio |",
        "|---|---:|---:|---:|",
    ]
    for row in rows:
        if row.metric == FAILURES and not (row.stock or row.hubkit):
            continue
        what = row.metric if row.unit == "count" else f"{row.metric} ({row.unit})"
        numbers = " | ".join(map(number, (row.stock, row.hubkit, row.ratio)))
        lines.append(f"| {what} | {numbers} |")
    rounds = f"{rows[0].rounds} round{'s' * (rows[0].rounds != 1)}"
    load = f"load generator {about.load:.1%} of the processor time"
    lines += ["", f"{about.when}, {about.commit}, {rounds}; {load}."]
    return "\n".join(lines)


def inserted(page: str, text: str) -> str:
    """Return *page* with *text* between its marks.

    Raises:
        ValueError: The page has no marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


def write(
    rows: Sequence[Row], about: Mapping[str, About], workloads: Mapping[str, Workload]
) -> None:
    """Write the tables into the page."""
    text = tables(rows, about, workloads)
    PAGE.write_text(inserted(PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")
