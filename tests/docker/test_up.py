"""`make up` where things go wrong in the middle, and where there is no engine at all."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import Stack, run

pytestmark = [pytest.mark.docker, pytest.mark.thorough]

SMALL_DISK = 340 * 2**20  # the base fits, the hub's image does not


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Stack]:
    made = Stack.make(tmp_path / "kit")
    try:
        yield made
    finally:
        made.destroy()


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


def addresses(stack: Stack) -> dict[str, dict[str, str]]:
    """Return where hub and proxy are on each of their networks."""
    found = {}
    for part in ("jupyterhub", "proxy"):
        [container] = stack.compose("ps", "--quiet", part).stdout.split()
        networks = stack.inspect(container)["NetworkSettings"]["Networks"]
        found[part] = {name: one["IPAddress"] for name, one in networks.items()}
    return found


def test_make_up_changes_only_what_changed_and_keeps_the_addresses(fresh: Stack):
    """Servers that were left running remember the hub's address, whatever was made anew."""
    fresh.up()
    made, where = fresh.containers(), addresses(fresh)

    fresh.up()
    assert fresh.containers() == made

    with (fresh.path / "images" / "proxy" / "entrypoint.sh").open("a") as script:
        script.write("# another version\n")
    fresh.write_env(MEM_LIMIT="1G")
    fresh.up()
    now = fresh.containers()
    for name in (fresh.project, f"{fresh.project}-proxy-1"):
        assert now[name] != made[name]
    assert addresses(fresh) == where


def on_a_bare_machine(script: str, *mounts: str) -> subprocess.CompletedProcess[str]:
    """Run *script* as root on a Debian without Docker, in a copy of the checkout."""
    name = f"kittest-bare-{uuid.uuid4().hex[:6]}"
    setup = "mkdir /kit && cp -r /checkout/. /kit && cd /kit && exec 2>&1 && sh scripts/engine.sh"
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    try:
        return run(
            "docker", "run", "--rm", "--privileged", "--name", name, *mounts,
            "--volume", f"{bundle}:{bundle}:ro",
            "hubkit-base", "sh", "-c", f"{setup} && {script}",
            timeout=280, check=False,
        )  # fmt: skip
    finally:
        run("docker", "rm", "-f", "-v", name, check=False)


def test_where_no_engine_is_one_is_installed_and_started(fresh: Stack):
    """As root on Debian: the distribution's own packages, and an engine that runs."""
    mounts = ("--volume", f"{fresh.path}:/checkout:ro", "--volume", "/var/lib/docker")

    done = on_a_bare_machine(
        "docker version && docker compose version && docker buildx version", *mounts
    )

    assert done.returncode == 0, done.stdout
    assert "no Docker engine answers: installing" in done.stdout
    assert "Server:" in done.stdout


def test_a_full_disk_while_building_is_said(fresh: Stack):
    """The build ends with the cause and the cure."""
    run("docker", "save", "--output", str(fresh.path / "base.tar"), "hubkit-base")
    mounts = ("--volume", f"{fresh.path}:/checkout:ro")
    small = ("--mount", f"type=tmpfs,destination=/var/lib/docker,tmpfs-size={SMALL_DISK}")

    done = on_a_bare_machine(
        "docker load --quiet < /checkout/base.tar && scripts/build.sh hub", *mounts, *small
    )

    assert done.returncode != 0
    assert "the disk is full" in done.stdout, done.stdout
    assert "docker system df" in done.stdout
