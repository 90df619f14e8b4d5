"""Every option and variable of tmpnb, and its place here.

Source: ``orchestrate.py`` of jupyter/tmpnb at 72dc62e, its last commit, and of the options
of tornado that it had besides. ``docs/temporary/from-tmpnb.md`` is compared with this.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hubkit import machine, values, visitors
from hubkit.ops.tmpnb import converters as to
from hubkit.ops.tmpnb.command import command


@dataclass(frozen=True)
class Option:
    """One option, or one variable, of tmpnb.

    Attributes:
        name: Without its dashes; in capitals for a variable.
        settings: What it may become in ``.env``; none: nothing is to be set.
        about: What becomes of it, one sentence without a full stop.
        convert: Returns the lines for a written value; None where `settings` is empty.
        default: tmpnb's, where the kit's own is another; empty: none.
        lost: It cannot be mapped, and `about` says why; what it was given is not looked at.
        flag: It may stand without a value.
    """

    name: str
    settings: tuple[str, ...]
    about: str
    convert: to.Converter | None = None
    default: str = ""
    lost: bool = False
    flag: bool = False

    @property
    def shown(self) -> str:
        """The name as people type it."""
        return self.name if self.name.isupper() else f"--{self.name}"


def _set(name: str, settings: str, about: str, convert: to.Converter, default: str = "") -> Option:
    return Option(name, tuple(settings.split()), about, convert, default)


def _by_itself(name: str, about: str, *, flag: bool = False) -> Option:
    return Option(name, (), about, flag=flag)


def _lost(name: str, about: str, *, flag: bool = False) -> Option:
    return Option(name, (), about, lost=True, flag=flag)


def _all(about: str, *names: str) -> Iterator[Option]:
    return (_by_itself(name, about) for name in names)


ROWS = (
    _set(
        "image",
        "DOCKER_NOTEBOOK_IMAGE",
        "left out, it is the kit's own image",
        to.as_written("DOCKER_NOTEBOOK_IMAGE", values.image),
    ),
    _set(
        "command",
        "DOCKER_NOTEBOOK_DIR SERVER_COMMAND",
        "a notebook server's needs nothing but its folder; another program's is kept",
        command,
    ),
    _by_itself("use-tokens", "each server is its visitor's alone, whatever is set", flag=True),
    _set(
        "pool-size",
        "TEMPORARY_CAPACITY POOL_SIZE",
        "all wait in the pool, as in tmpnb; a smaller POOL_SIZE is filled again at each visit",
        to.pool,
        "10",
    ),
    _set(
        "pool-name",
        "COMPOSE_PROJECT_NAME",
        "several on one engine do not see each other",
        to.project,
    ),
    _set(
        "user-length",
        "TEMPORARY_NAME_LENGTH",
        "of the random name in the address",
        to.as_written("TEMPORARY_NAME_LENGTH", values.whole(visitors.LEAST, visitors.MOST)),
    ),
    _set("cull-timeout", "TEMPORARY_IDLE_TIMEOUT", "seconds", to.seconds("TEMPORARY_IDLE_TIMEOUT")),
    _set(
        "cull-max",
        "TEMPORARY_MAX_AGE",
        "seconds, counted from the visit",
        to.seconds("TEMPORARY_MAX_AGE"),
    ),
    _by_itself("cull-period", "how often to look follows from TEMPORARY_IDLE_TIMEOUT"),
    _set(
        "redirect-uri",
        "DEFAULT_URL",
        "below the server's own address",
        to.page,
        "/tree",
    ),
    _set("mem-limit", "TEMPORARY_MEM_LIMIT", "of one server", to.memory, "512m"),
    _set(
        "cpu-quota",
        "TEMPORARY_CPU_LIMIT",
        "microseconds of each 100 ms become processors; left out, the kit keeps its own limit",
        to.quota,
    ),
    _set(
        "cpu-shares",
        "CPU_SHARES",
        "counts for all servers",
        to.as_written("CPU_SHARES", machine.shares),
    ),
    _set(
        "container-user",
        "SERVER_USER",
        "numbers only, and never root's; left out, it is the image's own user",
        to.account,
    ),
    _set(
        "docker-network",
        "DOCKER_NETWORK_NAME",
        "the kit makes this network; it must not exist yet",
        to.network,
    ),
    _set(
        "host-directories",
        "HOST_DIRECTORIES",
        "what was left out is written out, as tmpnb understood it: writable",
        to.directories,
    ),
    _set(
        "extra-hosts",
        "EXTRA_HOSTS",
        "name:address, with commas between",
        to.as_written("EXTRA_HOSTS", machine.hosts),
    ),
    _by_itself("static-files", "the edge gives out JupyterLab's files of each image: STATIC_FILES"),
    _set("allow-origin", "CORS_ORIGINS", "sent with every answer, errors included", to.origin),
    *_all(
        "answers for a page of CORS_ORIGINS say what this API takes and has",
        "allow-methods",
        "allow-headers",
        "expose-headers",
        "max-age",
    ),
    _lost("allow-credentials", "pages ask with a token; cookies are not taken"),
    _set("logging", "LOG_LEVEL", "none becomes ERROR", to.level),
    *_all(
        "the engine keeps and rotates the logs: make logs",
        "log-file-prefix",
        "log-file-max-size",
        "log-file-num-backups",
        "log-rotate-interval",
        "log-rotate-mode",
        "log-rotate-when",
    ),
    _by_itself("log-to-stderr", "the engine keeps and rotates the logs: make logs", flag=True),
    *_all(
        "people come to HTTPS_PORT; nothing else is published",
        "ip",
        "port",
        "admin-ip",
        "admin-port",
    ),
    *_all(
        "servers publish no port; the proxy finds them on a network of their own",
        "container-ip",
        "container-port",
    ),
    _lost(
        "host-network",
        "a visitor's programs would reach all that listens on the machine",
        flag=True,
    ),
    _by_itself("docker-version", "the engine is asked"),
    _by_itself("assert-hostname", "the engine is reached through its socket", flag=True),
    _by_itself(
        "max-dock-workers", "CONCURRENT_STARTS, one for each processor, rarely needs another value"
    ),
    _by_itself("help", "hubkit settings lists what can be set", flag=True),
    _set(
        "API_AUTH_TOKEN",
        "TEMPORARY_API_TOKEN_FILE",
        "the value goes into that file; pages for people are off with it",
        to.secret("TEMPORARY_API_TOKEN"),
    ),
    _set(
        "ADMIN_AUTH_TOKEN",
        "TEMPORARY_ADMIN_TOKEN_FILE",
        "the value goes into that file",
        to.secret("TEMPORARY_ADMIN_TOKEN"),
    ),
    _set(
        "DOCKER_HOST",
        "DOCKER_SOCKET",
        "a socket of this machine; another machine's engine has no place here",
        to.engine,
    ),
    *_all("the engine is reached through its socket", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"),
    _by_itself("CONFIGPROXY_AUTH_TOKEN", "made at the first start"),
    _by_itself("CONFIGPROXY_ENDPOINT", "hub and proxy find each other"),
)
TABLE = {row.name: row for row in ROWS}


def page_row(row: Option) -> str:
    """Return the row of the page's table about this option."""
    here = ", ".join(f"`{name}`" for name in row.settings)
    here = here or ("**cannot be mapped**" if row.lost else "nothing")
    return f"| `{row.shown}` | {here} | {row.about} |"
