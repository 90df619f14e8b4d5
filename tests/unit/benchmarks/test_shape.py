"""The benchmark's own parts are small, and one part touches the engine's side only."""

from __future__ import annotations

from pathlib import Path

import pytest

import benchmarks
from tests.unit.test_imports import LONGEST_MODULE, long_functions

PACKAGE = Path(benchmarks.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_parts_are_small(path):
    """A module is read in one sitting, a function at one glance; nothing is left behind."""
    source = path.read_text(encoding="utf-8")

    assert len(source.splitlines()) <= LONGEST_MODULE
    assert not long_functions(source)
    assert "from hubkit" not in source or path.parent.name == "files"
    assert "import tests" not in source
