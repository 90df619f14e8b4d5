"""`hubkit prepare` makes what an administrator owns, and never touches it again."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from hubkit import documents
from hubkit.ops import gateway
from hubkit.settings import check_file

ROOT = Path(__file__).parents[3]


def files(folder):
    """Return the content of every file under *folder*."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def fresh(tmp_path):
    """Return a checkout as it is cloned."""
    root = tmp_path / "clone"
    (root / "secrets").mkdir(parents=True)
    for name in (".env.example", "userlist.example"):
        shutil.copyfile(ROOT / name, root / name)
    return root


def test_prepare(run, fresh):
    """What an administrator owns is made where it is missing, and said."""
    code, out, err = run("prepare", "--root", fresh)

    assert (code, err) == (0, "")
    assert [line.split(" (")[0] for line in out.splitlines()] == [
        "hubkit: made .env from .env.example",
        "hubkit: made userlist from userlist.example",
        "hubkit: made a self-signed certificate for localhost",
    ]
    made = set(files(fresh)) - {".env.example", "userlist.example"}
    assert made == {".env", "userlist", "secrets/jupyterhub.crt", "secrets/jupyterhub.key"}
    assert (fresh / ".env").read_text() == documents.env_example()
    modes = {name: stat.S_IMODE((fresh / name).stat().st_mode) for name in made}
    assert (modes[".env"], modes["userlist"]) == (0o600, 0o644)


def test_prepare_again(run, fresh):
    """A second time nothing is made, said or changed."""
    run("prepare", "--root", fresh)
    before = files(fresh)

    assert run("prepare", "--root", fresh) == (0, "", "")
    assert files(fresh) == before


@pytest.mark.parametrize(
    "name", [".env", "userlist", "secrets/jupyterhub.crt", "secrets/jupyterhub.key"]
)
def test_prepare_never_overwrites(run, fresh, name):
    """A file that is there stays as it is, even if it is wrong."""
    (fresh / name).write_text("mine")

    assert run("prepare", "--root", fresh)[0] == 0
    assert (fresh / name).read_text() == "mine"


@pytest.mark.parametrize("there", [True, False], ids=["of a file", "dangling"])
@pytest.mark.parametrize(
    "name", [".env", "userlist", "secrets/jupyterhub.crt", "secrets/jupyterhub.key"]
)
def test_prepare_never_replaces_links(run, fresh, name, there):
    """A link stays, even one that leads out of the checkout and dangles in the container."""
    target = fresh.parent / "kept elsewhere"
    if there:
        target.write_text("mine")
    (fresh / name).symlink_to(target)

    assert run("prepare", "--root", fresh)[0] == 0
    assert (fresh / name).readlink() == target
    assert target.exists() == there


@pytest.mark.parametrize(
    ("env", "domain"),
    [
        pytest.param("HUB_DOMAIN=a.org", "a.org", id="for HUB_DOMAIN"),
        pytest.param("TLS=acme\nACME_EMAIL=ada@example.org", None, id="none with ACME"),
        pytest.param("HUB_DOMAIN=https://a.org", None, id="none for a wrong name"),
    ],
)
def test_prepare_certificate(run, fresh, env, domain):
    """A certificate is made for the right host, or not at all."""
    (fresh / ".env").write_text(f"{env}\n")

    _, out, _ = run("prepare", "--root", fresh)

    assert (f"certificate for {domain} " in out) == bool(domain)
    assert (fresh / "secrets" / "jupyterhub.key").exists() == bool(domain)


def test_prepare_gateway(run, fresh):
    """With the profile an authority and the gateway's certificate are made, once, and said."""
    (fresh / ".env").write_text("COMPOSE_PROFILES=gateway\n")

    _, out, _ = run("prepare", "--root", fresh)

    assert "secrets/gateway-ca/servers/kernel-gateway" in out
    assert "scripts/hubkit.sh certs issue USER" in out
    before = files(fresh)
    assert gateway.missing(check_file(fresh / ".env", {})[0], fresh) == []
    assert run("prepare", "--root", fresh) == (0, "", "")
    assert files(fresh) == before


def test_prepare_gateway_of_another_authority(run, fresh):
    """Where somebody else's certificate lies, the kit needs no authority."""
    (fresh / ".env").write_text("COMPOSE_PROFILES=gateway\n")
    folder = fresh / "secrets" / "gateway-ca" / "servers" / "kernel-gateway"
    folder.mkdir(parents=True)
    (folder / "cert.pem").write_text("mine")

    run("prepare", "--root", fresh)

    assert not (fresh / "secrets" / "gateway-ca" / "ca.key").exists()
    assert (folder / "cert.pem").read_text() == "mine"
