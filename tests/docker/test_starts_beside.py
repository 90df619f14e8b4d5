"""Others start and stop while one user's pull hangs or another's container does not stop."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults import FaultyEngine
from tests.hubprocess import HubProcess, mode_image
from tests.remote import User
from tests.support import run, until

pytestmark = pytest.mark.docker
OTHERS = 10


def come_and_go(hub: HubProcess, prefix: str) -> None:
    """Let ten others start and stop at the same time."""

    def one(number: int) -> None:
        User(hub, f"{prefix}{number}").start(image="usual").stop()

    with ThreadPoolExecutor(OTHERS) as pool:
        list(pool.map(one, range(OTHERS)))


def pending(hub: HubProcess, user: User) -> str | None:
    return hub.api("GET", f"/hub/api/users/{user.name}").json()["pending"]


def test_while_a_pull_hangs(hub: HubProcess, faulty_engine: FaultyEngine):
    """Whose image is pulled waits; nobody else does, and may even be stopped meanwhile."""
    waits = User(hub, "pulls")
    with faulty_engine.silence("POST", "/images/create") as pull:
        hub.api("POST", waits.server, json={"image": "missing"})
        assert pull.met.wait(30)

        come_and_go(hub, "beside-pull-")

        assert pending(hub, waits) == "spawn"
    until(lambda: not pending(hub, waits), 60, "the start has failed")
    assert "hubkit-testserver:missing" in hub.why(waits.name)


def test_while_a_container_does_not_stop(hub: HubProcess):
    """The engine waits ten seconds until it kills that one; nobody waits with it."""
    stubborn = User(hub, "stubborn").start(image="stubborn")
    stopping = threading.Thread(target=stubborn.stop)
    stopping.start()
    until(lambda: pending(hub, stubborn) == "stop", 10, "it is being stopped")

    User(hub, "beside-stop").start(image="usual").stop()

    assert pending(hub, stubborn) == "stop"
    come_and_go(hub, "beside-stop-")
    stopping.join(60)
    assert not stubborn.exists()


@pytest.mark.thorough
def test_a_pull_that_takes_longer_than_a_start_may(hub: HubProcess, faulty_engine: FaultyEngine):
    """It counts for itself; each step of the start is said in turn."""
    image = mode_image("missing")
    user = User(hub, "pulls-long")

    def pull() -> int:
        time.sleep(1.5 * float(hub.settings["START_TIMEOUT"]))
        run("docker", "tag", mode_image("usual"), image)
        return 200

    try:
        with faulty_engine.fault("POST", "/images/create", times=1, before=pull):
            said = user.ask_to_start(image="missing")
        assert '"ready": true' in said
        steps = ("pulling ", "Creating the container", "Starting the container", "Waiting for")
        places = [said.find(one) for one in steps]
        assert -1 not in places
        assert places == sorted(places)
        user.stop()
    finally:
        run("docker", "image", "rm", image, check=False)


def test_a_place_in_the_queue(hub: HubProcess):
    """More than may start at once wait, and read their place; all of them start."""
    users = [User(hub, f"queues{number}") for number in range(6)]
    with ThreadPoolExecutor(2 * len(users)) as pool:
        asked = [pool.submit(hub.api, "POST", u.server, json={"image": "slow"}) for u in users]
        until(lambda: all(pending(hub, user) for user in users), 10, "all are starting")

        said = list(pool.map(lambda u: hub.api("GET", f"{u.server}/progress").text, users))

        assert all(answer.result().status_code in (201, 202) for answer in asked)
    assert all('"ready": true' in one for one in said)
    assert any("in the queue of starts" in one for one in said)
    for user in users:
        user.stop()


@pytest.fixture
def far_image(hub: HubProcess) -> Iterator[str]:
    """An image whose registry takes connections and never says a word."""
    site = hub.places.root / "site" / "choice.py"
    before = site.read_text()
    with socket.create_server(("127.0.0.1", 0)) as server:
        image = f"127.0.0.1:{server.getsockname()[1]}/lab:1"
        images = {"usual": mode_image("usual"), "far": image}
        site.write_text(f"{before}\nc.KitSpawner.allowed_images = {images!r}\n")
        hub.stop()
        hub.start()
        yield image
    site.write_text(before)
    hub.stop()
    hub.start()


@pytest.mark.thorough
def test_a_registry_that_never_answers(hub: HubProcess, far_image: str):
    """Whose image it is waits, and can give up; nobody else notices."""
    waits = User(hub, "far")
    hub.api("POST", waits.server, json={"image": "far"})
    until(lambda: f"Pulling {far_image!r}" in hub.log(), 20, "the pull has begun")

    # One, because the engine itself gives such a registry up after half a minute.
    User(hub, "beside-far").start(image="usual").stop()

    assert pending(hub, waits) == "spawn"
    hub.api("DELETE", waits.server)
    until(lambda: not pending(hub, waits), 30, "the start is given up")
    assert not waits.exists()


def test_an_image_that_may_not_be_chosen(hub: HubProcess):
    """A refusal says what is refused, at once and on the page."""
    said = User(hub, "wishes").ask_to_start(image="hubkit-base")

    assert "hubkit-base not in allowed list" in said
    assert '"status": 400' in said
