"""One value of tmpnb as lines for ``.env``.

A converter takes the written value; ValueError completes the sentence "must be …".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from hubkit import machine, values, visitors

QUOTA_PERIOD = 100_000  # microseconds; --cpu-quota is of each
Converter = Callable[[str], "Found"]


class CannotMap(Exception):
    """A value that has no place here; the message says why, without a full stop."""


@dataclass(frozen=True)
class Found:
    """What one value becomes.

    Attributes:
        lines: Names in ``.env`` to values.
        lost: Parts of the value that have no place here, each with why.
    """

    lines: dict[str, str]
    lost: tuple[str, ...] = ()


def as_written(name: str, parse: Callable[[str], object] = values.text) -> Converter:
    """Return a converter that keeps the value, once *parse* took it, for the setting *name*."""

    def convert(written: str) -> Found:
        parse(written)
        return Found({name: written})

    return convert


def secret(name: str) -> Converter:
    """Return a converter that names a file for the value, which it does not show."""
    path = f"secrets/{name.lower().replace('_', '-')}"
    return lambda _: Found({f"{name}_FILE": path})


def pool(written: str) -> Found:
    """All of tmpnb's servers were started before the first visitor."""
    values.whole(1, 1000)(written)
    return Found({"TEMPORARY_CAPACITY": written, "POOL_SIZE": written})


def seconds(name: str) -> Converter:
    """Return a converter for a time, which 0 would turn off here."""
    return as_written(name, values.whole(1, 10**8))


def memory(written: str) -> Found:
    """docker-py took ``512mb`` for ``512m``."""
    size = re.sub(r"(?<=[kmgt0-9])b$", "", written.lower()).upper()
    values.memory(size)
    return Found({"TEMPORARY_MEM_LIMIT": size})


def quota(written: str) -> Found:
    """Microseconds of each tenth of a second, as processors."""
    limit = f"{max(values.whole(-1)(written), 0) / QUOTA_PERIOD:g}"
    values.processors(limit)
    return Found({"TEMPORARY_CPU_LIMIT": limit})


def page(written: str) -> Found:
    """A page of the server, with a slash before it."""
    path = f"/{written.lstrip('/')}"
    values.absolute_path(path)
    return Found({"DEFAULT_URL": path})


def account(written: str) -> Found:
    """A number, as an image may not know the name; nobody is root here."""
    user = written.partition(":")[0]
    if user == "root" or (user.isdigit() and not int(user)):
        raise CannotMap("servers do not run as root")
    if not re.fullmatch(r"[0-9:]+", written):
        raise CannotMap("numbers are needed here: docker run --rm IMAGE id NAME says which")
    machine.user(written)
    return Found({"SERVER_USER": written})


def directories(written: str) -> Found:
    """HOST:MOUNT:MODE; tmpnb made up what was left out, and the mode was rw then."""
    found = []
    for number, one in enumerate(written.split(",")):
        source, target, mode, *more = [*(part.strip() for part in one.split(":")), "", "", ""][:4]
        if not re.fullmatch(r"/.*", source) or any(more) or mode not in {"", "r", "ro", "rw"}:
            raise ValueError("/HOST/FOLDER:/FOLDER:ro or :rw, several with commas between")
        target = target.rstrip("/") or f"/mnt/vol{number}"
        found.append(f"{source}:{target}:{'ro' if mode in {'r', 'ro'} else 'rw'}")
    machine.directories(",".join(found))
    return Found({"HOST_DIRECTORIES": ",".join(found)})


def network(written: str) -> Found:
    """The engine's own networks are no place for strangers."""
    if written in {"bridge", "host", "none"}:
        raise CannotMap("servers are on a network of the hub's own")
    return as_written("DOCKER_NETWORK_NAME", values.docker_name)(written)


def project(written: str) -> Found:
    """Small letters, digits, dashes."""
    name = re.sub(r"[^a-z0-9]+", "-", written.lower()).strip("-")
    values.project_name(name)
    return Found({"COMPOSE_PROJECT_NAME": name})


def origin(written: str) -> Found:
    """One origin, or ``*``, as the header has it."""
    if written == "null":
        raise CannotMap("'null' stands for every page without an origin; name the origins")
    visitors.origins(written)
    return Found({"CORS_ORIGINS": written.rstrip("/")})


def level(written: str) -> Found:
    """Without a level tmpnb was silent; here what is broken is always said."""
    known = {"debug": "DEBUG", "info": "INFO", "warning": "WARN", "error": "ERROR", "none": "ERROR"}
    if written not in known:
        raise ValueError(" or ".join(known))
    return Found({"LOG_LEVEL": known[written]})


def engine(written: str) -> Found:
    """Only a socket of this machine is near enough."""
    path = re.sub(r"^unix:/*", "/", written)
    if not path.startswith("/"):
        raise CannotMap("the kit runs on the engine's own machine, through its socket")
    return Found({"DOCKER_SOCKET": path})
