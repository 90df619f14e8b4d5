"""Clone the material of a workshop into the image, and let servers open at its start page.

Runs while the image is built. What is wrong ends the build, all of it at once.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

FOLDER = Path("/home/jovyan/work")
# ServerApp.default_url wins over the hub's DEFAULT_URL: jupyterhub/singleuser/extension.py.
CONFIG = Path("/usr/local/etc/jupyter/jupyter_server_config.json")
STARTS = ("index.ipynb", "readme.md")  # in any case, the first that a repository has
REPOSITORY = re.compile(
    r"(?P<url>(https?|git)://[^\s/#@]+/[^\s#]*?(?P<name>[^\s/#@]+?)(\.git)?/?)"
    r"([#@](?P<ref>[^\s#@-][^\s#@]*))?"
)
CLONE_SECONDS = 900
SLOWEST = ("-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=60")  # bytes/s for seconds


class Wrong(Exception):
    """Something of the material is not as it was said to be."""


@dataclass(frozen=True)
class Repository:
    """Where to clone from.

    Attributes:
        url: Without what follows ``#`` or ``@``.
        name: Of the folder it is cloned into.
        ref: A branch or a tag; empty: the repository's own choice.
    """

    url: str
    name: str
    ref: str = ""


def parse(written: str) -> list[Repository]:
    """Return the repositories *written* with commas between them.

    Raises:
        Wrong: Naming every one that cannot be cloned into an image.
    """
    found, wrong = [], []
    for one in filter(None, map(str.strip, written.split(","))):
        match = REPOSITORY.fullmatch(one)
        if not match:
            wrong.append(_refused(one))
        elif any(match["name"] == other.name for other in found):
            wrong.append(f"two repositories would be cloned into {match['name']}/.")
        else:
            found.append(Repository(match["url"], match["name"], match["ref"] or ""))
    if wrong:
        raise Wrong("\n".join(wrong))
    return found


def _refused(one: str) -> str:
    if re.match(r"\w+://[^/]*@", one):
        shown = re.sub(r"//[^/]*@", "//(hidden)@", one)
        return f"{shown} has a name or password in it, which everybody could read in the image."
    return (
        f"{one} is no address to clone from here: write https://HOST/PATH, "
        "and #BRANCH or @TAG behind it where you mean one."
    )


def clone(repository: Repository, folder: Path) -> None:
    """Clone the newest state of *repository* into its folder in *folder*.

    Raises:
        Wrong: With git's own last words.
    """
    branch = ("--branch", repository.ref) if repository.ref else ()
    words = ["git", *SLOWEST, "clone", "--quiet", "--depth=1", "--recurse-submodules"]
    words += ["--shallow-submodules", *branch, "--", repository.url, str(folder / repository.name)]
    try:
        done = subprocess.run(
            words,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CLONE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        said, failed = f"no end after {CLONE_SECONDS} seconds", True
    else:
        said, failed = (done.stderr.strip().splitlines() or ["git said nothing"])[-1], False
    if failed or done.returncode:
        at = f" at {repository.ref}" if repository.ref else ""
        raise Wrong(
            f"{repository.url}{at} was not cloned: {said.removeprefix('fatal: ').rstrip('.')}. "
            "Check the address; it must be readable without a password."
        )


def start_page(folder: Path, repositories: Sequence[Repository], written: str) -> str:
    """Return the path, below *folder*, of what servers open with; nothing without material.

    Args:
        folder: Where the repositories are.
        repositories: In the order they were named.
        written: A path that was asked for; empty: the first repository that has an
            ``index.ipynb``, else a ``README.md``, else the first one's folder.

    Raises:
        Wrong: What was asked for is not there.
    """
    if written:
        page = (folder / written).resolve()
        if not page.is_relative_to(folder.resolve()) or not page.exists():
            names = " or ".join(f"{one.name}/…" for one in repositories) or "none is cloned"
            raise Wrong(f"WORKSHOP_START={written} is not in the material; it begins with {names}")
        return page.relative_to(folder.resolve()).as_posix()
    for wanted in STARTS:
        for one in repositories:
            here = sorted((folder / one.name).iterdir())
            page = next((page for page in here if page.name.lower() == wanted), None)
            if page:
                return page.relative_to(folder).as_posix()
    return repositories[0].name if repositories else ""


def settings(page: str) -> dict[str, dict[str, object]]:
    """Return the configuration of servers that open with *page*, for a JSON file."""
    shown = {"ServerApp": {"default_url": f"/lab/tree/{quote(page)}"}} if page else {}
    # None is in the image; to look for R's would start R with each server.
    languages = {"LanguageServerManager": {"autodetect": False}}
    return {"LabApp": {"custom_css": True}, **languages, **shown}


def main(words: Sequence[str] | None = None) -> int:
    """Clone everything; return 1 if anything is wrong, which is then said."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repos", default="")
    parser.add_argument("--start", default="")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--config", type=Path, default=CONFIG)
    options = parser.parse_args(words)
    wrong = []
    try:
        repositories = parse(options.repos)
        for one in repositories:
            try:
                clone(one, options.folder)
            except Wrong as error:
                wrong.append(str(error))
        page = "" if wrong else start_page(options.folder, repositories, options.start)
    except Wrong as error:
        wrong.append(str(error))
    if wrong:
        for line in "\n".join(wrong).splitlines():
            sys.stderr.write(f"workshop: {line}\n")
        return 1
    options.config.parent.mkdir(parents=True, exist_ok=True)
    options.config.write_text(json.dumps(settings(page), indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
