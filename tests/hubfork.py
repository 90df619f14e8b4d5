"""Hubs that are forked from a process which has imported JupyterHub already.

Its imports are most of what a start of a hub costs, and the tests start a hundred. What a
start from nothing does is seen by those that start the stack.
"""

from __future__ import annotations

import atexit
import functools
import importlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

# None of the kit's own: what a module takes from `hubkit.stack` is another path for each hub.
MODULES = ("jupyterhub.app", "dockerspawner", "aiohttp.web", "cryptography.x509")
MODULES += ("nativeauthenticator", "oauthenticator.generic", "ldapauthenticator")


class Process:
    """A hub, used as a `subprocess.Popen` is."""

    def __init__(self, pid: int):
        self._pidfd = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Return a number once it has ended, whatever its exit code was."""
        return 0 if select.select([self._pidfd], [], [], 0)[0] else None

    def wait(self, timeout: float) -> None:
        """Wait for its end.

        Raises:
            TimeoutError: It goes on.
        """
        if not select.select([self._pidfd], [], [], timeout)[0]:
            raise TimeoutError(f"the hub still runs after {timeout} s")

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            signal.pidfd_send_signal(self._pidfd, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


def start(words: list[str], cwd: Path, env: Mapping[str, str], log: Path) -> Process:
    """Start a hub with the arguments *words*; what it says is added to *log*."""
    mother = _mother()
    assert mother.stdin
    assert mother.stdout
    asked = {"words": words, "cwd": str(cwd), "env": dict(env), "log": str(log)}
    print(json.dumps(asked), file=mother.stdin, flush=True)
    return Process(int(mother.stdout.readline()))


@functools.cache
def _mother() -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "tests.hubfork"]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parent.parent)}
    made = subprocess.Popen(
        words, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    atexit.register(_end, made)
    return made


def _end(mother: subprocess.Popen[str]) -> None:
    assert mother.stdin
    assert mother.stdout
    mother.stdin.close()
    mother.wait(30)
    mother.stdout.close()


def _become_a_hub(words: list[str], cwd: str, env: dict[str, str], log: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for number, one in ((0, os.open(os.devnull, os.O_RDONLY)), (1, said), (2, said)):
        os.dup2(one, number)
    sys.argv = ["jupyterhub", *words]
    importlib.import_module("jupyterhub.app").main()


def _serve() -> None:
    for name in MODULES:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody has to be waited for
    while line := sys.stdin.readline():
        pid = os.fork()
        if not pid:
            _become_a_hub(**json.loads(line))
            return
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
