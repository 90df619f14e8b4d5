"""What the engine does not say, and what happens behind the hub's back."""

from __future__ import annotations

import time

import pytest

from tests.faults import FaultyEngine
from tests.hubprocess import HubProcess, mode_image
from tests.lab import address, inspect
from tests.remote import User
from tests.support import run, until

pytestmark = pytest.mark.docker
LOOKS = 4  # seconds: several polls, one a second


@pytest.fixture
def ada(hub: HubProcess, request: pytest.FixtureRequest):
    """Somebody with a running server."""
    name = f"x{abs(hash(request.node.name)) % 10**6}"
    user = User(hub, name).start(image="usual")
    yield user
    user.stop()


def starts(user: User) -> str:
    """Return what changes when the container is another or was restarted."""
    found = inspect(user.container)
    return f"{found['Id']} {found['State']['StartedAt']}"


@pytest.mark.parametrize("status", [500, pytest.param(503, marks=pytest.mark.thorough)])
def test_an_engine_that_answers_errors_stops_nobody(
    hub: HubProcess, faulty_engine: FaultyEngine, ada: User, status: int
):
    before = starts(ada)
    with faulty_engine.fault("GET", "/containers/.*", before=lambda: status) as fault:
        assert fault.met.wait(10)
        time.sleep(LOOKS)
        assert ada.servers()
    assert starts(ada) == before
    assert ada.ask("GET", "").status_code == 200


def test_an_engine_that_is_silent_stops_nobody(
    hub: HubProcess, faulty_engine: FaultyEngine, ada: User
):
    """Longer than a look may take."""
    before = starts(ada)
    with faulty_engine.silence() as fault:
        assert fault.met.wait(10)
        until(lambda: f"does not say whether {ada.name} runs" in hub.log(), 30, "a look ended")
        assert ada.servers()
    assert starts(ada) == before


@pytest.mark.thorough
def test_a_hub_that_starts_while_the_engine_is_silent(
    hub: HubProcess, faulty_engine: FaultyEngine, ada: User
):
    """Nothing is stopped, nothing is marked stopped."""
    before = starts(ada)
    hub.kill()
    with faulty_engine.silence("GET", "/containers/.*"):
        hub.start()
        until(lambda: f"does not say whether {ada.name} runs" in hub.log(), 30, "it looked")
        assert ada.servers()
    until(lambda: hub.settled(ada.name), 30, "the hub knows what is")
    assert ada.servers()[""]["ready"]
    assert starts(ada) == before


@pytest.mark.thorough
def test_a_stop_while_the_engine_is_silent(hub: HubProcess, faulty_engine: FaultyEngine, ada: User):
    """It stays a server that is being stopped until the engine answers; then it is gone."""
    with faulty_engine.fault("POST", "/containers/.*/stop", before=lambda: 503) as fault:
        hub.api("DELETE", ada.server)
        assert fault.met.wait(20)
        assert ada.exists()
        assert hub.api("GET", f"/hub/api/users/{ada.name}").json()["pending"] == "stop"
    until(lambda: not ada.servers() and not ada.exists(), 30, "stopped after all")
    ada.start(image="usual")


def test_killed_behind_the_hubs_back(ada: User):
    run("docker", "kill", ada.container)

    until(lambda: not ada.servers(), 20, "the hub has noticed")
    assert not ada.exists()
    ada.start(image="usual")


def test_removed_behind_the_hubs_back(ada: User):
    run("docker", "rm", "--force", ada.container)

    until(lambda: not ada.servers(), 20, "the hub has noticed")
    ada.start(image="usual")


def test_renamed_behind_the_hubs_back(hub: HubProcess, ada: User):
    """It is still ada's, and stopping it stops that one."""
    renamed = f"{hub.project}-elsewhere-{ada.name}"
    run("docker", "rename", ada.container, renamed)
    time.sleep(LOOKS)
    assert ada.servers()[""]["ready"]

    hub.api("DELETE", ada.server)

    until(lambda: not ada.servers(), 30, "stopped")
    assert run("docker", "inspect", renamed, check=False).returncode != 0
    ada.start(image="usual")


def test_a_foreign_container_of_that_name(hub: HubProcess):
    """The start is refused with its name; it runs on, whoever looks or stops."""
    user = User(hub, "foreign")
    run("docker", "run", "-d", "--name", user.container, mode_image("usual"))
    try:
        before = starts(user)

        said = user.ask_to_start(image="usual")

        assert f"docker rm {user.container}" in said
        assert f"docker rm {user.container}" in hub.why(user.name)
        hub.api("DELETE", user.server)
        assert starts(user) == before
    finally:
        run("docker", "rm", "--force", user.container)
    user.start(image="usual").stop()


@pytest.mark.thorough
def test_another_address(hub: HubProcess, ada: User):
    """A container that came back elsewhere is found there, by a hub that goes on and a new one."""
    old = address(ada.container)
    squatter = f"{hub.project}-squatter"
    run("docker", "network", "disconnect", hub.network, ada.container)
    run("docker", "run", "-d", "--name", squatter, "--network", hub.network, mode_image("usual"))
    try:
        run("docker", "network", "connect", hub.network, ada.container)
        assert address(squatter) == old != address(ada.container)

        moved = f"moved from {old} to {address(ada.container)}"
        until(lambda: moved in hub.log(), 20, "the hub has noticed")
        hub.kill()
        hub.start()
        until(lambda: hub.settled(ada.name), 30, "the hub knows what is")
        assert ada.servers()[""]["ready"]
    finally:
        run("docker", "rm", "--force", squatter)


@pytest.mark.thorough
def test_restarted_behind_the_hubs_back(ada: User):
    """A container that was restarted with its home is a running server."""
    run("docker", "restart", "--time", "1", ada.container)
    time.sleep(LOOKS)

    assert ada.servers()[""]["ready"]
