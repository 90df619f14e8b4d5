"""`scripts/hubkit.sh`: what it asks Docker to run, word by word."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCKER = """#!/bin/sh
[ "$1 $2" != "image inspect" ] || { echo "$3" >>"$RECORD.images"; exit "${NO_IMAGE:-0}"; }
for word in "$@"; do printf '%s\\n' "$word"; done >>"$RECORD"
"""


@pytest.fixture
def kit(tmp_path):
    """Return a checkout in a folder with a space in its name."""
    root = tmp_path / "my kit"
    (root / "scripts").mkdir(parents=True)
    for name in ("hubkit.sh", "say.sh"):
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

    def run(*words, **environ):
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
        )
        return done, record.read_text().splitlines() if record.exists() else []

    return run


def after(words, option):
    """Return what follows each *option* in *words*."""
    return [value for word, value in itertools.pairwise(words) if word == option]


def test_with_the_engine(hubkit, kit, engine_socket):
    """The checkout, to be read, and the engine's socket arrive whole, and so do the words."""
    done, words = hubkit("check", "--root", "/a b", "")

    assert (done.returncode, done.stderr) == (0, "")
    assert words[:2] == ["run", "--rm"]
    assert words[-5:] == ["hubkit", "check", "--root", "/a b", ""]
    assert words[-6] == "jupyterhub-hub"
    assert after(words, "--volume") == [
        f"{kit}:/kit:ro",
        f"{engine_socket}:/var/run/docker.sock",
    ]
    assert (after(words, "--user"), after(words, "--network")) == (["0:0"], ["host"])


def test_files_only(hubkit, kit, tmp_path):
    """A command that writes files gets the checkout as the caller, without engine or network."""
    done, words = hubkit("prepare", HUBKIT_FILES_ONLY="1", DOCKER_SOCKET=str(tmp_path))

    assert (done.returncode, done.stderr) == (0, "")
    assert after(words, "--volume") == [f"{kit}:/kit"]
    assert after(words, "--user") == [f"{os.getuid()}:{os.getgid()}"]
    assert after(words, "--network") == ["none"]


def test_environment(hubkit):
    """Only names of settings are passed, never a value, and nothing else of the shell."""
    _, words = hubkit("check", DATABASE_URL="sqlite:///hunter2", AWS_SECRET="hunter2")

    names = re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    passed = after(words, "--env")
    assert sorted(passed) == sorted([*names, *(f"{name}_FILE" for name in names)])
    assert "hunter2" not in " ".join(words)


def test_image_of_the_project(hubkit, kit, tmp_path):
    """The image is this project's own."""
    (kit / ".env").write_text("COMPOSE_PROJECT_NAME=lab # ours\n")

    _, words = hubkit("wait")

    assert words[-3:] == ["lab-hub", "hubkit", "wait"]
    assert (tmp_path / "record.images").read_text() == "lab-hub\n"


def test_no_image(hubkit):
    """Before the image is built, what builds it is said and nothing is run."""
    done, words = hubkit("check", NO_IMAGE="1")

    assert (done.returncode, words) == (1, [])
    assert "Run 'make up' or 'make build'." in done.stderr


@pytest.mark.parametrize("kind", ["a file", "a folder", "nothing"])
def test_no_socket(hubkit, kit, tmp_path, kind):
    """A path that is no socket is refused: Docker would make a folder of it."""
    path = tmp_path / "socket"
    if kind == "a file":
        path.touch()
    if kind == "a folder":
        path.mkdir()
    (kit / ".env").write_text(f"DOCKER_SOCKET={path}\n")

    done, words = hubkit("check", DOCKER_SOCKET="")

    assert (done.returncode, words) == (1, [])
    assert done.stderr.startswith(f"hubkit: DOCKER_SOCKET={path} is no socket.\n")
    assert path.exists() == (kind != "nothing")


def test_project_that_cannot_be_read(hubkit, kit):
    """A value the scripts would misread ends the script before anything is run."""
    (kit / ".env").write_text('COMPOSE_PROJECT_NAME="lab"\n')

    done, words = hubkit("check")

    assert (done.returncode, words) == (1, [])
    assert "COMPOSE_PROJECT_NAME has a quote" in done.stderr
