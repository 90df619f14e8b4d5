"""Other gateways than the kit's, and other images: by image, by group."""

from __future__ import annotations

import json

import pytest

from tests.lab import NAMES, TOKEN, Lab, inspect
from tests.remote import WHERE, User
from tests.support import run

pytestmark = [pytest.mark.docker, pytest.mark.thorough]


def test_a_plain_kernel_gateway(lab: Lab):
    """Jupyter's own, over TLS with client_ca; a group's gateway wins over that of all."""
    user = User(lab, "plain-user").start()

    assert user.run(WHERE) == "['plain', 'root']"
    assert user.environment()["KERNEL_USERNAME"] == "plain-user"


def test_a_private_authority_without_client_certificates(lab: Lab):
    """It is honoured, although Jupyter Server by itself would ignore it."""
    user = User(lab, "private-user").start()

    assert user.run(WHERE) == "['private', 'root']"
    placed = user.inside("sh", "-c", "cat /etc/jupyterpki/*.pem")
    assert (lab.places.authority / "ca.crt").read_text() in placed
    assert user.environment()["JUPYTER_GATEWAY_VALIDATE_CERT"] == "true"


def test_a_certificate_that_is_not_checked(lab: Lab):
    """The hub warns of it at each start."""
    warning = "VALIDATE_KG_CERT=false, the certificate of https://private:8888 is not checked"
    before = lab.log().count(warning)
    user = User(lab, "unchecked-user").start()

    assert user.run(WHERE) == "['private', 'root']"
    user.stop().start()

    assert lab.log().count(warning) == before + 2


def test_an_unknown_authority_is_refused(lab: Lab):
    """Where the gateway's certificate is checked, and its authority is not known."""
    user = User(lab, "distrusting-user").start()

    answer = user.ask("POST", "kernels", json={"name": "python3"})

    assert answer.status_code == 503
    assert "The kernel gateway's certificate is refused: " in answer.json()["message"]


def test_an_image_made_for_nb2kg(lab: Lab):
    """It finds the old names, and its user the files; the image's gateway wins over a group's."""
    user = User(lab, "old-user").start(image="old")

    env, files = map(json.loads, run("docker", "logs", user.container).stdout.splitlines()[:2])

    assert env["KG_URL"] == "https://gateway:8888/old"
    assert env["KG_WS_URL"] == "wss://gateway:8888/old"
    assert env["KG_CLIENT_KEY"] == f"/etc/jupyterpki/{NAMES.key}"
    assert env["KG_CLIENT_CERT"] == f"/etc/jupyterpki/{NAMES.certificate}"
    assert env["KG_CLIENT_CA"] == f"/etc/jupyterpki/{NAMES.ca}"
    assert env["VALIDATE_KG_CERT"] == "true"
    assert env["KG_ENV_WHITELIST"] == env["JUPYTER_GATEWAY_ALLOWED_ENVS"] == "A,B"
    assert env["KERNEL_USERNAME"] == env["KG_HTTP_USER"] == "old-user"
    assert TOKEN not in json.dumps(env)
    folder = lab.places.person("old-user")
    assert files[:2] == [(folder / name).read_text() for name in (NAMES.key, NAMES.certificate)]


def test_an_image_with_kernels_of_its_own(lab: Lab):
    """An image may have no gateway where all others have one; then nobody needs a certificate."""
    user = User(lab, "homebody").start(image="here")

    assert user.run("import getpass; getpass.getuser()") == "'jovyan'"
    assert inspect(user.container)["Config"]["Image"] == lab.here
    assert "JUPYTER_GATEWAY_URL" not in user.environment()
