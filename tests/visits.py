"""Visitors without an account, on a stack of the tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from hubkit import names
from tests.support import Stack, run, until

ADMIN = "admin-of-the-tests"


@contextmanager
def opened(folder: Path, **settings: str) -> Iterator[Stack]:
    """Have a stack for visitors, only them unless AUTH says more; a server waits for one."""
    usual = {"AUTH": "temporary", "POOL_SIZE": "1", "TEMPORARY_ADMIN_TOKEN": ADMIN}
    made = Stack.make(folder / "kit", **(usual | settings))
    try:
        made.up()
        # A proxy that started after the hub gets the service's routes within half a minute.
        until(lambda: asked(made, "GET", "/api/stats").status_code == 200, 180, "the service")
        yield made
    finally:
        made.destroy()


@contextmanager
def tagged(image: str, name: str) -> Iterator[None]:
    """Have *image* under another name, too."""
    run("docker", "tag", image, name)
    try:
        yield
    finally:
        run("docker", "image", "rm", name)


def asked(stack: Stack, method: str, path: str, **extra: Any) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        verify = str(stack.certificate)
        return session.request(method, stack.url + path, verify=verify, timeout=120, **extra)


def admin(stack: Stack, method: str, path: str) -> requests.Response:
    return asked(stack, method, path, headers={"Authorization": f"token {ADMIN}"})


def visitors(stack: Stack) -> list[str]:
    return [one["name"] for one in admin(stack, "GET", "/api/visitors").json()["visitors"]]


def ended(stack: Stack, name: str) -> bool:
    return admin(stack, "DELETE", f"/api/visitors/{name}").status_code in {204, 404}


def waiting(stack: Stack, image: str) -> dict[str, str]:
    """Return name → id of the containers with *image* that the hub says wait for somebody."""
    words = ("--filter", f"label=hubkit.hub={stack.project}", "--filter", "status=running")
    shown = ("--no-trunc", "--format", "{{.Names}} {{.ID}} {{.Image}}")
    listed = run("docker", "ps", *words, *shown).stdout.splitlines()
    found = (line.split() for line in listed)
    said = run("docker", "logs", stack.project).stderr
    known = set(re.findall(r"(\S+) (?:waits for somebody|goes on waiting)", said))
    return {name: one for name, one, of in found if name in known and of == image}


def container_of(stack: Stack, visitor: str) -> dict[str, Any]:
    """Return the engine's answer about the server of *visitor*."""
    return stack.inspect(names.container(visitor, project=stack.project))


def traces(stack: Stack) -> dict[str, list[str]]:
    """Return the containers and volumes of users, without what waits for one."""
    label = f"label=hubkit.hub={stack.project}"
    words = ("ps", "--all", "--filter", label, "--format", "{{.Names}}")
    containers = run("docker", *words).stdout.split()
    volumes = run("docker", "volume", "ls", "--format", "{{.Name}}").stdout.split()
    return {
        "containers": sorted(name for name in containers if "-pool-" not in name),
        "volumes": sorted(name for name in volumes if name.startswith(stack.project)),
    }
