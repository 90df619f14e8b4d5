"""Only what the run made is removed."""

from __future__ import annotations

import re

from benchmarks import cleaning

TAG = "kitbench12ab34"


def test_a_tag_is_the_runs_own():
    """Two runs on one engine have nothing in common, not even a beginning."""
    tags = {cleaning.new_tag() for _ in range(50)}

    assert len(tags) == 50
    assert all(re.fullmatch(rf"{cleaning.PREFIX}[0-9a-f]{{6}}", tag) for tag in tags)


def test_what_begins_with_the_tag_is_ours():
    """Containers, volumes and networks of both sides, and the notebook image's tag."""
    names = [f"{TAG}kit-jupyter-u01", f"{TAG}stock-data", f"hubkit-notebook:{TAG}"]

    assert cleaning.mine(names, TAG) == names


def test_all_else_is_not():
    """Another run, another hub, the kit's own images, and whoever has the tag in the middle."""
    names = ["kitbench99ff00kit", "jupyterhub", "hubkit-notebook:latest", "hubkit-base:latest"]

    assert cleaning.mine([*names, f"my-{TAG}", f"x{TAG}:latest"], TAG) == []
