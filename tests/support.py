"""A stack of a test's own, beside whatever else runs on the engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parent.parent
UP_SECONDS = 900
CONNECTIONS: list[Any] = []  # held open until `close_connections`


def close_connections() -> None:
    """Close what people of the tests opened: left to chance it is a ResourceWarning."""
    while CONNECTIONS:
        CONNECTIONS.pop().close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Return the first true answer of *condition*; fail after *seconds*."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


def run(*words: str, cwd: Path = ROOT, check: bool = True, **extra: Any) -> Any:
    """Run a command without a terminal; a failure shows what it printed."""
    done = subprocess.run(
        words,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        **({} if "input" in extra else {"stdin": subprocess.DEVNULL}),
        **extra,
    )
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def copy_checkout(target: Path) -> None:
    """Copy what a clone would hold, with changes that are not committed yet."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z").stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


@dataclass
class Stack:
    """One hub of the tests, beside whatever else runs on the engine."""

    path: Path
    project: str
    settings: dict[str, str] = field(default_factory=dict)
    said: str = ""

    @classmethod
    def make(cls, path: Path, **settings: str) -> Stack:
        project = f"kittest{uuid.uuid4().hex[:6]}"
        path.mkdir(exist_ok=True)
        path.chmod(0o755)  # a clone's; pytest's folders are for their owner alone
        copy_checkout(path)
        stack = cls(path, project)
        stack.settings = {
            "COMPOSE_PROJECT_NAME": project,
            "HTTPS_PORT": str(free_port()),
            "HTTP_PORT": str(free_port()),
            "DOCKER_NOTEBOOK_IMAGE": "hubkit-notebook:test",
            "POOL_SIZE": "0",  # what waits costs every other test; those of the pool ask for it
            **settings,
        }
        stack.write_env()
        # The first is left to the test of the first sign-in.
        (path / "userlist").write_text("first admin\nadmin admin\n")
        return stack

    def write_env(self, **changed: str) -> None:
        self.settings.update(changed)
        text = "".join(f"{name}={value}\n" for name, value in self.settings.items())
        (self.path / ".env").write_text(text)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.settings['HTTPS_PORT']}"

    @property
    def certificate(self) -> Path:
        return self.path / "secrets" / "jupyterhub.crt"

    def make_target(self, target: str, *, check: bool = True, **env: str) -> Any:
        # What a make above this one left for the one below would make it say more.
        outer = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
        environ = {name: os.environ[name] for name in os.environ.keys() - outer} | env
        return run("make", target, cwd=self.path, check=check, env=environ, timeout=UP_SECONDS)

    def up(self) -> str:
        """Run `make up`; the first time's words are kept, for the link in them."""
        said: str = self.make_target("up").stdout
        self.said = self.said or said
        return said

    def apply(self, **changed: str) -> None:
        """Edit .env and do what its first lines say; return when the hub answers."""
        self.write_env(**changed)
        self.compose("up", "-d")
        self.wait()

    def wait(self) -> None:
        until(self.healthy, 60, "hub healthy")

    def healthy(self) -> bool:
        with requests.Session() as session:
            session.trust_env = False
            try:
                verify = str(self.certificate)
                answer = session.get(f"{self.url}/hub/health", verify=verify, timeout=5)
            except requests.RequestException:
                return False
            return answer.status_code == 200

    def compose(self, *words: str, check: bool = True) -> Any:
        return run("docker", "compose", *words, cwd=self.path, check=check)

    def inspect(self, name: str) -> dict[str, Any]:
        return json.loads(run("docker", "inspect", name).stdout)[0]

    def containers(self) -> dict[str, str]:
        """Return name → id of the stack's running containers."""
        listed = run(
            "docker",
            "ps",
            "--no-trunc",
            "--filter",
            f"label=com.docker.compose.project={self.project}",
            "--format",
            "{{.Names}} {{.ID}}",
        ).stdout
        return dict(line.split() for line in listed.splitlines())

    def link(self, name: str) -> str:
        """Return a fresh one-time link for *name*."""
        said = self.compose("exec", "-T", "jupyterhub", "hubkit", "users", "invite", name)
        return re.search(r"https://\S+", said.stdout)[0]

    def destroy(self) -> None:
        """Remove everything of this stack, and nothing else."""
        # The hub first: its pool would fill the places of what is removed.
        for label in (f"com.docker.compose.project={self.project}", f"hubkit.hub={self.project}"):
            found = run("docker", "ps", "-aq", "--filter", f"label={label}").stdout.split()
            if found:
                run("docker", "rm", "-f", *found, check=False)
        for kind in ("volume", "network"):
            names = run("docker", kind, "ls", "--format", "{{.Name}}").stdout.split()
            mine = [name for name in names if name.startswith(f"{self.project}-")]
            if mine:
                run("docker", kind, "rm", *mine, check=False)
        images = [f"{self.project}-{part}" for part in ("hub", "proxy", "edge", "kernel-gateway")]
        run("docker", "image", "rm", *images, check=False)
