"""How the hub asks the mounter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, ContentTypeError, UnixConnector

from hubkit.values import Mount
from hubkit.warden.refusals import Reason, Refused

SECONDS = 10


class MounterClient:
    """Asks the mounter that listens on a socket.

    Args:
        socket: Its path; nothing needs to be there.
    """

    def __init__(self, socket: Path):
        self._socket = str(socket)

    async def mount(self, container: str, user: str, mounts: Sequence[Mount], told: str) -> None:
        """Mount a user's volumes into a waiting container of the pool, then tell it its user.

        Args:
            container: Its whole id.
            user: The user's name, as on the label of the home volume.
            mounts: Existing volumes by name, the home among them; none for who has no home.
            told: A line for its standard input.

        Raises:
            Refused: Nothing was mounted; with `Reason.FAILED` also where the mounter did
                not answer, and then it may have been.
        """
        wanted = [
            {"volume": one.source, "target": one.target, "read_only": one.read_only}
            for one in mounts
        ]
        document = {"container": container, "user": user, "mounts": wanted, "told": told}
        status, answer = await self._ask("POST", "/mounts", document)
        if status != 204:
            raise _refusal(answer)

    async def untouched(self, container: str) -> bool:
        """Return whether nothing was ever mounted into a waiting container of the pool.

        Args:
            container: Its whole id.

        Raises:
            Refused: It does not wait, or is not the pool's; or the mounter did not answer.
        """
        status, answer = await self._ask("GET", f"/containers/{container}", None)
        if status != 200:
            raise _refusal(answer)
        return bool(answer["untouched"])

    async def close(self, container: str, ports: Sequence[int]) -> None:
        """Let nobody outside of a server's container reach more of it than *ports*.

        Args:
            container: Its whole id.
            ports: At least one.

        Raises:
            Refused: Nothing was changed, or the mounter did not answer.
        """
        document = {"open": list(ports)}
        status, answer = await self._ask("PUT", f"/containers/{container}/ports", document)
        if status != 204:
            raise _refusal(answer)

    async def unsupported(self) -> str:
        """Return why nothing can be mounted on this machine, or ""."""
        return await self._health("/health")

    async def closing_unsupported(self) -> str:
        """Return why no ports can be closed on this machine, or ""."""
        return await self._health("/health/ports")

    async def _health(self, path: str) -> str:
        try:
            status, answer = await self._ask("GET", path, None)
            if status != 200:
                raise _refusal(answer)
        except Refused as refused:
            return refused.message
        return str(answer["reason"])

    async def _ask(self, method: str, path: str, document: object) -> tuple[int, dict[str, Any]]:
        timeout = ClientTimeout(total=SECONDS)
        connector = UnixConnector(self._socket)
        try:
            async with (
                ClientSession(connector=connector, timeout=timeout) as session,
                session.request(method, f"http://mounter{path}", json=document) as answer,
            ):
                found = {} if answer.status == 204 else await answer.json()
                return answer.status, found
        except ContentTypeError:
            raise _refusal({}) from None
        except (ClientError, TimeoutError) as error:
            message = f"the mounter does not answer ({type(error).__name__})"
            raise Refused(Reason.FAILED, message) from None


def _refusal(answer: dict[str, Any]) -> Refused:
    """Return why the mounter did nothing, as it said it."""
    try:
        return Refused(Reason(answer["reason"]), str(answer["message"]))
    except (KeyError, ValueError):
        return Refused(Reason.FAILED, "the mounter is of another version: 'make up' makes it anew")
