"""What the engine says, as a sentence; the texts are those of Docker 26.1."""

from __future__ import annotations

import pytest

from hubkit.spawner.complaints import LONGEST, Attempt, of_engine, shortened, size, unanswered

ATTEMPT = Attempt("lab:1", "jupyterhub-singleuser", 2**20, 8888)
RUNC = (
    "failed to create task for container: failed to create shim task: OCI runtime create "
    "failed: runc create failed: unable to start container process: "
)
TEXTS = {
    "No such image: lab:1": ("image", "The image lab:1 was not found."),
    "manifest for lab:1 not found: manifest unknown: manifest unknown": ("image", "not found."),
    "pull access denied for lab, repository does not exist or may require 'docker login'": (
        "image",
        "The image lab:1 was not found.",
    ),
    "invalid reference format: repository name (library/Lab) must be lowercase": (
        "image",
        "'lab:1' is no name of an image.",
    ),
    'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host': (
        "registry",
        "its registry did not give it: dial tcp: lookup registry-1.docker.io: no such host. For",
    ),
    "toomanyrequests: You have reached your pull rate limit.": (
        "registry",
        "You have reached your pull rate limit. For",
    ),
    "image with reference lab:1 was found but its platform (linux/arm64) does not match the "
    "specified platform (linux/amd64)": ("platform", "another kind of processor"),
    "no matching manifest for linux/arm64/v8 in the manifest list entries": (
        "platform",
        "another kind of processor",
    ),
    RUNC + 'exec: "jupyterhub-singleuser": executable file not found in $PATH: unknown': (
        "command",
        "has no command jupyterhub-singleuser: it is not made for JupyterHub.",
    ),
    RUNC + 'exec: "/x/run": stat /x/run: no such file or directory: unknown': (
        "command",
        "The image lab:1 has no command /x/run. Ask",
    ),
    RUNC + 'exec: "/etc/passwd": permission denied: unknown': (
        "permission",
        "may not execute its command /etc/passwd.",
    ),
    "unable to find user nobody1: no matching entries in passwd file": (
        "user",
        "does not know the user or group nobody1.",
    ),
    'invalid mount config for type "bind": bind source path does not exist: /no/such': (
        "mount",
        "The folder /no/such is not on this machine.",
    ),
    "invalid mount config for type \"volume\": invalid mount path: 'x' mount path must be "
    "absolute": ("mount", "invalid mount path: 'x' mount path must be absolute."),
    "error while creating mount source path '/x/y': mkdir /x: read-only file system": (
        "mount",
        "cannot be mounted: '/x/y': mkdir /x: read-only file system.",
    ),
    'create rel/path: "rel/path" includes invalid characters for a local volume name, only': (
        "mount",
        "includes invalid characters for a local volume name",
    ),
    RUNC + 'error during container init: error mounting "/tmp" to rootfs at "/etc/passwd": mount '
    "/tmp:/etc/passwd (via /proc/self/fd/6), flags: 0x5000: not a directory: unknown": (
        "mount",
        "/tmp cannot be mounted at /etc/passwd",
    ),
    "Duplicate mount point: /x": ("mount", "Two volumes are to be mounted at /x."),
    "error while mounting volume '/var/lib/docker/volumes/n/_data': failed to mount local volume: "
    "mount :/x:/var/lib/docker/volumes/n/_data, data: addr=127.0.0.1: no such device": (
        "mount",
        "cannot be mounted: mount :/x:/var/lib/docker/volumes/n/_data, data: addr=",
    ),
    "no available IPv4 addresses on this network's address pools: users (974b386fb4bc)": (
        "addresses",
        "The network users has no free address left.",
    ),
    "could not find an available, non-overlapping IPv4 address pool among the defaults to "
    "assign to the network": ("addresses", "no address pool left"),
    "all predefined address pools have been fully subnetted": ("addresses", "no address pool"),
    "network users not found": ("network", "The network users does not exist."),
    "driver failed programming external connectivity on endpoint x (cff66): Bind for "
    "0.0.0.0:28761 failed: port is already allocated": ("port", "is taken."),
    "driver failed programming external connectivity on endpoint x (cff66):  (iptables failed)": (
        "network",
        "could not connect the server to its network: (iptables failed).",
    ),
    'Conflict. The container name "/jupyter-ada" is already in use by container "207f". You': (
        "name",
        "A container named jupyter-ada exists already.",
    ),
    "Minimum memory limit allowed is 6MB": ("limit", "A memory limit of 1 MiB is less than"),
    "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available": (
        "limit",
        "than this machine has, which is 2.00.",
    ),
    RUNC + "container init was OOM-killed (memory limit too low?): unknown": (
        "memory",
        "too small to start anything",
    ),
    RUNC + "fork/exec /proc/self/exe: cannot allocate memory: unknown": (
        "memory",
        "The machine has no memory",
    ),
    "write /var/lib/docker/tmp/x: no space left on device": ("disk", "No space is left"),
    "unknown or invalid runtime name: runsc": ("runtime", "no runtime named runsc."),
    'could not select device driver "" with capabilities: [[gpu]]': (
        "device",
        "no driver for this kind of device: gpu.",
    ),
    'error gathering device information while adding custom device "/dev/kvm": no such file or '
    "directory": ("device", "The device /dev/kvm is not on this machine."),
    "the Docker engine does not answer; is it running on the host?": (
        "engine",
        "The Docker engine does not answer.",
    ),
    RUNC + "something nobody knows: unknown": (
        "engine",
        "The Docker engine refused: something nobody knows.",
    ),
    "": ("engine", "The Docker engine refused"),
}


@pytest.mark.parametrize(("text", "expected"), TEXTS.items())
def test_of_engine(text, expected):
    """Each text is a word and a sentence, and ends like one."""
    cause = of_engine(text, ATTEMPT)

    reason, said = expected
    assert (cause.reason, said in cause.sentence) == (reason, True), cause.sentence
    assert ": unknown" not in cause.sentence
    assert "{" not in cause.sentence


def test_braces():
    """What the engine or an administrator wrote is no template."""
    cause = of_engine('exec: "{x}": permission denied', Attempt("{image}"))

    assert "The image {image} may not execute its command {x}." in cause.sentence


@pytest.mark.parametrize(
    ("config", "memory", "expected"),
    [
        pytest.param(
            {"Entrypoint": ["tini", "--"], "Cmd": ["a b", "c"]},
            2**30,
            Attempt("lab:1", "tini -- 'a b' c", 2**30, 8888),
            id="all",
        ),
        pytest.param(
            {"Entrypoint": None, "Cmd": None}, 0, Attempt("lab:1"), id="as little as may be"
        ),
    ],
)
def test_attempt_of(config, memory, expected):
    """A container says itself what was to run in it, and with which limit."""
    container = {"Config": {"Image": "lab:1", **config}, "HostConfig": {"Memory": memory}}

    assert Attempt.of(container, 8888) == expected


def test_unanswered():
    """No answer is said in the same words as the warden's."""
    assert unanswered() == of_engine("the Docker engine does not answer", ATTEMPT)


def test_shortened():
    """A text is one line of bounded length."""
    assert shortened("a\n  b.") == "a b"
    assert len(shortened("x" * 10_000)) == LONGEST
    assert shortened(None) == ""


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (2**30, "1 GiB"),
        (3 * 2**29, "1.5 GiB"),
        (2**29, "512 MiB"),
        (1536, "1.5 KiB"),
        (3, "3 bytes"),
    ],
)
def test_size(count, said):
    """Bytes are said as people do."""
    assert size(count) == said
