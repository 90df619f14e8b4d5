"""A hub of the tests: JupyterHub's own process with the kit's configuration, without a proxy.

It speaks with the engine itself, or through `tests.faults`; people speak with their servers
directly.
"""

from __future__ import annotations

import functools
import json
import os
import secrets
import shutil
import signal
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from hubkit.certs.places import Places
from hubkit.errors import HubkitError
from hubkit.ops import servers
from hubkit.ops.layout import Layout, Owners
from tests import hubfork
from tests.person import PASSWORD
from tests.support import ROOT, free_port, run, until

NOTEBOOK = "hubkit-notebook:test"
CONFIG = """
from pathlib import Path

from hubkit import stack
from tests.noproxy import NoProxy

root = Path({root!r})
places = {{stack.ROOT: root / "run" / "hub", stack.DATA: root / "data"}}
places[stack.MOUNTER.parent] = root / "run" / "mounter"
for real, mine in places.items():
    for name, path in list(vars(stack).items()):
        if isinstance(path, Path) and path.is_relative_to(real):
            setattr(stack, name, mine / path.relative_to(real))
stack.DATABASE = f"sqlite:///{{root}}/data/hub.sqlite"
stack.HUB_HOST, stack.HUB_PORT = {host!r}, {port}

load_subconfig(str(root / "jupyterhub_config.py"))
c = get_config()
c.KitSpawner.client_kwargs = {client!r}
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {password!r}
c.Authenticator.allow_all = True
c.JupyterHub.services = [{{"name": "tests", "api_token": {token!r}}}]
scopes = ["admin:users", "admin:servers", "tokens", "read:metrics"]
c.JupyterHub.load_roles = [{{"name": "tests", "scopes": scopes, "services": ["tests"]}}]
"""


@dataclass
class HubProcess:
    """A hub and what it needs: a network, folders, its address.

    Attributes:
        path: Where its files lie.
        client: How it reaches the engine: arguments of `docker.APIClient`.
        host: How the command line reaches it: DOCKER_HOST, "" for the one that runs here.
        settings: What stands in .env.
    """

    path: Path
    project: str = field(default_factory=lambda: f"kittest{uuid.uuid4().hex[:6]}")
    port: int = field(default_factory=free_port)
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    client: dict[str, Any] = field(default_factory=dict)
    host: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    process: hubfork.Process | None = None

    def __post_init__(self) -> None:
        for folder in ("run", "data", "kit/secrets", "kit/site"):
            (self.path / folder).mkdir(parents=True)
        self.places = Places(self.path / "kit")
        (self.path / "userlist").write_text("admin admin\n")
        shutil.copy(ROOT / "jupyterhub_config.py", self.path)
        (self.path / "site").symlink_to(self.places.root / "site")
        self.docker("network", "create", self.network)
        [network] = json.loads(self.docker("network", "inspect", self.network))
        self.address = network["IPAM"]["Config"][0]["Gateway"]  # of the hub, for servers

    def docker(self, *words: str, check: bool = True) -> str:
        """Run a command on the hub's engine; return what it printed."""
        told = {"DOCKER_HOST": self.host} if self.host else {}
        return str(run("docker", *words, check=check, env={**os.environ, **told}).stdout)

    @property
    def notebook(self) -> str:
        """The image of its servers."""
        return NOTEBOOK

    @property
    def network(self) -> str:
        return f"{self.project}-users"

    def site(self, name: str, text: str) -> None:
        """Write a site file and name it in the settings."""
        (self.places.root / "site" / name).write_text(text)
        self.settings["SITE_CONFIG"] = name

    def lay_out(self) -> None:
        """Do what a start of the stack and `certs` do: hand the hub its copies."""
        me, given = os.getuid(), self.places.secrets
        owners = Owners(hub=me, proxy=me, edge=me, warden=me, gateway=me)
        Layout(self.path / "run", self.path / "data", given, owners).make(with_certificate=False)

    def start(self, **env: str) -> HubProcess:
        """Start the hub with these settings; return when it answers."""
        self.lay_out()
        values = {"root": str(self.path), "port": self.port, "token": self.token}
        values["client"] = self.client
        values |= {"host": self.address, "password": PASSWORD}
        (self.path / "config.py").write_text(CONFIG.format(**values))
        given = {"COMPOSE_PROJECT_NAME": self.project, "DOCKER_NETWORK_NAME": self.network}
        given |= {"DOCKER_NOTEBOOK_IMAGE": self.notebook, "IDLE_TIMEOUT": "0"}
        system = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        settings = {**system, **given, **self.settings, **env}
        log = self.path / "hub.log"
        self.process = hubfork.start(["-f", "config.py"], self.path, settings, log)
        until(self.answers, 60, "the hub answers")
        return self

    def answers(self) -> bool:
        assert self.process
        assert self.process.poll() is None, self.log()
        try:
            return bool(self.api("GET", "/hub/health").status_code == 200)
        except requests.RequestException:
            return False

    def api(self, method: str, path: str, **extra: Any) -> requests.Response:
        headers = {"Authorization": f"token {self.token}"}
        url = f"http://127.0.0.1:{self.port}{path}"
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method, url, headers=extra.pop("headers", headers), timeout=60, **extra
            )

    def settled(self, user: str) -> bool:
        """Return whether nothing of *user*'s is being started, stopped or looked at."""
        found = self.api("GET", f"/hub/api/users/{user}").json()
        busy = [one for one in found["servers"].values() if one["pending"] or not one["ready"]]
        return not busy and not found["pending"]

    def log(self) -> str:
        return (self.path / "hub.log").read_text()

    def why(self, user: str) -> str:
        """Return what `hubkit servers why USER` says."""
        try:
            return servers.last_failure(user, path=self.path / "data" / "failures.log").report()
        except HubkitError as error:
            return str(error)

    def stop(self) -> None:
        """Stop the hub; servers go on."""
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=30)

    def kill(self) -> None:
        """Let the hub die on the spot."""
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=30)

    def destroy(self) -> None:
        """Remove all that was made, and nothing else."""
        self.stop()
        mine = ("--filter", f"label=hubkit.hub={self.project}")
        for kind, listing, removal in (
            ("container", ("ls", "-aq"), ("rm", "-f", "-v")),
            ("volume", ("ls", "-q"), ("rm", "-f")),
        ):
            found = self.docker(kind, *listing, *mine).split()
            if found:
                self.docker(kind, *removal, *found, check=False)
        self.docker("network", "rm", self.network, check=False)


MODES = ("usual", "stubborn", "slow", "exits", "greedy", "deaf")


@functools.cache
def build_modes() -> None:
    """Build the image of each mode of the tests' own server, and one without a server."""
    for mode in MODES:
        words = ("--build-arg", f"MODE={mode}", str(ROOT / "tests" / "parts" / "server"))
        run("docker", "build", "-q", "-t", mode_image(mode), *words)
    bare = 'FROM hubkit-base\nCMD ["jupyterhub-singleuser"]\n'
    run("docker", "build", "-q", "-t", mode_image("bare"), "-", input=bare)


def mode_image(mode: str) -> str:
    return f"hubkit-testserver:{mode}"


CHOICE = """
c = get_config()
c.KitSpawner.allowed_images = {images!r}
c.KitSpawner.poll_interval = 1
"""


def choice() -> str:
    """Return a site file that lets users choose a mode as their image."""
    return CHOICE.format(images={mode: mode_image(mode) for mode in (*MODES, "bare", "missing")})
