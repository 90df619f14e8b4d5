"""One directory and one gateway for all tests here: who changes them puts them back, or adds
names that no other test has."""

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
from tests.faults import FaultyEngine
from tests.gateway import FILES, IMAGE, Authority, Gateway, User
from tests.hubprocess import NOTEBOOK, HubProcess, build_modes, choice
from tests.lab import Lab, build
from tests.ldap import Make
from tests.mounter import IMAGE as MEMBER_IMAGE
from tests.mounter import MEMBER, Pool, build_hub_image
from tests.support import close_connections, run


@pytest.fixture(scope="session", autouse=True)
def notebook_image() -> None:
    """Have the image most servers here run, whichever test is the first on a new engine."""
    if run("docker", "image", "inspect", NOTEBOOK, check=False).returncode:
        build(NOTEBOOK, "images/notebook/Dockerfile")


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


@pytest.fixture(scope="session")
def faulty_engine() -> Iterator[FaultyEngine]:
    made = FaultyEngine()
    yield made
    made.close()


@pytest.fixture(scope="module")
def hub(
    faulty_engine: FaultyEngine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HubProcess]:
    """A hub whose users choose how their server behaves; its engine may have faults."""
    build_modes()
    made = HubProcess(tmp_path_factory.mktemp("hub"), client=faulty_engine.client)
    made.site("choice.py", choice())
    made.settings |= {"MEM_LIMIT": "300M", "START_TIMEOUT": "10"}
    try:
        yield made.start()
    finally:
        close_connections()
        made.destroy()


@pytest.fixture(scope="session")
def member_images() -> None:
    run("docker", "build", "--tag", MEMBER_IMAGE, "-", input=MEMBER)
    build_hub_image()


@pytest.fixture(scope="session")
def pool(member_images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    """A mounter, and containers for it; whoever harms it mends it."""
    made = Pool(tmp_path_factory.mktemp("pool"))
    try:
        made.start()
        yield made
    finally:
        made.destroy()


@pytest.fixture
def idle(member_images: None, tmp_path: Path) -> Iterator[Pool]:
    """A pool without a mounter."""
    made = Pool(tmp_path)
    yield made
    made.destroy()


@pytest.fixture(scope="session")
def gateway_image() -> None:
    bundle = "id=ca_bundle,src=/etc/ssl/certs/ca-certificates.crt"
    file = "images/kernel-gateway/Dockerfile"
    run("docker", "build", "--tag", IMAGE, "--file", file, "--secret", bundle, ".", timeout=600)


@pytest.fixture(scope="session")
def gateway(gateway_image: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
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
    yield from _somebody(gateway, "ada")


@pytest.fixture
def bob(gateway: Gateway) -> Iterator[User]:
    yield from _somebody(gateway, "bob")


def _somebody(gateway: Gateway, name: str) -> Iterator[User]:
    yield gateway.user(name)
    user = gateway.user(name)  # the other may be revoked by now
    for kernel in user.list():
        user.ask("DELETE", f"/api/kernels/{kernel}")
