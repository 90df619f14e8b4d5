"""A copy of the checkout as it is now, so that edits during a run change nothing."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from benchmarks import engine

ROOT = Path(__file__).parents[1]


async def copied(tag: str) -> Path:
    """Return a new folder with what a clone would hold, uncommitted changes included."""
    target = Path(tempfile.mkdtemp(prefix=tag))
    target.chmod(0o755)  # as a clone's is
    words = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, (await engine.run(*words, cwd=ROOT)).split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


async def version() -> str:
    """Return the commit, marked with a + where files differ from it."""
    commit = (await engine.run("git", "rev-parse", "--short", "HEAD", cwd=ROOT)).strip()
    changed = await engine.run("git", "status", "--porcelain", "--untracked-files=no", cwd=ROOT)
    return commit + ("+" if changed.strip() else "")
