"""``--command``: what tmpnb ran in each container."""

from __future__ import annotations

import itertools
import re
import shlex

from hubkit import machine, visitors
from hubkit.ops.tmpnb.converters import CannotMap, Found

JUPYTER = {"jupyter", "jupyter-notebook", "jupyter-lab", "ipython", "jupyterhub-singleuser"}
JUPYTER |= {"start.sh", "start-notebook.sh", "start-notebook.py", "start-singleuser.sh"}
# What every server here is told by the hub, or does by itself.
BY_ITSELF = {"no-browser", "open_browser", "port", "port_retries", "ip", "base_url", "token"}
BY_ITSELF |= {"password", "disable_check_xsrf", "trust_xheaders", "allow_remote_access"}
BY_ITSELF |= {"allow-root", "allow_root", "no-mathjax", "allow_origin", "debug"}


def command(written: str) -> Found:
    """Return the lines for a command.

    A notebook server's own command is not needed: each server here starts as the hub
    wants it. What else it was told is looked at. Another program's is kept.

    Raises:
        CannotMap: It starts another program, at a port that it is not told.
        ValueError: tmpnb could not have run it either.
    """
    _check(written)
    try:
        words = shlex.split(written)
    except ValueError:
        raise ValueError("a command whose quotes are closed") from None
    if words and words[0].rpartition("/")[2] in JUPYTER:
        return _jupyter(words[1:])
    if "{port}" not in written:
        raise CannotMap("write {port} where it names the port, and the rest as it is")
    # tmpnb's path came without its first slash for a while.
    return Found({"SERVER_COMMAND": written.replace("/{base_path}", "{base_path}")})


def _check(written: str) -> None:
    wanted = f"a command with no braces but {machine.KNOWN}"
    try:
        fields = machine.words_in(written)
    except ValueError:
        raise ValueError(wanted) from None
    if fields - set(machine.PLACEHOLDERS):
        raise ValueError(wanted)
    if "base_path" not in fields:
        raise ValueError("a command with {base_path} in it")


def _ancestors(value: str) -> tuple[list[str], list[str]]:
    """Return whose pages might show servers, as FRAME_ANCESTORS takes them, and the others."""
    policy = re.search(r"frame-ancestors([^;\"()]*)", value)
    taken: list[str] = []
    others: list[str] = []
    for one in policy[1].split() if policy else []:
        try:
            taken += visitors.frames(one)
        except ValueError:
            others += [] if one in {"'self'", "'none'"} else [one]
    return taken, others


def _jupyter(words: list[str]) -> Found:
    lines: dict[str, str] = {}
    lost: list[str] = []
    # docker-stacks' scripts were given several options in one pair of quotes.
    split = (re.split(r"\s+(?=--)", word.strip()) for word in words)
    for word in itertools.chain.from_iterable(split):
        if not word.startswith("--"):
            continue
        whole, _, value = word.lstrip("-").partition("=")
        name = re.sub(r"^\w+\.", "", whole)
        if "frame-ancestors" in value:
            ancestors, others = _ancestors(value)
            lines |= {"FRAME_ANCESTORS": ",".join(ancestors)} if ancestors else {}
            lost += [f"{word}: FRAME_ANCESTORS takes no {one}" for one in others]
        elif name in {"notebook_dir", "notebook-dir", "root_dir"} and value.startswith("/"):
            lines["DOCKER_NOTEBOOK_DIR"] = value
        elif name not in BY_ITSELF:
            lost.append(f"{word}: write it into /etc/jupyter/jupyter_server_config.py of the image")
    return Found(lines, tuple(lost))
