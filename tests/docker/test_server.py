"""A server: its container, its home, what it may use, and what it survives."""

from __future__ import annotations

import pytest

from tests.person import Person
from tests.support import Stack, run

pytestmark = pytest.mark.docker


def test_limits_are_visible_in_the_container(stack: Stack, person: Person):
    """What .env limits is what Docker enforces."""
    person.start()

    host = stack.inspect(f"{stack.project}-jupyter-{person.name}")["HostConfig"]

    assert host["Memory"] == host["MemorySwap"] == 2 * 2**30
    assert host["CpuQuota"] / host["CpuPeriod"] == 2
    assert host["PidsLimit"] == 1024
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert not host["Privileged"]
    assert host["NetworkMode"] == f"{stack.project}-network"


def test_labels_say_whose_a_container_and_a_home_are(stack: Stack, person: Person):
    """Hub, user and server can be read off every object."""
    person.start()

    container = stack.inspect(f"{stack.project}-jupyter-{person.name}")
    volume = stack.inspect(f"{stack.project}-user-{person.name}")

    whose = {"hubkit.hub": stack.project, "hubkit.user": person.name}
    assert whose.items() <= volume["Labels"].items()
    assert {**whose, "hubkit.server": ""}.items() <= container["Config"]["Labels"].items()


def test_a_file_survives_stop_and_start(person: Person):
    """The home outlives its container."""
    person.start().write("kept.txt", "1")

    person.stop().start()

    assert person.read("kept.txt") == "1"


def test_named_servers_share_the_home_not_the_container(stack: Stack, person: Person):
    """Two servers of one person are two containers on one volume."""
    person.start().start("second")

    mounts = {
        mount["Name"]
        for ending in ("", "--second")
        for mount in stack.inspect(f"{stack.project}-jupyter-{person.name}{ending}")["Mounts"]
    }

    assert mounts == {f"{stack.project}-user-{person.name}"}
    person.stop("second")


@pytest.mark.parametrize(
    "name",
    [
        *("ü", "a+b@example.org"),
        *(
            pytest.param(name, marks=pytest.mark.thorough)
            for name in ("x" * 100, "a-b", "a.b", "1st", "o'brien", "a--b", "-")
        ),
    ],
)
def test_any_name_gets_a_server(stack: Stack, admin: Person, name: str):
    """Whatever JupyterHub takes as a name, Docker gets a valid one."""
    somebody = Person(stack, name).accept(stack.link(name)).sign_in()

    somebody.start().write("mine.txt", name)

    assert somebody.read("mine.txt") == name
    somebody.stop()


@pytest.mark.thorough
def test_a_home_at_a_path_the_image_lacks_is_writable(stack: Stack, person: Person):
    """A new volume's folder belongs to the user the image runs as."""
    stack.apply(DOCKER_NOTEBOOK_DIR="/home/jovyan/elsewhere/deep")
    try:
        person.start().write("mine.txt", "1")
        assert person.read("mine.txt") == "1"
    finally:
        stack.apply(DOCKER_NOTEBOOK_DIR="/home/jovyan/work")


@pytest.mark.thorough
def test_extra_volumes_and_environment_reach_the_server(stack: Stack, person: Person):
    """EXTRA_VOLUMES and SERVER_ENV: one's own volume is writable, a shared one is not."""
    own, shared = f"{stack.project}-own-{{username}}", f"{stack.project}-shared"
    mounts = f"{own}:/home/jovyan/own,{shared}:/srv/shared:ro"
    stack.apply(EXTRA_VOLUMES=mounts, SERVER_ENV="COLOUR=green")
    try:
        kernel = person.start().kernel()
        kernel.run("open('/home/jovyan/own/mine', 'w').write('1')")
        assert kernel.run("open('/home/jovyan/own/mine').read()") == "'1'"
        assert kernel.run("__import__('os').environ['COLOUR']") == "'green'"
        assert kernel.run("__import__('os').access('/srv/shared', 2)") == "False"
        person.stop()
    finally:
        stack.apply(EXTRA_VOLUMES="", SERVER_ENV="")


def test_another_image_runs_at_the_next_start_and_the_file_is_there(stack: Stack, person: Person):
    """Edit .env, docker compose up -d, start: the new image with the old home."""
    run("docker", "tag", "hubkit-notebook:test", f"{stack.project}-other:1")
    person.start().write("kept.txt", "1")
    before = stack.containers()
    stack.apply(DOCKER_NOTEBOOK_IMAGE=f"{stack.project}-other:1", MEM_LIMIT="1G")
    after = stack.containers()
    try:
        assert {name for name in after if after[name] != before[name]} == {stack.project}
        person.stop().start()
        container = stack.inspect(f"{stack.project}-jupyter-{person.name}")
        assert container["Config"]["Image"] == f"{stack.project}-other:1"
        assert container["HostConfig"]["Memory"] == 2**30
        assert person.read("kept.txt") == "1"
        person.stop()
    finally:
        stack.apply(DOCKER_NOTEBOOK_IMAGE="hubkit-notebook:test", MEM_LIMIT="2G")
        run("docker", "image", "rm", f"{stack.project}-other:1")


def test_no_secret_in_a_users_container(stack: Stack, person: Person):
    """A user's container knows its own token and no other secret."""
    person.start()
    inside = f"{stack.project}-jupyter-{person.name}"

    seen = run("docker", "exec", inside, "env").stdout + str(stack.inspect(inside))

    for part, path in (
        ("proxy", "proxy-token"),
        ("warden", "docker/config.json"),
    ):
        secret = stack.compose("exec", "-T", "jupyterhub", "cat", f"/run/hubkit/hub/{path}").stdout
        secret = secret.split("Bearer ")[-1].strip(' "}\n')
        assert len(secret) == 64, part
        assert secret not in seen
