"""The mounter asks the engine for nothing but what it needs to know, and says why not."""

from __future__ import annotations

import asyncio
import json
import os
import platform

import aiohttp
import pytest
from aiohttp import web

from hubkit.settings import Settings
from hubkit.values import Mount
from hubkit.warden import mounter
from hubkit.warden.client import MounterClient
from hubkit.warden.refusals import Reason, Refused
from hubkit.warden.rules import Rules

ID, OTHER = "4f" * 32, "5e" * 32
HOME = Mount("lab-user-ada", "/home/jovyan/work")
ROOT = "/var/lib/docker"
RUNNING = {"Running": True, "Paused": False, "Pid": 77}
MEMBER = {
    "Config": {"Labels": {"hubkit.hub": "lab", "hubkit.pool": "image"}},
    "State": RUNNING,
    "HostConfig": {"NetworkMode": "lab-network"},
}
VOLUME = {
    "Labels": {"hubkit.hub": "lab", "hubkit.user": "ada"},
    "Driver": "local",
    "Options": None,
    "Mountpoint": f"{ROOT}/volumes/lab-user-ada/_data",
}


class Children:
    """Remembers the jobs, and does none."""

    def __init__(self):
        self.jobs, self.error, self.go = [], None, asyncio.Event()
        self.go.set()

    async def do(self, job):
        self.jobs.append(json.loads(job))
        await self.go.wait()
        if self.error:
            raise self.error

    def close(self):
        """There is nothing to end."""


@pytest.fixture
def children(monkeypatch):
    made = Children()
    monkeypatch.setattr(mounter, "Children", lambda: made)
    return made


@pytest.fixture
def known(engine):
    """Return what the engine knows: path → its document."""
    own = f"/containers/{platform.node()}/json"
    found = {
        "/info": {"DockerRootDir": ROOT, "SecurityOptions": ["name=seccomp,profile=builtin"]},
        own: {"State": {"Pid": os.getpid()}},
        f"/containers/{ID}/json": MEMBER,
        "/volumes/lab-user-ada": VOLUME,
    }

    async def answer(request):
        status, document = 200, found.get(request.path)
        if isinstance(document, int):
            status, document = document, None
        elif document is None:
            status = 404
        return web.json_response(document or {"message": f"no {request.path}"}, status=status)

    for path in (*found, f"/containers/{OTHER}/json", "/volumes/none"):
        engine.answers[path] = answer
    return found


@pytest.fixture
def make_hub(known, children, serve, tmp_path):
    """Return a function that starts a mounter and returns what asks it."""

    async def make(**settings):
        env = {"COMPOSE_PROJECT_NAME": "lab", **settings}
        app = mounter.make_app(Rules.of(Settings.from_env(env)), str(tmp_path / "docker.sock"))
        path = tmp_path / "mounter.sock"
        await serve(app, lambda runner: web.UnixSite(runner, path))
        return MounterClient(path)

    return make


@pytest.fixture
async def hub(make_hub):
    return await make_hub()


@pytest.fixture
async def connector(hub, tmp_path):
    """Return what leads to the mounter without the client."""
    return aiohttp.UnixConnector(str(tmp_path / "mounter.sock"))


async def refusal(hub, *mounts, container=ID):
    with pytest.raises(Refused) as caught:
        await hub.mount(container, "ada", mounts or (HOME,), "told")
    return caught.value


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


async def test_closed(children, hub):
    """The engine says which process; what stays open the hub says."""
    await hub.close(ID, [8888, 8786])

    assert children.jobs[-1] == {"close": [77, ID, [8888, 8786]]}


async def test_not_closed(children, hub, caplog):
    """Why is told to the hub, which asks again and logs it; nothing was begun."""
    jobs = len(children.jobs)
    with pytest.raises(Refused) as caught:
        await hub.close(OTHER, [8888])

    assert caught.value.reason is Reason.NOT_ALLOWED
    assert "ports" not in caplog.text
    assert len(children.jobs) == jobs


async def test_whether_ports_can_be_closed(children, known, hub):
    """It is tried out, unless the engine's processes are not to be seen."""
    assert await hub.closing_unsupported() == ""
    assert children.jobs[-1] == {"rehearse_closing": True}

    children.error = Refused(Reason.FAILED, "the kernel takes no rules of nftables: no")
    assert await hub.closing_unsupported() == children.error.message


async def test_ports_are_closed_in_user_namespaces(children, known, hub):
    """Where nothing can be mounted, because the mounter has its rights there all the same."""
    known["/info"] = {**known["/info"], "SecurityOptions": ["name=userns"]}

    assert "userns-remap" in await hub.unsupported()
    assert await hub.closing_unsupported() == ""
    await hub.close(ID, [8888])
    assert children.jobs[-1] == {"close": [77, ID, [8888]]}


async def test_many_are_closed_in_turn(children, hub):
    """A hub that was restarted asks for all at once; the processors are not swamped."""
    children.go.clear()
    asked = [asyncio.ensure_future(hub.close(ID, [port])) for port in range(1, 21)]
    before = len(children.jobs)
    while len(children.jobs) < before + os.cpu_count():
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert len(children.jobs) == before + os.cpu_count()
    children.go.set()
    await asyncio.gather(*asked)

    assert len(children.jobs) == before + 20


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, None), (500, {"reason": "new", "message": "?"}), (409, {}), (409, "text")],
    ids=["unknown there", "a new reason", "nothing said", "text"],
)
async def test_a_mounter_of_another_version(serve, tmp_path, status, body):
    """It is said to be one, and nothing is taken for done."""

    async def answer(_):
        if not isinstance(body, dict):
            return web.Response(status=status, text=body or "404: Not Found")
        return web.json_response(body, status=status)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    path = tmp_path / "other.sock"
    await serve(app, lambda runner: web.UnixSite(runner, path))
    hub = MounterClient(path)

    with pytest.raises(Refused, match="of another version") as caught:
        await hub.close(ID, [8888])
    assert caught.value.reason is Reason.FAILED
    assert "of another version" in await hub.closing_unsupported()
    assert (await refusal(hub)).reason is Reason.FAILED
