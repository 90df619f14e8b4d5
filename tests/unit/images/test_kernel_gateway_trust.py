"""Whom the kernel gateway lets in is whom `certs check` says it does; what it closes, it names."""

from __future__ import annotations

import contextlib
import ssl
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hubkit_gateway.settings import Files
from hubkit_gateway.trust import Trust

from hubkit.certs import bundle
from hubkit.certs.acceptance import Gate
from hubkit.certs.desk import Desk
from hubkit.certs.places import Names, Places
from tests.unit.certs.making import CLIENT, DAY, NOW, make
from tests.unit.certs.state import leaf

NAMES = Names()


@pytest.fixture
def places(tmp_path):
    """Return the places of a checkout with a gateway, ada from the kit, eve from elsewhere."""
    made = Places(tmp_path)
    desk = Desk(made, NAMES)
    desk.init_ca()
    desk.server("localhost")
    desk.issue(["ada", "eve"])
    return made


@pytest.fixture
def elsewhere(places):
    """Return another authority, which made the certificate of eve."""
    authority = make("Elsewhere", ca=True)
    one, folder = make("eve", authority, ca=False, usages=[CLIENT]), places.person("eve")
    (folder / "key.pem").write_bytes(one.key_pem())
    (folder / "cert.pem").write_bytes(one.pem)
    append(folder / "cacert.pem", authority.pem)
    return authority


def append(path, content):
    path.write_bytes(path.read_bytes() + content)


def trust(places):
    folder = places.server("localhost")
    return Trust(
        Files(*(folder / one for one in ("cert.pem", "key.pem", "client-ca.pem", "crl.pem")))
    )


def lets_in(server, folder):
    """Return whether both ends of a connection are content with each other."""
    client = ssl.create_default_context(cafile=folder / NAMES.ca)
    client.load_cert_chain(folder / NAMES.certificate, folder / NAMES.key)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(back, there, server_hostname="localhost"),
        server.wrap_bio(there, back, server_side=True),
    ]
    try:
        for _ in range(4):
            for end in ends:
                with contextlib.suppress(ssl.SSLWantReadError):
                    end.do_handshake()
        return bool(ends[1].getpeercert())
    except ssl.SSLError:
        return False


def empty_list(authority):
    subject = authority.certificate.subject
    builder = x509.CertificateRevocationListBuilder(subject, NOW - DAY, NOW + DAY)
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.mark.parametrize(
    ("trusted", "listed", "welcome"),
    [
        pytest.param(False, False, False, id="as set up"),
        pytest.param(True, False, False, id="authority without list"),
        pytest.param(False, True, False, id="list without authority"),
        pytest.param(True, True, True, id="authority and list"),
    ],
)
def test_the_check_says_what_the_gateway_does(places, elsewhere, trusted, listed, welcome):
    """A certificate is called refused if and only if a real handshake refuses it."""
    folder = places.server("localhost")
    append(folder / "client-ca.pem", elsewhere.pem * trusted)
    append(folder / "crl.pem", empty_list(elsewhere) * listed)

    context = trust(places).context
    gate = Gate.read(places, "localhost", strict=True)

    for user, expected in {"ada": True, "eve": welcome}.items():
        assert lets_in(context, places.person(user)) == expected
        chain = bundle.inspect(places.people, user, NAMES).chain
        assert (gate.refusal(chain) == "") == expected


def test_what_is_closed_is_named(places):
    """A connection whose certificate was revoked is closed; the log gets the name alone."""
    closed = []
    sockets = {Socket(name, leaf(places.person(name)), closed) for name in ("ada", "eve")}
    Desk(places, NAMES).revoke("ada")

    said = trust(places).close_refused(sockets)

    assert said == ["ada: The certificate has been revoked."]
    assert closed == [("ada", 1008, "The certificate has been revoked.")]
    assert [one.current_user.username for one in sockets] == ["eve"]
    assert trust(places).close_refused(sockets, "again") == ["eve: again"]


class Socket:
    """As much of a websocket as is asked for."""

    def __init__(self, name, certificate, closed):
        self.current_user = SimpleNamespace(username=name, display_name=name.title())
        self.certificate = certificate
        self._closed = closed

    def close(self, *words):
        self._closed.append((self.current_user.username, *words))
