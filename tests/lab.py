"""Kernel gateways of the tests, and a hub whose servers send their kernels there.

The hub is JupyterHub's own process with the kit's configuration and the engine's socket;
it has no proxy, people speak with their servers directly.
"""

from __future__ import annotations

import io
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from hubkit.certs.desk import Desk
from hubkit.certs.places import Names, Places
from hubkit.ops.layout import Layout, Owners
from tests.person import PASSWORD
from tests.support import ROOT, free_port, run, until

GATEWAY = "hubkit-kernel-gateway:test"
TOKEN = f"shared{uuid.uuid4().hex}"
NAMES = Names("key.pem", "cert.pem", "ca.pem")
FILES = "/run/hubkit/gateway"
PLAIN = ("jupyter", "kernelgateway", "--ip=0.0.0.0", "--port_retries=0")
PLAIN += (f"--certfile={FILES}/cert.pem", f"--keyfile={FILES}/key.pem")
CLIENTS = f"--client-ca={FILES}/client-ca.pem"
PORT = 8888
CONFIG = """
from pathlib import Path

from hubkit import stack
from tests.noproxy import NoProxy

root = Path({root!r})
for real, mine in ((stack.ROOT, root / "run" / "hub"), (stack.DATA, root / "data")):
    for name, path in list(vars(stack).items()):
        if isinstance(path, Path) and path.is_relative_to(real):
            setattr(stack, name, mine / path.relative_to(real))
stack.DATABASE = f"sqlite:///{{root}}/data/hub.sqlite"
stack.HUB_HOST, stack.HUB_PORT = {host!r}, {port}

load_subconfig(str(root / "jupyterhub_config.py"))
c = get_config()
c.KitSpawner.client_kwargs = {{}}
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {password!r}
c.Authenticator.allow_all = True
c.JupyterHub.services = [{{"name": "tests", "api_token": {token!r}}}]
scopes = ["admin:users", "admin:servers", "tokens", "read:metrics"]
c.JupyterHub.load_roles = [{{"name": "tests", "scopes": scopes, "services": ["tests"]}}]
"""

SITE = """
from dataclasses import replace

from hubkit import stack
from hubkit.settings import Settings
from hubkit.spawner.gateway import Gateway

c = get_config()
ours = Gateway.of(Settings.from_env())
private = replace(ours, url="https://private:8888", names=None)
c.KitSpawner.allowed_images = {{"usual": {notebook!r}, "old": {old!r}, "here": {here!r}}}
c.KitSpawner.gateways = {{
    {old!r}: replace(ours, url="https://gateway:8888/old", token="", allowed_envs=("A", "B")),
    {here!r}: Gateway(),
    "group:plain": replace(ours, url="https://plain:8888"),
    "group:private": replace(private, ca_file=stack.secret("secrets/lab-ca.crt")),
    "group:unchecked": replace(private, validate=False),
    "group:strangers": replace(ours, token="another"),
    "group:maybe": replace(ours, local_without=True),
    "group:distrusting": private,
}}
c.JupyterHub.load_groups = {{
    name.removeprefix("group:"): {{"users": [f"{{name.removeprefix('group:')}}-user"]}}
    for name in c.KitSpawner.gateways
    if name.startswith("group:")
}}
c.JupyterHub.load_groups["plain"]["users"].append("old-user")
c.JupyterHub.load_groups["private"]["users"].append("plain-user")  # the one named first counts
"""
OLD = """
FROM hubkit-base
RUN useradd --uid 1234 --create-home old
USER old
CMD ["python3", "-u", "-c", "import http.server, json, os, socketserver; \\
print(json.dumps(dict(os.environ))); \\
print(json.dumps([open('/etc/jupyterpki/' + os.environ[f'CLIENT_{name}']).read() \\
    for name in ('KEY', 'CERT', 'CA')])); \\
socketserver.TCPServer(('', 8888), http.server.SimpleHTTPRequestHandler).serve_forever()"]
"""


def build(tag: str, file: str) -> None:
    """Build an image of the kit's, in no time where nothing changed."""
    bundle = "id=ca_bundle,src=/etc/ssl/certs/ca-certificates.crt"
    run("docker", "build", "-q", "-t", tag, "-f", file, "--secret", bundle, ".", timeout=600)


def inspect(name: str) -> dict[str, Any]:
    return dict(json.loads(run("docker", "inspect", name).stdout)[0])


def address(container: str) -> str:
    """Return where *container* is on its only network."""
    [network] = inspect(container)["NetworkSettings"]["Networks"].values()
    return str(network["IPAddress"])


@dataclass
class Machine:
    """A kernel gateway: a container with a name on the users' network."""

    name: str
    container: str

    @classmethod
    def start(cls, lab: Lab, name: str, *command: str, image: str = GATEWAY, **env: str) -> Machine:
        made = cls(name, f"{lab.project}-{name}")
        given = [word for pair in env.items() for word in ("-e", "=".join(pair))]
        where = ("--network", lab.network, "--hostname", name, "--network-alias", name)
        label = ("--label", f"hubkit.hub={lab.project}")
        run("docker", "create", "--name", made.container, *label, *where, *given, image, *command)
        folder = lab.places.server("gateway")
        made.put(**{path.name: path.read_bytes() for path in folder.iterdir()})
        run("docker", "start", made.container)
        return made.wait()

    def put(self, **files: bytes) -> None:
        """Write files as root owns them."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name, content in files.items():
                entry = tarfile.TarInfo(f"{FILES}/{name}".lstrip("/"))
                entry.size, entry.mode, entry.mtime = len(content), 0o400, int(time.time())
                archive.addfile(entry, io.BytesIO(content))
        words = ["docker", "cp", "-", f"{self.container}:/"]
        subprocess.run(words, input=packed.getvalue(), check=True, capture_output=True)

    def wait(self) -> Machine:
        until(self.listens, 30, f"{self.name} listens")
        return self

    def listens(self) -> bool:
        try:
            with socket.create_connection((address(self.container), PORT), 1):
                return True
        except OSError:
            assert inspect(self.container)["State"]["Running"], self.log()
            return False

    def log(self) -> str:
        said = run("docker", "logs", self.container)
        return f"{said.stdout}{said.stderr}"

    def kernels(self) -> int:
        """Return how many kernels run there."""
        listed = run("docker", "top", self.container, "-eo", "pid,args").stdout
        return int(listed.count("ipykernel_launcher"))


@dataclass
class Lab:
    """A hub of the tests and all it needs: a network, an authority, secrets."""

    path: Path
    project: str = field(default_factory=lambda: f"kittest{uuid.uuid4().hex[:6]}")
    port: int = field(default_factory=free_port)
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        for folder in ("run", "data", "kit/secrets", "kit/site"):
            (self.path / folder).mkdir(parents=True)
        self.places = Places(self.path / "kit")
        self.desk = Desk(self.places, NAMES)
        (self.path / "userlist").write_text("admin admin\n")
        shutil.copy(ROOT / "jupyterhub_config.py", self.path)
        (self.path / "site").symlink_to(self.places.root / "site")
        run("docker", "network", "create", self.network)

    @property
    def notebook(self) -> str:
        """The image of the kit, under a name that no other test builds at the same time."""
        return f"{self.project}-notebook:1"

    @property
    def old(self) -> str:
        """An image made for nb2kg, which prints what it is given."""
        return f"{self.project}-old:1"

    @property
    def here(self) -> str:
        """An image with a gateway of its own: none."""
        return f"{self.project}-here:1"

    @property
    def network(self) -> str:
        return f"{self.project}-users"

    def equip(self) -> Lab:
        """Make images, authority, certificates, the site's file and the gateways."""
        build(self.notebook, "images/notebook/Dockerfile")
        build(GATEWAY, "images/kernel-gateway/Dockerfile")
        run("docker", "build", "-q", "-t", self.old, "-", input=OLD)
        run("docker", "tag", self.notebook, self.here)
        self.desk.init_ca()
        self.desk.server("gateway", ("plain", "private"))
        self.desk.issue(["ada", "bob", "plain-user", "old-user", "strangers-user"])
        ca = (self.places.authority / "ca.crt").read_bytes()
        (self.places.secrets / "lab-ca.crt").write_bytes(ca)
        site = SITE.format(notebook=self.notebook, old=self.old, here=self.here)
        (self.places.root / "site" / "gateways.py").write_text(site)
        plain = {"KG_AUTH_TOKEN": TOKEN, "KG_LIST_KERNELS": "True"}
        self.gateway = Machine.start(self, "gateway", KG_AUTH_TOKEN=TOKEN)
        self.plain = Machine.start(self, "plain", *PLAIN, CLIENTS, **plain)
        self.private = Machine.start(self, "private", *PLAIN, **plain)
        return self

    def lay_out(self) -> None:
        """Do what a start of the stack and `certs` do: hand the hub its copies."""
        me, given = os.getuid(), self.places.secrets
        owners = Owners(hub=me, proxy=me, edge=me, warden=me, gateway=me)
        Layout(self.path / "run", self.path / "data", given, owners).make(with_certificate=False)

    def start(self, **env: str) -> Lab:
        """Start the hub with these settings; return when it answers."""
        self.lay_out()
        [network] = json.loads(run("docker", "network", "inspect", self.network).stdout)
        values = {"root": str(self.path), "port": self.port, "token": self.token}
        values |= {"host": network["IPAM"]["Config"][0]["Gateway"], "password": PASSWORD}
        (self.path / "config.py").write_text(CONFIG.format(**values))
        given = {"COMPOSE_PROJECT_NAME": self.project, "DOCKER_NETWORK_NAME": self.network}
        given |= {"DOCKER_NOTEBOOK_IMAGE": self.notebook, "SITE_CONFIG": "gateways.py"}
        given |= {"KG_URL": "https://gateway:8888", "KG_AUTH_TOKEN": TOKEN, "IDLE_TIMEOUT": "0"}
        given |= {"SERVER_ENV": "KERNEL_USERNAME=root,LAB=1"}
        given |= {"CLIENT_KEY": NAMES.key, "CLIENT_CERT": NAMES.certificate}
        given |= {"CLIENT_CA": NAMES.ca}
        system = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        with (self.path / "hub.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterhub", "-f", "config.py"],
                cwd=self.path,
                env={**system, **given, **env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
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

    def log(self) -> str:
        return (self.path / "hub.log").read_text()

    def stop(self) -> None:
        """Stop the hub; servers go on."""
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=30)

    def destroy(self) -> None:
        """Remove all that was made, and nothing else."""
        self.stop()
        mine = ("--filter", f"label=hubkit.hub={self.project}")
        for kind, listing, removal in (
            ("container", ("ls", "-aq"), ("rm", "-f", "-v")),
            ("volume", ("ls", "-q"), ("rm", "-f")),
        ):
            found = run("docker", kind, *listing, *mine).stdout.split()
            if found:
                run("docker", kind, *removal, *found, check=False)
        run("docker", "network", "rm", self.network, check=False)
        run("docker", "image", "rm", self.notebook, self.old, self.here, check=False)
