"""Remove what a run made, known by the run's own name, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import time
import uuid
from collections.abc import Iterable
from pathlib import Path

PREFIX = "kitbench"
TRIES, BETWEEN_TRIES = 5, 1.0  # the latter in seconds
KINDS = {
    "container": ("ps", "--all", "--format", "{{.Names}}"),
    "volume": ("volume", "ls", "--format", "{{.Name}}"),
    "network": ("network", "ls", "--format", "{{.Name}}"),
    "image": ("image", "ls", "--format", "{{.Repository}}:{{.Tag}}"),
}
REMOVE = {
    "container": ("rm", "--force", "--volumes"),
    "volume": ("volume", "rm", "--force"),
    "network": ("network", "rm"),
    "image": ("image", "rm"),
}


def new_tag() -> str:
    """Return a name that everything of one run begins with."""
    return f"{PREFIX}{uuid.uuid4().hex[:6]}"


def mine(names: Iterable[str], tag: str) -> list[str]:
    """Return those of *names* that the run *tag* made."""
    return [name for name in names if name.startswith(tag) or name.endswith(f":{tag}")]


def _docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    return done.stdout


def remove(tag: str, *folders: Path) -> list[str]:
    """Remove everything of the run *tag*; return what is still there."""
    for _ in range(TRIES):
        for kind, listing in KINDS.items():
            for name in mine(_docker(*listing).split(), tag):
                _docker(*REMOVE[kind], name)
        left = [name for words in KINDS.values() for name in mine(_docker(*words).split(), tag)]
        if not left:
            break
        # What was being made or removed at that moment shows or goes now.
        time.sleep(BETWEEN_TRIES)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return left
