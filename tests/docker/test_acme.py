"""TLS=acme: a certificate from a real ACME authority, here a private one."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support import Stack, run, until

pytestmark = [pytest.mark.docker, pytest.mark.thorough]

AUTHORITY = """\
{
    admin off
    skip_install_trust
}
https://ca.test {
    tls internal
    acme_server
}
"""
OVERRIDE = """\
services:
  edge:
    networks:
      control: {aliases: [hub.test]}
"""
ROOT = "/tmp/caddy/pki/authorities/local/root.crt"


@pytest.fixture
def kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack whose edge the authority can reach as hub.test."""
    made = Stack.make(tmp_path_factory.mktemp("acme"))
    (made.path / "docker-compose.override.yml").write_text(OVERRIDE)
    try:
        made.up()
        yield made
    finally:
        run("docker", "rm", "-f", f"{made.project}-ca", check=False)
        made.destroy()


def issuer(kit: Stack) -> str:
    """Return who issued the certificate the edge shows for hub.test, "" for none."""
    code = (
        "import socket,ssl;"
        "c=ssl._create_unverified_context().wrap_socket("
        f"socket.create_connection(('127.0.0.1',{kit.settings['HTTPS_PORT']}),5),"
        "server_hostname='hub.test');"
        "print(ssl.DER_cert_to_PEM_cert(c.getpeercert(True)))"
    )
    pem = run("python3", "-c", code, check=False).stdout
    if not pem.strip():
        return ""
    return run("openssl", "x509", "-noout", "-issuer", input=pem).stdout


def test_the_edge_gets_its_certificate_from_the_authority(kit: Stack):
    """TLS=acme, ACME_EMAIL, ACME_CA and the authority's root are all it takes."""
    network, name = f"{kit.project}-control", f"{kit.project}-ca"
    config = kit.path / "authority"
    config.write_text(AUTHORITY)
    run(
        "docker", "run", "-d", "--name", name, "--network", network, "--network-alias", "ca.test",
        "--user", "0", "--env", "XDG_DATA_HOME=/tmp", "--volume", f"{config}:/authority:ro",
        "--entrypoint", "caddy", f"{kit.project}-edge",
        "run", "--config", "/authority", "--adapter", "caddyfile",
    )  # fmt: skip
    read_root = ("docker", "exec", name, "cat", ROOT)
    until(lambda: run(*read_root, check=False).returncode == 0, 30, "the authority's root")
    (kit.path / "secrets" / "acme-ca.crt").write_text(run(*read_root).stdout)

    kit.write_env(
        HUB_DOMAIN="hub.test",
        TLS="acme",
        ACME_EMAIL="admin@hub.test",
        ACME_CA="https://ca.test/acme/local/directory",
    )
    said = kit.up()

    assert "https://hub.test:" in said
    found = until(lambda: issuer(kit), 60, "a certificate")
    assert re.search("Caddy Local Authority", found), found
