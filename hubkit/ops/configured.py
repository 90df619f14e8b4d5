"""Build what `jupyterhub_config.py` configures, to find what is wrong before a user does.

JupyterHub builds the spawner at the first user's first start; until then a misspelled
trait is silent and a bad value unseen. Here each configured class is built once, in a
process of its own, with a database in memory and throw-away secrets.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hubkit.errors import Problem
from hubkit.reading import nearest

SECONDS = 60
CURE = "Correct it in jupyterhub_config.py, or in the file SITE_CONFIG names."


def problems(config: Path, environ: Mapping[str, str]) -> list[Problem]:
    """Return what is wrong with the configuration file *config*.

    Args:
        config: A ``jupyterhub_config.py``.
        environ: The settings it reads, by their names in ``.env``.
    """
    try:
        result = subprocess.run(
            [sys.executable, "-m", "hubkit.ops.configured", str(config)],
            env={"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1", **environ},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [Problem(config.name, f"is not loaded after {SECONDS} s.", CURE)]
    if result.returncode != 0:
        last = (result.stderr.strip().splitlines() or ["no message"])[-1]
        return [Problem(config.name, f"cannot be loaded: {last}", CURE)]
    # The last line: a site's file may print.
    found = json.loads(result.stdout.splitlines()[-1])
    return [Problem(config.name, wrong, CURE) for wrong in found]


class _Collector(logging.Handler):
    """Keep what traitlets only logs: an unknown trait, or why it ends the program."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if "not recognized" in message or record.levelno == logging.CRITICAL:
            self.messages.append(message)


def _build(config: Path) -> list[str]:
    """Return what is wrong with *config*, after building each class it configures."""
    from jupyterhub import orm
    from jupyterhub.app import JupyterHub
    from jupyterhub.crypto import CryptKeeper

    collector = _Collector()
    logging.getLogger("traitlets").addHandler(collector)
    hub = JupyterHub(log=logging.getLogger("traitlets"))
    wrong = []
    hub.config_file = str(config)
    try:
        hub.load_config_file(str(config))
    except SystemExit as error:
        return collector.messages or [f"ends the program (exit code {error.code})."]
    except Exception as error:  # noqa: BLE001 (whatever an administrator's file raises)
        return [f"{type(error).__name__}: {error}"]
    hub.db = orm.new_session_factory("sqlite:///:memory:")()
    for trait, arguments in (
        ("spawner_class", {"user": SimpleNamespace(name="anybody")}),
        ("authenticator_class", {"_deprecated_db_session": hub.db}),
        ("proxy_class", {"app": hub}),  # asked when routes of a site are set
        (CryptKeeper, {}),
    ):
        try:
            made: Any = getattr(hub, trait) if isinstance(trait, str) else trait
            made(parent=hub, **arguments)
        except Exception as error:  # noqa: BLE001
            wrong.append(f"{type(error).__name__}: {error}")
    return wrong + collector.messages + _unknown_classes(hub.config) + _unused(hub.config)


def _unknown_classes(config: Mapping[str, Any]) -> list[str]:
    """Return what is set for classes that do not exist, which nothing else notices."""
    from traitlets.config import Configurable

    found: set[str] = set()
    classes: list[type] = [Configurable]
    while classes:
        classes += (kind := classes.pop()).__subclasses__()
        found.add(kind.__name__)
    return [
        f"c.{name} is no class that can be configured here"
        + (f"; did you mean c.{guess}?" if (guess := nearest(name, found)) else ".")
        for name in sorted(set(config) - found)
    ]


def _unused(config: Mapping[str, Any]) -> list[str]:
    """Return what is set although the kit does it: a home would be hidden without a word."""
    return [
        f"c.{name}.mounts is not used: the kit mounts what is in EXTRA_VOLUMES and "
        "HOST_DIRECTORIES; name it there."
        for name, section in config.items()
        if "mounts" in section
    ]


def _with_throw_away_secrets(config: Path) -> list[str]:
    from hubkit import stack
    from hubkit.ops.layout import Layout, Owners

    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        for folder in ("run", "data", "secrets"):
            (root / folder).mkdir()
        me = os.getuid()
        owners = Owners(hub=me, proxy=me, edge=me, warden=me, gateway=me)
        Layout(root / "run", root / "data", root / "secrets", owners).make(with_certificate=False)
        stack.PROXY_TOKEN = root / "run" / "hub" / "proxy-token"
        stack.SERVICE_TOKEN = root / "run" / "hub" / "service-token"
        stack.COOKIE_SECRET = root / "data" / "jupyterhub_cookie_secret"
        stack.AUTH_STATE_KEY = root / "data" / "auth_state_key"
        stack.REGISTER = root / "data" / "people.sqlite"
        stack.AUDIT_LOG = root / "data" / "sign-ins.log"
        return _build(config)


if __name__ == "__main__":
    found = _with_throw_away_secrets(Path(sys.argv[1]))
    sys.stdout.write(f"\n{json.dumps(found)}\n")
