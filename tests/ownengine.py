"""A Docker engine of a test's own, which may be paused and restarted."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

from tests.elsewhere import Elsewhere
from tests.support import run, until

SECONDS = 60  # for a start or an end


class OwnEngine:
    """dockerd beside the one that runs here, with files, socket and containers of its own.

    It has a network namespace of its own and leaves the firewall alone: its networks are
    reached from this machine, not left.
    """

    def __init__(self, path: Path):
        self.path = path
        self.socket = path / "docker.sock"
        # Beside another engine in one namespace it would remove that one's bridge.
        self._space = Elsewhere(with_networks=True)
        self._log = path / "dockerd.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def this_host(self) -> str:
        """Where its containers reach this machine."""
        return self._space.this_host

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
        # Not `ip netns exec`: it mounts /sys anew, without the control groups.
        words = ["nsenter", f"--net=/run/netns/{self._space.name}", "dockerd"]
        words += ["--data-root", self.path / "data", "--exec-root", self.path / "exec"]
        words += ["--pidfile", self.path / "pid", "--host", self.url, "--bridge", "none"]
        words += ["--default-address-pool", f"base={self._space.networks},size=26"]
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
        self._space.remove()
        shutil.rmtree(self.path, ignore_errors=True)
