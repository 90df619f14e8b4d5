"""A process that waits to be told whose server it is."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import hubkit.launcher
from hubkit.launcher import waiting

OWN = Path(hubkit.launcher.__file__).parent
SHOW = """
import json, os, sys
print(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ), sys.stdin.read()]), flush=True)
"""
LANG = {"LANG": "C.UTF-8"}
ARGUMENTS = ["--x", "y z"]


class Waiting:
    """The launcher, waiting to run a script that shows what it is."""

    def __init__(self, folder: Path, **env: str):
        self.script = folder / "bin" / "jupyterhub-singleuser"
        self.script.parent.mkdir()
        self.script.write_text(SHOW)
        words = [sys.executable, str(OWN / "launch.py"), str(self.script), *ARGUMENTS]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            words,
            env={"HUBKIT_WAIT": "1", "PATH": "/bin", **LANG, **env},
            cwd=folder,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )
        self.said = ""
        while "hubkit: waiting" not in self.said:
            line = self.process.stderr.readline()
            assert line, self.said
            self.said += line

    def tell(self, text: str) -> tuple[int, str, str]:
        out, error = self.process.communicate(text, timeout=60)
        return self.process.returncode, out, error


def line(**env: Any) -> str:
    return json.dumps({"env": env}) + "\n"


def test_it_becomes_the_server_it_is_told_to_be(tmp_path: Path):
    """What comes is laid over what it was started with; arguments and folder stay."""
    waiting_one = Waiting(tmp_path, HUBKIT_OTHER="1", KEPT="1", CHANGED="1")

    code, out, error = waiting_one.tell(line(CHANGED="2", A="ä\n"))

    assert code == 0, error
    env = {"PATH": "/bin", "KEPT": "1", "CHANGED": "2", "A": "ä\n", **LANG}
    assert json.loads(out) == [ARGUMENTS, str(tmp_path), env, ""]


def test_the_stand_in_for_a_token_is_nobody_s(tmp_path: Path):
    _, out, _ = Waiting(tmp_path, JUPYTERHUB_API_TOKEN="stand-in").tell(line())

    assert "JUPYTERHUB_API_TOKEN" not in json.loads(out)[2]


def test_the_token_that_came_is_the_server_s(tmp_path: Path):
    waiting_one = Waiting(tmp_path, JUPYTERHUB_API_TOKEN="stand-in")

    _, out, error = waiting_one.tell(line(JUPYTERHUB_API_TOKEN="of-ada"))

    assert json.loads(out)[2]["JUPYTERHUB_API_TOKEN"] == "of-ada"
    assert "of-ada" not in error


def test_the_kit_s_own_variables_are_not_the_server_s(tmp_path: Path):
    env = {"HUBKIT_WAIT": "1", "PATH": f"{OWN.parents[1]}/bin:/bin"}

    _, out, _ = Waiting(tmp_path).tell(line(**env))

    assert json.loads(out)[2] == {"PATH": "/bin", **LANG}


def test_its_folder_may_be_another_by_then(tmp_path: Path):
    """As where the home is mounted over it: what is there now is what the server sees."""
    folder = tmp_path / "home"
    folder.mkdir()
    waiting_one = Waiting(folder)
    folder.rename(tmp_path / "old")
    folder.mkdir()
    (tmp_path / "old" / "bin").rename(folder / "bin")

    code, out, error = waiting_one.tell(line())

    assert code == 0, error
    assert json.loads(out)[1] == str(folder)


def test_its_folder_may_be_gone_by_then(tmp_path: Path):
    folder = tmp_path / "home"
    folder.mkdir()
    waiting_one = Waiting(folder)
    folder.rename(tmp_path / "old")

    code, out, error = waiting_one.tell(line())

    assert (code, out) == (waiting.REFUSED, "")
    assert f"folder {folder}: No such file" in error


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "the input ended", id="end"),
        pytest.param(line().strip(), "the input ended", id="no end of line"),
        pytest.param("token=abc\n", "no identity", id="no JSON"),
        pytest.param("[]\n", "no identity", id="a list"),
        pytest.param('{"argv": ["abc"]}\n', "no identity", id="no environment"),
        pytest.param('{"env": null}\n', "not made of texts", id="none as environment"),
        pytest.param('{"env": ["A=abc"]}\n', "not made of texts", id="a list as environment"),
        pytest.param(line(A=1), "not made of texts", id="a number"),
        pytest.param(line(A="abc\0"), "not made of texts", id="NUL"),
        pytest.param(line(**{"A=B": "abc"}), "impossible name", id="an equals sign"),
        pytest.param(line(**{"": "abc"}), "impossible name", id="no name"),
        pytest.param(line() + line(), "more than one line", id="two lines"),
        pytest.param("x" * (waiting.LONGEST + 2) + "\n", "too long", id="too long"),
    ],
)
def test_whatever_else_comes_ends_it(tmp_path: Path, text: str, why: str):
    code, out, error = Waiting(tmp_path).tell(text)

    assert code == waiting.REFUSED
    assert not out
    assert why in error
    assert "abc" not in error


def test_it_ends_when_it_is_asked_to(tmp_path: Path):
    """As the first process of a container, too, which has no defaults for signals."""
    process = Waiting(tmp_path).process
    process.send_signal(signal.SIGTERM)

    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize("name", ["LC_ALL", "PYTHONHASHSEED"])
def test_what_python_read_when_it_began_makes_it_begin_anew(tmp_path: Path, name: str):
    code, out, error = Waiting(tmp_path).tell(line(**{name: "0"}))

    assert code == 0
    assert json.loads(out) == [
        ARGUMENTS,
        str(tmp_path),
        {"PATH": "/bin", name: "0", **LANG},
        "",
    ]
    assert f"other than when it was started ahead: {name}; starting anew" in error
