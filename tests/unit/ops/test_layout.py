"""Each part of the stack finds what it needs in its own folder, and nothing of another's."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from hubkit.ops.layout import Layout, Owners
from tests.unit.ops.laying import contents, person, server

ME = os.getuid()


RANDOM = ["proxy/token", "warden/token", "hub/service-token"]
COPIES = ["hub/proxy-token", "hub/docker/config.json", "hub/secrets/db"]
SERVED = ["edge/jupyterhub.crt", "edge/jupyterhub.key"]
KEPT = ["jupyterhub_cookie_secret", "auth_state_key"]


def test_everything_is_there(layout):
    """These files are laid out, and no other; a temporary one is not left over."""
    layout.make()

    assert set(contents(layout.run)) == {*RANDOM, *COPIES, *SERVED}
    assert set(contents(layout.data)) == set(KEPT)


def test_who_gets_what(layout):
    """The hub knows the tokens of those it speaks with; the edge gets the certificate."""
    layout.make()
    run = contents(layout.run)

    assert run["hub/proxy-token"] == run["proxy/token"]
    header = {"Authorization": f"Bearer {run['warden/token']}"}
    assert json.loads(run["hub/docker/config.json"]) == {"HttpHeaders": header}
    assert (run["edge/jupyterhub.crt"], run["edge/jupyterhub.key"]) == ("crt 1", "key 1")
    assert run["hub/secrets/db"] == "db 1"


def test_the_hub_holds_no_key(layout):
    """Certificate and key are in the edge's folder alone."""
    layout.make()

    assert not [
        name for name in contents(layout.run) if "jupyterhub." in name and "edge" not in name
    ]
    assert "key 1" not in "".join(contents(layout.run / "hub").values())


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "ENCRYPTED ", "OPENSSH "])
@pytest.mark.parametrize("name", ["old.key", "db.pem", "chain"])
def test_the_hub_holds_no_key_of_another_name(layout, name, kind):
    """A private key of any kind, kept under any name, does not reach the hub."""
    key = f"of a.org\n-----BEGIN {kind}PRIVATE KEY-----\nMC4C\n-----END {kind}PRIVATE KEY-----\n"
    (layout.secrets / name).write_text(key)

    layout.make()

    assert set(contents(layout.run)) == {*RANDOM, *COPIES, *SERVED}


@pytest.mark.parametrize("acme", [True, False], ids=["TLS=acme", "TLS=files"])
def test_root_of_a_private_authority(layout, acme):
    """The edge is given the authority's root certificate where it asks that authority."""
    (layout.secrets / "acme-ca.crt").write_text("root 1")

    layout.make(with_certificate=not acme)

    edge = contents(layout.run / "edge")
    assert edge == (
        {"acme-ca.crt": "root 1"}
        if acme
        else {"jupyterhub.crt": "crt 1", "jupyterhub.key": "key 1"}
    )


def test_secrets_are_random(layout):
    """Each secret is 32 bytes of its own, in hex."""
    layout.make()
    made = [contents(layout.run)[name] for name in RANDOM] + list(contents(layout.data).values())

    assert len(set(made)) == 5
    assert all(len(bytes.fromhex(secret)) == 32 for secret in made)


def test_random_secrets_stay(layout):
    """A second run makes no new secret: everybody would be signed out by one."""
    layout.make()
    first = {**contents(layout.run), **contents(layout.data)}

    layout.make()

    assert {**contents(layout.run), **contents(layout.data)} == first


@pytest.mark.parametrize("name", ["proxy/token", "warden/token"])
@pytest.mark.parametrize("content", ["", "\n"], ids=["empty", "blank"])
def test_an_empty_secret_is_none(layout, name, content):
    """An empty token, which would let everybody in, is made again."""
    layout.make()
    (layout.run / name).chmod(0o600)
    (layout.run / name).write_text(content)

    layout.make()

    assert len((layout.run / name).read_text()) == 64


def test_copies_are_refreshed(layout):
    """What the administrator changed, added or removed is so for the parts, too."""
    layout.make()
    (layout.secrets / "jupyterhub.crt").write_text("crt 2")
    (layout.secrets / "db").unlink()
    (layout.secrets / "ldap").write_text("ldap 1")

    layout.make()

    run = contents(layout.run)
    assert run["edge/jupyterhub.crt"] == "crt 2"
    assert {name for name in run if name.startswith("hub/secrets/")} == {"hub/secrets/ldap"}


def test_without_certificate(layout):
    """With ACME there need be no certificate in secrets/."""
    for name in ("jupyterhub.crt", "jupyterhub.key"):
        (layout.secrets / name).unlink()

    layout.make(with_certificate=False)

    assert not [name for name in contents(layout.run) if name.startswith("edge/")]


def test_modes(layout):
    """Nobody but its part may look into a folder; nobody at all may write a file."""
    layout.make()
    everything = {layout.data, *layout.run.rglob("*"), *layout.data.rglob("*")}
    everything -= {layout.run / "mounter", layout.run / "static"}
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in everything}

    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o400}


def test_the_mounters_folder(layout):
    """The mounter makes its socket there; the hub, by its group, enters and makes nothing."""
    layout.make()
    layout.make()

    assert stat.S_IMODE((layout.run / "mounter").stat().st_mode) == 0o750


def test_the_folder_of_files_for_everybody(layout):
    """The hub lays them out, the edge enters; what is there stays."""
    layout.make()
    (layout.run / "static" / "now").touch()
    layout.make()

    assert stat.S_IMODE((layout.run / "static").stat().st_mode) == 0o755
    assert (layout.run / "static" / "now").exists()


def test_wide_folders_are_closed(layout):
    """A folder that was open before is closed."""
    (layout.run / "edge").mkdir(mode=0o755)
    (layout.run / "hub").mkdir(mode=0o777)

    layout.make()

    assert stat.S_IMODE((layout.run / "edge").stat().st_mode) == 0o700
    assert stat.S_IMODE((layout.run / "hub").stat().st_mode) == 0o700


def test_interrupted(layout):
    """What an interrupted run left half written does not stop the next, and goes."""
    (layout.run / "proxy").mkdir()
    (layout.run / "proxy" / ".token.part").write_text("half")

    layout.make()

    assert set(contents(layout.run)) == {*RANDOM, *COPIES, *SERVED}


def test_two_at_a_time(layout):
    """Two who change certificates at once both get through."""
    for number in range(20):
        person(layout, f"user{number}", "x" * number)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(layout.make) for _ in range(8)]:
            done.result()

    assert len(list((layout.run / "hub" / "gateway").iterdir())) == 20


@pytest.mark.skipif(ME != 0, reason="only root may give files away")
def test_owners(layout):
    """Each part owns its folder and all that is in it."""
    owners = Owners(hub=10001, proxy=10002, edge=10003, warden=10004, gateway=10005)
    server(layout)
    Layout(layout.run, layout.data, layout.secrets, owners).make(gateway_token="t")

    for part in ("hub", "proxy", "edge", "warden", "gateway"):
        folder = layout.run / part
        found = {(path.stat().st_uid, path.stat().st_gid) for path in [folder, *folder.rglob("*")]}
        assert found == {(getattr(owners, part),) * 2}
    assert {path.stat().st_uid for path in [layout.data, *layout.data.iterdir()]} == {10001}
    meeting = (layout.run / "mounter").stat()
    assert (meeting.st_uid, meeting.st_gid) == (10004, 10001)
