"""Stop servers nobody uses, with jupyterhub-idle-culler and only the rights it needs."""

from __future__ import annotations

import sys
from typing import Any

from hubkit import services
from hubkit.settings import Settings

NAME = "idle-culler"
SCOPES = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
LONGEST_ROUND = 300  # seconds between two looks


def command(env: Settings) -> list[str]:
    """Return the words that start the culler.

    A time of 0 means never; idle-culler has no word for a server that may idle for
    ever but not live for ever, so that is written as the largest time it accepts.
    """
    idle = env.idle_timeout or 10 * 365 * 86400
    every = max(1, min(idle // 2, (env.max_age or idle) // 2, LONGEST_ROUND))
    return [
        sys.executable,
        "-m",
        "jupyterhub_idle_culler",
        f"--timeout={idle}",
        f"--max-age={env.max_age}",
        f"--cull-every={every}",
    ]


def configure(c: Any, env: Settings) -> None:
    """Add the culler to the hub's services, unless both times say never."""
    if not env.idle_timeout and not env.max_age:
        return
    services.add(c, {"name": NAME, "command": command(env)}, SCOPES)
