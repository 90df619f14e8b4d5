"""Who can reach what: the parts of the stack, from a user's container and from outside."""

from __future__ import annotations

import json
import re
import socket
import ssl
from typing import Any

import pytest

from hubkit.warden.mounter import CAPABILITIES
from tests.person import Person
from tests.support import Stack, run, until

pytestmark = pytest.mark.docker

FORGED = "203.0.113.7"
PROBE = """
import socket, sys
found = {}
for target in sys.argv[1:]:
    host, port = target.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), 2).close()
        found[target] = True
    except OSError:
        found[target] = False
import json; print(json.dumps(found))
"""


def address(stack: Stack, container: str, network: str) -> str:
    return stack.inspect(container)["NetworkSettings"]["Networks"][network]["IPAddress"]


def mounts(stack: Stack, identity: str) -> list[dict[str, Any]]:
    return list(stack.inspect(identity)["Mounts"])


def test_a_users_container_reaches_the_hub_and_no_other_part(stack: Stack, person: Person):
    """By name and by address: the hub's API, but no proxy API, no warden, no edge."""
    person.start()
    control = f"{stack.project}-control"
    forbidden = [
        "proxy-api:8001",
        "warden:2375",
        "edge:443",
        f"{address(stack, f'{stack.project}-warden-1', control)}:2375",
        f"{address(stack, f'{stack.project}-proxy-1', control)}:8001",
        f"{address(stack, f'{stack.project}-proxy-1', f'{stack.project}-network')}:8001",
    ]
    inside = f"{stack.project}-jupyter-{person.name}"

    said = run("docker", "exec", inside, "python3", "-c", PROBE, "jupyterhub:8081", *forbidden)

    reached = json.loads(said.stdout)
    assert reached.pop("jupyterhub:8081")
    assert not any(reached.values()), reached


def test_servers_reach_only_each_others_own_port(stack: Stack, person: Person, admin: Person):
    """What a program in somebody's server listens to is theirs; the server asks who it is."""
    person.start()
    name = f"{person.name}x"
    Person(stack, name).accept(stack.link(name)).sign_in().start()
    theirs = f"{stack.project}-jupyter-{name}"
    run("docker", "exec", "-d", theirs, "python3", "-m", "http.server", "9999")
    at = address(stack, theirs, f"{stack.project}-network")
    within = ["docker", "exec", theirs, "python3", "-c", PROBE, f"{at}:9999"]
    until(lambda: json.loads(run(*within).stdout)[f"{at}:9999"], 10, "it listens")

    targets = [f"{at}:9999", f"{at}:8888"]
    mine = f"{stack.project}-jupyter-{person.name}"
    said = run("docker", "exec", mine, "python3", "-c", PROBE, *targets)

    assert json.loads(said.stdout) == {f"{at}:9999": False, f"{at}:8888": True}
    admin.api("DELETE", f"/hub/api/users/{name}/server")


def test_only_the_edge_publishes_ports(stack: Stack):
    """443 and 80, nothing else."""
    published = {
        name: stack.inspect(identity)["HostConfig"]["PortBindings"]
        for name, identity in stack.containers().items()
    }

    assert [name for name, ports in published.items() if ports] == [f"{stack.project}-edge-1"]


def test_only_the_warden_and_the_mounter_hold_the_docker_socket(stack: Stack):
    """The hub, which the web talks to, cannot reach the engine by itself."""
    holders = {
        name
        for name, identity in stack.containers().items()
        if any("docker.sock" in mount["Source"] for mount in mounts(stack, identity))
    }

    assert holders == {f"{stack.project}-{part}-1" for part in ("warden", "mounter")}


def test_the_mounter_is_on_no_network(stack: Stack):
    """It may do anything to the machine: nobody reaches it but the hub, by a file."""
    found = stack.inspect(f"{stack.project}-mounter-1")

    assert set(found["NetworkSettings"]["Networks"]) == {"none"}
    sharing = {
        name
        for name, identity in stack.containers().items()
        if any(one.get("Name") == f"{stack.project}-mounter" for one in mounts(stack, identity))
    }
    assert sharing == {stack.project, f"{stack.project}-mounter-1"}


def test_the_hub_is_an_ordinary_user_without_capabilities(stack: Stack):
    """No root, no capability, a read-only file system, in every part but the mounter."""
    mounter = f"{stack.project}-mounter-1"
    for name, identity in stack.containers().items():
        found = stack.inspect(identity)
        added = {one.removeprefix("CAP_") for one in found["HostConfig"]["CapAdd"] or ()}
        assert added == (set(CAPABILITIES) if name == mounter else set()), name
        assert found["HostConfig"]["PidMode"] == ("host" if name == mounter else ""), name
        assert not found["HostConfig"]["Privileged"], name
        assert found["HostConfig"]["CapDrop"] == ["ALL"], name
        assert found["HostConfig"]["ReadonlyRootfs"], name
        assert "no-new-privileges:true" in found["HostConfig"]["SecurityOpt"], name
        assert found["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped", name
    uid = stack.compose("exec", "-T", "jupyterhub", "id", "-u").stdout.strip()
    assert uid == "10001"


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("proxy", "/run/hubkit/edge/jupyterhub.key"),
        ("proxy", "/run/hubkit/warden/token"),
        ("edge", "/run/hubkit/hub/docker/config.json"),
        ("edge", "/run/hubkit/proxy/token"),
        ("jupyterhub", "/run/hubkit/edge/jupyterhub.key"),
        ("jupyterhub", "/run/hubkit/warden/token"),
        ("jupyterhub", "/srv/jupyterhub/secrets/jupyterhub.key"),
        ("warden", "/run/hubkit/edge/jupyterhub.key"),
    ],
)
def test_no_part_reads_the_secrets_of_another(stack: Stack, service: str, path: str):
    """Each part reads its own folder only."""
    said = stack.compose("exec", "-T", service, "cat", path, check=False)

    assert said.returncode != 0
    assert "No such file" in said.stderr or "Permission denied" in said.stderr


def test_the_warden_refuses_whoever_lacks_the_hubs_token(stack: Stack):
    """Another container on the control network gets nothing from the engine."""
    code = "require('http').get('http://warden:2375/version',r=>{console.log(r.statusCode);process.exit()})"

    said = stack.compose("exec", "-T", "proxy", "node", "-e", code)

    assert said.stdout.strip() == "403"


def test_plain_http_leads_to_https_and_the_answer_insists_on_it(stack: Stack, admin: Person):
    """A redirect to the published port, and HSTS."""
    answer = admin.http.get(
        f"http://localhost:{stack.settings['HTTP_PORT']}/hub/login", allow_redirects=False
    )
    secure = admin.http.get(f"{stack.url}/hub/login")

    assert answer.status_code in (301, 308)
    assert answer.headers["Location"] == f"{stack.url}/hub/login"
    assert "max-age" in secure.headers["Strict-Transport-Security"]
    assert "Caddy" not in str(secure.headers)


def test_the_hub_and_servers_know_the_visitors_address_and_believe_no_claim(
    stack: Stack, person: Person
):
    """Their logs name whom the edge sees: no part of the stack, and no forged address."""
    control = f"{stack.project}-control"
    edge = stack.inspect(f"{stack.project}-edge-1")["NetworkSettings"]["Networks"][control]
    server = f"{stack.project}-jupyter-{person.name}"

    def addresses(container: str, request: str) -> list[str]:
        said = run("docker", "logs", container)
        pattern = rf"{request}.* \({person.name}@(\S+)\)"
        return re.findall(pattern, said.stdout + said.stderr)

    claims = {"X-Forwarded-For": FORGED, "X-Real-Ip": FORGED, "Forwarded": f"for={FORGED}"}
    person.http.headers.update(claims)
    person.sign_in()
    person.start().kernel()
    person.api("GET", f"{person.base()}api/me", headers=claims)

    for container, request, times in (
        (stack.project, "302 POST /hub/login", 2),
        (server, "101 GET .*/channels", 1),
        (server, "200 GET .*/api/me", 1),
    ):
        until(lambda c=container, r=request: addresses(c, r), 10, f"{request} in the log")
        assert addresses(container, request) == [edge["Gateway"]] * times
    said = stack.compose("exec", "-T", "jupyterhub", "cat", "/data/sign-ins.log")
    lines = [json.loads(line) for line in said.stdout.splitlines()]
    assert {line["address"] for line in lines if line["name"] == person.name} == {edge["Gateway"]}


@pytest.mark.thorough
def test_too_large_an_upload_is_refused_in_words(stack: Stack, person: Person):
    """UPLOAD_LIMIT bounds one request; what fits goes through."""
    person.start()
    stack.apply(UPLOAD_LIMIT="1M")
    try:
        person.write("small.txt", "x" * 500_000)
        body = {"type": "file", "format": "text", "content": "x" * 2_000_000}
        answer = person.api("PUT", f"{person.base()}api/contents/large.txt", json=body)
        assert answer.status_code == 413
        assert "larger than 1M" in answer.text
    finally:
        stack.apply(UPLOAD_LIMIT="1G")


def test_the_edge_speaks_http_2(stack: Stack):
    """Offered by ALPN, as browsers ask."""
    context = ssl.create_default_context(cafile=str(stack.certificate))
    context.set_alpn_protocols(["h2", "http/1.1"])
    address = ("localhost", int(stack.settings["HTTPS_PORT"]))
    with (
        socket.create_connection(address, 10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        assert secure.selected_alpn_protocol() == "h2"


def test_no_image_holds_a_secret(stack: Stack):
    """No key, token or password of this checkout is in an image's history or settings."""
    key = (stack.path / "secrets" / "jupyterhub.key").read_text().splitlines()[1]
    for part in ("hub", "proxy", "edge"):
        image = f"{stack.project}-{part}"
        saved = run("docker", "history", "--no-trunc", image).stdout + str(stack.inspect(image))
        assert key not in saved
        listed = run(
            "docker", "run", "--rm", "--entrypoint", "sh", "--user", "0", image, "-c",
            "find / -xdev \\( -name 'jupyterhub.key' -o -name '.env' -o -name userlist "
            "-o -name 'ca_bundle' \\) 2>/dev/null; true",
        ).stdout  # fmt: skip
        assert listed.strip() == ""
