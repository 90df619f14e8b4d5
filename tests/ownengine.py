"""A Docker engine of a test's own, which may be paused and restarted."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import uuid
from pathlib import Path
from typing import Any

from tests.support import run, until

SECONDS = 60  # for a start or an end


def free_subnet() -> str:
    """Return an address, with its network, that nothing on this machine routes to."""
    routes = str(run("ip", "route").stdout)
    third = next(number for number in range(200, 250) if f"10.213.{number}." not in routes)
    return f"10.213.{third}.1/24"


class OwnEngine:
    """dockerd beside the one that runs here, with files, socket and containers of its own.

    It leaves the firewall alone: its networks are reached from this machine, not left.
    """

    def __init__(self, path: Path):
        self.path = path
        self.socket = path / "docker.sock"
        self._bridge = f"own{uuid.uuid4().hex[:8]}"
        self._log = path / "dockerd.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    @property
    def client(self) -> dict[str, Any]:
        """Arguments of `docker.APIClient`."""
        return {"base_url": self.url, "max_pool_size": 64}

    @property
    def environment(self) -> dict[str, str]:
        """What the command line needs to speak with it."""
        return {**os.environ, "DOCKER_HOST": self.url}

    def docker(self, *words: str, check: bool = True) -> str:
        return str(run("docker", *words, check=check, env=self.environment).stdout)

    def start(self) -> OwnEngine:
        if run("ip", "link", "show", self._bridge, check=False).returncode:
            # Its default one is the other engine's; with none, dockerd removes that.
            run("ip", "link", "add", self._bridge, "type", "bridge")
            run("ip", "address", "add", free_subnet(), "dev", self._bridge)
        words = ["dockerd", "--data-root", self.path / "data", "--exec-root", self.path / "exec"]
        words += ["--pidfile", self.path / "pid", "--host", self.url, "--bridge", self._bridge]
        words += ["--default-address-pool", "base=10.214.0.0/16,size=24"]
        words += ["--iptables=false", "--ip6tables=false", "--ip-masq=false"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until(self.answers, SECONDS, f"the engine answers; its log: {self._log}")
        return self

    def answers(self) -> bool:
        words = ("docker", "version", "--format", "{{.Server.Version}}")
        return run(*words, check=False, env=self.environment).returncode == 0

    def load(self, image: str) -> None:
        """Copy *image* from the engine that runs here."""
        saved = subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE)
        subprocess.run(
            ["docker", "load", "--quiet"],
            stdin=saved.stdout,
            env=self.environment,
            check=True,
            capture_output=True,
        )
        assert saved.stdout
        saved.stdout.close()
        assert saved.wait() == 0

    def pause(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it, and its containers with it."""
        if self._process:
            self.go_on()
            self._process.terminate()
            self._process.wait(SECONDS)
            self._process = None

    def destroy(self) -> None:
        for container in self.docker("ps", "-aq").split():
            self.docker("rm", "--force", "--volumes", container, check=False)
        self.stop()
        run("ip", "link", "delete", self._bridge, check=False)
        shutil.rmtree(self.path, ignore_errors=True)
