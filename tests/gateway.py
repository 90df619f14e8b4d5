"""A kernel gateway of the kit's image, and people with certificates of their own."""

from __future__ import annotations

import datetime as dt
import io
import json
import tarfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.person import Kernel
from tests.support import CONNECTIONS, ROOT, run, until

pytestmark = pytest.mark.docker
IMAGE = "hubkit-kernel-gateway:test"
TOKEN = "the token everybody knows"
FILES = "/run/hubkit/gateway"
DAY = dt.timedelta(days=1)
CAPABILITIES = {"CAP_SETUID", "CAP_SETGID", "CAP_CHOWN", "CAP_KILL"}


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def pem(thing: Any) -> bytes:
    return thing.public_bytes(serialization.Encoding.PEM)


class Authority:
    """Issues certificates, good and bad, and revokes them."""

    def __init__(self, name: str = "gateway tests"):
        self.name, self.key = named(name), ec.generate_private_key(ec.SECP256R1())
        self.certificate, _ = self.issue(name, authority=True, key=self.key)

    def issue(
        self,
        name: str,
        *,
        key: Any = None,
        authority: bool = False,
        begins: dt.datetime | None = None,
        ends: dt.datetime | None = None,
        usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
        names: tuple[x509.GeneralName, ...] = (),
    ) -> tuple[x509.Certificate, Any]:
        key = key or ec.generate_private_key(ec.SECP256R1())
        builder = x509.CertificateBuilder(self.name, named(name), key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(begins or now() - DAY).not_valid_after(
            ends or now() + DAY
        )
        limits = x509.BasicConstraints(ca=authority, path_length=None)
        builder = builder.add_extension(limits, critical=True)
        if not authority:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256()), key

    def revoked(self, *certificates: x509.Certificate) -> bytes:
        """Return a list of what is revoked."""
        builder = x509.CertificateRevocationListBuilder(self.name, now() - DAY, now() + DAY)
        for certificate in certificates:
            entry = x509.RevokedCertificateBuilder(certificate.serial_number, now() - DAY).build()
            builder = builder.add_revoked_certificate(entry)
        return pem(builder.sign(self.key, hashes.SHA256()))


def key_pem(key: Any) -> bytes:
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, plain)


@dataclass
class Gateway:
    """One gateway of the tests, run by its own compose.yml."""

    path: Path
    authority: Authority
    settings: dict[str, str]
    project: str = field(default_factory=lambda: f"kittest{uuid.uuid4().hex[:6]}")

    def __post_init__(self):
        files = {"volumes": [f"files:{FILES}:ro"], "image": IMAGE, "environment": self.settings}
        files["ports"] = ["127.0.0.1::8888"]
        text = json.dumps({"services": {"kernel-gateway": files}, "volumes": {"files": {}}})
        # Compose adds ports to ports; !override is YAML's, not JSON's.
        text = text.replace('"ports": ', '"ports": !override ')
        (self.path / "override.yml").write_text(text)
        (self.path / "ca.crt").write_bytes(pem(self.authority.certificate))
        self.put(
            **{
                **self.pair(),
                "client-ca.pem": pem(self.authority.certificate),
                "crl.pem": self.authority.revoked(),
                "token": TOKEN.encode(),
            }
        )

    def pair(self) -> dict[str, bytes]:
        """Return a new certificate of the gateway's, and its key."""
        how = {"usage": ExtendedKeyUsageOID.SERVER_AUTH, "names": (x509.DNSName("localhost"),)}
        certificate, key = self.authority.issue("localhost", **how)
        return {"cert.pem": pem(certificate), "key.pem": key_pem(key)}

    def put(self, **files: bytes) -> None:
        """Write files as root owns them."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name, content in files.items():
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode, entry.mtime = len(content), 0o400, int(time.time())
                archive.addfile(entry, io.BytesIO(content))
        (self.path / "files.tar").write_bytes(packed.getvalue())
        packing = ("-v", f"{self.path}:/from:ro", "-v", f"{self.project}_files:/to")
        unpack = ("tar", "-xf", "/from/files.tar", "-C", "/to")
        run("docker", "run", "--rm", *packing, "hubkit-base", *unpack)

    def compose(self, *words: str) -> Any:
        files = ("-f", str(ROOT / "images/kernel-gateway/compose.yml"))
        files += ("-f", str(self.path / "override.yml"))
        return run("docker", "compose", "-p", self.project, *files, *words)

    @property
    def container(self) -> str:
        return f"{self.project}-kernel-gateway-1"

    def up(self) -> Gateway:
        self.compose("up", "-d", "--no-build", "--force-recreate")
        return self.wait()

    def wait(self) -> Gateway:
        """Return when it answers; after a start its port may be another."""
        until(self.answers, 60, "gateway is up")
        said = run("docker", "port", self.container, "8888/tcp").stdout
        self.url = f"https://localhost:{said.splitlines()[0].rpartition(':')[2]}"
        return self

    def log(self) -> str:
        said = run("docker", "logs", self.container, check=False)
        return f"{said.stdout}{said.stderr}"

    def inside(self, *words: str) -> str:
        return str(run("docker", "exec", self.container, *words).stdout)

    def answers(self) -> bool:
        asked = ("docker", "exec", self.container, "python", "-Im", "hubkit_gateway.health")
        return bool(run(*asked, check=False).returncode == 0)

    def state(self) -> dict[str, Any]:
        return dict(json.loads(run("docker", "inspect", self.container).stdout)[0])

    def processes(self) -> list[list[str]]:
        """Return uid, state and words of all that runs in it."""
        listed = run("docker", "top", self.container, "-eo", "pid,uid,stat,args").stdout
        return [line.split(None, 3)[1:] for line in listed.splitlines()[1:]]

    def kernels(self) -> list[list[str]]:
        return [words for words in self.processes() if "ipykernel_launcher" in words[-1]]

    def user(self, name: str, authority: Authority | None = None, **how: Any) -> User:
        """Return a user with a certificate of their own."""
        certificate, key = (authority or self.authority).issue(name, **how)
        file = self.path / f"{uuid.uuid4().hex}.pem"
        file.write_bytes(pem(certificate) + key_pem(key))
        return User(self, name, file, certificate)

    def down(self) -> None:
        self.compose("down", "--volumes", "--timeout", "2")


@dataclass
class User:
    """Somebody with a certificate; every request is a connection of its own."""

    gateway: Gateway
    name: str
    file: Path | None
    certificate: x509.Certificate | None = None

    def ask(self, method: str, path: str, token: str = TOKEN, **extra: Any) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method,
                f"{self.gateway.url}{path}",
                headers={"Authorization": f"token {token}"},
                verify=str(self.gateway.path / "ca.crt"),
                cert=self.file and str(self.file),
                timeout=60,
                **extra,
            )

    def start(self, **env: str) -> str:
        answer = self.ask("POST", "/api/kernels", json={"name": "python3", "env": env})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def list(self) -> list[str]:
        return [model["id"] for model in self.ask("GET", "/api/kernels").json()]

    def attach(self, kernel: str, token: str = TOKEN) -> RemoteKernel:
        return RemoteKernel(self, kernel, token)

    def run(self, code: str) -> str:
        """Evaluate *code* on a kernel of its own."""
        kernel = self.start()
        try:
            return self.attach(kernel).run(code)
        finally:
            self.ask("DELETE", f"/api/kernels/{kernel}")

    def is_refused(self) -> bool:
        """Return whether the handshake fails; any answer means that it does not."""
        try:
            self.ask("POST", "/api/kernels", json={"name": "python3"})
        except (requests.exceptions.SSLError, requests.exceptions.ConnectionError):
            return True
        return False


class RemoteKernel(Kernel):
    """An open websocket to a kernel of the gateway."""

    def __init__(self, user: User, kernel: str, token: str = TOKEN):
        self.socket = websocket.create_connection(
            f"{user.gateway.url.replace('https', 'wss')}/api/kernels/{kernel}/channels",
            header=[f"Authorization: token {token}"],
            sslopt={"ca_certs": str(user.gateway.path / "ca.crt"), "certfile": str(user.file)},
            timeout=60,
        )
        CONNECTIONS.append(self.socket)

    def last_words(self) -> str:
        """Return why the gateway closes the connection, once it does."""
        while True:
            kind, said = self.socket.recv_data(control_frame=True)
            if kind == websocket.ABNF.OPCODE_CLOSE:
                self.socket.shutdown()
                return str(said[2:].decode())
