"""Whom the kit's gateway believes: certificates, revocations, the token."""

from __future__ import annotations

import json
import ssl
import time
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.gateway import CAPABILITIES, DAY, FILES, IMAGE, TOKEN, Authority, Gateway, User, now, pem
from tests.support import close_connections, run, until


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


@pytest.mark.thorough
def test_another_container_knows_everybody_again(gateway_image: None, tmp_path: Path):
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


def test_kernels_end_when_the_gateway_is_killed(gateway_image: None, tmp_path: Path):
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
        # It ends with what it kills.
        run("docker", "exec", gateway.container, "python", "-c", find, check=False)
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
