"""The launcher in a process of its own: what the script sees is what Python would show it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import hubkit.launcher

OWN = Path(hubkit.launcher.__file__).parent
SHOW = """
import json, os, sys
print(json.dumps([sys.argv, sys.path[0], __name__, dict(os.environ)]))
"""


def launch(script: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, str(OWN / "launch.py"), str(script), *args]
    return subprocess.run(words, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "bin" / "jupyterhub-singleuser"
    path.parent.mkdir()
    path.write_text(SHOW)
    return path


def test_the_script_sees_what_it_would_without(script: Path):
    plain = [sys.executable, str(script), "--a", "b c"]
    env = {"PATH": "/usr/bin", "X": "ä"}
    without = subprocess.run(plain, env=env, capture_output=True, text=True, check=True)

    with_it = launch(script, "--a", "b c", **env)

    assert json.loads(with_it.stdout) == json.loads(without.stdout), with_it.stderr


def test_the_kit_s_variables_are_gone(script: Path):
    seen = json.loads(launch(script, PATH=f"{OWN.parents[1]}/bin:/bin", HUBKIT_X="1").stdout)[3]

    assert seen["PATH"] == "/bin"
    assert "HUBKIT_X" not in seen


def test_a_failing_script_fails_as_it_would(script: Path):
    script.write_text("import sys; sys.exit(7)")

    assert launch(script).returncode == 7


def test_without_jupyter_it_starts_all_the_same(script: Path):
    """An image of another kind: one line in the log, and the script runs."""
    done = launch(script)

    assert done.returncode == 0
    assert json.loads(done.stdout)[2] == "__main__"
    assert "starting without the launcher's help: ModuleNotFoundError" in done.stderr
    assert "jupyter_core" in done.stderr
