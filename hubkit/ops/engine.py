"""Questions an operator asks the Docker engine through its socket."""

from __future__ import annotations

import functools
import json
import socket
from collections.abc import Mapping, Sequence
from typing import Any

import docker
import requests
from docker.errors import DockerException, ImageNotFound, NotFound

from hubkit.errors import EngineError, Problem

PROJECT = "com.docker.compose.project"
CALL_SECONDS = 20


@functools.cache
def client() -> Any:
    """Return the client of the engine at DOCKER_HOST or the usual socket."""
    return docker.from_env(timeout=CALL_SECONDS)


def require() -> None:
    """Return if the engine answers.

    Raises:
        EngineError: It does not.
    """
    try:
        client().ping()
    except DockerException as error:
        raise EngineError("does not answer") from error


def info() -> Mapping[str, Any]:
    """Return what the engine says about itself."""
    found: Mapping[str, Any] = client().info()
    return found


def said_in(container: str, words: Sequence[str], project: str) -> str:
    """Return what a command prints in a *container* of *project*, "" if it cannot be asked."""
    try:
        there = client().containers.get(container)
        if there.labels.get(PROJECT) != project:
            return ""
        code, said = there.exec_run(list(words), stderr=False)
    except (DockerException, requests.RequestException):
        return ""  # it is not there, does not run, or takes too long
    return said.decode(errors="replace") if code == 0 else ""


def problems_said_in(project: str, words: Sequence[str]) -> list[Problem]:
    """Return what a command in the hub's container finds; nothing where it cannot be asked."""
    try:
        return [Problem(**one) for one in json.loads(said_in(project, words, project))]
    except (ValueError, TypeError):
        return []  # the hub does not run, or is of another version


def has_image(name: str) -> bool:
    """Return whether the engine holds the image *name*."""
    try:
        client().images.get(name)
    except ImageNotFound:
        return False
    return True


def is_foreign(kind: str, name: str, project: str) -> bool:
    """Return whether a container, network or volume *name* exists that is not *project*'s."""
    try:
        attrs = getattr(client(), f"{kind}s").get(name).attrs
    except NotFound:
        return False
    if attrs.get("Name", "").lstrip("/") != name:
        return False  # found by the beginning of its id
    found = attrs.get("Config", attrs).get("Labels") or {}
    return found.get(PROJECT) != project


def port_holder(port: int, project: str) -> str | None:
    """Return who holds TCP *port*: None if free or *project*'s, "" if nobody we can name.

    Runs in the network of the host.
    """
    # Containers of users come and go while this looks.
    for container in client().containers.list(ignore_removed=True):
        # What is published, not what was asked for: that may be a range or left open.
        bound = [one["HostPort"] for all_ in container.ports.values() for one in all_ or []]
        if str(port) in bound:
            mine = container.labels.get(PROJECT) == project
            return None if mine else f"the container {container.name}"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104 (the edge binds it so, too)
        except OSError:
            return ""
    return None
