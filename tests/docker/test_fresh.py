"""A new volume made ahead of a warm start is as the engine makes it at a cold one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import docker
import pytest
from docker.types import Mount

from hubkit.spawner import fresh, ownership
from tests.mounter import HOME, IMAGE, MEMBER
from tests.support import run

pytestmark = pytest.mark.docker

LABEL = {"kittest": "fresh"}
LIST = "find {} -printf '%P %y %m %U:%G %l %s\\n' | sort"


@pytest.fixture(scope="module")
def client() -> Iterator[docker.APIClient]:
    run("docker", "build", "--tag", IMAGE, "-", input=MEMBER)
    made = docker.APIClient()
    yield made
    made.close()
    found = run("docker", "ps", "-aq", "--filter", "label=kittest=fresh").stdout.split()
    for name in found:
        run("docker", "rm", "-f", name)
    for name in run(
        "docker", "volume", "ls", "-q", "--filter", "label=kittest=fresh"
    ).stdout.split():
        run("docker", "volume", "rm", name)


def mount(name, target):
    return Mount(target, f"kitfresh-{name}", labels=LABEL)


def cold(client, *mounts):
    """Do what a cold start does; return the id of the running container."""
    config = client.create_host_config(mounts=list(mounts))
    made = client.create_container(IMAGE, labels=LABEL, host_config=config)["Id"]
    for one in mounts:
        ownership.give_folder(client, made, one["Target"])
    client.start(made)
    return made


def listed(container, folder):
    return run("docker", "exec", "-u0", container, "sh", "-c", LIST.format(folder)).stdout


@pytest.mark.parametrize("target", [HOME, "/srv/empty", "/srv/none", "/new/of/all"])
def test_as_at_a_cold_start(client, target):
    """Content, owners and modes are the same, whether the image has the folder or not."""
    name = target.strip("/").replace("/", "-")
    warm, expected = mount(f"warm-{name}", target), mount(f"cold-{name}", target)
    before = {one["Id"] for one in client.containers(all=True, filters={"label": "kittest=fresh"})}

    fresh.make_volumes(client, IMAGE, [warm], [target], LABEL)

    left = {one["Id"] for one in client.containers(all=True, filters={"label": "kittest=fresh"})}
    assert left == before
    reader = client.create_container(
        IMAGE,
        labels=LABEL,
        host_config=client.create_host_config(mounts=[mount(f"warm-{name}", "/v")]),
    )["Id"]
    client.start(reader)
    assert listed(reader, "/v") == listed(cold(client, expected), target)


@pytest.mark.parametrize("target", [HOME, "/srv/none", "/new/of/all", "/home/jovyan/a/b"])
def test_mount_points(client, target):
    """Folders the image lacks are made as the engine makes them; those it has stay."""
    bare = client.create_container(IMAGE, labels=LABEL)["Id"]
    client.start(bare)
    made = client.create_container(IMAGE, labels=LABEL)["Id"]

    fresh.make_mount_points(client, made, [target])

    client.start(made)
    expected = cold(client, mount(f"points-{target.replace('/', '')}", target))
    words = f"stat -c '%n %a %u:%g' {' '.join(map(str, PurePosixPath(target).parents))}"
    found = run("docker", "exec", "-u0", made, "sh", "-c", words).stdout
    assert found == run("docker", "exec", "-u0", expected, "sh", "-c", words).stdout
    assert run("docker", "exec", "-u0", made, "test", "-d", target, check=False).returncode == 0
    if target == HOME:
        assert listed(made, "/home") == listed(bare, "/home")
