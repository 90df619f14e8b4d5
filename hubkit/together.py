"""What is wrong with settings only because of one another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hubkit import machine
from hubkit.errors import Problem


def problems(env: Any) -> Iterator[Problem]:
    """Yield what cannot be together in *env*, the `hubkit.settings.Settings`, which ask here."""
    if env.tls == "acme" and not env.acme_email:
        cure = "Write the address the authority may use to warn you."
        yield Problem("ACME_EMAIL=", "must be set with TLS=acme.", cure)
    if env.https_port == env.http_port:
        cure = "Give them different ports, e.g. 443 and 80."
        yield Problem(f"HTTP_PORT={env.http_port}", "is HTTPS_PORT too.", cure)
    if env.server_command:
        yield from _of_a_program(env)
    yield from _of_the_machine(env)


def _of_a_program(env: Any) -> Iterator[Problem]:
    inner = machine.PROGRAM_PORT
    if env.server_ports is None or inner in env.server_ports:
        shown = "all" if env.server_ports is None else inner
        wrong = "lets every server reach the others' programs, which ask for no sign-in."
        cure = f"Name the ports that are needed, not {inner}; or empty SERVER_COMMAND."
        yield Problem(f"SERVER_PORTS={shown}", wrong, cure)
    if env.kg_url:
        wrong = "is where Jupyter's kernels run; a program in its place has none."
        cure = "Empty it, and COMPOSE_PROFILES; or empty SERVER_COMMAND."
        yield Problem(f"KG_URL={env.kg_url}", wrong, cure)


def _of_the_machine(env: Any) -> Iterator[Problem]:
    mounted = {
        "DOCKER_NOTEBOOK_DIR": [env.docker_notebook_dir],
        "EXTRA_VOLUMES": [one.target for one in env.extra_volumes],
    }
    secret = (env.docker_socket, env.docker_volumes, machine.CONTAINERD)
    yield from machine.clashes(env.host_directories, mounted, secret)
    if env.network_access == "off":
        yield from machine.unreachable("" if env.own_gateway else env.kg_url, env.extra_hosts)
