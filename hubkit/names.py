"""What a user's container and volume are called.

Guarantees, each tested over generated names:

- Different (user, server) pairs get different names.
- A container's name is a valid DNS label: at most 63 of ``a-z``, ``0-9`` and ``-``.
- Plain names (letters and digits) stay readable: user ``ada`` has ``jupyter-ada``
  and ``jupyterhub-user-ada``.
- The rules never change. They equal DockerSpawner's since its version 12, so homes
  made by an earlier deployment keep their names.

How: every character outside ``a-z0-9`` becomes ``-`` and its UTF-8 bytes in hex, so a
``-`` is always followed by a hex digit and ``--`` is free to separate parts. What would
become too long is cut and ends in ``--`` and 16 hex digits of the whole name's SHA-256.
Only what was cut has the full length, so no other name can be made to look like it.
"""

from __future__ import annotations

import hashlib
import re
import string

DEFAULT_PROJECT = "jupyterhub"
LONGEST_LABEL = 63  # characters of a DNS label, RFC 1035 section 2.3.4
LONGEST_VOLUME = 200  # characters; Docker keeps a volume in a folder of that name (255)
DIGEST = 16  # hex digits
RANDOM = 8  # hex digits
SAFE = frozenset(string.ascii_lowercase + string.digits)


def escape(name: str) -> str:
    """Return *name* in ``a-z0-9-``, different for different names."""
    return "".join(
        char if char in SAFE else "".join(f"-{byte:02x}" for byte in char.encode("utf-8"))
        for char in name
    )


def _fit(name: str, longest: int, whole: str) -> str:
    if len(name) < longest:
        return name
    digest = hashlib.sha256(whole.encode("utf-8")).hexdigest()[:DIGEST]
    return f"{name[: longest - DIGEST - 2]}--{digest}"


def server_prefix(project: str) -> str:
    """Return what the containers of *project*'s users begin with."""
    return "jupyter" if project == DEFAULT_PROJECT else f"{escape(project)}-jupyter"


def container(user: str, server: str = "", project: str = DEFAULT_PROJECT) -> str:
    """Return the name of the container of *user*'s server called *server*."""
    name = f"{server_prefix(project)}-{escape(user)}"
    if server:
        name = f"{name}--{escape(server)}"
    # "/" is in no user name, so it keeps ("a", "b") and ("a/b", "") apart.
    whole = f"{user}/{server}" if project == DEFAULT_PROJECT else f"{project}/{user}/{server}"
    return _fit(name, LONGEST_LABEL, whole)


def home_volume(user: str, project: str = DEFAULT_PROJECT, rank: int = 1) -> str:
    """Return the name of the volume that is *user*'s home.

    Args:
        user: The hub user's name at the first start; a later rename changes nothing,
            because the name is stored with the user.
        project: Name of the Compose project the hub belongs to.
        rank: 2 and up give further names, for when the first is another user's.
    """
    name = _fit(f"{project}-user-{escape(user)}", LONGEST_VOLUME, user)
    return name if rank == 1 else f"{name}--{rank}"


def pool_member(project: str, random: str) -> str:
    """Return the name of a container that waits to become somebody's server.

    Args:
        project: Name of the Compose project the hub belongs to.
        random: `RANDOM` hex digits.
    """
    return f"{escape(project)}-pool-{random}"


def is_pool_member(name: str, project: str) -> bool:
    """Return whether *name* is one that `pool_member` gives; no server's ever is."""
    random = name[-RANDOM:]
    is_random = re.fullmatch(f"[0-9a-f]{{{RANDOM}}}", random)
    return bool(is_random) and name == pool_member(project, random)
