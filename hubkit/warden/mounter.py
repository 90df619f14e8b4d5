"""Mount volumes into running containers, and close ports: ``python -m hubkit.warden.mounter``.

Listens on a socket that only the hub can open, and serves five requests:

- ``POST /mounts`` with a `hubkit.warden.rules.Request` as JSON: 204, or
  ``{"reason": …, "message": …}`` and nothing was mounted.
- ``GET /containers/ID``: ``{"untouched": …}``, whether nothing was mounted into it so far.
- ``PUT /containers/ID/ports`` with ``{"open": [8888]}``: 204, and only these can be reached
  from outside of it; or as for mounts, and nothing was changed.
- ``GET /health``: ``{"reason": ""}``, or why nothing can be mounted here.
- ``GET /health/ports``: ``{"reason": ""}``, or why no ports can be closed here.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import platform
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import ClientError, ClientSession, ClientTimeout, UnixConnector, web

from hubkit.settings import Settings
from hubkit.warden import closing, forks, mounting
from hubkit.warden.children import Children
from hubkit.warden.refusals import STATUS, Reason, Refused
from hubkit.warden.rules import Request, Rules, parse, parse_ports

log = logging.getLogger("hubkit.mounter")

CAPABILITIES = {**mounting.CAPABILITIES, **closing.CAPABILITIES}
LONGEST_REQUEST = 64 * 2**10  # bytes
ENGINE_SECONDS = 10
SOCKET = Path("/run/hubkit/mounter/socket")
EVERYBODY = 0o111  # umask; only the hub may enter the folder the socket is in


class Mounter:
    """Mounts volumes and closes ports as the rules and the engine allow.

    Args:
        rules: What this site allows.
        engine: A session whose connector leads to the engine's socket.
        children: Do what must be done in a process of its own.
    """

    def __init__(self, rules: Rules, engine: ClientSession, children: Children):
        self._rules, self._engine, self._children = rules, engine, children
        self._busy: set[str] = set()  # ids of containers
        # A hub that was restarted asks for all its servers at once.
        self._turn = asyncio.Semaphore(os.cpu_count() or 1)

    async def mount(self, request: Request) -> None:
        """Mount everything *request* asks for.

        That a container has its volumes already is read from the kernel, which forgets
        nothing; only of those at this very moment a list is kept.

        Raises:
            Refused: Nothing was mounted.
        """
        self._rules.check_request(request)
        if request.container in self._busy:
            raise Refused(Reason.ASSIGNED, "the container is getting its volumes right now")
        self._busy.add(request.container)
        try:
            container, *volumes = await asyncio.gather(
                self._inspect(f"/containers/{request.container}/json"),
                *(self._inspect(f"/volumes/{one.source}") for one in request.mounts),
            )
            process = self._rules.process(container)
            wanted = [
                self._rules.volume(one, request.user, volume)
                for one, volume in zip(request.mounts, volumes, strict=True)
            ]
            job = forks.mount_job(process, request.container, wanted, request.told)
            await self._children.do(job)
        finally:
            self._busy.remove(request.container)

    async def untouched(self, container: str) -> bool:
        """Return whether a member of the pool waits and nothing was mounted into it.

        Raises:
            Refused: It is no running member of this hub's pool.
        """
        process = self._rules.process(await self._inspect(f"/containers/{container}/json"))
        try:
            mountinfo = Path(f"/proc/{process}/mountinfo").read_text(encoding="utf-8")
        except OSError:
            raise Refused(Reason.STOPPED, "the container ended") from None
        return not mounting.mount_points(mountinfo) & self._rules.targets()

    async def close(self, container: str, ports: Sequence[int]) -> None:
        """Let nobody outside of a server's container reach more of it than *ports*.

        Raises:
            Refused: Nothing was changed.
        """
        async with self._turn:
            found = await self._inspect(f"/containers/{container}/json")
            process = self._rules.own_network(found)
            await self._children.do(forks.close_job(process, container, ports))

    async def unsupported(self) -> str:
        """Return why nothing can be mounted here, or ""."""
        try:
            info = await self._inspect("/info")
            _require_no_namespaces(info)
            await self._require_view()
            root = str(Path(info["DockerRootDir"]) / "volumes")
            await self._children.do(forks.rehearse_job(root))
        except Refused as refused:
            return refused.message
        return ""

    async def closing_unsupported(self) -> str:
        """Return why no ports can be closed here, or ""."""
        try:
            await self._require_view()
            await self._children.do(forks.rehearse_closing_job())
        except Refused as refused:
            return refused.message
        return ""

    async def _require_view(self) -> None:
        """Raise unless the engine's processes are those this process sees."""
        own = await self._inspect(f"/containers/{quote(platform.node(), safe='')}/json")
        if own["State"]["Pid"] != os.getpid():
            message = "the engine's processes are not to be seen here; it needs pid: host"
            raise Refused(Reason.FAILED, message)

    async def _inspect(self, path: str) -> dict[str, Any]:
        try:
            async with self._engine.get(f"http://docker{path}") as answer:
                found: dict[str, Any] = await answer.json(content_type=None)
        except (ClientError, TimeoutError, ValueError) as error:
            message = f"the Docker engine does not answer ({type(error).__name__})"
            raise Refused(Reason.FAILED, message) from None
        if answer.status == 404:
            raise Refused(Reason.NOT_ALLOWED, f"the engine knows none: {found.get('message')}")
        if answer.status != 200:
            raise Refused(Reason.FAILED, f"the Docker engine: {found.get('message')}")
        return found


def _require_no_namespaces(info: dict[str, Any]) -> None:
    """Raise unless containers see the mounts this process makes as they are."""
    for feature, name in (("rootless", "rootless"), ("userns", "userns-remap")):
        if f"name={feature}" in info["SecurityOptions"]:
            message = f"the engine runs containers in user namespaces ({name})"
            raise Refused(Reason.FAILED, message)


MOUNTER = web.AppKey("mounter", Mounter)


def make_app(rules: Rules, engine: str) -> web.Application:
    """Return the mounter's application.

    Args:
        rules: What this site allows.
        engine: Path of the engine's socket.
    """

    async def connect(app: web.Application) -> AsyncIterator[None]:
        children = Children()
        timeout = ClientTimeout(total=ENGINE_SECONDS)
        connector = UnixConnector(engine, limit=0)
        async with ClientSession(connector=connector, timeout=timeout) as session:
            app[MOUNTER] = Mounter(rules, session, children)
            if why := await app[MOUNTER].unsupported():
                log.error("nothing can be mounted: %s", why)
            if why := await app[MOUNTER].closing_unsupported():
                log.error("no ports can be closed: %s", why)
            yield
        children.close()

    app = web.Application(client_max_size=LONGEST_REQUEST)
    app.cleanup_ctx.append(connect)
    app.router.add_post("/mounts", _mount)
    app.router.add_get("/containers/{container:[0-9a-f]{64}}", _look)
    app.router.add_put("/containers/{container:[0-9a-f]{64}}/ports", _close)
    app.router.add_get("/health", _health)
    app.router.add_get("/health/ports", _health_of_ports)
    return app


async def _mount(asked: web.Request) -> web.Response:
    """Do what was asked, and log it: who got which volume is worth knowing."""
    try:
        request = parse(await _document(asked))
        await asked.app[MOUNTER].mount(request)
    except Refused as refused:
        log.warning("refused: %s", refused.message)
        return _refusal(refused)
    for one in request.mounts:
        log.info("mounted %s at %s in %.12s", one.source, one.target, request.container)
    return web.Response(status=204)


async def _look(asked: web.Request) -> web.Response:
    try:
        untouched = await asked.app[MOUNTER].untouched(asked.match_info["container"])
    except Refused as refused:
        return _refusal(refused)
    return web.json_response({"untouched": untouched})


async def _close(asked: web.Request) -> web.Response:
    try:
        ports = parse_ports(await _document(asked))
        await asked.app[MOUNTER].close(asked.match_info["container"], ports)
    except Refused as refused:
        return _refusal(refused)  # the hub asks again and again, and logs it once
    return web.Response(status=204)


async def _health(asked: web.Request) -> web.Response:
    return web.json_response({"reason": await asked.app[MOUNTER].unsupported()})


async def _health_of_ports(asked: web.Request) -> web.Response:
    return web.json_response({"reason": await asked.app[MOUNTER].closing_unsupported()})


def _refusal(refused: Refused) -> web.Response:
    answer = {"reason": refused.reason, "message": refused.message}
    return web.json_response(answer, status=STATUS[refused.reason])


async def _document(asked: web.Request) -> Any:
    try:
        return json.loads(await asked.read())
    except (ValueError, RecursionError):
        raise Refused(Reason.MALFORMED, "the request is no JSON") from None


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(prog="hubkit.warden.mounter", description=__doc__)
    parser.add_argument("--engine", default="/run/docker.sock", help="the engine's socket")
    parser.add_argument("--socket", type=Path, default=SOCKET, help="where to listen")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    os.umask(EVERYBODY)
    app = make_app(Rules.of(Settings.from_env()), options.engine)
    web.run_app(app, path=str(options.socket), access_log=None, print=None)


if __name__ == "__main__":
    main()
