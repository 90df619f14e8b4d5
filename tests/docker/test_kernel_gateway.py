"""The kernel gateway: whose certificate it is decides whose kernel it is."""

from __future__ import annotations

import datetime as dt
import io
import json
import ssl
import tarfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
from tests.support import CONNECTIONS, ROOT, close_connections, run, until

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


@pytest.fixture(scope="module")
def image() -> None:
    bundle = "id=ca_bundle,src=/etc/ssl/certs/ca-certificates.crt"
    file = "images/kernel-gateway/Dockerfile"
    run("docker", "build", "--tag", IMAGE, "--file", file, "--secret", bundle, ".", timeout=600)


@pytest.fixture(scope="module")
def gateway(image: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    path = tmp_path_factory.mktemp("gateway")
    settings = {"KG_AUTH_TOKEN_FILE": f"{FILES}/token", "GATEWAY_KERNELS_PER_USER": "3"}
    started = Gateway(path, Authority(), settings)
    try:
        yield started.up()
    finally:
        close_connections()
        started.down()


@pytest.fixture
def ada(gateway: Gateway) -> Iterator[User]:
    yield from somebody(gateway, "ada")


@pytest.fixture
def bob(gateway: Gateway) -> Iterator[User]:
    yield from somebody(gateway, "bob")


def somebody(gateway: Gateway, name: str) -> Iterator[User]:
    yield gateway.user(name)
    user = gateway.user(name)  # the other may be revoked by now
    for kernel in user.list():
        user.ask("DELETE", f"/api/kernels/{kernel}")


def test_a_cell_runs_on_the_gateway_as_its_user(gateway: Gateway, ada: User):
    kernel = ada.attach(ada.start(KERNEL_USERNAME="ada", KERNEL_NOTE="kept", SECRET="not kept"))

    said = kernel.run(
        "import os, pwd, socket\n"
        "(socket.gethostname(), pwd.getpwuid(os.getuid()).pw_name, os.getcwd(), os.getgid(),"
        " os.getgroups(), os.environ['KERNEL_NOTE'], 'SECRET' in os.environ)"
    )

    host = gateway.inside("hostname").strip()
    group = int(gateway.inside("id", "-g", "ada"))
    assert said == repr((host, "ada", "/data/homes/ada", group, [], "kept", False))


def test_somebody_elses_name_is_refused(gateway: Gateway, ada: User):
    body = {"name": "python3", "env": {"KERNEL_USERNAME": "bob"}}

    answer = ada.ask("POST", "/api/kernels", json=body)

    assert answer.status_code == 403
    assert answer.json()["message"] == "KERNEL_USERNAME is 'bob', but the certificate is for 'ada'."
    assert ada.list() == []
    assert gateway.kernels() == []


@pytest.mark.parametrize(
    "env", [{}, {"KERNEL_USERNAME": ""}, None], ids=["none", "empty", "no env"]
)
def test_a_missing_name_is_filled_in(ada: User, env: Any):
    answer = ada.ask("POST", "/api/kernels", json={"env": env})

    kernel = ada.attach(answer.json()["id"])

    assert kernel.run("import os; os.environ['KERNEL_USERNAME']") == "'ada'"


def test_others_kernels_are_not_there(ada: User, bob: User):
    """To everybody but its owner a kernel is what no kernel is, in the same words."""
    kernel, nothing = ada.start(), str(uuid.uuid4())
    asked = [("GET", ""), ("DELETE", ""), ("POST", "/interrupt"), ("POST", "/restart")]
    asked.append(("GET", "/channels"))

    for method, action in asked:
        theirs = bob.ask(method, f"/api/kernels/{kernel}{action}")
        missing = bob.ask(method, f"/api/kernels/{nothing}{action}")
        assert theirs.status_code == missing.status_code == 404, (method, action)
        assert theirs.text.replace(kernel, nothing) == missing.text
    for there in (kernel, nothing):
        with pytest.raises(websocket.WebSocketBadStatusException, match="404"):
            bob.attach(there)

    assert bob.list() == []
    assert ada.list() == [kernel]
    assert ada.attach(kernel).run("6 * 7") == "42"


def test_an_id_cannot_be_asked_for(ada: User, bob: User):
    """Kernel Gateway would hand over the kernel that has it."""
    kernel = ada.start()

    answer = bob.ask("POST", "/api/kernels", json={"kernel_id": kernel})

    assert answer.status_code == 201
    assert answer.json()["id"] != kernel


def test_two_start_at_the_same_time(gateway: Gateway, ada: User, bob: User):
    """Each gets what they asked for, and so does whoever comes after."""
    users = [ada, bob, gateway.user("carol")]
    with ThreadPoolExecutor() as pool:
        started = list(pool.map(lambda user: user.start(KERNEL_NOTE=f"of {user.name}"), users))
    after = ada.start()

    code = "import getpass, os; getpass.getuser(), os.environ.get('KERNEL_NOTE')"
    for user, kernel in zip(users, started, strict=True):
        assert user.attach(kernel).run(code) == repr((user.name, f"of {user.name}"))
    assert ada.attach(after).run(code) == repr(("ada", None))
    users[-1].ask("DELETE", f"/api/kernels/{started[-1]}")


def test_what_knows_no_owner_is_not_served(ada: User):
    for path in ("/api/sessions", "/api/swagger.json", "/api/contents", "/metrics", "/files/x"):
        assert ada.ask("GET", path).status_code == 404, path
    assert ada.ask("GET", "/api/kernelspecs").json()["default"] == "python3"


def test_interrupt_restart_and_delete(gateway: Gateway, ada: User):
    identity = ada.start()
    kernel = ada.attach(identity)
    kernel.run(
        "import os, subprocess; kept = subprocess.Popen(['sleep', '9999'], start_new_session=True)"
    )

    kernel.socket.settimeout(20)
    ada.ask("POST", f"/api/kernels/{identity}/interrupt")
    assert ada.ask("POST", f"/api/kernels/{identity}/restart").status_code == 200
    again = ada.attach(identity)
    assert (
        again.run("import os; 'kept' in globals(), os.environ['HOME']")
        == "(False, '/data/homes/ada')"
    )
    assert ada.ask("DELETE", f"/api/kernels/{identity}").status_code == 204

    uid = gateway.inside("id", "-u", "ada").strip()
    assert ada.list() == []
    assert not [words for words in gateway.processes() if words[0] == uid], "nothing is left"
    assert not [words for words in gateway.processes() if words[1].startswith("Z")]


def test_a_running_cell_can_be_interrupted(ada: User):
    identity = ada.start()
    kernel = ada.attach(identity)
    header = {"msg_id": "m", "msg_type": "execute_request", "session": "s", "username": ""}
    content = {"code": "import time; time.sleep(60)", "silent": False, "stop_on_error": False}
    message = {"header": {**header, "version": "5.3"}, "parent_header": {}, "metadata": {}}
    kernel.socket.send(json.dumps({**message, "content": content, "channel": "shell"}))
    until(lambda: json.loads(kernel.socket.recv())["msg_type"] == "execute_input", 20, "it runs")

    assert ada.ask("POST", f"/api/kernels/{identity}/interrupt").status_code == 204

    until(lambda: json.loads(kernel.socket.recv())["msg_type"] == "error", 20, "it ends")
    assert kernel.run("1 + 1") == "2"


def test_files_and_processes_are_their_owners(gateway: Gateway, ada: User, bob: User):
    hers = ada.start()
    kernel = ada.attach(hers)
    kernel.run("open('secret.txt', 'w').write('x'); open('/tmp/mine', 'w').write('x')")
    pid = kernel.run("import os; os.getpid()")
    assert kernel.run("import os; oct(os.stat('.').st_mode)") == "'0o40700'"
    connection = kernel.run("from ipykernel import get_connection_file; get_connection_file()")

    tried = bob.run(
        "import os, signal\n"
        "def attempt(what, *words):\n"
        "    try: return what(*words)\n"
        "    except OSError as error: return type(error).__name__\n"
        f"pid, connection = {pid}, {connection}\n"
        f"files = ['/data/homes/ada/secret.txt', '/tmp/mine', connection, '{FILES}/key.pem',"
        f" '{FILES}/token', f'/proc/{{pid}}/environ', f'/proc/{{pid}}/mem', '/proc/1/environ']\n"
        "found = {attempt(open, name) for name in files}\n"
        "found |= {attempt(os.kill, pid, signal.SIGTERM), attempt(os.kill, 1, 9)}\n"
        "found | {attempt(os.listdir, place) for place in ['/data/homes/ada', '/data/homes',"
        " os.path.dirname(connection)]}"
    )

    assert tried == "{'PermissionError'}"
    assert kernel.run("1 + 1") == "2"


def test_nobody_listens_in(ada: User, bob: User):
    """A kernel's ports are open to all on its machine; without its key they say nothing."""
    kernel = ada.attach(ada.start())
    port = kernel.run(
        "import json; from ipykernel import get_connection_info\n"
        "json.loads(get_connection_info())['iopub_port']"
    )
    spy = bob.attach(bob.start())
    spy.run(
        f"import zmq; s = zmq.Context().socket(zmq.SUB); s.subscribe(b''); "
        f"s.connect('tcp://127.0.0.1:{port}')"
    )

    kernel.run("print('nobody else shall read this')")

    assert spy.run("s.poll(1500)") == "0"


def test_a_kernel_knows_no_secret(ada: User):
    said = ada.run("import os; dict(os.environ)")

    assert TOKEN not in said
    for name in ("KG_", "GATEWAY_", "JUPYTER_RUNTIME"):
        assert name not in said.replace("KERNEL_GATEWAY", "")


def test_the_limit_is_each_users_own(ada: User, bob: User):
    kernels = [ada.start() for _ in range(3)]

    answer = ada.ask("POST", "/api/kernels", json={"name": "python3"})

    assert answer.status_code == 403
    assert answer.json()["message"] == "You have 3 kernels, which is the limit: end one first."
    assert sorted(ada.list()) == sorted(kernels)
    assert bob.start()


@pytest.mark.parametrize("token", ["wrong", ""])
def test_a_certificate_without_the_token(gateway: Gateway, ada: User, token: str):
    kernel = ada.start()

    assert ada.ask("GET", "/api/kernels", token=token).status_code == 401
    assert ada.ask("POST", "/api/kernels", token=token, json={}).status_code == 401
    assert ada.ask("DELETE", f"/api/kernels/{kernel}", token=token).status_code == 401
    assert ada.ask("GET", f"/api/kernels?token={token}x", token=token).status_code == 401
    with pytest.raises(websocket.WebSocketBadStatusException, match="401"):
        ada.attach(kernel, token)

    assert ada.list() == [kernel]
    assert f"token={token}x" not in gateway.log()


BAD = {
    "of another authority": ({"authority": Authority()}, "certificate signature failure"),
    "of an unknown authority": ({"authority": Authority("?")}, "unable to get local issuer"),
    "expired": ({"begins": now() - 3 * DAY, "ends": now() - DAY}, "certificate has expired"),
    "not yet valid": ({"begins": now() + DAY, "ends": now() + 3 * DAY}, "not yet valid"),
    "a server's": ({"usage": ExtendedKeyUsageOID.SERVER_AUTH}, "certificate purpose"),
}


@pytest.mark.parametrize(("how", "why"), BAD.values(), ids=BAD)
def test_a_certificate_that_does_not_count(gateway: Gateway, how: dict[str, Any], why: str):
    """Another authority may have the name of ours: the key decides."""
    before = len(gateway.log())

    assert gateway.user("ada", **how).is_refused()

    until(lambda: why in gateway.log()[before:], 10, "the reason in the log")
    assert gateway.kernels() == []


def test_no_certificate(gateway: Gateway):
    before = len(gateway.log())

    assert User(gateway, "ada", None).is_refused()

    why = "PEER_DID_NOT_RETURN_A_CERTIFICATE"
    until(lambda: why in gateway.log()[before:], 10, "the reason in the log")
    assert gateway.kernels() == []


def test_old_tls_is_refused(gateway: Gateway, ada: User):
    words = ("openssl", "s_client", "-connect", gateway.url.removeprefix("https://"), "-tls1_1")
    assert "Cipher is (NONE)" in run(*words, "-cipher", "ALL:@SECLEVEL=0", check=False).stdout


@pytest.mark.parametrize(
    ("others", "status"),
    [
        ((x509.DNSName("ada"),), 200),
        ((x509.RFC822Name("ada@example.org"),), 200),
        ((x509.UniformResourceIdentifier("urn:hubkit:user:ada"),), 200),
        ((x509.DNSName("laptop"), x509.RFC822Name("ada@example.org")), 200),
        ((x509.DNSName("bob"),), 401),
    ],
)
def test_alternative_names(gateway: Gateway, others: Any, status: int):
    """They never decide, but somebody else's are refused."""
    assert gateway.user("ada", names=others).ask("GET", "/api/kernels").status_code == status


def test_a_revoked_certificate(gateway: Gateway, ada: User, bob: User):
    """Refused without a restart, on connections already open as well; others are left alone."""
    kernel, other = ada.attach(ada.start()), bob.attach(bob.start())
    assert kernel.run("1") == other.run("1") == "1"

    gateway.put(**{"crl.pem": gateway.authority.revoked(ada.certificate)})

    until(ada.is_refused, 10, "refused")
    assert kernel.last_words() == "The certificate has been revoked."
    assert other.run("1") == "1"
    assert len(gateway.user("ada").list()) >= 1, "a new certificate finds the kernels"
    gateway.put(**{"crl.pem": b"half of a"})
    until(lambda: "previous ones stay in force" in gateway.log(), 10, "noticed")
    assert ada.is_refused()
    gateway.put(**{"crl.pem": gateway.authority.revoked()})
    until(lambda: not ada.is_refused(), 10, "let in again")


def test_an_authority_that_is_taken_away(gateway: Gateway, ada: User):
    """Whoever it made lose their open connections too; with it back, their kernels are there."""
    kernel, idle = ada.start(), requests.Session()
    idle.trust_env, idle.cert = False, str(ada.file)
    idle.verify, idle.headers["Authorization"] = str(gateway.path / "ca.crt"), f"token {TOKEN}"
    socket = ada.attach(kernel)
    assert socket.run("1") == "1"
    assert idle.get(f"{gateway.url}/api/kernels").status_code == 200

    gateway.put(**{"client-ca.pem": pem(Authority("another").certificate)})
    try:
        assert socket.last_words() == "The gateway trusts other authorities now."
        with pytest.raises(requests.ConnectionError):
            idle.get(f"{gateway.url}/api/kernels")
    finally:
        gateway.put(**{"client-ca.pem": pem(gateway.authority.certificate)})
        idle.close()
    until(lambda: not ada.is_refused(), 10, "let in again")
    assert kernel in ada.list()


def test_a_renewed_certificate_of_the_gateway(gateway: Gateway, ada: User):
    """It is shown without a restart, and open connections stay."""
    kernel, pair = ada.attach(ada.start()), gateway.pair()
    where = ("localhost", int(gateway.url.rpartition(":")[2]))

    gateway.put(**pair)

    shown = pair["cert.pem"].decode().strip()
    until(lambda: ssl.get_server_certificate(where).strip() == shown, 10, "shown")
    assert kernel.run("1 + 1") == "2"
    assert ada.list()


def test_strange_names(gateway: Gateway):
    """Each has an account of its own, none the system's; the kernel still knows the name."""
    names = ["root", "Ada", "ada@example.org", "jörg lind", "a/../b", "u-" + "0" * 24, "x" * 64]
    seen = {}
    for name in names:
        code = (
            "import os, pwd; [os.getuid(), pwd.getpwuid(os.getuid()).pw_name, os.getcwd(),"
            " os.environ['KERNEL_USERNAME']]"
        )
        uid, account, home, user = json.loads(gateway.user(name).run(code).replace("'", '"'))
        assert uid >= 20000
        assert (home, user) == (f"/data/homes/{account}", name)
        seen[uid] = account
    assert len(seen) == len(set(seen.values())) == len(names)


def test_the_container_may_do_little(gateway: Gateway):
    made = gateway.state()["HostConfig"]

    assert made["ReadonlyRootfs"]
    assert made["CapDrop"] == ["ALL"]
    assert {f"CAP_{name.removeprefix('CAP_')}" for name in made["CapAdd"]} == CAPABILITIES
    assert "no-new-privileges:true" in made["SecurityOpt"]


def test_a_kernel_has_no_capability(ada: User):
    said = ada.run("[line for line in open('/proc/self/status') if line.startswith('Cap')]")

    sets = {line.split(":")[0]: int(line.split(":")[1], 16) for line in eval(said)}  # noqa: S307
    assert sets["CapEff"] == sets["CapPrm"] == sets["CapAmb"] == sets["CapInh"] == 0


def test_it_says_that_it_is_well(gateway: Gateway):
    before = gateway.log()
    assert gateway.answers()
    assert gateway.log() == before, "the question leaves nothing in the log"


def test_a_busy_port(gateway: Gateway):
    """An error, and never another port."""
    where = (
        "--network",
        f"container:{gateway.container}",
        "-v",
        f"{gateway.project}_files:{FILES}",
    )

    name = f"{gateway.project}-second"
    try:
        done = run("docker", "run", "--name", name, *where, IMAGE, check=False, timeout=30)
    finally:
        run("docker", "rm", "-f", "-v", name, check=False)

    assert done.returncode == 1
    assert "GATEWAY_PORT=8888: Address already in use" in done.stderr


def test_what_is_wrong_is_said_at_once(gateway: Gateway):
    given = ("-e", "GATEWAY_PORT=0", "-e", "GATEWAY_CRL=/nowhere", "-e", f"KG_AUTH_TOKEN={TOKEN}")

    done = run("docker", "run", "--rm", *given, IMAGE, check=False, timeout=30)

    assert done.returncode == 1
    assert "5 problems (nothing was started)" in done.stderr
    for name in ("PORT=0", "CRL=/nowhere", "CERT=", "KEY=", "CLIENT_CA="):
        assert f"GATEWAY_{name}" in done.stderr
    assert TOKEN not in done.stderr


def test_another_container_knows_everybody_again(image: None, tmp_path: Path):
    """Accounts and homes are in the volume; kernels end with the container, at once."""
    gateway = Gateway(tmp_path, Authority(), {})
    code = "import os; os.getuid(), os.path.exists('kept'), open('kept', 'w').close()"
    try:
        gateway.up()
        first = {name: gateway.user(name).run(code) for name in ("ada", "Bob")}
        assert all("False" in said for said in first.values())
        running = gateway.user("ada").attach(gateway.user("ada").start())
        running.run("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)")
        began = time.monotonic()
        gateway.compose("stop")
        assert time.monotonic() - began < 10
        assert gateway.state()["State"]["ExitCode"] == 0, gateway.log()

        gateway.up()

        assert gateway.user("carol").run(code).startswith("(20002, False")
        for name in ("Bob", "ada"):
            assert gateway.user(name).run(code) == first[name].replace("False", "True")
        assert gateway.user("ada").list() == []
    finally:
        close_connections()
        gateway.down()


def test_kernels_end_when_the_gateway_is_killed(image: None, tmp_path: Path):
    """Docker starts it again; nobody's processes are left from before."""
    gateway = Gateway(tmp_path, Authority(), {"GATEWAY_IDLE_TIMEOUT": "3"})
    find = (
        "import os, pathlib; [os.kill(int(p.parent.name), 9) for p in"
        " pathlib.Path('/proc').glob('[0-9]*/cmdline') if p.parent.name != '1' and"
        " b'-Im\\0hubkit_' b'gateway' in p.read_bytes()]"
    )
    try:
        ada = gateway.up().user("ada")
        ada.attach(ada.start()).run("import os; os.system('setsid sleep 9999 &')")
        gateway.inside("python", "-c", find)
        until(lambda: gateway.state()["RestartCount"] == 1, 20, "started again")
        gateway.wait()
        assert {words[0] for words in gateway.processes()} == {"0"}
        assert ada.list() == []

        ada.start()
        until(lambda: ada.list() == [], 20, "an idle kernel ends as well")
        assert {words[0] for words in gateway.processes()} == {"0"}
    finally:
        close_connections()
        gateway.down()
