"""The files of `benchmarks/results/`: what was measured last, of each workload."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.plan import Sample
from benchmarks.summary import Row

FOLDER = Path(__file__).parent / "results"
LATEST, ABOUT, RAW = "latest.json", "about.json", "raw.json"


@dataclass(frozen=True)
class About:
    """How the rows of one workload came about.

    Attributes:
        when: The day, in UTC.
        commit: What was measured; a + marks changes that are not in it.
        machine: On what.
        load: The load generator's part of the processor seconds.
    """

    when: str
    commit: str
    machine: str
    load: float


def read(folder: Path = FOLDER) -> tuple[list[Row], dict[str, About]]:
    """Return the rows and how they came about; nothing where nothing was measured yet."""
    if not (folder / LATEST).exists():
        return [], {}
    found = [Row(**one) for one in json.loads((folder / LATEST).read_text())]
    about = json.loads((folder / ABOUT).read_text())
    return found, {name: About(**one) for name, one in about.items()}


def merged(old: Sequence[Row], new: Sequence[Row], order: Sequence[str]) -> list[Row]:
    """Return *new* and those of *old* that are about other workloads, in *order*.

    Workloads that do not exist any more are left out.
    """
    measured = {row.workload for row in new}
    rows = [*(row for row in old if row.workload not in measured), *new]
    return [row for name in order for row in rows if row.workload == name]


def write(
    new: Sequence[Row], about: Mapping[str, About], order: Sequence[str], folder: Path = FOLDER
) -> tuple[list[Row], dict[str, About]]:
    """Put *new* in the place of older rows of the same workloads; return all there are."""
    old, known = read(folder)
    rows = merged(old, new, order)
    notes = {name: one for name, one in {**known, **about}.items() if name in order}
    folder.mkdir(exist_ok=True)
    _dump(folder / LATEST, [asdict(row) for row in rows])
    _dump(folder / ABOUT, {name: asdict(one) for name, one in notes.items()})
    return rows, notes


def write_raw(samples: Mapping[str, Mapping[str, Sequence[Sample]]], folder: Path = FOLDER) -> None:
    """Write every value of this run, the dropped rounds' too; not for keeping."""
    found = {
        workload: {side: [asdict(one) for one in rounds] for side, rounds in sides.items()}
        for workload, sides in samples.items()
    }
    _dump(folder / RAW, found)


def _dump(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
