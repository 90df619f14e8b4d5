"""A server that waited is, for its user, what it would have been without a pool."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.mounter import mounts_of
from tests.remote import User
from tests.support import close_connections, run
from tests.warm import HOME, WarmHub, inspect

pytestmark = [pytest.mark.docker, pytest.mark.thorough]
ENVIRON = "import os; dict(os.environ)"
# Each start has its own.
PER_START = {"HOSTNAME", "JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN", "KERNEL_ID", "JPY_PARENT_PID"}
# docs/pool.md, "Afterwards", says what differs.
DIFFERENT = {
    "Config.AttachStderr",
    "Config.AttachStdout",
    "Config.Env",
    "Config.Labels.hubkit.pool",
    "Config.Labels.hubkit.server",
    "Config.Labels.hubkit.user",
    "Config.OpenStdin",
    "HostConfig.CpuShares",  # the engine's own number, said aloud
    "HostConfig.Mounts",
    "Mounts",
}
OWN = {"Id", "Created", "Name", "State", "LogPath", "ResolvConfPath", "HostnamePath", "HostsPath"}
OWN |= {"Config.Hostname", "GraphDriver", "NetworkSettings"}


@dataclass
class Two:
    """The same start twice: one server that waited, one that did not."""

    hub: WarmHub
    warm: User
    cold: User


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    hub = WarmHub(tmp_path_factory.mktemp("alike"))
    try:
        places = {"own-{username}": "/srv/own", "shared": "/srv/shared:ro"}
        extra = [f"{hub.project}-{name}:{place}" for name, place in places.items()]
        warm, cold = User(hub.begin(EXTRA_VOLUMES=",".join(extra)), "warm"), User(hub, "cold")
        warm.start()
        hub.resize(0)
        cold.start()
        assert hub.got(warm)
        assert not hub.got(cold)
        yield Two(hub, warm, cold)
    finally:
        close_connections()
        hub.destroy()


def environment(user: User) -> dict[str, str]:
    """Return what a kernel has from its server, without what belongs to one start."""
    shown = ast.literal_eval(user.run(ENVIRON))
    kept = {name: value for name, value in shown.items() if name not in PER_START}
    return {name: value.replace(user.name, "USER") for name, value in kept.items()}


def test_environment(two: Two):
    """Programs see the same variables."""
    warm = environment(two.warm)

    assert warm == environment(two.cold)
    assert warm["JUPYTERHUB_USER"] == "USER"


def test_no_token_is_shown(two: Two):
    """Whoever may ask the engine sees no token of a server that waited."""
    code = "import os; os.environ['JUPYTERHUB_API_TOKEN']"
    token = two.warm.run(code)[1:-1]
    assert len(token) >= 32
    shown = str(run("docker", "inspect", two.warm.container).stdout)

    assert token not in shown
    assert two.cold.run(code)[1:-1] in str(run("docker", "inspect", two.cold.container).stdout)
    assert token not in run("docker", "logs", two.warm.container).stderr
    assert token not in two.hub.log()


def test_no_token_is_kept_by_the_mounter(two: Two):
    token = two.warm.run("import os; os.environ['JUPYTERHUB_API_TOKEN']")[1:-1]
    said = run("docker", "logs", two.hub.mounter)

    assert "-user-warm" in said.stderr
    assert token not in said.stdout + said.stderr


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield all within an answer of the engine as path → value."""
    if isinstance(value, Mapping) and value and path not in OWN:
        for key, one in value.items():
            yield from flat(one, f"{path}.{key}".lstrip("."))
    elif path not in OWN:
        yield path, value


def test_inspected(two: Two):
    """The engine shows the same command, limits and rights, but for what the docs name."""
    warm, cold = (dict(flat(inspect(one.container))) for one in (two.warm, two.cold))

    differ = {path for path in {*warm, *cold} if warm.get(path, ...) != cold.get(path, ...)}
    assert differ == DIFFERENT
    assert warm["Config.Labels.hubkit.hub"] == two.hub.project
    assert warm["HostConfig.Memory"] == 400 << 20


def test_networks(two: Two):
    """It is on the users' network, and on no other."""
    for user in (two.warm, two.cold):
        found = inspect(user.container)
        assert set(found["NetworkSettings"]["Networks"]) == {two.hub.network}
        assert not any(found["NetworkSettings"]["Ports"].values())


def test_mounted(two: Two):
    """The kernel mounts the home in the same way."""
    warm, cold = (mounts_of(one.container) for one in (two.warm, two.cold))

    assert set(warm) == set(cold)
    assert {HOME, "/srv/own", "/srv/shared"} <= set(warm)
    for place in (HOME, "/srv/own", "/srv/shared"):
        [volume, *rest] = cold[place]
        assert warm[place] == [volume.replace("-cold/", "-warm/"), *rest]
    for user in (two.warm, two.cold):
        assert user.run("import pathlib; pathlib.Path('/srv/own/mine').touch()") == ""
        with pytest.raises(AssertionError, match="Read-only file system"):
            user.run("import pathlib; pathlib.Path('/srv/shared/mine').touch()")


def test_files_of_a_new_home(two: Two):
    """Owner, mode and content are what Docker gives a new volume."""
    words = (
        "cd && find . -printf '%p %u:%g %U:%G %m %y %l\\n' | grep -v -e /.cache -e /.local | sort"
    )

    warm, cold = (one.inside("sh", "-c", words) for one in (two.warm, two.cold))

    assert warm == cold
    assert "./work jovyan:" in warm


def test_limits_in_force(two: Two):
    """The kernel of Linux enforces the same: memory, processors, processes."""
    files = "memory/memory.limit_in_bytes memory/memory.memsw.limit_in_bytes cpu/cpu.shares "
    files += "cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us pids/pids.max "
    files += "memory.max memory.swap.max cpu.weight cpu.max pids.max"
    words = f"cd /sys/fs/cgroup && tail -n+1 {files} 2>/dev/null || true"

    warm, cold = (one.inside("sh", "-c", words) for one in (two.warm, two.cold))

    assert warm == cold
    assert str(400 << 20) in warm


def test_memory_limit(two: Two):
    """Whoever uses more than is theirs is told so, and the server lives."""
    with pytest.raises(AssertionError, match="memory limit of 400 MB was used up"):
        two.warm.run("a = [b'x' * 2**24 for _ in range(64)]")
    assert two.warm.run("6 * 7") == "42"


def test_processes(two: Two):
    """The same programs run, and those of a server that waited have nothing to read."""
    words = "cat /proc/1/cmdline | tr '\\0' ' '; readlink /proc/[2-9]/fd/0 | head -1"
    warm, cold = (one.inside("sh", "-c", words) for one in (two.warm, two.cold))

    assert warm == cold
