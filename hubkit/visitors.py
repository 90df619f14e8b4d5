"""Visitors without an account: how the hub names them, and whose pages may use their servers.

A name of this form is a visitor's and nobody else's, wherever it turns up: it is made by
the hub at random, and no way to sign in gives it to anybody.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Container
from urllib.parse import urlsplit

from hubkit import values

PREFIX = "tmp-"
LETTERS = string.ascii_lowercase + string.digits
LEAST, MOST = 8, 32  # random letters; the least are 41 bits
NAME = re.compile(f"{PREFIX}[a-z0-9]{{{LEAST},{MOST}}}")
EVERY_ORIGIN = "*"
# No * before a name of one part: https://*.org would be nearly everybody.
ANCESTOR = re.compile(r"https?://(\*\.(?=[a-z0-9-]+\.))?[a-z0-9-]+(\.[a-z0-9-]+)*(:[1-9]\d{0,4})?")


def is_visitor(name: str) -> bool:
    """Return whether *name* is one the hub gives to visitors."""
    return NAME.fullmatch(name) is not None


def new_name(length: int, taken: Container[str] = ()) -> str:
    """Return a fresh name with *length* random letters and digits, none of *taken*."""
    while True:
        name = PREFIX + "".join(secrets.choice(LETTERS) for _ in range(length))
        if name not in taken:
            return name


def images(written: str) -> tuple[str, ...]:
    """Return the image references in *written*, with commas between them.

    Raises:
        ValueError: One is no image.
    """
    return tuple(values.image(one) for one in values.names(written))


def image_names(references: tuple[str, ...]) -> dict[str, str]:
    """Return each image by the word that chooses it: the last part of its name, without tag."""
    found: dict[str, str] = {}
    for one in references:
        word = one.partition("@")[0].rpartition("/")[2].partition(":")[0]
        found.setdefault(word, one)
        found.setdefault(one, one)
    return found


def origins(written: str) -> tuple[str, ...]:
    """Return the origins in *written*, such as ``https://example.org``, or ``*`` alone.

    Raises:
        ValueError: One is no origin, or ``*`` is not alone.
    """
    found = values.names(written)
    if EVERY_ORIGIN in found and len(found) == 1:
        return found
    return tuple(map(_origin, found))


def frames(written: str) -> tuple[str, ...]:
    """Return the origins in *written* that may show pages of the hub in a frame.

    ``https://*.example.org`` stands for all names below one, as in a browser's
    ``frame-ancestors``.

    Raises:
        ValueError: One is no such origin.
    """
    found = tuple(one.lower().rstrip("/") for one in values.names(written))
    if not all(map(ANCESTOR.fullmatch, found)):
        raise ValueError(
            "origins such as https://example.org or https://*.example.org, with commas between: "
            "each with https:// or http://, without a path; not * alone, with which any page "
            "could show the hub and have people click in it unseen"
        )
    return found


def _origin(written: str) -> str:
    wrong = ValueError("origins such as https://example.org, with commas between, or * alone")
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        raise wrong from None
    host = parts.hostname or ""
    rest = (parts.path.strip("/"), parts.query, parts.fragment, parts.username or "")
    if parts.scheme not in {"http", "https"} or not host or any(rest) or "*" in host:
        raise wrong
    shown = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{shown}" + (f":{port}" if port not in {None, usual} else "")
