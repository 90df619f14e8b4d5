"""Containers that wait, on a real engine: made, looked at, adopted, given away, replaced."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import docker
import pytest

from hubkit.pool import blueprint, handout
from hubkit.pool.engine import PoolEngine
from hubkit.pool.keeper import Keeper
from hubkit.pool.pool import Pool
from hubkit.spawner import injection
from hubkit.spawner.calls import Calls
from tests.support import run
from tests.unit.pool.engine import FakeMounter, FakeSource

pytestmark = pytest.mark.docker

IMAGE = "hubkit-notebook:test"
HOME = {"Type": "volume", "Source": "home-ada", "Target": "/home/jovyan/files", "ReadOnly": False}
MEMORY = 512 * 2**20


@dataclass
class Site:
    """A hub's pool on this machine's engine; mounting is left to the tests of the mounter."""

    client: Any
    project: str = field(default_factory=lambda: f"kitpool{uuid.uuid4().hex[:6]}")

    def __post_init__(self) -> None:
        self.mounter = FakeMounter()
        self.engine = PoolEngine(self.client, Calls(4))
        self.source = FakeSource(blueprint.of(self.cold()))
        self.begin_anew()

    def begin_anew(self, size: int = 1) -> None:
        """Let another run of the hub look after what there is."""
        self.pool = Pool(self.project, size)
        self.keeper = Keeper(self.pool, self.engine, self.mounter, self.source)

    def cold(self) -> dict[str, Any]:
        """Return what the cold start of a server with a limit sends."""
        image = self.client.inspect_image(IMAGE)
        words = {"mem_limit": MEMORY, "cap_drop": ["ALL"], "mounts": [HOME]}
        host = self.client.create_host_config(**words, network_mode="none")
        env = injection.environment(image["Config"]["Env"])
        return {
            "image": IMAGE,
            "command": image["Config"]["Cmd"],
            "environment": {**env, "JUPYTERHUB_USER": "ada", "JUPYTERHUB_API_TOKEN": "secret"},
            "ports": {"8888/tcp": None},
            "host_config": {**host, "MemorySwap": MEMORY},
            "inspected": image,
        }

    async def work(self) -> None:
        """Look, and do all that there is to do."""
        await self.keeper.look()
        for _ in range(4):
            await self.keeper.work()

    async def hand_out(self) -> str:
        """Give one away, and return the name of the server's container."""
        member = self.pool.take(blueprint.of(self.cold()).key)
        assert member
        name = f"{self.project}-jupyter-ada"
        guest = handout.Guest(
            user="ada",
            name=name,
            image=IMAGE,
            mounts=[HOME],
            new_folders=(),
            env={"JUPYTERHUB_USER": "ada"},
            limits=blueprint.limits(self.cold()),
            labels={},
            folder=PurePosixPath("/etc/jupyterpki"),
            files={"key.pem": b"private"},
        )

        async def write_down(_: object) -> None:
            return

        await handout.hand_out(self.engine, self.mounter, member, guest, write_down)
        self.pool.gone(member.id)
        return name

    @property
    def containers(self) -> set[str]:
        label = f"label=hubkit.hub={self.project}"
        words = ("docker", "ps", "-aq", "--no-trunc", "--filter", label)
        return set(run(*words).stdout.split())

    def destroy(self) -> None:
        for identity in self.containers:
            run("docker", "rm", "--force", identity)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """A pool in which one server waits."""
    client = docker.APIClient(base_url="unix:///var/run/docker.sock", version="auto")
    made = Site(client)
    try:
        await made.work()
        yield made
    finally:
        made.destroy()
        client.close()


def cpu(client: Any, identity: str) -> int:
    """Return the nanoseconds of processor time a container has used."""
    stats = client.stats(identity, stream=False, one_shot=True)
    return int(stats["cpu_stats"]["cpu_usage"]["total_usage"])


async def test_it_waits(site: Site):
    """It has the launcher, a place for the home, no user's name and no token."""
    [member] = site.pool.members

    found = site.client.inspect_container(member.id)
    assert found["State"]["Running"]
    assert found["HostConfig"]["CpuShares"] == 128
    assert found["HostConfig"]["CapDrop"] == ["ALL"]
    assert found["Config"]["OpenStdin"]
    assert not found["Config"]["StdinOnce"]
    assert not found["Mounts"]
    shown = str(found)
    assert "secret" not in shown
    assert "ada" not in shown
    assert run("docker", "exec", member.id, "test", "-d", HOME["Target"]).returncode == 0


async def test_it_costs_no_processor(site: Site):
    """What waits does nothing: a look at it costs more than the waiting."""
    [member] = site.pool.members

    before = cpu(site.client, member.id)
    await asyncio.sleep(5)
    await site.work()
    assert cpu(site.client, member.id) - before < 10**7  # ns


@pytest.mark.thorough
async def test_adopted(site: Site):
    """The next run of the hub takes it over as it is."""
    before = site.containers
    site.begin_anew()

    await site.work()

    assert site.containers == before == {one.id for one in site.pool.members}


@pytest.mark.thorough
@pytest.mark.parametrize("harm", ["kill", "restart", "pause", "stop", "rm --force"])
async def test_harmed(site: Site, harm: str):
    """Whatever happens to it, another one waits in its place."""
    [before] = site.pool.members
    run("docker", *harm.split(), before.id)

    await site.work()

    [after] = site.pool.members
    assert site.containers == {after.id} != {before.id}


async def test_given_away(site: Site):
    """It has the user's name, limits and files, and is not the pool's any more."""
    name = await site.hand_out()

    found = site.client.inspect_container(name)
    host = found["HostConfig"]
    assert host["Memory"] == host["MemorySwap"] == MEMORY
    assert host["CpuShares"] == 1024
    shown = run("docker", "exec", name, "cat", "/etc/jupyterpki/key.pem")
    assert shown.stdout == "private"
    site.begin_anew(0)
    await site.work()
    assert site.containers == {found["Id"]}


async def test_the_limit_is_in_force(site: Site):
    """Whoever uses more memory than is theirs is ended."""
    name = await site.hand_out()

    eat = f"bytearray({2 * MEMORY})"
    ended = run("docker", "exec", name, "python3", "-c", eat, check=False)

    assert ended.returncode == 137


@pytest.mark.thorough
async def test_begun_and_left(site: Site):
    """What a killed hub had begun to give away is removed by the next one."""
    [member] = site.pool.members
    site.client.update_container(member.id, **blueprint.limits(site.cold()))
    site.begin_anew()

    await site.work()

    [after] = site.pool.members
    assert site.containers == {after.id} != {member.id}


@pytest.mark.thorough
async def test_switched_off(site: Site):
    """Without a pool nothing of it is left."""
    site.pool = Pool(site.project, 0)

    await Keeper(site.pool, site.engine, site.mounter, site.source).run()

    assert not site.containers


@pytest.mark.thorough
async def test_an_image_that_cannot_wait(site: Site):
    """It is said why, and nothing is left."""
    cold = {**site.cold(), "command": ["sleep", "0"]}
    site.source.known[IMAGE] = blueprint.of(cold)

    await site.work()

    [view] = site.pool.views()
    assert "does not come to wait" in view.trouble
    assert not site.containers


@pytest.mark.thorough
async def test_drained(site: Site):
    """Another one waits before the old one goes."""
    [before] = site.pool.members
    site.pool.drain(IMAGE)
    counts = []
    for _ in range(4):
        await site.keeper.work()
        counts.append(len(site.pool.members))

    assert (min(counts), counts[0]) == (1, 2)
    [after] = site.pool.members
    assert site.containers == {after.id} != {before.id}
