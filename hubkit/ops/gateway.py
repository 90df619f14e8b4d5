"""What is wrong with the kernel gateway of this stack, COMPOSE_PROFILES=gateway."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from hubkit.certs.acceptance import Gate
from hubkit.certs.authority import CERTIFICATE
from hubkit.certs.desk import Desk
from hubkit.certs.places import COMMAND, SERVER, Names, Places
from hubkit.errors import Problem
from hubkit.ops.layout import GATEWAY, GATEWAY_FILES
from hubkit.settings import OWN_GATEWAY, Settings

ADDRESS = OWN_GATEWAY["kg_url"]


def problems(env: Settings) -> list[Problem]:
    """Return what does not fit together in the settings."""
    here, on = urlsplit(env.kg_url).hostname == GATEWAY, env.own_gateway
    shown = f"KG_URL={env.kg_url}"
    if here and not on:
        cure = "Set COMPOSE_PROFILES=gateway, or write the full name of another machine's."
        return [Problem(shown, "is this stack's own gateway, which is not switched on.", cure)]
    if here and env.kg_url != ADDRESS:
        cure = f"Remove it, or write KG_URL={ADDRESS}"
        return [Problem(shown, "is not where this stack's own gateway answers.", cure)]
    if on and not here and not env.site_config:
        cure = "Keep one of the two. With both, a file named in SITE_CONFIG says who uses which."
        return [Problem("COMPOSE_PROFILES=gateway", f"is of no use with {shown}.", cure)]
    return []


def missing(env: Settings, root: Path) -> list[Problem]:
    """Return which files of the gateway are missing in the checkout at *root*."""
    if not env.own_gateway:
        return []
    folder = Places(root).server(GATEWAY)
    absent = [name for name in GATEWAY_FILES if not (folder / name).is_file()]
    if not absent:
        return []
    shown = folder.relative_to(root)
    cure = f"'make up' makes what is needed; by hand: {COMMAND} init-ca, then server {GATEWAY}"
    return [Problem(f"{shown}: {', '.join(absent)}", "missing: no such file.", cure)]


def gate(env: Settings, root: Path) -> Gate | None:
    """Return what the gateway accepts, if the users' certificates are for it."""
    if not env.own_gateway or env.kg_url != ADDRESS:
        return None
    return Gate.read(Places(root), GATEWAY, strict=not others(env, root))


def others(env: Settings, root: Path) -> bool:
    """Return whether the site file may send some to other gateways, or to none."""
    if not env.site_config:
        return False
    try:
        return b"gateways" in (root / "site" / Path(env.site_config).name).read_bytes()
    except OSError:
        return True


def prepare(root: Path) -> list[str]:
    """Make authority and certificate of the gateway where missing; return what was made.

    Raises:
        Refused: There is an authority that cannot be used.
    """
    places = Places(root)
    if (places.server(GATEWAY) / SERVER.certificate).exists():
        return []
    desk, made = Desk(places, Names()), []
    if not (places.authority / CERTIFICATE).exists():
        made = desk.init_ca()
    return [
        *made,
        *desk.server(GATEWAY),
        f"everybody who is to use it needs a certificate: {COMMAND} issue USER",
    ]
