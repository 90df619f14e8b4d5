"""`scripts/hubkit.sh`: what it asks Docker to run, word by word."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.unit.scripts.words import after

ROOT = Path(__file__).parents[3]


def test_with_the_engine(hubkit, kit, engine_socket):
    """The checkout, to be read, and the engine's socket arrive whole, and so do the words."""
    done, words = hubkit("check", "--root", "/a b", "")

    assert (done.returncode, done.stderr) == (0, "")
    assert words[:2] == ["run", "--rm"]
    assert words[-5:] == ["hubkit", "check", "--root", "/a b", ""]
    assert words[-6] == "jupyterhub-hub"
    assert after(words, "--volume") == [
        f"{kit}:/kit:ro",
        f"{engine_socket}:/var/run/docker.sock",
    ]
    assert (after(words, "--user"), after(words, "--network")) == (["0:0"], ["host"])


def test_files_only(hubkit, kit, tmp_path):
    """A command that writes files gets the checkout as the caller, without engine or network."""
    done, words = hubkit("prepare", HUBKIT_FILES_ONLY="1", DOCKER_SOCKET=str(tmp_path))

    assert (done.returncode, done.stderr) == (0, "")
    assert after(words, "--volume") == [f"{kit}:/kit"]
    assert after(words, "--user") == [f"{os.getuid()}:{os.getgid()}"]
    assert after(words, "--network") == ["none"]


@pytest.mark.parametrize("given", [("orchestrate.py", "--command=a {b}"), ()])
def test_tmpnb_import(hubkit, given):
    """An old command line is read without engine, network or hub, and arrives word by word."""
    done, words = hubkit("tmpnb-import", *given, RUNNING="")

    assert (done.returncode, done.stderr) == (0, "")
    assert words[words.index("hubkit") :] == ["hubkit", "tmpnb-import", *given]
    assert after(words, "--network") == ["none"]
    assert "compose" not in words


def test_environment(hubkit):
    """Only names of settings are passed, never a value, and nothing else of the shell."""
    _, words = hubkit("check", DATABASE_URL="sqlite:///hunter2", AWS_SECRET="hunter2")

    names = re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    passed = after(words, "--env")
    assert sorted(passed) == sorted([*names, *(f"{name}_FILE" for name in names)])
    assert "hunter2" not in " ".join(words)


def test_image_of_the_project(hubkit, kit, tmp_path):
    """The image is this project's own."""
    (kit / ".env").write_text("COMPOSE_PROJECT_NAME=lab # ours\n")

    _, words = hubkit("wait")

    assert words[-3:] == ["lab-hub", "hubkit", "wait"]
    assert (tmp_path / "record.images").read_text() == "lab-hub\n"


def test_no_image(hubkit):
    """Before the image is built, what builds it is said and nothing is run."""
    done, words = hubkit("check", NO_IMAGE="1")

    assert (done.returncode, words) == (1, [])
    assert "Run 'make up' or 'make build'." in done.stderr


@pytest.mark.parametrize("kind", ["a file", "a folder", "nothing"])
def test_no_socket(hubkit, kit, tmp_path, kind):
    """A path that is no socket is refused: Docker would make a folder of it."""
    path = tmp_path / "socket"
    if kind == "a file":
        path.touch()
    if kind == "a folder":
        path.mkdir()
    (kit / ".env").write_text(f"DOCKER_SOCKET={path}\n")

    done, words = hubkit("check", DOCKER_SOCKET="")

    assert (done.returncode, words) == (1, [])
    assert done.stderr.startswith(f"hubkit: DOCKER_SOCKET={path} is no socket.\n")
    assert path.exists() == (kind != "nothing")


def test_project_that_cannot_be_read(hubkit, kit):
    """A value the scripts would misread ends the script before anything is run."""
    (kit / ".env").write_text('COMPOSE_PROJECT_NAME="lab"\n')

    done, words = hubkit("check")

    assert (done.returncode, words) == (1, [])
    assert "COMPOSE_PROJECT_NAME has a quote" in done.stderr


SYNC = ["compose", "exec", "-T", "jupyterhub", "hubkit", "users", "sync"]


@pytest.mark.parametrize("action", ["list", "sync", "block", "unblock", "release", "invite"])
def test_users(hubkit, tmp_path, action):
    """What is about people who are in runs in the hub's container, word by word."""
    done, words = hubkit("users", action, "a b", "--json", RUNNING="jupyterhub")

    assert (done.returncode, done.stderr) == (0, "")
    assert words == [*SYNC[:-1], action, "a b", "--json"]
    assert not (tmp_path / "record.images").exists()


def test_users_without_a_hub(hubkit):
    """Where no hub runs, how to start it is said."""
    done, words = hubkit("users", "list", RUNNING="edge")

    assert (done.returncode, words) == (1, [])
    assert done.stderr == "hubkit: the hub does not run.\n  Start it with 'make up'.\n"


@pytest.mark.parametrize("action", ["add", "remove", "admin"])
def test_edit(hubkit, kit, action):
    """The file is edited by the caller on the checkout; then the running hub is told."""
    done, words = hubkit("users", action, "ada", RUNNING="jupyterhub")

    assert (done.returncode, done.stderr) == (0, "")
    assert words[:2] == ["run", "--rm"]
    assert words[-len(SYNC) :] == SYNC
    edit = words[: -len(SYNC)]
    assert edit[-5:] == ["jupyterhub-hub", "hubkit", "users", action, "ada"]
    assert after(edit, "--volume") == [f"{kit}:/kit"]
    assert after(edit, "--user") == [f"{os.getuid()}:{os.getgid()}"]
    assert after(edit, "--network") == ["none"]
    assert "--interactive" not in edit


def test_edit_without_a_hub(hubkit):
    """The file may be edited while the hub does not run; when it counts is said."""
    done, words = hubkit("users", "add", "ada")

    assert done.stdout == "hubkit: the hub does not run; the userlist counts from its next start\n"
    assert "compose" not in words


@pytest.mark.parametrize(
    ("environ", "said", "code"),
    [
        pytest.param({"RUNNING": "jupyterhub"}, "hub's", 0, id="hub runs"),
        pytest.param({"RUNNING": "jupyterhub", "HUB_FAILS": "3"}, "hub'sfile's", 3, id="fails"),
        pytest.param({}, "file's", 0, id="no hub"),
    ],
)
def test_edit_is_said_once(hubkit, environ, said, code):
    """A running hub says what changed; what was written is said where it does not."""
    done, _ = hubkit("users", "add", "ada", SAYS="file's", HUB_SAYS="hub's", **environ)

    assert done.returncode == code
    assert done.stdout.splitlines()[0].partition("hubkit: ")[0] == said


def test_edit_that_fails(hubkit):
    """What could not be written is not applied."""
    done, words = hubkit("users", "add", "a/b", RUNNING="jupyterhub", FAILS="3")

    assert done.returncode == 3
    assert "compose" not in words


@pytest.mark.parametrize("absolute", [True, False], ids=["from anywhere", "from here"])
def test_import(hubkit, tmp_path, absolute):
    """A table lies where the caller says; the container reads it, and knows its name."""
    table = tmp_path / "my people.csv"
    table.write_text("ada\n")

    done, words = hubkit(
        "users", "import", table if absolute else table.name, "--x", RUNNING="jupyterhub"
    )

    assert (done.returncode, done.stderr) == (0, "")
    edit = words[: -len(SYNC)]
    assert edit[-6:] == ["users", "import", "-", "--called", "my people.csv", "--x"]
    assert "--interactive" in edit
    assert (tmp_path / "record.input").read_text() == "ada\n"


def test_import_of_nothing(hubkit):
    """A table that is not there ends the script before anything is run."""
    done, words = hubkit("users", "import", "none.csv", RUNNING="jupyterhub")

    assert (done.returncode, words) == (1, [])
    assert done.stderr == "hubkit: none.csv is no file that can be read.\n"


@pytest.mark.parametrize("words", [["--help"], ["import", "--help"], []], ids=" ".join)
def test_help_of_users(hubkit, words):
    """How `users` is used can be asked without a hub and without the engine."""
    done, asked = hubkit("users", *words, DOCKER_SOCKET="/nowhere")

    assert (done.returncode, done.stdout) == (0, "")
    assert asked[-2 - len(words) :] == ["hubkit", "users", *words]
    assert after(asked, "--network") == ["none"]
