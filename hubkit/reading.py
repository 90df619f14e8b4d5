"""Read a table of settings out of a mapping, collecting everything that is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import Field, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hubkit.errors import HIDDEN, Problem


def setting(
    default: str,
    parse: Callable[[str], Any],
    text: str,
    *,
    group: str,
    secret: bool = False,
    read_by: str = "hub",
    empty: Any = "",
) -> Any:
    """Return a dataclass field that is a setting.

    Args:
        default: As it would be written in ``.env``; empty stands for "not set".
        parse: Returns the value of a written text; ValueError completes "must be …".
        text: What it does, with its unit.
        group: Heading it stands under in ``.env.example`` and the documents.
        secret: Never shown; may be given as ``NAME_FILE`` too.
        read_by: ``hub``, or ``stack`` for what only Compose and the scripts read.
        empty: The value of a setting that is not set and has no default.
    """
    about = {
        "default": default,
        "parse": parse,
        "text": text,
        "group": group,
        "secret": secret,
        "read_by": read_by,
        "empty": empty,
    }
    return field(metadata=about)


def env_name(one: Field[Any]) -> str:
    """Return the name of a setting as written in ``.env``."""
    return one.name.upper()


def nearest(name: str, names: Collection[str]) -> str:
    """Return the one of *names* that *name* is probably a misspelling of, or ""."""
    written = {one.lower(): one for one in sorted(names)}
    close = get_close_matches(name.lower(), written, n=1, cutoff=0.75)
    return written[close[0]] if close else ""


def texts(
    settings: Iterable[Field[Any]], environ: Mapping[str, str], root: Path
) -> tuple[dict[str, str], list[Problem]]:
    """Return what is written for each setting, its default where nothing is, and problems.

    Args:
        settings: Fields made by `setting`.
        environ: Names to written values.
        root: Folder that NAME_FILE paths are relative to.
    """
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for one in settings:
        found[env_name(one)], problem = _written(one, environ, root)
        problems.extend(filter(None, (problem,)))
    return found, problems


def read(
    settings: Iterable[Field[Any]], written: Mapping[str, str]
) -> tuple[dict[str, Any], list[Problem]]:
    """Return the value of each setting, its default where wrong, and what is wrong.

    Args:
        settings: Fields made by `setting`.
        written: What `texts` returned for them.
    """
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for one in settings:
        found[one.name], problem = _value(one, written[env_name(one)])
        problems.extend(filter(None, (problem,)))
    return found, problems


def _written(one: Field[Any], environ: Mapping[str, str], root: Path) -> tuple[str, Problem | None]:
    name, default = env_name(one), one.metadata["default"]
    path = environ.get(f"{name}_FILE", "") if one.metadata["secret"] else ""
    if path and environ.get(name):
        return default, Problem(f"{name} and {name}_FILE", "are both set.", "Keep one of the two.")
    if path:
        content, problem = _from_file(f"{name}_FILE", path, root)
        return content or default, problem
    written = environ.get(name, default)
    if written or not default:
        return written, None
    cure = f"Write a value, or remove the line for the default, {default}."
    return default, Problem(f"{name}=", "must not be empty.", cure)


def _from_file(name: str, path: str, root: Path) -> tuple[str, Problem | None]:
    shown = f"{name}={path}"
    if not re.fullmatch(r"secrets/[^/]+", path) or path == "secrets/..":
        # Not shown: it may well be the secret itself.
        cure = f"Put the value into a file there, e.g. {name}=secrets/{name.lower()[:-5]}"
        return "", Problem(f"{name}={HIDDEN}", "must be a file in secrets/.", cure)
    try:
        content = (root / path).read_text(encoding="utf-8").strip()
        everybody = (root / path).stat().st_mode & 0o004
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        return "", Problem(shown, f"cannot be read: {reason}.", f"Write the value into {path}.")
    if not content:
        return "", Problem(shown, "is empty.", f"Write the value into {path}.")
    if everybody:
        wrong = "can be read by every account of this machine."
        return content, Problem(shown, wrong, f"Run: chmod o-rwx {path}")
    return content, None


def _value(one: Field[Any], written: str) -> tuple[Any, Problem | None]:
    parse, default = one.metadata["parse"], one.metadata["default"]
    if not written:
        return one.metadata["empty"], None
    try:
        return parse(written), None
    except ValueError as error:
        shown = HIDDEN if one.metadata["secret"] else written
        problem = Problem(f"{env_name(one)}={shown}", f"must be {error}.", one.metadata["text"])
        return (parse(default) if default else one.metadata["empty"]), problem
