"""Certificates for the tests, and addresses that answer as no server should."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

STARTTLS = b"1.3.6.1.4.1.1466.20037"
Mode = Literal["silent", "dripping", "untrusted ldaps", "plain starttls"]


class Authority:
    """A certificate authority of the tests."""

    def __init__(self, name: str):
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
        )
        may = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
            **usage,
        )
        self.certificate = self._sign(self.name, self.key, (may, True), is_authority=True)

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        *extensions: tuple[x509.ExtensionType, bool],
        is_authority: bool = False,
    ) -> bytes:
        now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
        mine = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        limits = x509.BasicConstraints(ca=is_authority, path_length=None)
        builder = x509.CertificateBuilder(self.name, subject, key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - day).not_valid_after(now + day)
        whose = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        for extension, critical in ((limits, True), (whose, False), (mine, False), *extensions):
            builder = builder.add_extension(extension, critical)
        signed = builder.sign(self.key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)

    def issue(self, folder: Path, names: Iterable[str]) -> tuple[Path, Path]:
        """Write server.crt and server.key for *names*; localhost is 127.0.0.1 as well."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = list(names)
        hosts: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
        if "localhost" in names:
            hosts.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        extensions = (x509.SubjectAlternativeName(hosts), False), (server, False)
        certificate_file, key_file = folder / "server.crt", folder / "server.key"
        certificate_file.write_bytes(self._sign(subject, key, *extensions))
        key_file.touch(mode=0o600)
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate_file, key_file


@dataclass
class Heard:
    """What one connection to a trap sent: on the wire, and within its TLS."""

    wire: bytearray = field(default_factory=bytearray)
    decrypted: bytearray = field(default_factory=bytearray)
    tls: bool = False  # the handshake was finished: the client took the certificate


class Trap:
    """A listener that writes down what it is sent and has no certificate to be trusted.

    `silent` never answers. `untrusted ldaps` speaks TLS at once, `plain starttls` after
    it granted StartTLS; the certificate has the right names, of an unknown authority.
    `dripping` answers whatever it is asked, one byte at a time, and is never done.
    No mode ever answers a BIND.
    """

    def __init__(
        self,
        mode: Mode,
        host: str = "127.0.0.1",
        names: Iterable[str] = ("localhost", "ldap.test"),
    ):
        self.mode = mode
        self.connections: list[Heard] = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            authority = Authority("nobody trusts this")
            files = authority.issue(Path(folder), names)
            self._context.load_cert_chain(*files)
        self.authority = authority.certificate  # PEM, for a test that trusts it after all
        self._listener = socket.create_server((host, 0))
        self.host, self.port = self._listener.getsockname()
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Trap:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        for one in (self._listener, *self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def heard(self, secret: str) -> bool:
        """Say if *secret* was sent by anybody, inside TLS or outside."""
        every = (part for one in self.connections for part in (one.wire, one.decrypted))
        return any(secret.encode() in part for part in every)

    def _accept(self) -> None:
        with suppress(OSError):  # the listener was shut down
            while True:
                connection, _ = self._listener.accept()
                self._sockets.append(connection)
                self.connections.append(Heard())
                words = (connection, self.connections[-1])
                self._threads.append(threading.Thread(target=self._talk, args=words, daemon=True))
                self._threads[-1].start()

    def _talk(self, connection: socket.socket, heard: Heard) -> None:
        tls = _Tls(self._context, heard) if self.mode == "untrusted ldaps" else None
        with connection, suppress(OSError):  # an ssl.SSLError too: the client hung up
            while data := connection.recv(65536):
                heard.wire += data
                if self.mode == "dripping":
                    _drip(connection)
                if tls:
                    connection.sendall(tls.answer(data))
                elif self.mode == "plain starttls" and STARTTLS in data:
                    connection.sendall(_granted(data))
                    tls = _Tls(self._context, heard)


class _Tls:
    """The server's side of TLS, fed by hand so that no byte goes by unrecorded."""

    def __init__(self, context: ssl.SSLContext, heard: Heard):
        self.heard = heard
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.session = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    def answer(self, data: bytes) -> bytes:
        """Take what came from the wire; return what is to be sent."""
        self.incoming.write(data)
        with suppress(ssl.SSLWantReadError):
            if not self.heard.tls:
                self.session.do_handshake()
                self.heard.tls = True
            while plain := self.session.read(65536):
                self.heard.decrypted += plain
        return self.outgoing.read()


def _drip(connection: socket.socket) -> None:
    """Send a message that is announced to have 2 GB, until the other side hangs up."""
    connection.sendall(bytes.fromhex("30847fffffff"))
    while True:
        time.sleep(0.1)
        connection.sendall(b"\0")


def _granted(request: bytes) -> bytes:
    """Return the LDAP answer "success" to the StartTLS *request*."""
    start = 2 + (request[1] & 0x7F if request[1] & 0x80 else 0)  # behind the length
    number = request[start : start + 2 + request[start + 1]]  # of the message
    success = bytes.fromhex("78070a010004000400")
    return bytes([0x30, len(number) + len(success)]) + number + success


@contextmanager
def black_hole(host: str = "127.0.0.1") -> Iterator[tuple[str, int]]:
    """Give an address where connect() hangs, as behind a firewall that drops.

    Linux drops a SYN that comes to a listener whose queue is full. With a backlog of 0
    it holds one connection, if nobody ever accepts; the others below are to be sure.
    (Unless net.ipv4.tcp_abort_on_overflow is 1, which is not the default.)
    """
    with ExitStack() as opened:
        listener = opened.enter_context(socket.create_server((host, 0), backlog=0))
        address: tuple[str, int] = listener.getsockname()
        for _ in range(3):
            filler = opened.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(address)
        with suppress(TimeoutError), socket.create_connection(address, 0.3):
            raise AssertionError("somebody was let into the black hole")
        yield address
