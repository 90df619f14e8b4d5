"""The certificate the kit makes: a browser that trusts it is content with it."""

from __future__ import annotations

import datetime as dt
import ssl
import stat

import pytest
from cryptography import x509

from hubkit.ops import certificates

NOW = dt.datetime.now(dt.UTC)


def handshake(folder, host):
    """Raise unless a client that trusts *folder*'s certificate accepts it for *host*."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "jupyterhub.crt", folder / "jupyterhub.key")
    client = ssl.create_default_context(cafile=folder / "jupyterhub.crt")
    client.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(back, there, server_hostname=host),
        server.wrap_bio(there, back, server_side=True),
    ]
    while ends:
        for end in list(ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            ends.remove(end)


@pytest.mark.parametrize(
    ("domain", "hosts"),
    [
        pytest.param("hub.example.org", ["hub.example.org"], id="a name"),
        pytest.param("localhost", ["localhost", "127.0.0.1", "::1"], id="this machine"),
        pytest.param("127.0.0.1", ["127.0.0.1", "localhost", "::1"], id="this machine's address"),
        pytest.param("10.0.0.7", ["10.0.0.7"], id="IPv4"),
        pytest.param("2001:db8::1", ["2001:db8::1"], id="IPv6"),
        pytest.param(f"{'a' * 60}.example.org", [f"{'a' * 60}.example.org"], id="a long name"),
    ],
)
def test_made_pair(tmp_path, domain, hosts):
    """A browser that trusts the made certificate accepts it for the domain, and so does check."""
    certificates.make_self_signed(tmp_path, domain)

    for host in hosts:
        handshake(tmp_path, host)
    assert certificates.problems(tmp_path, domain) == []


def test_made_pair_is_for_nobody_else(tmp_path):
    """A made certificate is for its domain alone."""
    certificates.make_self_signed(tmp_path, "hub.example.org")

    for host in ("example.org", "localhost", "127.0.0.1"):
        with pytest.raises(ssl.SSLCertVerificationError):
            handshake(tmp_path, host)


def test_made_pair_lasts(tmp_path):
    """It is valid from now for as long as browsers accept, and may not sign others."""
    certificates.make_self_signed(tmp_path, "localhost")
    made = x509.load_pem_x509_certificate((tmp_path / "jupyterhub.crt").read_bytes())

    assert made.not_valid_before_utc < NOW
    assert dt.timedelta(days=820) < made.not_valid_after_utc - NOW < dt.timedelta(days=826)
    limits = made.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (limits.value.ca, limits.critical) == (False, True)


def test_made_files(tmp_path):
    """The key is its owner's alone, the certificate everybody's; nothing else is left."""
    certificates.make_self_signed(tmp_path, "localhost")

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes["jupyterhub.key"] == 0o600
    assert modes["jupyterhub.crt"] & 0o600 == 0o600
    assert set(modes) == {"jupyterhub.crt", "jupyterhub.key"}


@pytest.mark.parametrize("there", ["jupyterhub.crt", "jupyterhub.key"])
def test_never_overwrites(tmp_path, there):
    """A file that is there stays as it is, and no other appears beside it."""
    (tmp_path / there).write_bytes(b"mine")

    with pytest.raises(FileExistsError, match=there):
        certificates.make_self_signed(tmp_path, "localhost")

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {there: b"mine"}


@pytest.mark.parametrize("there", ["jupyterhub.crt", "jupyterhub.key"])
def test_never_replaces_links(tmp_path, there):
    """A link stays, a dangling one too, and nothing is written through or beside it."""
    (tmp_path / there).symlink_to("../elsewhere")

    with pytest.raises(FileExistsError, match=there):
        certificates.make_self_signed(tmp_path, "localhost")

    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).is_symlink()


def test_interrupted(tmp_path):
    """What an interrupted run left half written does not stop the next one."""
    (tmp_path / ".jupyterhub.key.part").write_bytes(b"half")

    certificates.make_self_signed(tmp_path, "localhost")

    assert certificates.problems(tmp_path, "localhost") == []
