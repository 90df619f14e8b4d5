"""What the stack survives: restarts of its parts, down and up, a second `make up`."""

from __future__ import annotations

import hashlib
import socket
import ssl
import time
from pathlib import Path

import pytest

from tests.person import Person
from tests.support import Stack, run, until

pytestmark = pytest.mark.docker


def shown_certificate(stack: Stack) -> str:
    """Return the fingerprint of the certificate a new visitor is shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    address = ("127.0.0.1", int(stack.settings["HTTPS_PORT"]))
    with (
        socket.create_connection(address, 10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        return hashlib.sha256(secure.getpeercert(binary_form=True)).hexdigest()


@pytest.mark.thorough
def test_a_second_make_up_changes_nothing(stack: Stack):
    """Same containers, same files, in seconds."""

    def kept() -> dict[Path, bytes]:
        found = (stack.path / "secrets").rglob("*")
        return {path: path.read_bytes() for path in found if path.is_file()}

    files = kept()
    before = stack.containers()

    said = stack.make_target("up").stdout

    assert stack.containers() == before
    assert kept() == files
    assert stack.url in said


def test_a_hub_restart_leaves_kernels_and_websockets_alive(stack: Stack, person: Person):
    """An open websocket answers while the hub is away and after it came back."""
    kernel = person.start().kernel()
    kernel.run("x = 41")

    stack.compose("stop", "jupyterhub")
    while_away = kernel.run("x + 1")
    stack.compose("start", "jupyterhub")
    stack.wait()

    assert (while_away, kernel.run("x + 1")) == ("42", "42")
    until(lambda: person.server().get("ready"), 30, "the hub knows the server again")


def test_a_killed_hub_comes_back_with_every_server(stack: Stack, person: Person):
    """SIGKILL: the engine restarts the hub, which finds what runs."""
    kernel = person.start().kernel()
    before = stack.inspect(stack.project)["RestartCount"]
    pid = stack.inspect(stack.project)["State"]["Pid"]

    run("kill", "-9", str(pid))

    until(lambda: stack.inspect(stack.project)["RestartCount"] > before, 30, "restarted")
    stack.wait()
    assert kernel.run("6 * 7") == "42"
    until(lambda: person.server().get("ready"), 30, "the hub knows the server again")


def test_routes_return_after_a_proxy_restart(stack: Stack, person: Person):
    """A restarted proxy knows no route; the hub gives them back in under a minute."""
    person.start().write("kept.txt", "1")

    stack.compose("restart", "proxy")

    until(lambda: person.can_read("kept.txt"), 60, "the user's route is back")


@pytest.mark.thorough
def test_down_and_up_keep_files_passwords_and_servers(stack: Stack, admin: Person, person: Person):
    """After `make down` and `make up` everything is where it was."""
    person.start().write("kept.txt", "1")

    said = stack.make_target("down").stdout
    assert f"{stack.project}-jupyter-{person.name}" in said
    said_again = stack.up()

    again = Person(stack, person.name).sign_in()
    until(lambda: again.can_read("kept.txt"), 60, "the server that was left running")
    assert again.read("kept.txt") == "1"
    assert "First sign-in" not in said_again


@pytest.mark.thorough
def test_down_can_stop_the_servers_too(stack: Stack, person: Person):
    """SERVERS=stop leaves nothing running, and the file is there afterwards."""
    person.start().write("kept.txt", "1")

    stack.make_target("down", SERVERS="stop")
    running = run("docker", "ps", "-q", "--filter", f"label=hubkit.hub={stack.project}").stdout
    stack.up()

    assert running == ""
    assert Person(stack, person.name).sign_in().start().read("kept.txt") == "1"


@pytest.mark.thorough
def test_a_replaced_certificate_is_shown_and_nobody_is_cut_off(stack: Stack, person: Person):
    """`make reload`: new visitors see the new certificate, open websockets live on."""
    kernel = person.start().kernel()
    before = shown_certificate(stack)
    for name in ("jupyterhub.crt", "jupyterhub.key"):
        (stack.path / "secrets" / name).unlink()
    stack.make_target("build")  # makes the missing pair, as `make up` would

    stack.make_target("reload")

    until(lambda: shown_certificate(stack) != before, 10, "the new certificate")
    time.sleep(1)
    assert kernel.run("6 * 7") == "42"


@pytest.mark.thorough
def test_the_stack_starts_with_compose_alone(stack: Stack):
    """`docker-compose up -d`, in the old spelling too, is enough once images are built."""
    stack.make_target("down", SERVERS="stop")

    run("docker-compose", "up", "-d", cwd=stack.path)

    stack.wait()


def test_compose_finds_nothing_to_warn_of(stack: Stack):
    """`docker compose config` is silent."""
    assert stack.compose("config", "--quiet").stderr == ""
