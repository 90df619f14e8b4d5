"""Lessons that are fetched before a server that waits is started."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "images" / "workshop" / "refreshed"
HOST = "https://git.example.org"
WAITS = {"HUBKIT_WAIT": "1", "WORKSHOP_REFRESH": "true"}


@pytest.fixture
def git(tmp_path, monkeypatch):
    """Return a function that runs git, for which HOST is a folder."""
    (tmp_path / "gitconfig").write_text(
        f'[url "file://{tmp_path}/served/"]\n insteadOf = {HOST}/\n'
        "[user]\n name = a\n email = a@example.org\n[init]\n defaultBranch = main\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return lambda *words: subprocess.run(["git", *words], check=True, capture_output=True)


@pytest.fixture
def publish(tmp_path, git):
    """Return a function that publishes a text in a repository, which it makes first."""

    def write(name, text):
        folder = tmp_path / "served" / name
        if not folder.exists():
            git("init", folder)
        (folder / "page.md").write_text(text)
        git("-C", folder, "add", "--all")
        git("-C", folder, "commit", "--message", text)

    return write


@pytest.fixture
def work(tmp_path, git, publish):
    """The folder of two repositories, one at a tag, as the image has them; both changed since."""
    folder = tmp_path / "work"
    for name in ("lessons", "fixed"):
        publish(name, "old")
    git("-C", tmp_path / "served" / "fixed", "tag", "v1")
    shallow = ("clone", "--depth=1", "--recurse-submodules")
    git(*shallow, f"{HOST}/lessons", folder / "lessons")
    git(*shallow, "--branch", "v1", f"{HOST}/fixed", folder / "fixed")
    (folder / "not cloned").mkdir()
    for name in ("lessons", "fixed"):
        publish(name, "new")
    return folder


@pytest.fixture
def start(work):
    """Return a function that starts a server and returns what it said and what was there."""

    def call(**environ):
        done = subprocess.run(
            [SCRIPT, "cat", work / "lessons" / "page.md", work / "fixed" / "page.md"],
            env={**os.environ, "WORKSHOP_FOLDER": str(work), **environ},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stderr, done.stdout

    return call


def test_fetched(start):
    """A branch is fetched before the server starts; a tag stays."""
    assert start(**WAITS) == ("", "newold")


@pytest.mark.parametrize("without", WAITS)
def test_where_somebody_waits(start, without):
    """A server that was not started ahead starts at once, and so does one not told to fetch."""
    assert start(**{**WAITS, without: ""}) == ("", "oldold")


def test_what_cannot_be_fetched(start, tmp_path):
    """What is there stays, and the address is named with git's reason."""
    (tmp_path / "served" / "lessons").rename(tmp_path / "served" / "away")

    said, shown = start(**WAITS)

    assert shown == "oldold"
    assert said.startswith(f"workshop: {HOST}/lessons was not fetched: '")
    assert len(said.splitlines()) == 1


def test_a_submodule_that_cannot_be_fetched(start, git, tmp_path, work):
    """Half of what is new is not there: the repository is as it was before."""
    served = tmp_path / "served" / "lessons"
    (served / ".gitmodules").write_text(f'[submodule "x"]\n path = x\n url = {HOST}/none\n')
    commit = subprocess.check_output(["git", "-C", served, "rev-parse", "HEAD"], text=True).strip()
    git("-C", served, "update-index", "--add", "--cacheinfo", f"160000,{commit},x")
    git("-C", served, "add", ".gitmodules")
    git("-C", served, "commit", "--message", "with a submodule")

    said, shown = start(**WAITS)

    assert shown == "oldold"
    assert "lessons was not fetched: " in said
    assert not (work / "lessons" / ".gitmodules").exists()
