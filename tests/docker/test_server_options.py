"""What servers have of the machine and of the network, waiting or started cold."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.types import Mount

from hubkit.spawner import fresh
from tests.hubprocess import NOTEBOOK
from tests.mounter import HOME, IMAGE, MEMBER
from tests.person import Person
from tests.remote import User
from tests.support import Stack, close_connections, free_port, run, until
from tests.warm import WarmHub, inspect, read, write

pytestmark = [pytest.mark.docker, pytest.mark.thorough]

USER = "4242:50"
VISITOR = "tmp-abcdefghijkl"
# The exit code of a program that connects to where the first two words say.
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)"
API = "import os, urllib.request as u; u.urlopen(os.environ['JUPYTERHUB_API_URL'] + '/').status"


@dataclass
class ClosedHub(WarmHub):
    """A hub whose servers have no way out, and all else that is set of the machine."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.docker("network", "create", "--internal", f"{self.network}-off")
        self.address = gateway(f"{self.network}-off")
        for name in ("kept", "shared"):
            (self.path / name).mkdir()
            (self.path / name).chmod(0o777)
            (self.path / name / "there").write_text(name)

    @property
    def options(self) -> dict[str, str]:
        folders = f"{self.path}/kept:/srv/kept,{self.path}/shared:/srv/shared:rw"
        return {
            "NETWORK_ACCESS": "off",
            "HOST_DIRECTORIES": folders,
            "CPU_SHARES": "512",
            "SERVER_USER": USER,
            "EXTRA_HOSTS": "db.lab:10.9.8.7",
        }

    def destroy(self) -> None:
        """Remove all that was made, and nothing else."""
        super().destroy()
        self.docker("network", "rm", f"{self.network}-off", check=False)


def gateway(network: str) -> str:
    """Return where a container on *network* finds this machine."""
    [found] = json.loads(run("docker", "network", "inspect", network).stdout)
    return str(found["IPAM"]["Config"][0]["Gateway"])


@pytest.fixture(scope="module")
def outside() -> Iterator[tuple[str, int]]:
    """Address and port of a program on another network, published by this machine."""
    name, port = f"kitoutside-{uuid.uuid4().hex[:6]}", free_port()
    run("docker", "network", "create", name)
    try:
        words = ("--name", name, "--network", name, "-p", f"{port}:8000", NOTEBOOK)
        run("docker", "run", "-d", *words, "python3", "-m", "http.server", "8000")
        yield gateway(name), port
    finally:
        run("docker", "rm", "-f", name, check=False)
        run("docker", "network", "rm", name)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClosedHub]:
    path: Path = tmp_path_factory.mktemp("options")
    for folder in (path, *path.parents[:2]):  # pytest's are for their owner alone
        folder.chmod(0o711)
    made = ClosedHub(path)
    try:
        made.begin(**made.options)
        yield made
    finally:
        close_connections()
        made.destroy()


@pytest.fixture(scope="module", params=["warm", "cold", VISITOR])
def user(request: pytest.FixtureRequest, hub: ClosedHub) -> Iterator[User]:
    """Somebody whose server waited, somebody else's that did not, and a visitor's."""
    name = request.param
    if name == "cold":
        with hub.cold():
            started = User(hub, name).start()
    else:
        hub.full()
        started = User(hub, name).start()
    assert bool(hub.got(started)) == (name == "warm")
    yield started
    started.stop()


def connects(container: str, where: tuple[str, int]) -> bool:
    """Return whether a program in *container* gets a connection to *where*."""
    words = ("python3", "-c", CONNECT, *map(str, where))
    return bool(run("docker", "exec", container, *words, check=False).returncode == 0)


def test_no_way_out(hub: ClosedHub, outside: tuple[str, int], user: User):
    """A server reaches no address outside, which one on the usual network does."""
    words = ("--rm", "--network", hub.network, hub.notebook, "python3", "-c", CONNECT)
    run("docker", "run", *words, *map(str, outside))

    assert not connects(user.container, outside)
    assert set(inspect(user.container)["NetworkSettings"]["Networks"]) == {f"{hub.network}-off"}


def test_the_hub_is_reached(user: User):
    """People are served, and the hub's API answers what their kernels ask."""
    assert user.run(API) == "200"


def test_account(user: User):
    """Programs are the user's that is set, who may write what is theirs."""
    shown = user.inside("sh", "-c", "id -u; id -g; stat -c %u:%g . work")

    assert shown.split() == ["4242", "50", USER, USER]
    write(user, "mine.txt", "1")
    assert read(user, "mine.txt") == "1"


def test_a_home_that_is_still_empty(hub: ClosedHub):
    """It stays its user's at every start, cold or from the pool."""
    somebody = User(hub, "empty").start()
    assert hub.got(somebody)
    somebody.stop()
    with hub.cold():
        somebody.start()
        write(somebody, "mine.txt", "1")
        assert somebody.ask("DELETE", "contents/mine.txt").status_code == 204
        somebody.stop()

    somebody.start()

    write(somebody, "mine.txt", "1")
    somebody.stop()


def test_folders_of_the_machine(hub: ClosedHub, user: User):
    """What is to be read can be, what is to be written can be, by everybody."""
    assert user.inside("cat", "/srv/kept/there", "/srv/shared/there") == "keptshared"

    user.inside("touch", f"/srv/shared/{user.name}")

    assert (hub.path / "shared" / user.name).stat().st_uid == 4242
    words = ("docker", "exec", user.container, "touch", "/srv/kept/mine")
    assert "Read-only file system" in run(*words, check=False).stderr


def test_weight_and_names(user: User):
    """The engine has them, and programs find the name."""
    host = inspect(user.container)["HostConfig"]

    assert host["CpuShares"] == 512
    assert host["ExtraHosts"] == ["db.lab:10.9.8.7"]
    assert user.inside("getent", "hosts", "db.lab").split()[0] == "10.9.8.7"


@pytest.mark.timeout(900)
def test_the_whole_stack(outside: tuple[str, int], stack: Stack, person: Person):
    """Who was started before is still served; who is started now has no way out."""
    name = f"{stack.project}-jupyter-{person.name}"
    kernel = person.start().kernel()
    assert connects(name, outside)
    stack.apply(NETWORK_ACCESS="off")
    try:
        assert kernel.run("6 * 7") == "42"
        person.stop()
        assert person.start().kernel().run(API) == "200"
        assert stack.inspect(name)["HostConfig"]["NetworkMode"] == f"{stack.project}-network-off"
        assert not connects(name, outside)
        assert not connects(name, this_machine(f"{stack.project}-network-off", stack))
        person.stop()
    finally:
        stack.apply(NETWORK_ACCESS="")


def this_machine(network: str, stack: Stack) -> tuple[str, int]:
    """Return where this machine would be in *network*, at a port it listens on everywhere."""
    words = ("--format", "{{(index .IPAM.Config 0).Gateway}}")
    first = run("docker", "network", "inspect", *words, network).stdout.strip()
    return first, int(stack.settings["HTTPS_PORT"])


def test_another_value(hub: ClosedHub):
    """What waits is made anew with what is set now."""
    before = hub.full()
    hub.stop()

    hub.start(EXTRA_HOSTS="db.lab:10.9.8.6")

    try:
        until(lambda: not set(before) & set(hub.members()), 60, "the old ones are gone")
        [after] = hub.full()
        assert inspect(after)["HostConfig"]["ExtraHosts"] == ["db.lab:10.9.8.6"]
    finally:
        hub.stop()
        hub.start()
        hub.full()


@pytest.fixture
def home() -> Iterator[str]:
    """The name of a volume that does not exist."""
    name = f"kitoptions-{uuid.uuid4().hex[:6]}"
    yield name
    run("docker", "volume", "rm", name, check=False)


def test_lessons_of_the_image(home: str, tmp_path: Path):
    """A new home's content is given with it; a folder of the machine within is not."""
    run("docker", "build", "--tag", IMAGE, "-", input=MEMBER)
    (tmp_path / "theirs").touch()
    before = (tmp_path / "theirs").stat()
    client: Any = docker.APIClient()
    mounts = [Mount(HOME, home), Mount(f"{HOME}/machine", str(tmp_path), type="bind")]
    try:
        fresh.make_volumes(client, IMAGE, mounts, [HOME], {}, USER)
    finally:
        client.close()

    words = ("--rm", "-u0", "-v", f"{home}:/v", IMAGE, "find", "/v", "-printf", "%P %U:%G %m\\n")
    listed = set(run("docker", "run", *words).stdout.splitlines())
    assert {" 4242:50 750", "notes 4242:50 604", "link 4242:50 777", "sub 4242:50 2770"} <= listed
    assert (tmp_path / "theirs").stat() == before
