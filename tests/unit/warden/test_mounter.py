"""The mounter asks the engine for nothing but what it needs to know, and says why not."""

from __future__ import annotations

import asyncio
import os
import platform

import aiohttp
import pytest

from hubkit.values import Mount
from hubkit.warden.client import MounterClient
from hubkit.warden.refusals import Reason, Refused
from tests.unit.warden.asked import HOME, ID, MEMBER, OTHER, ROOT, RUNNING, refusal


async def test_mounted(engine, children, hub):
    """The engine says which process and which folder; it is asked nothing else."""
    before = len(engine.asked)
    await hub.mount(ID, "ada", [HOME], "told")

    source = f"{ROOT}/volumes/lab-user-ada/_data"
    assert children.jobs[-1] == {"mount": [77, ID, [[source, HOME.target, False]], "told"]}
    asked = sorted((method, path) for method, path, *_ in engine.asked[before:])
    assert asked == [("GET", f"/containers/{ID}/json"), ("GET", "/volumes/lab-user-ada")]


async def test_only_told(engine, children, hub):
    """Somebody without a home."""
    before = len(engine.asked)
    await hub.mount(ID, "ada", [], "told")

    assert children.jobs[-1] == {"mount": [77, ID, [], "told"]}
    assert [path for _, path, *_ in engine.asked[before:]] == [f"/containers/{ID}/json"]


@pytest.mark.parametrize(
    ("home", "untouched"),
    [pytest.param("/nowhere", True, id="nothing"), pytest.param("/proc", False, id="something")],
)
async def test_untouched(known, make_hub, home, untouched):
    """Whether something is mounted where a home belongs is read from the kernel."""
    known[f"/containers/{ID}/json"] = MEMBER | {"State": RUNNING | {"Pid": os.getpid()}}
    hub = await make_hub(DOCKER_NOTEBOOK_DIR=home)

    assert await hub.untouched(ID) is untouched


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"State": RUNNING | {"Pid": 2**22 + 1}}, Reason.STOPPED, id="ended since"),
        pytest.param({"State": RUNNING | {"Running": False}}, Reason.STOPPED, id="not running"),
        pytest.param({"Config": {"Labels": {}}}, Reason.NOT_ALLOWED, id="not of the pool"),
    ],
)
async def test_not_to_be_looked_at(known, hub, change, reason):
    known[f"/containers/{ID}/json"] = MEMBER | change

    with pytest.raises(Refused) as caught:
        await hub.untouched(ID)
    assert caught.value.reason is reason


async def test_unknown_to_the_engine(hub):
    with pytest.raises(Refused) as caught:
        await hub.untouched(OTHER)
    assert caught.value.reason is Reason.NOT_ALLOWED


async def test_nothing_told_is_logged(caplog, children, hub):
    """Neither when it is done nor when it is refused."""
    caplog.set_level("DEBUG")
    await hub.mount(ID, "ada", [HOME], "of-ada")
    children.error = Refused(Reason.FAILED, "so")
    with pytest.raises(Refused):
        await hub.mount(ID, "ada", [HOME], "of-ada")

    assert "refused: so" in caplog.text
    assert HOME.source in caplog.text
    assert "of-ada" not in caplog.text


async def test_health(children, hub):
    assert await hub.unsupported() == ""
    assert children.jobs[-1] == {"rehearse": f"{ROOT}/volumes"}


async def test_what_the_rehearsal_says(children, hub):
    children.error = Refused(Reason.FAILED, "the mounter lacks cap_add: SYS_ADMIN")

    assert await hub.unsupported() == "the mounter lacks cap_add: SYS_ADMIN"


@pytest.mark.parametrize("option", ["rootless", "userns"])
async def test_user_namespaces(known, hub, option):
    known["/info"] = {"DockerRootDir": ROOT, "SecurityOptions": [f"name={option}"]}

    assert option in await hub.unsupported()


async def test_other_processes(known, hub):
    """In a process namespace of its own the engine's numbers mean others here."""
    known[f"/containers/{platform.node()}/json"] = {"State": {"Pid": os.getpid() + 1}}

    assert "pid: host" in await hub.unsupported()


async def test_unknown(children, hub):
    jobs = len(children.jobs)

    assert (await refusal(hub, container=OTHER)).reason is Reason.NOT_ALLOWED
    assert (await refusal(hub, Mount("none", HOME.target))).reason is Reason.NOT_ALLOWED
    assert len(children.jobs) == jobs


async def test_an_engine_in_trouble(known, engine, hub):
    known[f"/containers/{ID}/json"] = 500
    assert (await refusal(hub)).reason is Reason.FAILED
    await engine.runner.cleanup()
    refused = await refusal(hub)
    assert refused.reason is Reason.FAILED
    assert "engine does not answer" in refused.message


@pytest.mark.parametrize("reason", list(Reason))
async def test_reasons(children, hub, reason):
    """The hub hears the reason the child gave."""
    children.error = Refused(reason, "so")

    refused = await refusal(hub)

    assert (refused.reason, refused.message) == (reason, "so")


async def test_one_at_a_time(children, hub):
    """While a container gets its volumes it is refused to everybody else; afterwards asked."""
    children.go.clear()
    first = asyncio.create_task(hub.mount(ID, "ada", [HOME], "told"))
    while not any("mount" in job for job in children.jobs):
        await asyncio.sleep(0)

    assert (await refusal(hub)).reason is Reason.ASSIGNED
    children.go.set()
    await first
    await hub.mount(ID, "ada", [HOME], "told")
    assert len([job for job in children.jobs if "mount" in job]) == 2


@pytest.mark.parametrize(
    ("asked", "body", "status"),
    [
        ("POST /mounts", b"{", 400),
        ("POST /mounts", b"[" * 60_000, 400),
        ("POST /mounts", b"\xff", 400),
        ("POST /mounts", b" " * 2**17, 413),
        (f"PUT /containers/{ID}/ports", b'{"open": []}', 400),
        ("PUT /containers/json/ports", b'{"open": [1]}', 404),
        ("GET /mounts", None, 405),
        ("GET /containers/json", None, 404),
    ],
)
async def test_other_requests(children, connector, asked, body, status):
    jobs, (method, path) = len(children.jobs), asked.split()
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.request(method, f"http://mounter{path}", data=body) as answer,
    ):
        assert answer.status == status
    assert len(children.jobs) == jobs


async def test_no_mounter(tmp_path):
    """Without a mounter the start is cold, and the check says so."""
    hub = MounterClient(tmp_path / "none.sock")

    assert (await refusal(hub)).reason is Reason.FAILED
    assert "the mounter does not answer" in await hub.unsupported()
    assert "the mounter does not answer" in await hub.closing_unsupported()
