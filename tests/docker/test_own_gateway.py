"""COMPOSE_PROFILES=gateway: the kernel gateway in the stack, and who hands it what."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.person import Person
from tests.support import Stack, run, until
from tests.unit.certs.making import PASSWORD, chain, p12

# tests/e2e/test_gateway.py computes there in a browser, in every run.
pytestmark = [pytest.mark.docker, pytest.mark.thorough]

FILES = ["cert.pem", "client-ca.pem", "crl.pem", "key.pem"]
WHO = "import getpass, os, socket; [socket.gethostname(), getpass.getuser(), os.getcwd()]"
PROBE = """
import json, socket
def reached(host, port):
    try:
        socket.create_connection((host, port), 2).close()
    except OSError:
        return False
    return True
json.dumps([reached(*one) for one in {}])
"""


def certs(stack: Stack, *words: str, check: bool = True, **extra: Any) -> Any:
    return run("scripts/hubkit.sh", "certs", *words, cwd=stack.path, check=check, **extra)


def held(stack: Stack) -> list[str]:
    """Return owner, mode and path of all that is handed out to the gateway."""
    words = ("exec", "-T", "kernel-gateway", "find", "/run/hubkit", "-type", "f")
    return sorted(stack.compose(*words, "-printf", "%U %m %P\n").stdout.splitlines())


def started(stack: Stack) -> list[str]:
    """Return when hub and gateway were started."""
    return [stack.inspect(stack.project)["State"]["StartedAt"], *since(stack, "kernel-gateway")]


def since(stack: Stack, *parts: str) -> list[str]:
    """Return when *parts* of the stack were started."""
    found = [stack.inspect(f"{stack.project}-{part}-1") for part in parts]
    return [str(part["State"]["StartedAt"]) for part in found]


@pytest.fixture
def somebody(gateway_stack: Stack, admin: Person) -> Iterator[Person]:
    """Somebody with a certificate."""
    name = f"u{uuid.uuid4().hex[:8]}"
    certs(gateway_stack, "issue", name)
    made = Person(gateway_stack, name).accept(gateway_stack.link(name)).sign_in()
    yield made
    admin.api("DELETE", f"/hub/api/users/{name}/server")


def test_what_it_is_given(gateway_stack: Stack):
    """Its own four files as root alone may read them; no other volume, network or port."""
    found = gateway_stack.inspect(f"{gateway_stack.project}-kernel-gateway-1")

    assert held(gateway_stack) == [f"0 400 gateway/{name}" for name in FILES]
    project = gateway_stack.project
    mounts = {one["Name"]: one["RW"] for one in found["Mounts"]}
    assert mounts == {f"{project}-gateway-secrets": False, f"{project}-gateway": True}
    assert list(found["NetworkSettings"]["Networks"]) == [f"{project}-network"]
    assert not any(found["NetworkSettings"]["Ports"].values())
    key = (gateway_stack.path / "secrets/gateway-ca/ca.key").read_text().splitlines()[1]
    assert key not in json.dumps(found)


def test_a_cell_a_revocation_and_what_can_be_reached(gateway_stack: Stack, somebody: Person):
    """Certificates come and go without a restart; kernels see what servers see, no more."""
    before, name = started(gateway_stack), somebody.name
    somebody.start()
    kernel = somebody.kernel()

    assert kernel.run(WHO) == repr(["kernel-gateway", name, f"/data/homes/{name}"])
    control = gateway_stack.inspect(f"{gateway_stack.project}-warden-1")["NetworkSettings"]
    warden = control["Networks"][f"{gateway_stack.project}-control"]["IPAddress"]
    asked = [("jupyterhub", 8081), ("warden", 2375), ("proxy-api", 8001), ("edge", 443)]
    said = kernel.run(PROBE.format([*asked, (warden, 2375)]))
    assert said == repr("[true, false, false, false, false]")

    certs(gateway_stack, "revoke", name)
    until(lambda: "has been revoked" in log(gateway_stack), 20, "the list was read")
    answer = somebody.api("POST", f"{somebody.base()}api/kernels", json={})
    assert answer.status_code >= 500
    somebody.stop()
    somebody.api("POST", f"/hub/api/users/{name}/server")
    until(lambda: f"There is no certificate with which {name}" in hub_log(gateway_stack), 30, "no")
    assert started(gateway_stack) == before


def log(stack: Stack) -> str:
    said = run("docker", "logs", f"{stack.project}-kernel-gateway-1")
    return f"{said.stdout}{said.stderr}"


def hub_log(stack: Stack) -> str:
    said = run("docker", "logs", "--tail", "200", stack.project)
    return f"{said.stdout}{said.stderr}"


def test_a_token(gateway_stack: Stack, somebody: Person):
    """It reaches the gateway as a file, counts beside the certificate, and is read again.

    A new one restarts the hub alone: kernels and connections stay.
    """
    secret = uuid.uuid4().hex
    path = gateway_stack.path / "secrets" / "kg-token"
    path.write_text(secret)
    path.chmod(0o600)
    try:
        others = since(gateway_stack, "edge", "proxy", "warden", "kernel-gateway")
        gateway_stack.apply(KG_AUTH_TOKEN_FILE="secrets/kg-token")
        assert since(gateway_stack, "edge", "proxy", "warden", "kernel-gateway") == others
        before = started(gateway_stack)
        assert "0 400 gateway/token" in held(gateway_stack)
        somebody.start()
        assert somebody.name in somebody.kernel().run(WHO)

        path.write_text(uuid.uuid4().hex)  # the server still has the first
        gateway_stack.make_target("reload")
        kernels = f"{somebody.base()}api/kernels"
        until(
            lambda: somebody.api("POST", kernels, json={}).status_code >= 400, 20, "a wrong token"
        )

        assert started(gateway_stack) == before
        assert secret not in log(gateway_stack) + hub_log(gateway_stack)
        found = gateway_stack.inspect(f"{gateway_stack.project}-kernel-gateway-1")
        assert secret not in json.dumps(found)
    finally:
        del gateway_stack.settings["KG_AUTH_TOKEN_FILE"]
        gateway_stack.apply()
    assert held(gateway_stack) == [f"0 400 gateway/{name}" for name in FILES]


def test_a_token_from_the_shell(gateway_stack: Stack):
    """One that is exported wins for that command, as every setting does."""
    secret = uuid.uuid4().hex
    try:
        gateway_stack.make_target("reload", KG_AUTH_TOKEN=secret)

        token = ("exec", "-T", "kernel-gateway", "cat", "/run/hubkit/gateway/token")
        assert gateway_stack.compose(*token).stdout == secret
    finally:
        gateway_stack.make_target("reload")
    assert held(gateway_stack) == [f"0 400 gateway/{name}" for name in FILES]


def test_switched_off_it_goes(gateway_stack: Stack):
    """Without its line in .env the next `make up` leaves no gateway and no key of it."""
    del gateway_stack.settings["COMPOSE_PROFILES"]
    try:
        gateway_stack.write_env()
        gateway_stack.up()

        assert f"{gateway_stack.project}-kernel-gateway-1" not in gateway_stack.containers()
        volume = f"{gateway_stack.project}-gateway-secrets:/own:ro"
        assert run("docker", "run", "--rm", "-v", volume, "hubkit-base", "ls", "/own").stdout == ""
    finally:
        gateway_stack.apply(COMPOSE_PROFILES="gateway")


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A PKCS#12 file with a whole chain, where its owner alone may read it."""
    leaf, *above = chain()
    path = tmp_path / "my ada.p12"
    path.write_bytes(p12(tmp_path, leaf, above))
    path.chmod(0o600)
    return path


def test_import_without_a_terminal(gateway_stack: Stack, packed: Path, tmp_path: Path):
    """File and password are read where they lie; the hub has the certificate at once."""
    (tmp_path / "pw").write_text(PASSWORD)

    certs(gateway_stack, "import", "ada", str(packed), "--password-file", str(tmp_path / "pw"))

    assert (gateway_stack.path / "secrets/gateway/ada/key.pem").stat().st_mode & 0o777 == 0o600
    words = ("exec", "-T", "jupyterhub", "ls", "/run/hubkit/hub/gateway/ada")
    assert gateway_stack.compose(*words).stdout.split() == ["cacert.pem", "cert.pem", "key.pem"]


def test_import_at_a_terminal(gateway_stack: Stack, packed: Path):
    """The password is asked for, and not shown."""
    leaf, *above = chain(name="eve")
    packed.write_bytes(p12(packed.parent, leaf, above))
    ours, theirs = pty.openpty()
    words = ["scripts/hubkit.sh", "certs", "import", "eve", packed]
    asking = subprocess.Popen(
        words, cwd=gateway_stack.path, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    said = b""
    try:
        while b"Password of" not in said:
            said += os.read(ours, 1000)
        os.write(ours, f"{PASSWORD}\n".encode())
        while chunk := read(ours):
            said += chunk
        assert asking.wait(60) == 0, said.decode()
    finally:
        asking.kill()
        os.close(ours)

    assert PASSWORD.encode() not in said
    assert (gateway_stack.path / "secrets/gateway/eve/key.pem").exists()


def read(terminal: int) -> bytes:
    """Return what is shown next; nothing once everybody has left."""
    try:
        return os.read(terminal, 1000)
    except OSError:
        return b""
