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


@pytest.mark.parametrize(
    "ends",
    [
        "pass",
        "import sys; sys.exit(7)",
        "import sys; sys.exit(0)",
        "import sys; sys.exit()",
        "import sys; sys.exit('in words')",
        "import sys; sys.exit(256 + 3)",
        "raise ValueError('a mistake')",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import os, signal; os.kill(os.getpid(), signal.SIGINT)",
        "import sys; sys.stdout.close()",
    ],
)
def test_a_script_ends_as_it_would(script: Path, ends: str):
    """With the same code and the same last words."""
    script.write_text(ends)
    plain = [sys.executable, str(script)]
    without = subprocess.run(plain, capture_output=True, text=True, check=False)

    done = launch(script)

    assert done.returncode == without.returncode
    assert done.stdout == without.stdout
    assert done.stderr.endswith("".join(without.stderr.splitlines(keepends=True)[-1:]))


def test_what_is_to_be_done_at_the_end_is_done(script: Path):
    """By threads and by whoever registered for it; a copy of the process ends for itself."""
    script.write_text(
        """
import atexit, os, sys, threading, time
atexit.register(print, "registered")
threading.Thread(target=lambda: (time.sleep(0.3), print("thread"))).start()
child = os.fork()
if child == 0:
    sys.exit(5)
print("child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
sys.stdout.write("not a whole line")
sys.exit(4)
"""
    )

    done = launch(script)

    assert done.returncode == 4
    assert "child 5" in done.stdout
    assert "thread" in done.stdout
    assert done.stdout.count("registered") == 2
    assert "not a whole line" in done.stdout


def test_what_was_registered_before_is_done_as_well(script: Path, tmp_path: Path):
    """By packages that come before all others; then Python ends as it always does."""
    (tmp_path / "sitecustomize.py").write_text("import atexit; atexit.register(print, 'before')")
    script.write_text("import atexit; atexit.register(print, 'script')")

    done = launch(script, PYTHONPATH=str(tmp_path))

    assert done.stdout.split() == ["script", "before"]


def test_without_jupyter_it_starts_all_the_same(script: Path):
    """An image of another kind: one line in the log, and the script runs."""
    done = launch(script)

    assert done.returncode == 0
    assert json.loads(done.stdout)[2] == "__main__"
    assert "starting without the launcher's help: ModuleNotFoundError" in done.stderr
    assert "jupyter_core" in done.stderr
