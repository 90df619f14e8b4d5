"""End what people still have on the hub who may not use it any more.

The hub refuses them at each request by itself (`hubkit.auth.guard`); this stops their
servers and deletes their tokens. Homes are left alone. `hubkit users` does the same at
once; the service is for all else: a restart, a provider that says somebody left.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from hubkit import auth, services, stack
from hubkit.auth.policy import Policy
from hubkit.auth.register import Register
from hubkit.errors import HubkitError
from hubkit.services.hubapi import HubAPI, connected
from hubkit.settings import Settings

NAME = "roster"
# JupyterHub has no scope for deleting tokens that does not also make them.
SCOPES = ["list:users", "read:servers", "delete:servers", "tokens"]
EVERY = 30.0  # seconds between two looks
AFTER_FAILURE = 3.0  # seconds; at its start the hub does not answer yet
STOPPED_WITHIN, BETWEEN_TRIES = 30.0, 1.0  # seconds

log = logging.getLogger("hubkit.roster")


@dataclass(frozen=True)
class Ended:
    """What was taken from one person.

    Attributes:
        name: Whose.
        servers: Names of the servers that were stopped; "" is the usual one.
        tokens: How many tokens were deleted.
        left: Servers the hub has not stopped yet.
    """

    name: str
    servers: tuple[str, ...] = ()
    tokens: int = 0
    left: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return one sentence for each thing that was done, or could not be."""
        stopped = [f"stopped {_shown(one)} of {self.name}" for one in self.servers]
        tokens = f"{self.tokens} token{'s' * (self.tokens != 1)}"
        deleted = [f"deleted {tokens} of {self.name}"] if self.tokens else []
        left = [f"{_shown(one)} of {self.name} is still stopping" for one in self.left]
        return stopped + deleted + left


def _shown(server: str) -> str:
    return f"the server {server}" if server else "the server"


def command(env: Settings) -> list[str]:
    """Return the words that start the service."""
    # -P: not the checkout, which is the working directory, but what is installed.
    return [sys.executable, "-P", "-m", "hubkit.services.roster", *sorted(auth.policy(env).allow)]


def configure(c: Any, env: Settings) -> None:
    """Add the service to the hub's, with the token the commands use, too."""
    token = stack.SERVICE_TOKEN.read_text().strip()
    services.add(c, {"name": NAME, "command": command(env), "api_token": token}, SCOPES)


def refused(register: Register, policy: Policy) -> set[str]:
    """Return the names that may not use the hub now."""
    return {person.name for person in register.people() if policy.refusal(person)}


async def end_access(
    hub: HubAPI,
    names: Collection[str],
    *,
    tokens_of: Collection[str] | None = None,
    still: Callable[[], Collection[str]] | None = None,
    wait: float = STOPPED_WITHIN,
) -> list[Ended]:
    """Stop all servers of *names* and delete their tokens; what is done already stays so.

    Args:
        hub: The hub.
        names: Who lost access.
        tokens_of: Those of *names* whose tokens have not been deleted yet; None for all.
        still: Returns who is refused now: somebody let in again meanwhile keeps what they
            begin from then on; None for all of *names*, whatever happens.
        wait: Seconds until a server has to be gone.

    Returns:
        What was done, for those of *names* for whom anything was.

    Raises:
        HubkitError: The hub does not answer.
    """
    if not names:
        return []
    stopped, left = await _stop_servers(hub, names, still or (lambda: names), wait)
    refused_now = set(names) & set(still() if still else names)
    owners = sorted(refused_now & set(names if tokens_of is None else tokens_of))
    counts = await asyncio.gather(*(hub.delete_tokens(name) for name in owners))
    tokens = dict(zip(owners, counts, strict=True))
    ended = (_ended(name, stopped, tokens.get(name, 0), left) for name in sorted(names))
    return [one for one in ended if one.lines()]


Servers = list[tuple[str, str]]  # owner, name


def _ended(name: str, stopped: Servers, tokens: int, left: Servers) -> Ended:
    def own(servers: Servers) -> tuple[str, ...]:
        return tuple(server for owner, server in servers if owner == name)

    return Ended(name, own(stopped), tokens, own(left))


async def _stop_servers(
    hub: HubAPI, names: Collection[str], still: Callable[[], Collection[str]], wait: float
) -> tuple[Servers, Servers]:
    """Return the servers that are gone now, and those that are not after *wait* seconds."""
    deadline = asyncio.get_running_loop().time() + wait
    seen: set[tuple[str, str]] = set()
    while True:
        users = await hub.users(active=True)
        refused_now = set(names) & set(still())
        running = {
            (user["name"], server): model
            for user in users
            if user["name"] in refused_now
            for server, model in (user.get("servers") or {}).items()
        }
        seen |= set(running)
        if not running or asyncio.get_running_loop().time() >= deadline:
            return sorted(seen - set(running)), sorted(running)
        await asyncio.gather(
            *(hub.stop(*one) for one, model in running.items() if model.get("pending") != "stop")
        )
        await asyncio.sleep(BETWEEN_TRIES)


class Watch:
    """Look again and again who may not use the hub any more.

    Args:
        hub: The hub.
        who: Returns the names that are refused now.
    """

    def __init__(self, hub: HubAPI, who: Callable[[], set[str]]):
        self._hub, self._who = hub, who
        self._without_tokens: set[str] = set()  # refused, and their tokens deleted

    async def look(self) -> None:
        """End the access of all who are refused; tokens once for each refusal."""
        names = self._who()
        fresh = names - self._without_tokens
        for ended in await end_access(self._hub, names, tokens_of=fresh, still=self._who):
            for line in ended.lines():
                log.info(line)
        self._without_tokens = names

    async def go_on(self) -> None:
        """Look for ever, whatever the hub and the register answer."""
        while True:
            try:
                await self.look()
            except (HubkitError, sqlite3.Error, OSError) as error:
                log.warning("will look again: %s", error)
                await asyncio.sleep(AFTER_FAILURE)
            else:
                await asyncio.sleep(EVERY)


async def main(allow: Collection[str]) -> None:
    """Watch with the policy whose words *allow* are."""
    policy = Policy(allow=frozenset(allow))
    async with connected() as hub:
        await Watch(hub, lambda: refused(Register(stack.REGISTER), policy)).go_on()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="hubkit: %(message)s")
    asyncio.run(main(sys.argv[1:]))
