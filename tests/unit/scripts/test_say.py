"""What the scripts know of ``.env`` before the hub's image exists."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "scripts"


@pytest.fixture
def sh(tmp_path):
    """Return a function that runs words of `say.sh` beside a ``.env`` with this content."""
    (tmp_path / "scripts").symlink_to(SCRIPTS)

    def run(words, content=None, **environ):
        if content is not None:
            (tmp_path / ".env").write_bytes(content)
        return subprocess.run(
            ["sh", "-c", f"set -eu; . scripts/say.sh; {words}"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], **environ},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    ("content", "environ", "value"),
    [
        pytest.param(None, {}, "start", id="the default, without a file"),
        pytest.param(b"", {}, "start", id="the default, where nothing is written"),
        pytest.param(b"WORD=\n", {}, "start", id="the default of an empty value"),
        pytest.param(b"# WORD=a\n", {}, "start", id="a comment is no value"),
        pytest.param(b"MY_WORD=a\nWORDS=b\n", {}, "start", id="other names"),
        pytest.param(b"WORD=a\n", {}, "a", id="the file"),
        pytest.param(b"WORD=a", {}, "a", id="the file without a line end"),
        pytest.param(b"WORD=a\nWORD=b\n", {}, "b", id="the last of two"),
        pytest.param(b"WORD=a=b#c\n", {}, "a=b#c", id="signs that are part of it"),
        pytest.param(b"WORD=a # why\n", {}, "a", id="a comment behind it"),
        pytest.param(b"WORD=a\t#why # so\n", {}, "a", id="a comment behind a tab"),
        pytest.param(b"WORD=a \t\n", {}, "a", id="blanks at its end"),
        pytest.param(b"WORD=a\n", {"WORD": "shell"}, "shell", id="the shell wins"),
        pytest.param(b"WORD=a\n", {"WORD": ""}, "a", id="an empty one of the shell does not"),
        pytest.param(b"WORD='a b'\n", {"WORD": "x"}, "x", id="the shell wins over a wrong one"),
    ],
)
def test_setting(sh, content, environ, value):
    """A setting is the shell's, else the file's without what surrounds it, else its default."""
    done = sh("setting WORD start", content, **environ)

    assert (done.returncode, done.stdout, done.stderr) == (0, value, "")


@pytest.mark.parametrize("value", ['"a"', "'a'", "a b", "$HOME", "a$(id)"])
def test_setting_refused(sh, value):
    """What Compose would read as something else is refused by name, and ends the script."""
    done = sh("word=$(setting WORD start); echo went on", f"WORD={value}\n".encode())

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("hubkit: .env: WORD has a quote, a space or a '$'.\n")
    assert "WORD=value" in done.stderr


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="no file"),
        pytest.param(b"", id="empty"),
        pytest.param("WORD=a\nNAME=ü\n".encode(), id="Unix line ends"),
    ],
)
def test_plain_env(sh, content):
    """A file as an editor on Unix leaves it is in order, and so is none."""
    done = sh("plain_env", content)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xef\xbb\xbfWORD=a\n", id="a byte order mark"),
        pytest.param(b"WORD=a\r\nNAME=b\r\n", id="line ends of Windows"),
        pytest.param(b"WORD=a\nNAME=b\r\n", id="one such line end"),
    ],
)
def test_env_of_windows(sh, content, tmp_path):
    """What an editor on Windows adds is refused, and the command that is shown mends it."""
    done = sh("plain_env; echo went on", content)

    assert (done.returncode, done.stdout) == (1, "")
    assert "Windows line ends (CRLF) or begins with a byte order mark" in done.stderr
    cure = done.stderr[done.stderr.index("sed -i") :].strip()
    subprocess.run(["bash", "-c", cure], cwd=tmp_path, check=True)
    assert sh("plain_env").returncode == 0
    assert (tmp_path / ".env").read_bytes().startswith(b"WORD=a\n")
