"""Turn one written value into one typed value, or say what it must look like.

Every parser takes the text of a value and returns the value; on bad text it raises
``ValueError`` whose message completes the sentence "must be …".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
LEAST_MEMORY = 6 * 2**20  # bytes; Docker refuses less
DNS_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
DOCKER_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
PROJECT_NAME = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")
IMAGE = re.compile(
    r"(?P<host>[a-zA-Z0-9.-]+(:\d+)?/)?"
    r"[a-z0-9]+([._/-]+[a-z0-9]+)*"
    r"(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)
MOUNT = re.compile(r"(?P<source>[^:,]+):(?P<target>/[^:,]*)(:(?P<mode>ro|rw))?")


@dataclass(frozen=True)
class Mount:
    """A volume, or a folder of the host, that every server gets.

    Attributes:
        source: Name of a volume, in which ``{username}`` stands for the user's escaped
            name, or an absolute path on the host.
        target: Absolute path in the container.
        read_only: Whether the server may only read it.
    """

    source: str
    target: str
    read_only: bool = False


def text(written: str) -> str:
    """Return *written* as it is."""
    return written


def _parts(written: str, separator: str = ",") -> list[str]:
    return [part.strip() for part in written.split(separator) if part.strip()]


def words(written: str) -> tuple[str, ...]:
    """Return the small words written with commas between them, each once."""
    found = tuple(dict.fromkeys(_parts(written)))
    if not found or not all(re.fullmatch(r"[a-z0-9-]+", word) for word in found):
        raise ValueError("one or more of them in small letters, with commas between")
    return found


def some_of(*choices: str) -> Callable[[str], tuple[str, ...]]:
    """Return a parser that takes one or more of the given words, with commas between."""

    def parse(written: str) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(_parts(written)))
        if not found or set(found) - set(choices):
            raise ValueError(f"{' or '.join(choices)}, or several of them with commas between")
        return found

    return parse


def names(written: str) -> tuple[str, ...]:
    """Return names with commas between them, or distinguished names with ``;`` between."""
    named = ";" in written or re.match(r"([a-z-]+/)?[A-Za-z]+=", written)
    return tuple(_parts(written, ";" if named else ","))


def hosts(written: str) -> tuple[str, ...]:
    """Return one or more host names or addresses, with commas between them."""
    try:
        found = tuple(host(part) for part in _parts(written))
    except ValueError:
        found = ()
    if not found:
        raise ValueError("host names such as ldap.example.org, without ldap:// or a port")
    return found


def web_address(written: str) -> str:
    """Return an ``https://`` address without the slash at its end."""
    match = re.fullmatch(r"https://([^/:@?#\s]+|\[[0-9a-fA-F:]+\])(:\d+)?(/[^?#\s]*)?", written)
    if not match:
        raise ValueError("an address such as https://github.example.org")
    return written.rstrip("/")


def gateway_address(written: str) -> str:
    """Return an http, https, ws or wss address without the slash at its end."""
    match = re.fullmatch(
        r"(?:https?|wss?)://(?:[^/:@?#\s]+|\[[0-9a-fA-F:]+\])(?::(\d+))?(/[^?#\s]*)?", written
    )
    if not match or not 0 < int(match[1] or 1) < 65536:
        raise ValueError("an address such as https://gateway.example.org:8888")
    return written.rstrip("/")


def file_name(written: str) -> str:
    """Return the name of a file, without a folder."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", written):
        raise ValueError("the name of a file such as key.pem, without a folder")
    return written


def callback(written: str) -> str:
    """Return an ``https://`` address that ends in the path OAuth providers call back."""
    if not web_address(written).endswith("/oauth_callback"):
        raise ValueError("an address such as https://hub.example.org/hub/oauth_callback")
    return written


def secret_file(written: str) -> str:
    """Return the path of a file that lies directly in ``secrets/``."""
    if not re.fullmatch(r"secrets/(?!\.\.?$)[^/]+", written):
        raise ValueError("a file in secrets/ such as secrets/ldap-ca.crt")
    return written


def dn_templates(written: str) -> tuple[str, ...]:
    """Return distinguished names with ``{username}`` in each, written with ``;`` between."""
    found = tuple(_parts(written, ";"))
    for one in found:
        if one.count("{username}") != 1 or re.search(r"[{}]", one.replace("{username}", "")):
            found = ()
    if not found or not all("=" in one for one in found):
        raise ValueError("a name such as uid={username},ou=people,dc=example,dc=org")
    return found


def search_filter(written: str) -> str:
    """Return an LDAP filter with ``{username}`` where the name goes."""
    rest = written.replace("{username}", "")
    whole = written.startswith("(") and written.endswith(")")
    if (
        rest == written
        or not whole
        or re.search(r"[{}]", rest)
        or rest.count("(") != rest.count(")")
    ):
        raise ValueError("a filter such as (uid={username})")
    return written


def number(least: float, most: float | None = None) -> Callable[[str], float]:
    """Return a parser of decimal numbers from *least* to *most*."""

    def parse(written: str) -> float:
        bounds = f"{least:g} or more" if most is None else f"from {least:g} to {most:g}"
        try:
            value = float(written)
        except ValueError:
            raise ValueError(f"a number, {bounds}") from None
        if not (value >= least and (most is None or value <= most)) or value == float("inf"):
            raise ValueError(f"a number, {bounds}")
        return value

    return parse


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return a parser of whole numbers from *least* to *most*."""

    def parse(written: str) -> int:
        bounds = f"{least} or more" if most is None else f"from {least} to {most}"
        if not re.fullmatch(r"-?[0-9]+", written) or int(written) < least:
            raise ValueError(f"a whole number, {bounds}")
        if most is not None and int(written) > most:
            raise ValueError(f"a whole number, {bounds}")
        return int(written)

    return parse


def memory(written: str) -> int:
    """Return bytes: a whole number with K, M, G or T behind it; 0 means no limit."""
    match = re.fullmatch(r"([0-9]+)([KMGT]?)", written.upper())
    value = int(match[1]) * UNITS[match[2]] if match else -1
    if value != 0 and value < LEAST_MEMORY:
        raise ValueError("a size of at least 6M such as 512M or 2G; 0 for no limit")
    return value


def processors(written: str) -> float:
    """Return a number of processors; 0 means no limit. Docker takes no less than 0.01."""
    value = number(0)(written)
    if 0 < value < 0.01:
        raise ValueError("a number of at least 0.01; 0 for no limit")
    return value


def size(written: str) -> int:
    """Return bytes: a whole number above 0 with K, M, G or T behind it."""
    match = re.fullmatch(r"([0-9]+)([KMGT]?)", written.upper())
    if not match or int(match[1]) == 0:
        raise ValueError("a size such as 512M or 1G")
    return int(match[1]) * UNITS[match[2]]


def flag(written: str) -> bool:
    """Return a yes or no; only spellings that cannot be misread are taken."""
    if written.lower() in {"true", "yes", "1"}:
        return True
    if written.lower() in {"false", "no", "0"}:
        return False
    raise ValueError("true or false")


def one_of(*words: str) -> Callable[[str], str]:
    """Return a parser that takes exactly the given words."""

    def parse(written: str) -> str:
        if written not in words:
            raise ValueError(" or ".join(words))
        return written

    return parse


def host(written: str) -> str:
    """Return a host name in lower case, or an IP address."""
    try:
        return str(ip_address(written))
    except ValueError:
        pass
    name = written.lower()
    if len(name) > 253 or not all(DNS_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError("a host name such as hub.example.org, without https:// or a port")
    return name


def docker_name(written: str) -> str:
    """Return a name Docker accepts for a network or volume."""
    if not DOCKER_NAME.fullmatch(written):
        raise ValueError("two or more letters, digits, '_', '.' or '-', a letter or digit first")
    return written


def project_name(written: str) -> str:
    """Return a Compose project name (https://docs.docker.com/compose/project-name/)."""
    if written == "jupyter":
        raise ValueError("another name: 'jupyter' begins the names of users' containers")
    if not PROJECT_NAME.fullmatch(written) or len(written) > 40:
        raise ValueError("at most 40 small letters and digits, with single '-' or '_' between them")
    return written


def image(written: str) -> str:
    """Return an image reference: name, name:tag, host:port/name or name@sha256:HEX."""
    if not IMAGE.fullmatch(written):
        raise ValueError("an image such as quay.io/jupyter/scipy-notebook:2026-08-10")
    return written


def absolute_path(written: str) -> str:
    """Return an absolute path without ``..``, without a slash at its end."""
    path = written.rstrip("/")
    if not path.startswith("/") or ".." in path.split("/"):
        raise ValueError("an absolute path inside the container, without '..'")
    return path


def database_url(written: str) -> str:
    """Return an SQLAlchemy URL of a database this kit carries the driver for."""
    # Not urlsplit: its complaints quote the password.
    scheme, separator, _ = written.partition("://")
    if not separator or scheme not in {"sqlite", "postgresql", "postgresql+psycopg"}:
        raise ValueError("postgresql://user:password@host:5432/name, or empty for SQLite")
    return written


def pairs(written: str) -> dict[str, str]:
    """Return ``NAME=value`` pairs written with commas between them."""
    found = {}
    for part in filter(None, (piece.strip() for piece in written.split(","))):
        name, equals, value = part.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise ValueError("NAME=value pairs with commas between them")
        found[name] = value
    return found


def mounts(written: str) -> tuple[Mount, ...]:
    """Return the mounts in ``source:/path[:ro]``, written with commas between them."""
    found = []
    for part in filter(None, (piece.strip() for piece in written.split(","))):
        match = MOUNT.fullmatch(part)
        if not match or ".." in match["target"].split("/"):
            raise ValueError("volume:/path or volume:/path:ro, with commas between them")
        found.append(Mount(match["source"], match["target"], match["mode"] == "ro"))
    return tuple(found)
