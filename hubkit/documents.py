"""The settings as documents: ``.env.example`` and the table in ``docs/settings.md``.

Both are made from `Settings`; a test compares the files with what is made here.
"""

from __future__ import annotations

from dataclasses import Field
from itertools import groupby
from typing import Any

from hubkit.reading import env_name
from hubkit.settings import known

ENV_HEAD = """\
# Settings of this hub. `make up` copies this file to .env; edit that one.
# NAME=value, taken as written: no quotes, no spaces around the '='.
# A change takes effect with 'make up', which checks it first, or 'docker compose up -d'
# (servers: at their next start).
# NAME may also be exported in the shell, which wins over this file.
"""
TABLE_HEAD = """\
# Settings

Every setting may stand in `.env` or be exported in the shell, which wins. A setting
marked *secret* may also be given as `NAME_FILE=secrets/FILE`; its value is then the
file's content, and no message shows it.
"""


def env_example() -> str:
    """Return the text of ``.env.example``."""
    blocks = [ENV_HEAD]
    for group, members in _groups():
        blocks.append(f"# --- {group}\n\n" + "\n".join(_env_block(one) for one in members))
    return "\n".join(blocks)


def _env_block(one: Field[Any]) -> str:
    about = one.metadata
    lines = [f"# {about['text']}"]
    if about["secret"]:
        lines.append(f"# Secret: better {env_name(one)}_FILE=secrets/FILE than here.")
    return "\n".join([*lines, f"{env_name(one)}={about['default']}", ""])


def settings_table() -> str:
    """Return the text of ``docs/settings.md``."""
    blocks = [TABLE_HEAD]
    for group, members in _groups():
        rows = [f"## {group}\n", "| Setting | Default | What it does |", "|---|---|---|"]
        rows += [_row(one) for one in members]
        blocks.append("\n".join(rows) + "\n")
    return "\n".join(blocks)


def _row(one: Field[Any]) -> str:
    about = one.metadata
    default = f"`{about['default']}`" if about["default"] else ""
    secret = " *Secret.*" if about["secret"] else ""
    return f"| `{env_name(one)}` | {default} | {about['text']}{secret} |"


def _groups() -> list[tuple[str, list[Field[Any]]]]:
    by_group = groupby(known(), key=lambda one: one.metadata["group"])
    return [(str(group), list(members)) for group, members in by_group]
