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
IDENTITY: dict[str, Any] = {"env": {"PATH": "/bin", "A": "ä\n", **LANG}, "argv": ["--x", "y z"]}


class Waiting:
    """The launcher, waiting to run a script that shows what it is."""

    def __init__(self, folder: Path, **env: str):
        self.script = folder / "bin" / "jupyterhub-singleuser"
        self.script.parent.mkdir()
        self.script.write_text(SHOW)
        words = [sys.executable, str(OWN / "launch.py"), str(self.script)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            words,
            env={"HUBKIT_WAIT": "1", **LANG, **env},
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


def line(**changed: Any) -> str:
    return json.dumps({**IDENTITY, "cwd": "/", **changed}) + "\n"


def test_it_becomes_the_server_it_is_told_to_be(tmp_path: Path):
    waiting_one = Waiting(tmp_path, PATH="/bin", HUBKIT_OTHER="1", GONE="1")

    code, out, error = waiting_one.tell(line(cwd=str(tmp_path)))

    assert code == 0, error
    assert json.loads(out) == [IDENTITY["argv"], str(tmp_path), IDENTITY["env"], ""]


def test_the_kit_s_own_variables_are_not_the_server_s(tmp_path: Path):
    env = {"HUBKIT_WAIT": "1", "PATH": f"{OWN.parents[1]}/bin:/bin", **LANG}

    _, out, _ = Waiting(tmp_path, PATH="/bin").tell(line(env=env))

    assert json.loads(out)[2] == {"PATH": "/bin", **LANG}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "the input ended", id="end"),
        pytest.param(line().strip(), "the input ended", id="no end of line"),
        pytest.param("token=abc\n", "no identity", id="no JSON"),
        pytest.param("[]\n", "no identity", id="a list"),
        pytest.param('{"env": {}}\n', "no identity", id="incomplete"),
        pytest.param(line(env={"A": 1}), "not made of texts", id="a number"),
        pytest.param(line(env=["A=1"]), "not made of texts", id="a list as environment"),
        pytest.param(line(argv="abc"), "not made of texts", id="a text as arguments"),
        pytest.param(line(cwd=None), "not made of texts", id="no folder"),
        pytest.param(line(env={"A": "\0"}), "not made of texts", id="NUL"),
        pytest.param(line(env={"A=B": "1"}), "impossible name", id="an equals sign"),
        pytest.param(line(env={"": "1"}), "impossible name", id="no name"),
        pytest.param(line() + line(), "more than one line", id="two lines"),
        pytest.param(line(cwd="/nowhere"), "folder /nowhere: No such file", id="no such folder"),
        pytest.param("x" * (waiting.LONGEST + 2) + "\n", "too long", id="too long"),
    ],
)
def test_whatever_else_comes_ends_it(tmp_path: Path, text: str, why: str):
    code, out, error = Waiting(tmp_path, PATH="/bin").tell(text)

    assert code == waiting.REFUSED
    assert not out
    assert why in error
    assert "abc" not in error


def test_it_ends_when_it_is_asked_to(tmp_path: Path):
    """As the first process of a container, too, which has no defaults for signals."""
    process = Waiting(tmp_path, PATH="/bin").process
    process.send_signal(signal.SIGTERM)

    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize("name", ["LC_ALL", "PYTHONHASHSEED"])
def test_what_python_read_when_it_began_makes_it_begin_anew(tmp_path: Path, name: str):
    env = {"PATH": "/bin", name: "0", **LANG}

    code, out, error = Waiting(tmp_path, PATH="/bin").tell(line(env=env))

    assert code == 0
    assert json.loads(out)[2] == env
    assert f"other than when it was started ahead: {name}; starting anew" in error
