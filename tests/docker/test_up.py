"""`make up` where things go wrong in the middle, and where there is no engine at all."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT, Stack, run, until

pytestmark = pytest.mark.docker

SMALL_DISK = "340m"  # the base fits, the hub's image does not


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Stack]:
    made = Stack.make(tmp_path / "kit")
    try:
        yield made
    finally:
        made.destroy()


@pytest.fixture
def small_engine(tmp_path: Path) -> Iterator[str]:
    """An engine of our own with a disk of SMALL_DISK, holding the base image."""
    assert shutil.which("dockerd"), "dockerd must be on this machine to start a second engine"
    disk = tmp_path / "disk"
    disk.mkdir()
    run("mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "tmpfs", str(disk))
    host = f"unix://{tmp_path}/docker.sock"
    words = ["--data-root", str(disk), "--exec-root", str(tmp_path / "exec"), "--host", host]
    words += ["--pidfile", str(tmp_path / "pid"), "--iptables=false", "--bridge=none"]
    with (tmp_path / "dockerd.log").open("w") as log:
        engine = subprocess.Popen(["dockerd", *words], stdout=log, stderr=log)
    try:
        until(lambda: run("docker", "-H", host, "version", check=False).returncode == 0, 60, "up")
        pipe = f"docker save hubkit-base | docker -H {host} load"
        subprocess.run(pipe, shell=True, check=True, capture_output=True)
        yield host
    finally:
        engine.terminate()
        engine.wait(30)
        run("umount", "-l", str(disk), check=False)


def test_a_full_disk_while_building_is_said(fresh: Stack, small_engine: str):
    """The build ends with the cause and the cure, not with a wall of text."""
    done = fresh.make_target("up", check=False, DOCKER_HOST=small_engine)

    assert done.returncode != 0
    assert "the disk is full" in done.stderr
    assert "docker system df" in done.stderr


def test_make_up_can_be_interrupted_and_repeated(fresh: Stack):
    """Ctrl-C at several moments leaves nothing half: the next `make up` finishes."""
    for seconds in (0.5, 2, 4, 7):
        words = ["make", "up"]
        started = subprocess.Popen(
            words,
            cwd=fresh.path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        time.sleep(seconds)
        os.killpg(started.pid, signal.SIGINT)
        started.communicate(timeout=60)

    fresh.up()

    fresh.wait()
    left = [path.name for path in fresh.path.rglob("*.part")]
    assert left == []


def test_where_no_engine_is_one_is_installed_and_started(tmp_path: Path):
    """On a bare Debian, as root: the distribution's own packages, and an engine that runs."""
    name = f"kittest-bare-{os.getpid()}"
    inside = "cp -r /kit /copy && cd /copy && sh scripts/engine.sh && docker run --rm hello true"
    hello = "docker version && docker compose version && docker buildx version"
    inside = inside.replace("docker run --rm hello true", hello)
    try:
        done = run(
            "docker", "run", "--rm", "--privileged", "--name", name,
            "--volume", f"{ROOT / 'scripts'}:/kit/scripts:ro", "--volume", "/var/lib/docker",
            "hubkit-base", "sh", "-c", inside,
            timeout=280,
        )  # fmt: skip
    finally:
        run("docker", "rm", "-f", "-v", name, check=False)

    assert "no Docker engine answers: installing" in done.stdout
    assert "Docker Compose version" in done.stdout
    assert "Server:" in done.stdout
