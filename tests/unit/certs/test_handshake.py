"""What is issued works in real TLS: the right ones get in, everybody else stays out."""

from __future__ import annotations

import contextlib
import queue
import socket
import ssl
import threading
from dataclasses import dataclass

import pytest

from hubkit.certs import bundle, importing, pkcs12
from hubkit.certs.desk import Desk
from hubkit.certs.places import Names, Places
from tests.unit.certs.making import DAY, NOW, PASSWORD, chain, p12

NAMES = Names()


@dataclass
class Gateway:
    """A server that demands certificates, as `hubkit certs server` equipped it."""

    port: int
    seen: list
    refused: queue.Queue

    def reached_by(self, folder):
        """Return what the gateway answers who comes with the files in *folder*."""
        context = ssl.create_default_context(cafile=folder / NAMES.ca)
        context.load_cert_chain(folder / NAMES.certificate, folder / NAMES.key)
        return self.reached_with(context)

    def reached_with(self, context):
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            # With TLS 1.3 a client learns only now that its certificate was refused.
            return secured.recv(100)


@pytest.fixture(params=["TLSv1_2", "TLSv1_3"])
def equipped(request, places, desk):
    """Return a function that starts a gateway, and the desk, for each version of TLS."""
    desk.server("localhost", ["127.0.0.1"])
    stack = contextlib.ExitStack()

    def start():
        return stack.enter_context(gateway(places, ssl.TLSVersion[request.param]))

    with stack:
        yield start


@contextlib.contextmanager
def gateway(places, version):
    folder = places.server("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    context.load_verify_locations(folder / "client-ca.pem")
    context.load_verify_locations(folder / "crl.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    listener = socket.create_server(("127.0.0.1", 0))
    made = Gateway(listener.getsockname()[1], [], queue.Queue())

    def serve():
        with contextlib.suppress(OSError):
            while True:
                plain, _ = listener.accept()
                try:
                    with plain, context.wrap_socket(plain, server_side=True) as secured:
                        made.seen.append(secured.getpeercert())
                        secured.sendall(b"welcome")
                except ssl.SSLError as error:
                    made.refused.put(getattr(error, "verify_message", error.reason))

    thread = threading.Thread(target=serve)
    thread.start()
    yield made
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(10)


def is_refused(gateway, folder, why):
    # A server that refuses may close before the client has read its alert.
    with pytest.raises((ssl.SSLError, ConnectionError)):
        gateway.reached_by(folder)
    assert why in gateway.refused.get(timeout=10)
    assert gateway.seen == []


@pytest.mark.parametrize("rsa_bits", [0, 3072], ids=["P-256", "RSA"])
def test_issued(places, desk, equipped, rsa_bits):
    """A user gets in, and the gateway learns the name."""
    desk.issue(["josé"], rsa_bits=rsa_bits)
    running = equipped()

    assert running.reached_by(places.person("josé")) == b"welcome"

    [seen] = running.seen
    assert seen["subject"] == ((("commonName", "josé"),),)
    assert seen["subjectAltName"] == (("URI", "urn:hubkit:user:jos%C3%A9"),)


def test_bundle(places, desk, equipped, tmp_path):
    """What a start is given gets in as well."""
    desk.issue(["ada"])
    found = bundle.read(places.people, "ada", NAMES)
    for name, content in (("key", found.key), ("cert", found.certificate), ("cacert", found.ca)):
        (tmp_path / f"{name}.pem").write_bytes(content)

    assert equipped().reached_by(tmp_path) == b"welcome"


def test_renewed(places, desk, equipped):
    """After a renewal the new certificate gets in."""
    desk.issue(["ada"], days=5)
    desk.renew(30)

    assert equipped().reached_by(places.person("ada")) == b"welcome"


def test_imported(places, desk, equipped, tmp_path):
    """One from another authority, with one between, gets in where the gateway trusts that."""
    leaf, middle, root = chain()
    package = pkcs12.read(p12(tmp_path, leaf, [root, middle], "-legacy"), PASSWORD)
    kit = importing.read_authorities(places.authority / "ca.crt")
    importing.bring(places, NAMES, "ada", package, authorities=kit)
    folder = places.server("localhost")
    running = equipped()
    with pytest.raises((ssl.SSLError, ConnectionError)):
        running.reached_by(places.person("ada"))

    with (folder / "client-ca.pem").open("ab") as file:
        file.write(root.pem)
    # That authority publishes no list here, so the gateway asks for none.
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=folder / "client-ca.pem")
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    assert in_memory(context, places.person("ada")) == "ada"


def in_memory(server, folder):
    """Return the common name that *server* sees of a client with the files in *folder*."""
    client = ssl.create_default_context(cafile=folder / NAMES.ca)
    client.load_cert_chain(folder / NAMES.certificate, folder / NAMES.key)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(back, there, server_hostname="localhost"),
        server.wrap_bio(there, back, server_side=True),
    ]
    for _ in range(4):
        for end in ends:
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
    return ends[1].getpeercert()["subject"][-1][0][1]


def test_revoked(places, desk, equipped, tmp_path):
    """A revoked certificate is refused, another user's still gets in."""
    desk.issue(["ada", "bob"])
    kept = tmp_path / "kept"
    kept.mkdir()
    for path in places.person("ada").iterdir():
        (kept / path.name).write_bytes(path.read_bytes())
    desk.revoke("ada")
    running = equipped()

    is_refused(running, kept, "revoked")
    assert running.reached_by(places.person("bob")) == b"welcome"


@pytest.mark.parametrize(
    ("when", "why"), [(NOW - 100 * DAY, "expired"), (NOW + 2 * DAY, "not yet valid")]
)
def test_out_of_time(places, desk, equipped, when, why):
    """Expired and not yet valid ones are refused."""
    Desk(places, NAMES, when).issue(["ada"])

    # The list was signed at that other time, too; it is to be today's.
    desk.renew(0) if why == "not yet valid" else desk.server("localhost")

    folder = places.person("ada")
    is_refused(equipped(), folder, why)


def test_another_authority(places, desk, equipped, tmp_path):
    """A certificate of another kit's authority is refused, though that has the same name."""
    other = Desk(Places(tmp_path / "other"), NAMES)
    other.init_ca()
    other.issue(["ada"])
    folder = other.places.person("ada")
    (folder / NAMES.ca).write_bytes((places.authority / "ca.crt").read_bytes())

    is_refused(equipped(), folder, "")


def test_servers_certificate(places, desk, equipped):
    """A gateway's own certificate does not let anybody in as a user."""
    folder = places.server("localhost")
    (folder / NAMES.ca).write_bytes((folder / "client-ca.pem").read_bytes())

    is_refused(equipped(), folder, "purpose")


def test_nobody(places, desk, equipped):
    """Without a certificate nobody gets in."""
    running = equipped()
    context = ssl.create_default_context(cafile=places.authority / "ca.crt")

    with pytest.raises((ssl.SSLError, ConnectionError)):
        running.reached_with(context)
    assert running.seen == []
