"""What `make workshop` is made of: lines of ``.env``, and the image's build arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hubkit import envfile
from hubkit.errors import HIDDEN, ConfigError, HubkitError, Problem
from hubkit.ops.listfile import replace
from hubkit.reading import env_name
from hubkit.settings import Settings, check_file, known, public_names

IMAGE = "hubkit-workshop:latest"
VISITORS = "temporary"
# As start-tmpnb.sh of the workshops had it: 30 servers, all of which wait, of 1 GB each. One
# room has one address.
USUAL = {
    "DOCKER_NOTEBOOK_IMAGE": IMAGE,
    "POOL_SIZE": "30",
    "POOL_CAPACITY": "30",
    "TEMPORARY_CAPACITY": "30",
    "TEMPORARY_PER_ADDRESS": "30",
    "TEMPORARY_MEM_LIMIT": "1G",
}
HEADING = "# --- Workshop, by 'make workshop'"
NOTHING = "nothing was changed, nothing was built"
NOTHING_HIDDEN = "none"
PASSWORD = re.compile(r"//[^/,\s]*@")


@dataclass(frozen=True)
class Decision:
    """What becomes of ``.env``.

    Attributes:
        changed: Name → value of the lines that are set.
        kept: Name → value of those an administrator chose, where a workshop's is another.
    """

    changed: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)


def decide(written: Mapping[str, str], *, in_use: bool) -> Decision:
    """Return which lines a workshop sets: those that say nothing but the kit's default.

    Args:
        written: What ``.env`` says.
        in_use: Whether the hub was started before: then nobody's sign-in is changed.

    Raises:
        ConfigError: People without an account would not get in.
    """
    defaults = {env_name(one): one.metadata["default"] for one in known()}
    auth = written.get("AUTH", "")
    chosen = auth not in {"", defaults["AUTH"]}
    if VISITORS not in re.split(r"[,\s]+", auth) and (chosen or in_use):
        shown = auth or defaults["AUTH"]
        why = "" if chosen else ", and this hub is in use"
        wrong = f"lets nobody in without an account{why}."
        cure = (
            f"Write AUTH={VISITORS} into .env, or AUTH={shown},{VISITORS} to let them in "
            "beside the people who sign in; then 'make workshop' again."
        )
        raise ConfigError([Problem(f".env: AUTH={shown}", wrong, cure)], NOTHING)
    wanted = dict(USUAL) if chosen else {"AUTH": VISITORS, **USUAL}
    if chosen and auth != VISITORS:  # the others keep the image they have
        wanted = {"TEMPORARY_IMAGE": IMAGE, **wanted}
        del wanted["DOCKER_NOTEBOOK_IMAGE"]
    mine = {name: written.get(name, "") for name in wanted}
    free = {name for name, value in mine.items() if value in {"", defaults[name]}}
    return Decision(
        {name: value for name, value in wanted.items() if name in free},
        {name: mine[name] for name in wanted if name not in free and mine[name] != wanted[name]},
    )


def rewritten(text: str, changed: Mapping[str, str]) -> str:
    """Return *text* of an ``.env`` with the lines of *changed*; all others stay as they are."""
    lines, left = text.splitlines(keepends=True), dict(changed)
    for at, line in enumerate(lines):
        name, equals, _ = line.partition("=")
        if equals and name in left:
            lines[at] = f"{name}={left.pop(name)}\n"
    end = "" if not lines or lines[-1].endswith("\n") else "\n"
    added = "".join(f"{name}={value}\n" for name, value in left.items())
    return "".join(lines) + (f"{end}\n{HEADING}\n{added}" if added else "")


def write(path: Path, *, in_use: bool, trying: bool = False) -> Decision:
    """Change the ``.env`` at *path* where a workshop needs it, and return how.

    Args:
        path: The file.
        in_use: As for `decide`.
        trying: Only see whether it could be changed.

    Raises:
        ConfigError: It is wrong, or lets nobody in; nothing was changed.
        HubkitError: It cannot be written.
    """
    env, problems = check_file(path)
    problems += passwords(env)
    if problems:
        raise ConfigError(problems, NOTHING)
    try:
        content = path.read_bytes()
        decision = decide(envfile.parse(content, public=public_names())[0], in_use=in_use)
        changed = rewritten(content.decode("utf-8"), decision.changed).encode("utf-8")
        if changed != content and not trying:
            replace(path.resolve(), changed)
    except OSError as error:
        raise HubkitError(f"{path.name} cannot be written: {error.strerror}.") from error
    return decision


def passwords(env: Settings) -> list[Problem]:
    """Return what is wrong with addresses that everybody could read in the image."""
    return [
        Problem(
            f"WORKSHOP_REPOS: {PASSWORD.sub(f'//{HIDDEN}@', one.strip())}",
            "has a name or password in it, which everybody could read in the image.",
            "Name an address that can be read without one.",
        )
        for one in env.workshop_repos.split(",")
        if PASSWORD.search(one)
    ]


def arguments(env: Settings, fresh: str) -> Sequence[str]:
    """Return the build arguments of the image as ``NAME=value``.

    Args:
        env: The settings.
        fresh: What WORKSHOP_FRESH is where nothing else is set.
    """
    hidden = "" if env.workshop_hide == NOTHING_HIDDEN else env.workshop_hide
    given = {
        "WORKSHOP_PACKAGES": env.workshop_packages,
        "WORKSHOP_REPOS": env.workshop_repos,
        "WORKSHOP_START": env.workshop_start,
        "WORKSHOP_FRESH": env.workshop_fresh or fresh,
        "LOGO_FILE": env.workshop_logo_file or env.logo_file,
        "WORKSHOP_TITLE": env.workshop_title,
        "WORKSHOP_HIDE": hidden,
        "WORKSHOP_REFRESH": str(env.workshop_refresh).lower(),
    }
    return [f"{name}={value}" for name, value in given.items()]
