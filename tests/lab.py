"""Kernel gateways of the tests, and a hub whose servers send their kernels there."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import tarfile
import time
import uuid
from dataclasses import dataclass
from typing import Any

from hubkit.certs.desk import Desk
from hubkit.certs.places import Names
from tests.hubprocess import HubProcess
from tests.support import run, until

GATEWAY = "hubkit-kernel-gateway:test"
TOKEN = f"shared{uuid.uuid4().hex}"
NAMES = Names("key.pem", "cert.pem", "ca.pem")
FILES = "/run/hubkit/gateway"
PLAIN = ("jupyter", "kernelgateway", "--ip=0.0.0.0", "--port_retries=0")
PLAIN += (f"--certfile={FILES}/cert.pem", f"--keyfile={FILES}/key.pem")
CLIENTS = f"--client-ca={FILES}/client-ca.pem"
PORT = 8888
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
class Lab(HubProcess):
    """A hub of the tests with kernel gateways: an authority, secrets."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.desk = Desk(self.places, NAMES)

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
        self.site("gateways.py", site)
        self.settings |= {"KG_URL": "https://gateway:8888", "KG_AUTH_TOKEN": TOKEN}
        self.settings |= {"SERVER_ENV": "KERNEL_USERNAME=root,LAB=1"}
        self.settings |= {"CLIENT_KEY": NAMES.key, "CLIENT_CERT": NAMES.certificate}
        self.settings |= {"CLIENT_CA": NAMES.ca}
        plain = {"KG_AUTH_TOKEN": TOKEN, "KG_LIST_KERNELS": "True"}
        self.gateway = Machine.start(self, "gateway", KG_AUTH_TOKEN=TOKEN)
        self.plain = Machine.start(self, "plain", *PLAIN, CLIENTS, **plain)
        self.private = Machine.start(self, "private", *PLAIN, **plain)
        return self

    def destroy(self) -> None:
        """Remove all that was made, and nothing else."""
        super().destroy()
        run("docker", "image", "rm", self.notebook, self.old, self.here, check=False)
