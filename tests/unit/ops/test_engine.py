"""Questions to the Docker engine, asked with docker-py of an engine on loopback."""

from __future__ import annotations

import json
import socket

import pytest

from hubkit.errors import EngineError
from hubkit.ops import engine as ops

OURS = {"com.docker.compose.project": "jupyterhub"}
THEIRS = {"com.docker.compose.project": "shop"}
KINDS = {"container": "/containers/{}/json", "network": "/networks/{}", "volume": "/volumes/{}"}


@pytest.fixture(autouse=True)
def asked(engine, monkeypatch):
    """Let the questions be asked of *engine*."""
    monkeypatch.setenv("DOCKER_HOST", engine.url)
    ops.client.cache_clear()
    yield
    ops.client().close()
    ops.client.cache_clear()


@pytest.fixture
def port():
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def running(engine):
    """Return a function that lets the engine run one container with these published ports."""

    def add(labels, **ports):
        published = {f"{one[1:]}/tcp": bound for one, bound in ports.items()}
        engine.answers |= {
            ("GET", "/containers/json"): (200, [{"Id": "c1"}]),
            ("GET", "/containers/c1/json"): (
                200,
                {
                    "Id": "c1",
                    "Name": "/web",
                    "Config": {"Labels": labels},
                    "NetworkSettings": {"Ports": published},
                },
            ),
        }

    engine.answers["GET", "/containers/json"] = (200, [])
    return add


def test_require():
    """An engine that answers is all that is required."""
    ops.require()


def test_require_refused(engine):
    """An engine that answers with an error does not count as one."""
    engine.answers["GET", "/_ping"] = (500, {"message": "down"})

    with pytest.raises(EngineError, match="does not answer"):
        ops.require()


def test_require_absent(engine, monkeypatch, port):
    """No engine at all is an error of ours, not one of some library's."""
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{port}")
        with pytest.raises(EngineError, match="does not answer"):
            ops.require()


def test_has_image(engine):
    """An image is there or not."""
    engine.answers["GET", "/images/lab:1/json"] = (200, {"Id": "sha256:1"})
    engine.answers["GET", "/images/lab:2/json"] = (404, {"message": "No such image: lab:2"})

    assert ops.has_image("lab:1")
    assert not ops.has_image("lab:2")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("labels", "foreign"),
    [
        pytest.param(OURS, False, id="this stack's"),
        pytest.param(THEIRS, True, id="another stack's"),
        pytest.param({}, True, id="made by hand"),
        pytest.param(None, True, id="without labels"),
    ],
)
def test_is_foreign(engine, kind, labels, foreign):
    """What carries our name is ours only if our stack made it."""
    name = "/jupyterhub" if kind == "container" else "jupyterhub"
    holder = {"Config": {"Labels": labels}} if kind == "container" else {"Labels": labels}
    path = KINDS[kind].format("jupyterhub")
    engine.answers["GET", path] = (200, {"Id": "1", "Name": name, **holder})

    assert ops.is_foreign(kind, "jupyterhub", "jupyterhub") == foreign


@pytest.mark.parametrize("kind", KINDS)
def test_absent_is_not_foreign(kind):
    """What is not there is nobody's."""
    assert not ops.is_foreign(kind, "jupyterhub", "jupyterhub")


def test_found_by_id(engine):
    """A container whose id begins with our name is not of our name."""
    found = {"Id": "ada1", "Name": "/web", "Config": {"Labels": THEIRS}}
    engine.answers["GET", "/containers/ada/json"] = (200, found)

    assert not ops.is_foreign("container", "ada", "jupyterhub")


@pytest.mark.usefixtures("running")
def test_free_port(port):
    """A port nobody has is held by none."""
    assert ops.port_holder(port, "jupyterhub") is None


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(
    ("family", "address"),
    [
        pytest.param(socket.AF_INET, "0.0.0.0", id="everywhere"),  # noqa: S104
        pytest.param(socket.AF_INET, "127.0.0.1", id="loopback only"),
        pytest.param(socket.AF_INET6, "::", id="IPv6 and IPv4"),
    ],
)
def test_port_of_a_program(family, address):
    """A port some program listens on is taken, by nobody we can name."""
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listening.bind((address, 0))
        listening.listen()

        assert ops.port_holder(listening.getsockname()[1], "jupyterhub") == ""


@pytest.mark.usefixtures("running")
def test_port_used_a_moment_ago():
    """A port whose last connection is still fading away is free."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            listening.accept()[0].close()

    assert ops.port_holder(port, "jupyterhub") is None


@pytest.mark.parametrize(
    ("labels", "holder"),
    [
        pytest.param(OURS, None, id="this stack's edge"),
        pytest.param(THEIRS, "the container web", id="another stack's"),
        pytest.param({}, "the container web", id="made by hand"),
    ],
)
def test_port_of_a_container(running, labels, holder):
    """A container that publishes the port is named, unless it is ours."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        running(labels, p443=[{"HostIp": "", "HostPort": str(port)}])

        assert ops.port_holder(port, "jupyterhub") == holder


@pytest.mark.parametrize(
    "bound",
    [
        pytest.param([{"HostIp": "", "HostPort": "1"}], id="other ports"),
        pytest.param([], id="none"),
        pytest.param(None, id="exposed but not published"),
    ],
)
def test_containers_with_other_ports(running, port, bound):
    """What containers publish elsewhere is not in the way."""
    running(THEIRS, p443=bound, p80=None)

    assert ops.port_holder(port, "jupyterhub") is None


def test_container_that_goes(engine, port):
    """A container that ends while it is looked at is passed over."""
    engine.answers["GET", "/containers/json"] = (200, [{"Id": "gone"}])

    assert ops.port_holder(port, "jupyterhub") is None


def test_info(engine):
    """What the engine says about itself is passed on."""
    engine.answers["GET", "/info"] = (200, {"DockerRootDir": "/data/docker"})

    assert ops.info()["DockerRootDir"] == "/data/docker"


@pytest.mark.parametrize(
    ("labels", "status"),
    [
        pytest.param(THEIRS, 200, id="another stack's"),
        pytest.param(OURS, 404, id="not there"),
        pytest.param(OURS, 500, id="engine in trouble"),
        pytest.param(OURS, 200, id="not running"),
    ],
)
def test_said_in_nothing(engine, labels, status):
    """Nothing is heard from a container that is not ours, or cannot be asked."""
    found = {"Id": "c1", "Name": "/jupyterhub", "Config": {"Labels": labels}, "message": "no"}
    engine.answers |= {
        ("GET", "/containers/jupyterhub/json"): (status, found),
        ("POST", "/containers/c1/exec"): (409, {"message": "container c1 is not running"}),
    }

    assert ops.said_in("jupyterhub", ["true"], "jupyterhub") == ""
    assert any(path.endswith("/exec") for _, path, _ in engine.asked) == (
        labels is OURS and status == 200
    )


def test_problems_said_in(monkeypatch):
    """What the hub's container finds arrives as it was said."""
    said = {"what": "the warm pool", "wrong": "nobody gets one.", "cure": "Start it."}
    asked = []
    monkeypatch.setattr(ops, "said_in", lambda *words: asked.append(words) or json.dumps([said]))

    [found] = ops.problems_said_in("lab", ("hubkit", "check", "--pool"))

    assert vars(found) == said
    assert asked == [("lab", ("hubkit", "check", "--pool"), "lab")]


@pytest.mark.parametrize("said", ["", "[", "[1]", '[{"what": "x"}]', "usage: hubkit", "null"])
def test_another_version(monkeypatch, said):
    """What is not understood is passed over."""
    monkeypatch.setattr(ops, "said_in", lambda *_: said)

    assert ops.problems_said_in("lab", ("hubkit", "check", "--pool")) == []
