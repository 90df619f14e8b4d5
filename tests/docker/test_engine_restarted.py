"""The engine is paused for a minute, or restarted, while servers run."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.hubprocess import HubProcess, build_modes, choice, mode_image
from tests.ownengine import OwnEngine
from tests.support import close_connections, until

pytestmark = [pytest.mark.docker, pytest.mark.thorough, pytest.mark.timeout(600)]
MINUTE = 60  # seconds


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnEngine]:
    build_modes()
    made = OwnEngine(tmp_path_factory.mktemp("engine"))
    try:
        made.start().load(mode_image("usual"))
        yield made
    finally:
        made.destroy()


@pytest.fixture(scope="module")
def hub(engine: OwnEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    made = HubProcess(tmp_path_factory.mktemp("hub"), client=engine.client, host=engine.url)
    made.site("choice.py", choice())
    try:
        yield made.start()
    finally:
        close_connections()
        made.destroy()


def start(hub: HubProcess, name: str) -> None:
    hub.api("POST", f"/hub/api/users/{name}")
    answer = hub.api("POST", f"/hub/api/users/{name}/server", json={"image": "usual"})
    assert answer.status_code in (201, 202), answer.text
    until(lambda: ready(hub, name), 60, f"the server of {name} is ready")


def servers(hub: HubProcess, name: str) -> dict[str, dict[str, object]]:
    return dict(hub.api("GET", f"/hub/api/users/{name}").json()["servers"])


def ready(hub: HubProcess, name: str) -> bool:
    return bool(servers(hub, name).get("", {}).get("ready"))


def container(hub: HubProcess, engine: OwnEngine, name: str) -> dict[str, dict[str, object]]:
    return dict(json.loads(engine.docker("inspect", f"{hub.project}-jupyter-{name}"))[0])


@pytest.mark.parametrize("at_start", [False, True])
def test_paused_for_a_minute(hub: HubProcess, engine: OwnEngine, at_start: bool):
    """While the hub goes on, or starts and looks at its servers: nobody is marked stopped."""
    name = f"ada{at_start}".lower()
    start(hub, name)
    before = container(hub, engine, name)["State"]
    engine.pause()
    try:
        if at_start:
            hub.kill()
            hub.start()
        began = time.monotonic()
        while time.monotonic() < began + MINUTE:
            assert servers(hub, name)
            time.sleep(1)
    finally:
        engine.go_on()

    until(lambda: ready(hub, name), 60, "the hub knows that it runs")
    assert container(hub, engine, name)["State"] == before
    assert f"does not say whether {name} runs" in hub.log()


def test_restarted_with_servers_running(hub: HubProcess, engine: OwnEngine):
    """Containers end with their engine; the hub notices, and each starts again with its home."""
    start(hub, "bob")
    home = container(hub, engine, "bob")["Mounts"]
    inside = ("exec", f"{hub.project}-jupyter-bob", "sh", "-c")
    engine.docker(*inside, "echo mine > /home/jovyan/work/file")

    engine.stop()
    time.sleep(3)
    assert servers(hub, "bob")  # nobody knows yet
    engine.start()

    until(lambda: not servers(hub, "bob"), 60, "the hub has noticed")
    start(hub, "bob")
    assert container(hub, engine, "bob")["Mounts"] == home
    assert engine.docker(*inside, "cat /home/jovyan/work/file") == "mine\n"
    assert len(engine.docker("ps", "-aq", "--filter", "name=jupyter-bob").split()) == 1
