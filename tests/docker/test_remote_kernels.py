"""Servers whose kernels run on a kernel gateway: real hub, real engine, real gateways."""

from __future__ import annotations

import json

import pytest

from tests.lab import NAMES, TOKEN, Lab, inspect
from tests.remote import WHERE, User
from tests.support import run

pytestmark = pytest.mark.docker
PKI = "/etc/jupyterpki"
# A request from within a server, with its user's certificate and the shared token.
ASK = """
import http.client, json, os, ssl, sys
trust = ssl.create_default_context(cafile=os.environ["JUPYTER_GATEWAY_CA_CERTS"])
trust.load_cert_chain(*(os.environ[f"JUPYTER_GATEWAY_CLIENT_{one}"] for one in ("CERT", "KEY")))
answers = []
for method, path, body in json.loads(sys.argv[1]):
    speaker = http.client.HTTPSConnection("gateway", 8888, context=trust)
    headers = {"Authorization": "token " + os.environ["KG_AUTH_TOKEN"]}
    if path.endswith("/channels"):
        headers |= {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        headers["Sec-WebSocket-Key"] = "x3JJHMbDL1EzLkh9GBhXDw=="
    speaker.request(method, path, body and json.dumps(body), headers)
    answer = speaker.getresponse()
    answers.append([answer.status, answer.read().decode()])
print(json.dumps(answers))
"""


@pytest.fixture
def ada(lab: Lab) -> User:
    return User(lab, "ada").start()


@pytest.fixture
def bob(lab: Lab) -> User:
    return User(lab, "bob").start()


def test_a_cell_runs_on_the_gateway_as_its_user(ada: User, bob: User):
    assert ada.run(WHERE) == "['gateway', 'ada']"
    assert bob.run(WHERE) == "['gateway', 'bob']"


def test_whose_kernels_they_are_is_not_up_to_the_user(lab: Lab):
    """Neither what they ask for nor SERVER_ENV, which the lab sets, changes it."""
    wanted = {"KERNEL_USERNAME": "bob"}
    ada = User(lab, "ada").stop()

    ada.start(**wanted, env=wanted, environment=wanted)

    assert ada.environment()["KERNEL_USERNAME"] == "ada"
    assert ada.environment()["LAB"] == "1"
    assert ada.run("import os; os.environ['KERNEL_USERNAME']") == "'ada'"


def test_certificates_are_their_users_alone_and_go_with_the_container(lab: Lab, bob: User):
    """Placed at each start, as what they are then; nothing of them outlives the container."""
    ada = User(lab, "ada").start()
    before = inspect(ada.container)["Id"]

    ada.stop()
    assert not ada.exists()
    lab.desk.issue(["ada"])
    lab.lay_out()
    ada.start()

    assert inspect(ada.container)["Id"] != before
    assert ada.inside("stat", "-c", "%U %a", PKI).split() == ["jovyan", "500"]
    for user in (ada, bob):
        placed = user.inside("sh", "-c", f"cd {PKI} && stat -c '%n %U %a' $(ls -A)")
        assert sorted(placed.splitlines()) == [
            f"{name} jovyan 400" for name in sorted((NAMES.key, NAMES.certificate, NAMES.ca))
        ]
        for name in (NAMES.key, NAMES.certificate):
            content = (lab.places.person(user.name) / name).read_text()
            assert user.inside("cat", f"{PKI}/{name}") == content
        mounts = inspect(user.container)["Mounts"]
        assert not [one for one in mounts if one["Destination"].startswith("/etc")]
    assert ada.run(WHERE) == "['gateway', 'ada']"


def test_nothing_shows_a_key_or_the_token(lab: Lab, bob: User):
    """But for the token in the server's environment, where programs look for it."""
    ada = User(lab, "ada").stop()
    progress = ada.ask_to_start() + lab.api("GET", f"{ada.server}/progress").text
    ada.start().run("1")
    opened = {"path": "a.ipynb", "name": "", "type": "notebook", "kernel": {"name": "python3"}}
    assert ada.ask("POST", "sessions", json=opened).status_code == 201
    token = ada.inside("printenv", "JUPYTERHUB_API_TOKEN").strip()
    keys = [(lab.places.person(one.name) / NAMES.key).read_text() for one in (ada, bob)]
    lines = [line for key in keys for line in key.splitlines()[1:-1]]

    inspected = inspect(ada.container)
    assert f"KG_AUTH_TOKEN={TOKEN}" in inspected["Config"].pop("Env")
    logs = [run("docker", "logs", one.container) for one in (ada, bob)]
    history = run("docker", "history", "--no-trunc", lab.notebook).stdout
    page = lab.api("GET", "/hub/metrics").text + ada.home_page()
    shown = [json.dumps(inspected), progress, lab.log(), lab.gateway.log(), history, page]
    for text in [*shown, *(log.stdout + log.stderr for log in logs)]:
        assert not [secret for secret in [*lines, TOKEN, token] if secret in text]
    assert not [line for line in lines if line in json.dumps(inspect(ada.container))]


def test_others_kernels_are_out_of_reach(lab: Lab, ada: User, bob: User):
    """By the notebook's own pages, and with the certificate and token of bob's server."""
    mine = ada.new_kernel()
    kernel = ada.attach(mine)
    assert kernel.run("x = 42; x") == "42"
    path = f"/api/kernels/{mine}"
    asked = [("GET", path), ("DELETE", path), ("POST", f"{path}/interrupt")]
    asked += [("POST", f"{path}/restart"), ("GET", f"{path}/channels")]
    asked = [(method, where, None) for method, where in asked]
    named = {"name": "python3", "env": {"KERNEL_USERNAME": "ada"}}

    said = bob.inside(
        "python3",
        "-c",
        ASK,
        json.dumps([*asked, ("GET", "/api/kernels", None), ("POST", "/api/kernels", named)]),
    )

    *reached, listed, pretended = json.loads(said)
    assert [status for status, _ in reached] == [404] * len(asked)
    assert listed == [200, "[]"]
    assert pretended[0] == 403
    assert "KERNEL_USERNAME is 'ada', but the certificate is for 'bob'." in pretended[1]
    assert bob.ask("GET", "kernels").json() == []
    assert bob.ask("DELETE", f"kernels/{mine}").status_code == 404
    assert mine in [one["id"] for one in ada.ask("GET", "kernels").json()]
    assert kernel.run("x") == "42"
    ada.ask("DELETE", f"kernels/{mine}")


def test_a_gateway_that_restarts(lab: Lab, ada: User):
    """Its kernels end: the notebook says so, and starts a new one without a restart of its own."""
    old = ada.new_kernel()
    assert ada.attach(old).run("1") == "1"

    run("docker", "restart", "-t", "5", lab.gateway.container)
    lab.gateway.wait()

    assert ada.ask("GET", "kernels").json() == []
    answer = ada.ask("GET", f"kernels/{old}")
    assert answer.status_code == 404
    assert f"Kernel does not exist: {old}" in answer.text
    assert ada.run(WHERE) == "['gateway', 'ada']"


def test_a_gateway_that_is_away(lab: Lab, ada: User):
    """The notebook says what happened, and goes on once the gateway is back."""
    run("docker", "stop", "-t", "5", lab.gateway.container)
    try:
        answer = ada.ask("POST", "kernels", json={"name": "python3"})
        assert answer.status_code in (404, 503)
        assert "'https://gateway:8888'" in answer.json()["message"]
    finally:
        run("docker", "start", lab.gateway.container)
        lab.gateway.wait()

    assert ada.run(WHERE) == "['gateway', 'ada']"


@pytest.mark.thorough
def test_another_address_counts_at_the_next_start(lab: Lab):
    """No image is built, a server that runs stays where it is; without one nothing appears."""
    ada = User(lab, "ada").start()
    try:
        lab.stop()
        lab.start(KG_URL="https://plain:8888")
        assert ada.run(WHERE) == "['gateway', 'ada']"
        assert ada.stop().start().run(WHERE) == "['plain', 'root']"

        lab.stop()
        nothing = dict.fromkeys(("KG_URL", "CLIENT_KEY", "CLIENT_CERT", "CLIENT_CA"), "")
        lab.start(**nothing, SITE_CONFIG="", SERVER_ENV="")
        ada.stop().start()

        words = ("GATEWAY", "KG_", "KERNEL_", "CLIENT_CERT")
        assert not [one for one in ada.environment() if any(word in one for word in words)]
        assert run("docker", "exec", ada.container, "ls", PKI, check=False).returncode != 0
        assert ada.run("import getpass; getpass.getuser()") == "'jovyan'"
    finally:
        lab.stop()
        lab.start()
        ada.stop()
