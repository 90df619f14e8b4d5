"""`scripts/hubkit.sh certs`: whose files it mounts, when it asks, and whom it tells."""

from __future__ import annotations

import os
import pty

import pytest

from tests.unit.scripts.words import after

HAND_OUT = ["compose", "run", "--rm", "--no-deps", "--quiet-pull", "init"]
CHANGES = ["init-ca", "issue", "import", "renew", "revoke", "server"]


@pytest.fixture
def packed(tmp_path):
    """Return files an administrator may name, in a folder with a space in its name."""
    folder = tmp_path / "my files"
    folder.mkdir()
    for name in ("ada.p12", "ca.pem", "pw"):
        (folder / name).write_text(name)
    return folder


def mounted(path):
    return f"type=bind,source={path},target={path},readonly"


@pytest.mark.parametrize("action", CHANGES)
def test_the_running_hub_is_given_the_files(hubkit, kit, packed, action):
    """What changes certificates runs on the checkout as the caller; then all are handed out."""
    named = ["ada", packed / "ada.p12"] if action == "import" else ["ada"]
    done, words = hubkit("certs", action, *named, RUNNING="jupyterhub")

    assert (done.returncode, done.stderr) == (0, "")
    assert words[-len(HAND_OUT) :] == HAND_OUT
    edit = words[: -len(HAND_OUT)]
    assert edit[-3 - len(named) :] == ["hubkit", "certs", action, *map(str, named)]
    assert after(edit, "--volume") == [f"{kit}:/kit"]
    assert after(edit, "--user") == [f"{os.getuid()}:{os.getgid()}"]
    assert after(edit, "--network") == ["none"]
    assert "the hub has the files" in done.stdout


@pytest.mark.parametrize("action", ["list", "check"])
def test_who_only_looks_tells_nobody(hubkit, action):
    """What changes nothing hands nothing out."""
    _, words = hubkit("certs", action, RUNNING="jupyterhub")

    assert words[-3:] == ["hubkit", "certs", action]


def test_without_a_hub(hubkit):
    """Certificates may be made while the hub does not run; when they count is said."""
    done, words = hubkit("certs", "issue", "ada")

    assert done.stdout == "hubkit: the hub does not run; its next start hands the files out\n"
    assert "compose" not in words


def test_what_fails_is_not_handed_out(hubkit):
    """The code is that of the command."""
    done, words = hubkit("certs", "issue", "a/b", RUNNING="jupyterhub", FAILS="3")

    assert done.returncode == 3
    assert "compose" not in words


@pytest.mark.parametrize("absolute", [True, False], ids=["from anywhere", "from here"])
@pytest.mark.parametrize("joined", [True, False], ids=["--ca=FILE", "--ca FILE"])
def test_import(hubkit, tmp_path, packed, absolute, joined):
    """The files that are named, and no others, can be read there, where they lie."""
    folder = packed if absolute else packed.relative_to(tmp_path)
    options = {"--ca": folder / "ca.pem", "--password-file": folder / "pw"}
    given = [
        word
        for name, path in options.items()
        for word in ([f"{name}={path}"] if joined else [name, path])
    ]

    done, words = hubkit("certs", "import", *given, "ada", folder / "ada.p12", "--force")

    assert (done.returncode, done.stderr) == (0, "")
    names = ["ada.p12", "ca.pem", "pw"]
    assert sorted(after(words, "--mount")) == [mounted(packed / name) for name in names]
    assert words[words.index("import") + 1 :] == [
        "--ca",
        str(packed / "ca.pem"),
        "--password-file",
        str(packed / "pw"),
        "ada",
        str(packed / "ada.p12"),
        "--force",
    ]
    assert not {"--interactive", "--tty"} & set(words)


@pytest.mark.parametrize(
    "given", [["-"], ["ada.p12", "--password-file", "-"]], ids=["the file", "its password"]
)
def test_import_from_standard_input(hubkit, tmp_path, given):
    """What comes through a pipe arrives."""
    (tmp_path / "ada.p12").touch()
    with (tmp_path / "ada.p12").open() as pipe:
        _, words = hubkit("certs", "import", "ada", *given, stdin=pipe)

    assert "--interactive" in words
    assert "--tty" not in words


@pytest.mark.parametrize("with_file", [True, False], ids=["not asked", "asked"])
def test_import_at_a_terminal(hubkit, packed, with_file):
    """Whoever sits at a terminal is asked for the password, unless a file holds it."""
    ours, theirs = pty.openpty()
    os.write(ours, b"\x04")  # the end of what is typed
    given = ["--password-file", packed / "pw"] if with_file else []
    try:
        _, words = hubkit("certs", "import", "ada", packed / "ada.p12", *given, stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)

    assert ("--tty" in words, "--interactive" in words) == (not with_file, not with_file)


@pytest.mark.parametrize("given", [["none"], ["ada.p12", "--ca", "none"], ["."]], ids=str)
def test_import_of_nothing(hubkit, tmp_path, given):
    """A file that is not there ends the script before anything is run."""
    (tmp_path / "ada.p12").touch()
    wrong = given[-1]

    done, words = hubkit("certs", "import", "ada", *given)

    assert (done.returncode, words) == (1, [])
    assert done.stderr == f"hubkit: {wrong} is no file that can be read.\n"


def test_import_of_a_name_docker_cannot_take(hubkit, tmp_path):
    """What the engine would misread is refused, with the cure."""
    (tmp_path / "a,b.p12").touch()

    done, words = hubkit("certs", "import", "ada", "a,b.p12")

    assert (done.returncode, words) == (1, [])
    assert "comma" in done.stderr
    assert "Copy the file elsewhere." in done.stderr


def test_help(hubkit):
    """How `certs import` is used can be asked without a file and without a hub."""
    done, words = hubkit("certs", "import", "--help", RUNNING="jupyterhub")

    assert (done.returncode, words[-4:]) == (0, ["hubkit", "certs", "import", "--help"])
