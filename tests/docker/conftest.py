"""One OpenLDAP for all tests here: whoever changes it adds names that no other test has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from traitlets.config import Config

from hubkit import auth, stack
from hubkit.auth import directory as directory_module
from hubkit.auth.ldap import KitLDAPAuthenticator
from hubkit.settings import Settings
from hubkit.userlist import Userlist
from tests.directory import Directory
from tests.lab import Lab
from tests.ldap import Make
from tests.support import close_connections


@pytest.fixture(scope="session")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    started = Directory.start(tmp_path_factory.mktemp("slapd"))
    yield started
    started.stop()


@pytest.fixture
def make(slapd: Directory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return the authenticator that settings describe, by default for the directory."""
    monkeypatch.setattr(stack, "REGISTER", tmp_path / "people.sqlite")
    monkeypatch.setattr(stack, "AUDIT_LOG", tmp_path / "sign-ins.log")
    monkeypatch.setattr(directory_module, "ROOT", tmp_path)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "ca.crt").write_bytes(slapd.ca.read_bytes())

    def built(*members: str, **env: str) -> KitLDAPAuthenticator:
        given = {
            "AUTH": "ldap",
            "LDAP_SERVER_HOST": "localhost",
            "LDAP_SERVER_PORT": str(slapd.port),
            "LDAP_CA_FILE": "secrets/ca.crt",
            **env,
        }
        c = Config()
        c.JupyterHub.template_paths = []
        auth.configure(c, Settings.from_env(given), Userlist((*members, "boss"), ("boss",)))
        return KitLDAPAuthenticator(parent=None, config=c)

    return built


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A hub and the gateways its servers' kernels run on; whoever changes it puts it back."""
    made = Lab(tmp_path_factory.mktemp("lab"))
    try:
        yield made.equip().start()
    finally:
        close_connections()
        made.destroy()
