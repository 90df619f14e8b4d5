"""The mounter closes ports of whom the engine says is a server, in turn, and says why not."""

from __future__ import annotations

import asyncio
import os

import pytest
from aiohttp import web

from hubkit.warden.client import MounterClient
from hubkit.warden.refusals import Reason, Refused
from tests.unit.warden.asked import ID, OTHER, refusal


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
