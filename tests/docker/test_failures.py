"""What a real engine says when a container does not start, as sentences; no hub is needed."""

from __future__ import annotations

import contextlib
import time
import uuid

import docker
import pytest
from docker.errors import APIError, NotFound
from docker.types import DeviceRequest, IPAMConfig, IPAMPool, Mount

from hubkit.spawner.complaints import Attempt
from hubkit.spawner.failures import last_lines, of_state, short_of_memory
from hubkit.spawner.refusals import cause_of

pytestmark = pytest.mark.docker

IMAGE = "hubkit-base"
SMALL = 32 * 2**20  # bytes
HUNGRY = "held = []\nwhile True: held.append(bytearray(10**6))"


@pytest.fixture
def client():
    made = docker.APIClient()
    yield made
    made.close()


@pytest.fixture
def create(client):
    """Return a function that creates a container; those it made are removed at the end."""
    names = []

    def make(*command, image=IMAGE, name="", host=None, **words):
        names.append(name or f"hubkit-test-{uuid.uuid4().hex[:12]}")
        config = client.create_host_config(**(host or {}))
        made = client.create_container(
            image, list(command), name=names[-1], host_config=config, **words
        )
        return made["Id"]

    yield make
    for name in names:
        with contextlib.suppress(NotFound):
            client.remove_container(name, force=True, v=True)


@pytest.fixture
def network(client):
    """Return the name of a network with one address for containers."""
    name = f"hubkit-test-{uuid.uuid4().hex[:12]}"
    # 192.0.2.0/24 is for documentation and in nobody's use.
    client.create_network(name, ipam=IPAMConfig(pool_configs=[IPAMPool("192.0.2.248/30")]))
    yield name
    client.remove_network(name)


def refusal(call, *args, **words):
    """Return what the user is told of the error *call* raises."""
    with pytest.raises(APIError) as raised:
        call(*args, **words)
    return cause_of(raised.value, Attempt(IMAGE, "jupyterhub-singleuser", SMALL))


@pytest.fixture
def ended(client, create):
    """Return a function that runs a command to its end and returns the cause and the log."""

    def run(*command, memory=0, died=False):
        limits = {"mem_limit": memory, "memswap_limit": memory} if memory else {}
        made = create(*command, host=limits)
        client.start(made)
        client.wait(made)
        log = last_lines(client.logs(made, tail=20))
        found = client.inspect_container(made)
        return of_state(found["State"], Attempt.of(found, 8888), log, died=died), log

    return run


@pytest.mark.parametrize(
    ("words", "reason", "said"),
    [
        pytest.param(
            {"image": "hubkit-test-none:1"},
            "image",
            "The image hubkit-base was not found",
            id="image",
        ),
        pytest.param(
            {"image": "Not An Image"}, "image", "is no name of an image", id="image's name"
        ),
        pytest.param(
            {"host": {"mounts": [Mount("/x", "/no/such/folder", type="bind")]}},
            "mount",
            "The folder /no/such/folder is not on this machine",
            id="folder",
        ),
        pytest.param(
            {"host": {"binds": {"no/path": {"bind": "/x"}}}},
            "mount",
            "invalid characters for a local volume name",
            id="volume's name",
        ),
        pytest.param(
            {"host": {"tmpfs": {"no/path": ""}}},
            "mount",
            "mount path must be absolute",
            id="target",
        ),
        pytest.param(
            {"host": {"mounts": [Mount("/x", "/tmp", type="bind")] * 2}},
            "mount",
            "Two volumes are to be mounted at /x",
            id="two at one place",
        ),
        pytest.param(
            {"host": {"mem_limit": 2**20}}, "limit", "less than the engine allows, 6MB", id="memory"
        ),
        pytest.param(
            {"host": {"nano_cpus": 10**15}}, "limit", "than this machine has", id="processors"
        ),
        pytest.param(
            {"host": {"runtime": "no-such"}}, "runtime", "no runtime named no-such", id="runtime"
        ),
    ],
)
def test_not_created(create, words, reason, said):
    """What the engine does not even create is told in one sentence."""
    cause = refusal(create, "true", **words)

    assert (cause.reason, said in cause.sentence) == (reason, True), cause.sentence


@pytest.mark.parametrize(
    ("command", "words", "expected"),
    [
        pytest.param(
            "jupyterhub-singleuser",
            {},
            (
                "command",
                "The image hubkit-base has no command jupyterhub-singleuser: it is not made for",
            ),
            id="no single-user server",
        ),
        pytest.param("/no/such", {}, ("command", "has no command /no/such"), id="no such path"),
        pytest.param(
            "/etc/passwd",
            {},
            ("permission", "may not execute its command /etc/passwd"),
            id="no program",
        ),
        pytest.param("true", {"user": "nobody1"}, ("user", "the user or group nobody1"), id="user"),
        pytest.param(
            "true",
            {"host": {"mounts": [Mount("/etc/passwd", "/tmp", type="bind")]}},
            ("mount", "/tmp cannot be mounted at /etc/passwd"),
            id="folder onto file",
        ),
        pytest.param(
            "true",
            {"host": {"devices": ["/dev/no-such:/dev/x"]}},
            ("device", "The device /dev/no-such is not on this machine"),
            id="device",
        ),
        pytest.param(
            "true",
            {"host": {"device_requests": [DeviceRequest(count=1, capabilities=[["no-such"]])]}},
            ("device", "no driver for this kind of device: no-such"),
            id="driver",
        ),
        pytest.param(
            "true",
            {"host": {"network_mode": "hubkit-test-no-net"}},
            ("network", "The network hubkit-test-no-net does not exist"),
            id="network",
        ),
    ],
)
def test_not_started(client, create, command, words, expected):
    """What the engine creates and does not start is told so, from the error and from the state."""
    made = create(command, **words)

    cause = refusal(client.start, made)

    reason, said = expected
    assert (cause.reason, said in cause.sentence) == (reason, True), cause.sentence
    state = client.inspect_container(made)["State"]
    assert of_state(state, Attempt(IMAGE, "jupyterhub-singleuser", SMALL)) == cause


def test_no_address_left(client, network, create):
    """A network that is full is told by its name."""
    client.start(create("sleep", "60", host={"network_mode": network}))

    cause = refusal(client.start, create("true", host={"network_mode": network}))

    assert cause.reason == "addresses"
    assert f"The network {network} has no free address left" in cause.sentence


def test_name_taken(client, create):
    """A container of that name is told by its name."""
    name = f"hubkit-test-{uuid.uuid4().hex[:12]}"
    create("true", name=name)

    cause = refusal(client.create_container, IMAGE, "true", name=name)

    assert (cause.reason, f"named {name} exists already" in cause.sentence) == ("name", True)


def test_port_taken(client, create):
    """A port of the machine that another container has is told."""
    first = create("sleep", "60", ports=[80], host={"port_bindings": {80: ("127.0.0.1", None)}})
    client.start(first)
    [bound] = client.inspect_container(first)["NetworkSettings"]["Ports"]["80/tcp"]

    taken = {"port_bindings": {80: ("127.0.0.1", bound["HostPort"])}}
    cause = refusal(client.start, create("true", ports=[80], host=taken))

    assert (cause.reason, "is taken" in cause.sentence) == ("port", True), cause.sentence


def test_out_of_memory(ended):
    """The server's own process, or one it started: the limit is named."""
    cause, _ = ended("python3", "-c", HUNGRY, memory=SMALL)
    assert cause.reason == "memory"
    assert cause.sentence.startswith("The server ran out of memory: its limit is 32 MiB. ")

    cause, log = ended("sh", "-c", f"python3 -c '{HUNGRY}'; exit 4", memory=SMALL, died=True)
    assert cause.sentence.startswith(
        "A program ran out of memory: its limit is 32 MiB, and the server ended with exit code 4. "
    )
    assert log == ("Killed",)


def test_out_of_memory_in_a_kernel(client, create):
    """The engine says of a running container, too, that a program of it was killed."""
    limits = {"mem_limit": SMALL, "memswap_limit": SMALL}
    made = create("sh", "-c", f"python3 -c '{HUNGRY}'; echo over; sleep 60", host=limits)
    client.start(made)
    while b"over" not in client.logs(made):
        time.sleep(0.05)

    state = client.inspect_container(made)["State"]

    assert (state["Running"], state["OOMKilled"]) == (True, True)
    assert "its limit is 32 MiB" in short_of_memory(Attempt(mem_limit=SMALL), state)


@pytest.mark.parametrize(
    ("command", "reason", "said", "log"),
    [
        pytest.param("echo boom >&2; exit 3", "exit", "exit code 3.", ("boom",), id="code"),
        pytest.param("true", "exit", "ended at once", (), id="at once"),
        pytest.param(
            "no-such", "command", "was not found", ("sh: 1: no-such: not found",), id="not found"
        ),
        pytest.param(
            "head -c 1 /dev/zero > /dev/full",
            "disk",
            "exit code 1: no space was left",
            ("head: write error: No space left on device",),
            id="disk",
        ),
        pytest.param(
            "python3 -m jupyterhub.singleuser",
            "image",
            "exit code 1: the image has no package jupyterhub",
            None,
            id="no package",
        ),
    ],
)
def test_ended(ended, command, reason, said, log):
    """A command that ends is told with its exit code, or better; its last lines are there."""
    cause, shown = ended("sh", "-c", command)

    assert (cause.reason, said in cause.sentence) == (reason, True), (cause.sentence, shown)
    assert log in (None, shown)


def test_killed(client, create):
    """A container that was killed from outside did not run out of memory."""
    made = create("sleep", "60")
    client.start(made)
    client.kill(made)
    client.wait(made)

    cause = of_state(client.inspect_container(made)["State"], Attempt(), died=True)

    assert (cause.reason, "killed from outside (exit code 137)" in cause.sentence) == (
        "killed",
        True,
    )
