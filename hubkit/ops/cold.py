"""Why starts are cold although the pool is on. Nothing is broken: the hub starts without it.

What settings and engine tell is known before the hub runs. The rest the running hub knows;
`hubkit check --pool` in its container says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hubkit.errors import HubkitError, Problem
from hubkit.ops import engine
from hubkit.settings import Settings

POOL = "the warm pool"
ASK_HUB = ("hubkit", "check", "--pool")
LIST = ("hubkit", "pool", "list")
INSTEAD = "Or set POOL_SIZE=0: every start is cold then."
# Words of the engine's security options → what people call it.
NAMESPACES = {"name=rootless": "rootless", "name=userns": "userns-remap"}


def reasons(env: Settings) -> list[Problem]:
    """Return why the pool cannot do what *env* asks of it."""
    if not (env.pool_size or env.pool_schedule):
        return []
    if not env.server_tuning:
        wrong = "nothing is placed into servers, so none can wait for its user."
        return [Problem("SERVER_TUNING=false", wrong, f"Set SERVER_TUNING=true. {INSTEAD}")]
    if env.server_command:
        wrong = "must know its path when it begins: none waits for its user, all starts are cold."
        cure = "Nothing is to be done; POOL_SIZE=0 says so, too."
        return [Problem(f"SERVER_COMMAND={env.server_command}", wrong, cure)]
    return _of_engine(engine.info(), env.docker_volumes) or (
        engine.problems_said_in(env.compose_project_name, ASK_HUB)
    )


def _of_engine(info: Mapping[str, Any], volumes: str) -> list[Problem]:
    """Return why the mounter will not be able to mount, as far as the engine says."""
    namespaces = [NAMESPACES[one] for one in info.get("SecurityOptions") or () if one in NAMESPACES]
    if namespaces:
        wrong = f"the engine runs containers in user namespaces ({namespaces[0]})."
        return [Problem(POOL, f"cannot work: {wrong}", f"Use another engine. {INSTEAD}")]
    real = str(Path(info["DockerRootDir"]) / "volumes")
    if str(Path(volumes)) != real:
        wrong = "is not where the engine keeps volumes, so no home can be mounted later."
        return [Problem(f"DOCKER_VOLUMES={volumes}", wrong, f"Write DOCKER_VOLUMES={real}")]
    return []


def listing(env: Settings) -> str:
    """Return what waits in the pool of the hub that runs, "" where none runs or nothing may."""
    if not (env.pool_size or env.pool_schedule):
        return ""
    return engine.said_in(env.compose_project_name, LIST, env.compose_project_name).rstrip()


def known_to_hub() -> list[Problem]:
    """Return why the hub that runs here gives nobody a waiting server."""
    # Not above: `make check` needs none of it.
    from hubkit.pool import control  # noqa: PLC0415
    from hubkit.pool.pool import NOT_YET, OFF  # noqa: PLC0415

    try:
        answer = control.ask(do="list")
    except HubkitError:
        cure = "If it was started just now, ask again; else see 'docker compose logs jupyterhub'."
        return [Problem(POOL, "the hub does not say how it is.", cure)]
    why = answer["why"]
    if why in (OFF, NOT_YET):
        return []  # what .env says may be another thing by now; or it is to come
    if why:
        look = "'docker compose up -d' starts the mounter, 'docker compose logs mounter' says more."
        return [Problem(POOL, f"nobody gets a waiting server: {why}.", f"{look} {INSTEAD}")]
    return [
        Problem(
            f"the image {one['image']}",
            f"no server of it waits: {' '.join(one['trouble'].split())}.",
            "docs/pool.md says for which images one can ('Who gets none').",
        )
        for one in answer["images"]
        if one["trouble"]
    ]
