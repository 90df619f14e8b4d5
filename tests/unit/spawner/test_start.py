"""A start: its turn, its steps, its end; what a failed one leaves and says."""

from __future__ import annotations

import asyncio
import io
import tarfile

import pytest

from hubkit.spawner import injection, kit
from hubkit.spawner.readiness import Died, NotReady
from hubkit.spawner.record import Record
from hubkit.spawner.refusals import StartFailed

STARTABLE = {"image": "lab:1", "network_name": "users", "notebook_dir": "/home/jovyan/work"}
MINE = {"hubkit.hub": "jupyterhub", "hubkit.user": "ada", "hubkit.server": ""}
HOME = "jupyterhub-user-ada"
BY_ID = "/containers/4f9a/json"
EXITED = {"Running": False, "Status": "exited", "ExitCode": 3, "Error": "", "FinishedAt": "then"}


@pytest.fixture
def ada(spawner, startable, tmp_path):
    """Return the spawner of ada, on an engine that knows her container once it is made."""
    _, container = startable.answers["GET", BY_ID]
    container["Mounts"] = [{"Name": HOME}]
    config = {"User": "", "Labels": MINE, "Image": "lab:1", "Cmd": ["serve"], "Tty": True}
    missing = (404, {"message": "No such thing"})
    startable.answers |= {
        ("GET", f"/volumes/{HOME}"): [missing, (200, {"Name": HOME, "Labels": MINE})],
        ("GET", BY_ID): (200, {**container, "Config": config}),
        ("GET", "/containers/jupyter-ada/json"): [
            missing,
            (200, {**container, "Config": config}),
        ],
        ("GET", "/containers/4f9a/logs"): (200, b"one\ntwo"),
        ("DELETE", "/containers/4f9a"): (204, b""),
    }
    made = spawner(**STARTABLE)
    made.record = Record(tmp_path / "failures.log")
    return made


def waiting(monkeypatch, ready):
    monkeypatch.setattr(kit, "wait_until_ready", ready)


def asked(engine, method):
    return [path for asked, path, _ in engine.asked if asked == method]


async def said(spawner):
    return [event["message"] async for event in spawner.progress()]


async def test_the_page_sees_each_step(ada):
    await ada.start()

    assert await said(ada) == [
        "Creating the container",
        "Starting the container",
        "Waiting for the server to answer",
    ]


async def test_the_launcher_is_placed_and_found_first(ada, startable):
    """Into the created container; its folder is the first of the image's PATH."""
    image = {"Id": "sha256:1", "Config": {"Cmd": ["serve"], "Env": ["PATH=/opt/lab/bin:/bin"]}}
    startable.answers["GET", "/images/lab:1/json"] = (200, image)

    await ada.start()

    [sent] = [sent for method, _, sent in startable.asked if method == "PUT"]
    with tarfile.open(fileobj=io.BytesIO(sent)) as tar:
        assert f"{injection.FOLDER.strip('/')}/bin/jupyterhub-singleuser" in tar.getnames()
    environment = startable.body("POST", "/containers/create")["Env"]
    assert f"PATH={injection.FOLDER}/bin:/opt/lab/bin:/bin" in environment


async def test_without_tuning_the_image_runs_as_it_is(ada, startable):
    ada.tuning = False

    await ada.start()

    assert asked(startable, "PUT") == []
    environment = startable.body("POST", "/containers/create")["Env"]
    assert not [line for line in environment if line.startswith("PATH=")]


async def test_the_engine_does_not_remove_it_by_itself(ada, startable):
    """Its exit code and last words would be gone."""
    await ada.start()

    assert not startable.body("POST", "/containers/create")["HostConfig"]["AutoRemove"]


async def test_others_queue_and_know_their_place(spawner, ada, monkeypatch):
    """One slot: who comes second is told so and starts when the first is ready."""
    free = asyncio.Event()

    async def ready(*where, **how):
        await free.wait()

    waiting(monkeypatch, ready)
    ada.start_slots = 1
    first = asyncio.create_task(ada.start())
    while not ada.turns.taken:
        await asyncio.sleep(0.01)
    second = spawner("gpu", **STARTABLE, start_slots=1)
    start = asyncio.create_task(second.start())
    while not ada.turns.waiting:
        await asyncio.sleep(0.01)

    assert [step[2] for step in second.start_progress._steps] == ["Number 1 in the queue of starts"]
    free.set()
    await asyncio.gather(first, start)
    assert ada.turns.taken == 0


async def test_ended_before_it_answered(ada, startable, monkeypatch):
    """The exit code and the last lines are on the page and on record; nothing is left."""
    _, container = startable.answers["GET", BY_ID]

    async def died(*where, **how):
        startable.answers["GET", BY_ID] = (200, {**container, "State": EXITED})
        raise Died(EXITED)

    waiting(monkeypatch, died)

    with pytest.raises(StartFailed, match="exit code 3") as failed:
        await ada.start()

    assert "two" in failed.value.jupyterhub_html_message
    assert ada.record.current("ada").log == ("one", "two")
    assert asked(startable, "DELETE") == ["/containers/4f9a"]


async def test_never_ready(ada, startable, monkeypatch):
    async def late(ip, port, path, headers, *, limit, alive):
        assert await alive() is None
        raise NotReady(port, limit, opened=False, status=None)

    waiting(monkeypatch, late)

    with pytest.raises(StartFailed, match="nothing listens on port 8888"):
        await ada.start()

    assert asked(startable, "DELETE") == ["/containers/4f9a"]


async def test_cancelled(ada, startable, monkeypatch):
    """Nothing is left, and it is no failure."""
    begun = asyncio.Event()

    async def for_ever(*where, **how):
        begun.set()
        await asyncio.Event().wait()

    waiting(monkeypatch, for_ever)
    start = asyncio.create_task(ada.start())
    await begun.wait()

    start.cancel()

    with pytest.raises(asyncio.CancelledError):
        await start
    await ada.poll()
    assert asked(startable, "DELETE") == ["/containers/4f9a"]
    assert (ada.record.current("ada"), ada.turns.taken) == (None, 0)


async def test_a_start_that_works_ends_a_failures_story(ada, startable):
    startable.answers["POST", "/containers/4f9a/start"] = [
        (400, {"message": "no space left on device"}),
        (204, b""),
    ]
    with pytest.raises(StartFailed, match="disk"):
        await ada.start()
    assert ada.record.current("ada").reason == "disk"

    await ada.start()

    assert ada.record.current("ada") is None


async def test_a_bug_is_logged_and_the_user_told_where(ada, monkeypatch, caplog):
    async def wrong(*where, **how):
        raise ZeroDivisionError

    waiting(monkeypatch, wrong)

    with pytest.raises(StartFailed, match="The hub made a mistake"):
        await ada.start()

    assert "ZeroDivisionError" in caplog.text
