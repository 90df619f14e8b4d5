"""A checkout whose scripts ask a recorder in Docker's place."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCKER = """#!/bin/sh
if [ "$1 $2" = "compose ps" ]; then echo "$RUNNING"; exit; fi
[ "$1" != run ] || cat >"$RECORD.input"
[ "$1 $2" != "image inspect" ] || { echo "$3" >>"$RECORD.images"; exit "${NO_IMAGE:-0}"; }
for word in "$@"; do printf '%s\\n' "$word"; done >>"$RECORD"
[ "$1" != run ] || { printf '%s' "${SAYS:-}"; exit "${FAILS:-0}"; }
[ "$1 $2" != "compose exec" ] || { printf '%s' "${HUB_SAYS:-}"; exit "${HUB_FAILS:-0}"; }
"""


@pytest.fixture
def kit(tmp_path):
    """Return a checkout in a folder with a space in its name."""
    root = tmp_path / "my kit"
    (root / "scripts").mkdir(parents=True)
    for name in ("hubkit.sh", "say.sh", "import-files.sh"):
        shutil.copy2(ROOT / "scripts" / name, root / "scripts")
    shutil.copy2(ROOT / ".env.example", root)
    return root


@pytest.fixture
def engine_socket():
    """Return the path of a socket; such a path may not be long."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{folder}/docker.sock")
        yield Path(folder, "docker.sock")


@pytest.fixture
def hubkit(kit, tmp_path, engine_socket):
    """Return a function that runs the script and returns how it ended and Docker's words."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker").write_text(DOCKER)
    (tmp_path / "bin" / "docker").chmod(0o755)
    record = tmp_path / "record"

    def run(*words, stdin=subprocess.DEVNULL, **environ):
        done = subprocess.run(
            [kit / "scripts" / "hubkit.sh", *words],
            cwd=tmp_path,
            env={
                "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
                "RECORD": str(record),
                "DOCKER_SOCKET": str(engine_socket),
                **environ,
            },
            capture_output=True,
            text=True,
            check=False,
            stdin=stdin,
        )
        return done, record.read_text().splitlines() if record.exists() else []

    return run
