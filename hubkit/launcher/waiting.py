"""A server started ahead: it imports what it will need, and waits to be told whose it is."""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import site
import sys
from pathlib import Path
from typing import Any, NoReturn

from hubkit.launcher import environment

REFUSED = 65  # exit code: what came on standard input is no identity
TOKEN = "JUPYTERHUB_API_TOKEN"  # noqa: S105 (its name)
LONGEST = 1 << 20  # bytes of an identity
# What a server of JupyterHub 6.1 and Jupyter Server 2.21 needs. Not `jupyterhub.singleuser` and
# `jupyterhub.services.auth`: those keep what the environment says when they are imported.
MODULES = (
    "jupyterhub._xsrf_utils",
    "jupyterhub.httpclient",
    "jupyterhub.log",
    "jupyterhub.scopes",
    "jupyterhub.utils",
    "jinja2.ext",
    "jupyter_core.migrate",
    "jupyter_lsp.virtual_documents_shadow",
    "jupyter_server.auth.logout",
    "jupyter_server.extension.application",
    "jupyter_server.serverapp",
    "jupyterlab.extensions.pypi",
    "jupyterlab.extensions.readonly",
    "notebook.services.contents.manager",
    "tornado.platform.asyncio",
    "unittest.mock",
    "hubkit.launcher.extension",
)


def wait(script: str) -> None:
    """Return when this process is to run *script* as somebody's server.

    The identity is one line of JSON on standard input: `{"env": {…}}`. Standard error says
    "hubkit: waiting" when it may come. What it names is laid over the environment that the
    process was started with, and the process is as it would be if it had been started so.
    Whatever else comes ends it with the code `REFUSED`.
    """
    # An image may have no init, and the first process of a container ignores what it has no
    # handler for.
    folder = str(Path.cwd())
    # Only a stand-in: some images start no server without it.
    os.environ.pop(TOKEN, None)
    before = signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))
    with environment.Reads() as reads:
        import_ahead()
    gc.collect()
    with contextlib.suppress(AttributeError):  # not every Python's
        gc.freeze()  # what is imported stays; no later look for garbage need go through it
    _say("waiting")
    env = environment.cleaned({**os.environ, **understood(read_line(0))})
    with open(os.devnull) as nothing:  # noqa: PTH123 (as cold servers have it)
        os.dup2(nothing.fileno(), 0)
    try:
        os.chdir(folder)  # again: a home may be mounted over it by now
    except OSError as error:
        refuse(f"folder {folder}: {error.strerror}")
    environment.replace(environment.coerced(env))
    signal.signal(signal.SIGTERM, before)
    other = reads.stale(dict(os.environ)) + _packages_at_home()
    if other:
        _say(f"other than when it was started ahead: {', '.join(other)}; starting anew")
        _start_anew(script, env)


def import_ahead() -> None:
    """Import what the server will need, of what this image has."""
    for name in (*MODULES, *_services(), *_extensions()):
        # Whatever is wrong with it, the server will say so in its own words.
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def _services() -> list[str]:
    with contextlib.suppress(ImportError, AttributeError):
        served = importlib.import_module("jupyter_server.serverapp").JUPYTER_SERVICE_HANDLERS
        return [name for names in served.values() for name in names or ()]
    return []


def _extensions() -> list[str]:
    """Return the modules of the server extensions this image enables."""
    found: list[str] = []
    with contextlib.suppress(Exception):
        paths = importlib.import_module("jupyter_core.paths")
        config: Any = importlib.import_module("jupyter_server.extension.config")
        # A user's own folders are not there yet.
        places = [*paths.ENV_CONFIG_PATH, *paths.SYSTEM_CONFIG_PATH]
        enabled = config.ExtensionConfigManager(read_config_path=places).get_jpserver_extensions()
        for name in sorted(name for name in enabled if enabled[name]):
            with contextlib.suppress(Exception):
                found.append(name)
                points = importlib.import_module(name)._jupyter_server_extension_points()  # noqa: SLF001
                found += [point["module"] for point in points if "module" in point]
    return found


def read_line(descriptor: int) -> bytes:
    """Return the one line that comes on *descriptor*."""
    came = b""
    while b"\n" not in came:
        part = os.read(descriptor, 1 << 16)
        if not part:
            refuse("the input ended before an identity came")
        came += part
        if len(came) > LONGEST:
            refuse("the identity is too long")
    line, _, more = came.partition(b"\n")
    if more:
        refuse("more than one line came")
    return line


def understood(line: bytes) -> dict[str, str]:
    """Return the environment in the identity *line*."""
    wrong: str | None = None
    env: Any = None
    try:
        env = json.loads(line)["env"]
    except (ValueError, KeyError, TypeError):
        wrong = "the line is no identity"
    else:
        texts = [*env.items()] if isinstance(env, dict) else [(None, None)]
        if not all(isinstance(part, str) and "\0" not in part for one in texts for part in one):
            wrong = "the identity is not made of texts"
        elif any(not name or "=" in name for name, _ in texts):
            wrong = "the environment has an impossible name"
    if wrong:
        refuse(wrong)
    return env  # type: ignore[no-any-return]


def refuse(why: str) -> NoReturn:
    """End the process, which is nobody's server; what came is not repeated: it has a token."""
    _say(why)
    raise SystemExit(REFUSED)


def _say(what: str) -> None:
    sys.stderr.write(f"hubkit: {what}\n")
    sys.stderr.flush()


def _packages_at_home() -> list[str]:
    """Return the folder of packages that a cold start would see in the home, mounted since."""
    own = site.getusersitepackages() if site.ENABLE_USER_SITE else ""
    return [own] if own and own not in sys.path and Path(own).is_dir() else []


def _start_anew(script: str, env: dict[str, str]) -> NoReturn:
    launcher = str(Path(__file__).with_name("launch.py"))
    given: list[str] = list(getattr(sys, "orig_argv", []))
    options = given[1 : given.index(launcher)] if launcher in given else []
    words = [sys.executable, *options, launcher, script, *sys.argv[1:]]
    os.execve(sys.executable, words, env)  # noqa: S606 (no shell is wanted)
