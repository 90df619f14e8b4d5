"""Pulls: one of an image however many wait, told from a hung one, ended when nobody waits."""

from __future__ import annotations

import asyncio
import json
import socket
import threading

import docker
import pytest

from hubkit.spawner.pulling import PullFailed, Pulls, split
from tests.unit.spawner.registries import CUT, DIGEST, END, LONG, Registry, Waiter, layer


@pytest.fixture
def registry():
    made = Registry()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.answers.set()
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Return a function that writes what docker-py reads about headers and logins."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))

    def write(**content):
        (tmp_path / "config.json").write_text(json.dumps(content))

    return write


@pytest.fixture
def client(registry, config):
    made = docker.APIClient(base_url=registry.url, version="1.45")
    yield made
    made.close()


async def begun(registry):
    assert await asyncio.to_thread(registry.begun.acquire, timeout=LONG)


async def left(registry):
    assert await asyncio.to_thread(registry.left.wait, LONG)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("lab", ("lab", "latest")),
        ("lab:1", ("lab", "1")),
        ("r.example:5000/team/lab", ("r.example:5000/team/lab", "latest")),
        ("r.example:5000/team/lab:1", ("r.example:5000/team/lab", "1")),
        (f"lab@{DIGEST}", ("lab", DIGEST)),
        (f"r.example:5000/lab:1@{DIGEST}", ("r.example:5000/lab", DIGEST)),
    ],
)
def test_split(image, expected):
    """The engine is asked for a repository and a tag or digest, never for all tags."""
    assert split(image) == expected


async def test_pull(registry, client):
    """Who waits is told how far the pull is, each news once."""
    waiter = Waiter(Pulls(), client)
    registry.say(layer("Pulling fs layer"), layer("Downloading", 0, 4_000_000))
    registry.say(layer("Downloading", 2_000_000, 4_000_000))
    registry.say(layer("Downloading", 2_000_000, 4_000_000), layer("Pull complete"), END)

    await waiter.task

    assert waiter.told == [
        (0, "pulling lab:1"),
        (0, "pulling lab:1: 0 of 1 layers"),
        (0, "pulling lab:1: 0 of 4 MB, 0 of 1 layers"),
        (25, "pulling lab:1: 2 of 4 MB, 0 of 1 layers"),
        (100, "pulling lab:1: 4 of 4 MB, 1 of 1 layers"),
    ]
    assert registry.asked[0][0] == "fromImage=lab&tag=1"


async def test_headers(registry, client, config):
    """The engine gets the headers of docker's configuration and the login of the registry."""
    login = {"r.example": {"auth": "YWRhOmVuaWdtYQ=="}}
    config(HttpHeaders={"Authorization": "Bearer warden"}, auths=login)
    registry.say(END)

    await Waiter(Pulls(), client, "r.example/lab").task

    [(query, headers)] = registry.asked
    assert query == "fromImage=r.example%2Flab&tag=latest"
    assert headers["Authorization"] == "Bearer warden"
    assert headers["X-Registry-Auth"]


async def test_one_pull_for_all(registry, client):
    """However many wait, and however they write the name, the image is pulled once."""
    pulls = Pulls()
    first = Waiter(pulls, client, "lab")
    registry.say(layer("Downloading", 2_000_000, 4_000_000))
    await first.hears("2 of 4 MB")
    late = Waiter(pulls, client, "lab:latest")
    await late.hears("2 of 4 MB")

    registry.say(END)
    await asyncio.gather(first.task, late.task)

    assert len(registry.asked) == 1
    assert not pulls._under_way


async def test_one_who_leaves_harms_nobody(registry, client):
    """A waiter that is cancelled hears nothing more; the others get the image."""
    pulls = Pulls()
    gone, stays = Waiter(pulls, client), Waiter(pulls, client)
    await begun(registry)
    gone.task.cancel()
    registry.say(layer("Downloading", 2_000_000, 4_000_000))
    await stays.hears("2 of 4 MB")
    registry.say(END)

    await stays.task

    assert gone.task.cancelled()
    assert gone.told == [(0, "pulling lab:1")]


async def test_nobody_waits_any_more(registry, client):
    """The engine is left alone once all who waited have gone, and can be asked again."""
    pulls = Pulls()
    waiters = [Waiter(pulls, client), Waiter(pulls, client)]
    registry.say(layer("Downloading", 2_000_000, 4_000_000))
    await waiters[1].hears("2 of 4 MB")

    for waiter in waiters:
        waiter.task.cancel()
    again = Waiter(pulls, client)
    await left(registry)
    registry.say(END)
    await again.task

    assert len(registry.asked) == 2
    assert not pulls._under_way


async def test_left_before_any_answer(registry, client):
    """A pull that was given up before the engine answered ends when it does."""
    registry.answers.clear()
    waiter = Waiter(Pulls(), client)
    await begun(registry)
    waiter.task.cancel()
    await asyncio.wait({waiter.task})

    registry.answers.set()
    await left(registry)

    assert waiter.task.cancelled()


async def test_stalled(registry, client):
    """A pull in which nothing moves has failed, whatever the engine counts down."""
    waiter = Waiter(Pulls(stall=0.2), client)
    registry.say(layer("Downloading", 1, 2), *(layer(f"Retrying in {n} seconds") for n in "54321"))

    with pytest.raises(PullFailed, match=r"lab:1 cannot be pulled: nothing has come .* 0.2 s"):
        await waiter.task

    await left(registry)


async def test_no_answer_at_all(registry, client):
    """An engine that does not even begin to answer is a stall too."""
    registry.answers.clear()

    with pytest.raises(PullFailed, match="nothing has come"):
        await Waiter(Pulls(stall=0.05), client).task


async def test_slow_is_not_stalled(registry, client):
    """A pull that lasts longer than the limit is not ended while it moves."""
    waiter = Waiter(Pulls(stall=0.3), client)
    for current in range(12):
        registry.say(layer("Downloading", current, 20))
        await asyncio.sleep(0.05)
    registry.say(END)

    await waiter.task


@pytest.mark.parametrize(
    ("events", "words"),
    [
        pytest.param(
            [{"error": "unauthorized: authentication required"}, END],
            "access denied; log in",
            id="the registry",
        ),
        pytest.param([layer("Downloading", 1, 2), CUT], "engine does not answer", id="cut off"),
        pytest.param(["no JSON", END], "cannot be pulled: JSON", id="no JSON"),
    ],
)
async def test_fails_midway(registry, client, events, words, caplog):
    """What goes wrong midway reaches all who wait, in one sentence."""
    pulls = Pulls()
    waiters = [Waiter(pulls, client), Waiter(pulls, client)]
    registry.say(*events)

    answers = await asyncio.gather(*(one.task for one in waiters), return_exceptions=True)

    assert {type(answer) for answer in answers} == {PullFailed}
    assert words in str(answers[0])
    assert not pulls._under_way


@pytest.mark.parametrize(
    ("status", "message", "words"),
    [
        (404, "manifest for lab:1 not found: manifest unknown", "was not found in its registry"),
        (500, 'Get "https://r/v2/": dial tcp: connection refused', "cannot be reached"),
        (502, None, "HTTP 502"),
    ],
)
async def test_refused(registry, client, status, message, words):
    """The engine's own refusal is told in one sentence as well."""
    registry.refusal = (status, message)

    with pytest.raises(PullFailed, match=words):
        await Waiter(Pulls(), client).task


@pytest.mark.parametrize("image", ["https://r.example/lab", "-r.example/lab"])
async def test_no_name(registry, client, image):
    """A name that is none is refused by name."""
    with pytest.raises(PullFailed, match=f"image {image} cannot be pulled"):
        await Waiter(Pulls(), client, image).task

    assert not registry.asked


async def test_no_engine(config):
    """An engine that is not there is no mystery."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    client = docker.APIClient(base_url=f"tcp://127.0.0.1:{port}", version="1.45")

    with pytest.raises(PullFailed, match="the Docker engine does not answer"):
        await Waiter(Pulls(), client).task

    client.close()


async def test_bounded(registry, client):
    """More images than are pulled at once wait, and are told so."""
    pulls = Pulls(at_once=1)
    first, second = Waiter(pulls, client, "lab:1"), Waiter(pulls, client, "lab:2")
    await second.hears("waiting until other images are there")
    await begun(registry)
    assert len(registry.asked) == 1

    registry.say(END, END)
    await asyncio.gather(first.task, second.task)

    assert [query for query, _ in registry.asked] == ["fromImage=lab&tag=1", "fromImage=lab&tag=2"]
