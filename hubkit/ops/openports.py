"""Why servers reach each other's ports although .env does not open them.

Nothing is broken: the hub starts servers anyway. Only the running hub can ask the mounter;
`hubkit check --ports` in its container says what it answers.
"""

from __future__ import annotations

import asyncio

from hubkit import stack
from hubkit.errors import Problem
from hubkit.ops import engine
from hubkit.settings import Settings
from hubkit.warden.client import MounterClient

ASK_HUB = ("hubkit", "check", "--ports")
SERVERS = "servers' ports"


def reasons(env: Settings) -> list[Problem]:
    """Return why ports stay open that *env* wants closed."""
    if env.server_ports is None:
        return []
    return engine.problems_said_in(env.compose_project_name, ASK_HUB)


def known_to_hub(env: Settings) -> list[Problem]:
    """Return why the hub that runs here, with the settings *env*, closes no ports."""
    why = asyncio.run(MounterClient(stack.MOUNTER).closing_unsupported())
    if not why:
        return []
    cure = "'docker compose logs mounter' says more. "
    if env.server_command:
        cure += "Servers of SERVER_COMMAND do not start until it works."
    else:
        cure += "Or say that it may be so: SERVER_PORTS=all"
    return [Problem(SERVERS, f"can be reached from every other server: {why}.", cure)]
