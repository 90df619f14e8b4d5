"""The engine is restarted while a server of the pool runs and another one waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hubkit import names
from tests.hubprocess import NOTEBOOK, HubProcess
from tests.mounter import HUB_IMAGE, build_hub_image, start_mounter
from tests.ownengine import OwnEngine
from tests.support import close_connections, until
from tests.warm import BRISK

pytestmark = [pytest.mark.docker, pytest.mark.thorough, pytest.mark.timeout(600)]
SECONDS = 120
FILE = "/home/jovyan/work/file"


@pytest.fixture
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnEngine]:
    build_hub_image()
    made = OwnEngine(tmp_path_factory.mktemp("engine"))
    try:
        made.start()
        for image in (NOTEBOOK, HUB_IMAGE):
            made.load(image)
        yield made
    finally:
        made.destroy()


@pytest.fixture
def hub(engine: OwnEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    made = HubProcess(tmp_path_factory.mktemp("hub"), client=engine.client, host=engine.url)
    made.address = engine.this_host
    made.settings |= {"POOL_SIZE": "1", "DOCKER_NOTEBOOK_DIR": "/home/jovyan/work"}
    made.site("brisk.py", BRISK)
    made.lay_out()
    try:
        start_mounter(made.project, made.path / "run" / "mounter", made.settings, engine=engine)
        yield made.start()
    finally:
        close_connections()
        made.destroy()


def servers(hub: HubProcess) -> dict[str, Any]:
    return dict(hub.api("GET", "/hub/api/users/ada").json().get("servers", {}))


def started(hub: HubProcess) -> None:
    answer = hub.api("POST", "/hub/api/users/ada/server")
    assert answer.status_code in (201, 202), answer.text
    until(lambda: servers(hub).get("", {}).get("ready"), SECONDS, "the server is ready")


def left(hub: HubProcess, engine: OwnEngine) -> tuple[int, list[str]]:
    """Return how many wait, and which other containers of the hub's there are."""
    mine = ("--filter", f"label=hubkit.hub={hub.project}")
    found = engine.docker("ps", "-a", *mine, "--format", "{{.Names}} {{.State}}").split("\n")
    told = dict(line.split() for line in found if line)
    members = [name for name in told if names.is_pool_member(name, hub.project)]
    running = sum(told[name] == "running" for name in members)
    return running, sorted(set(told) - set(members))


def test_restarted(hub: HubProcess, engine: OwnEngine):
    """The server has ended, its home is there at the next start, and another one waits."""
    ada = f"{hub.project}-jupyter-ada"
    until(lambda: "waits for somebody" in hub.log(), SECONDS, "one waits")
    hub.api("POST", "/hub/api/users/ada")
    started(hub)
    assert "ada got" in hub.log()
    engine.docker("exec", ada, "sh", "-c", f"echo mine > {FILE}")
    until(lambda: left(hub, engine) == (1, [ada]), SECONDS, "another one waits")

    engine.stop()
    engine.start()
    assert left(hub, engine)[1] in ([ada], [])
    engine.docker("start", f"{hub.project}-mounter")

    until(lambda: not servers(hub), SECONDS, "the hub has noticed")
    started(hub)
    assert engine.docker("exec", ada, "cat", FILE) == "mine\n"
    until(lambda: left(hub, engine) == (1, [ada]), SECONDS, "one waits, and nothing is left")
