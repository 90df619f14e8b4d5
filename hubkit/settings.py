"""Every setting of the kit: its name in ``.env``, its default, its check, its meaning.

This is the only module that reads the environment. A value set in the environment
wins over the same name in ``.env``, as it does for Docker Compose.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Any

from hubkit import envfile, values
from hubkit.errors import HIDDEN, ConfigError, Problem
from hubkit.reading import env_name, nearest, read, setting, texts

# Where NAME_FILE=secrets/… is looked up; the stack lays ./secrets out here for the hub.
ROOT = Path("/run/hubkit/hub")


@dataclass(frozen=True)
class Settings:
    """The values of one hub, checked.

    Fields are the names of ``.env`` in lower case; a secret never shows in ``repr``.
    """

    # fmt: off
    hub_domain: str = setting("localhost", values.host, "Host name people type, without https://.", group="Address and certificate")
    https_port: int = setting("443", values.whole(1, 65535), "Port the hub answers on.", group="Address and certificate")
    http_port: int = setting("80", values.whole(1, 65535), "Port that redirects to HTTPS.", group="Address and certificate")
    tls: str = setting("files", values.one_of("files", "acme"), "files: secrets/jupyterhub.crt and .key; acme: a certificate from Let's Encrypt.", group="Address and certificate")
    acme_email: str = setting("", values.text, "Where the ACME authority writes to; needed with TLS=acme.", group="Address and certificate")
    acme_ca: str = setting("", values.text, "Directory URL of another ACME authority.", group="Address and certificate", read_by="stack")
    upload_limit: int = setting("1G", values.size, "Largest single request, e.g. a file saved or uploaded.", group="Address and certificate", read_by="stack")

    auth: str = setting("native", values.text, "How people sign in: native (passwords kept by the hub).", group="Sign-in")

    docker_notebook_image: str = setting("hubkit-notebook:latest", values.image, "Image every server runs.", group="Servers")
    docker_notebook_dir: str = setting("/home/jovyan/work", values.absolute_path, "Where the home volume is mounted.", group="Servers")
    extra_volumes: tuple[values.Mount, ...] = setting("", values.mounts, "More volumes for every server: volume:/path or volume:/path:ro, commas between.", group="Servers", empty=())
    server_env: dict[str, str] = setting("", values.pairs, "Environment of every server: NAME=value, commas between.", group="Servers", empty={})
    default_url: str = setting("/lab", values.absolute_path, "Page a server opens with: /lab or /tree.", group="Servers")
    mem_limit: int = setting("2G", values.memory, "Memory of one server; 0 for no limit.", group="Servers")
    cpu_limit: float = setting("2", values.processors, "Processors of one server, e.g. 0.5; 0 for no limit.", group="Servers")
    pids_limit: int = setting("1024", values.whole(0), "Processes and threads of one server; 0 for no limit.", group="Servers")
    named_server_limit: int = setting("5", values.whole(0), "Named servers one user may have besides their own; 0 for no limit.", group="Servers")
    start_timeout: int = setting("120", values.whole(10), "Seconds a server may take to start.", group="Servers")
    idle_timeout: int = setting("3600", values.whole(0), "Seconds without activity until a server is stopped; 0 for never.", group="Servers")
    max_age: int = setting("0", values.whole(0), "Seconds until a server is stopped even if active; 0 for never.", group="Servers")

    delete_user_volumes: bool = setting("false", values.flag, "true: deleting a user deletes their home volume too.", group="Data")
    adopt_volumes: bool = setting("false", values.flag, "true: homes made by an earlier deployment are taken over by name.", group="Data")
    database_url: str = setting("", values.database_url, "PostgreSQL as postgresql://user:password@host:5432/name; empty: SQLite.", group="Data", secret=True)
    data_volume_host: str = setting("", values.docker_name, "Volume of the hub's own data; empty: PROJECT-data.", group="Data", read_by="stack")

    compose_project_name: str = setting("jupyterhub", values.project_name, "Name of this hub; containers, networks and volumes begin with it.", group="Docker")
    docker_network_name: str = setting("", values.docker_name, "Network of the users' containers; empty: PROJECT-network.", group="Docker")
    docker_socket: str = setting("/var/run/docker.sock", values.absolute_path, "Socket of the engine.", group="Docker", read_by="stack")
    python_image: str = setting("python:3.13.5-slim-trixie", values.image, "Base of all images of the kit; made here where no registry answers.", group="Docker", read_by="stack")
    ca_bundle: str = setting("/etc/ssl/certs/ca-certificates.crt", values.absolute_path, "Certificate authorities trusted while images are built.", group="Docker", read_by="stack")

    site_config: str = setting("", values.text, "File in site/ with your own configuration, loaded last.", group="This site")
    log_level: str = setting("INFO", values.one_of("DEBUG", "INFO", "WARN", "ERROR"), "How much the hub logs.", group="This site")
    # fmt: on

    def __post_init__(self) -> None:
        project = self.compose_project_name
        for name, ending in (("data_volume_host", "data"), ("docker_network_name", "network")):
            if not getattr(self, name):
                object.__setattr__(self, name, f"{project}-{ending}")

    def __repr__(self) -> str:
        shown = (
            f"{one.name}={HIDDEN if one.metadata['secret'] else repr(getattr(self, one.name))}"
            for one in fields(self)
        )
        return f"Settings({', '.join(shown)})"

    @property
    def public_url(self) -> str:
        """What people type, with a slash at its end."""
        address = f"[{self.hub_domain}]" if ":" in self.hub_domain else self.hub_domain
        port = "" if self.https_port == 443 else f":{self.https_port}"
        return f"https://{address}{port}/"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, root: Path = ROOT) -> Settings:
        """Return the settings in *environ* (default: this process's).

        Raises:
            ConfigError: Naming every wrong value.
        """
        found, problems = check(os.environ if environ is None else environ, root)
        if problems:
            raise ConfigError(problems)
        return found


def known() -> tuple[Field[Any], ...]:
    """Return the settings in the order of ``.env.example``."""
    return fields(Settings)


def secret_names() -> set[str]:
    """Return the names whose values must never be shown."""
    return {env_name(one) for one in known() if one.metadata["secret"]}


def public_names() -> set[str]:
    """Return the names whose values may be shown."""
    return {env_name(one) for one in known()} - secret_names()


def allowed_names() -> set[str]:
    """Return every name ``.env`` may set."""
    return {env_name(one) for one in known()} | {f"{name}_FILE" for name in secret_names()}


def check(environ: Mapping[str, str], root: Path = ROOT) -> tuple[Settings, list[Problem]]:
    """Return the settings in *environ*, defaults where wrong, and what is wrong."""
    written, problems = texts(known(), environ, root)
    found, wrong = read(known(), written)
    settings = Settings(**found)
    return settings, problems + wrong + _together(settings)


def check_file(
    path: Path, environ: Mapping[str, str] | None = None
) -> tuple[Settings, list[Problem]]:
    """Return the settings of the ``.env`` at *path* and all that is wrong with it.

    Args:
        path: Need not exist; its folder is where NAME_FILE=secrets/… is looked up.
        environ: Wins over the file (default: this process's environment).
    """
    merged, problems = _merged(path, environ)
    settings, wrong = check(merged, path.parent)
    return settings, [*problems, *wrong]


def written_values(path: Path, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what `check_file` reads as texts, secrets out of their files included."""
    merged, _ = _merged(path, environ)
    found, _ = texts(known(), merged, path.parent)
    return {name: value for name, value in found.items() if value}


def _merged(path: Path, environ: Mapping[str, str] | None) -> tuple[dict[str, str], list[Problem]]:
    environ = os.environ if environ is None else environ
    try:
        written, problems = envfile.parse(path.read_bytes(), public=public_names())
    except FileNotFoundError:
        written, problems = {}, [Problem(".env", "no such file.", "Run 'cp .env.example .env'.")]
    except OSError as error:
        cure = "Make it a file that the account running this may read."
        written, problems = {}, [Problem(".env", f"cannot be read: {error.strerror}.", cure)]
    for name in sorted(set(written) - allowed_names()):
        guess = nearest(name, allowed_names())
        cure = f"Did you mean {guess}?" if guess else "Remove the line."
        problems.append(Problem(f".env: {name}", "is not a setting of this kit.", cure))
    exported = {name: environ[name] for name in allowed_names() if name in environ}
    return {**written, **exported}, problems


def _together(env: Settings) -> list[Problem]:
    problems = []
    if env.tls == "acme" and not env.acme_email:
        cure = "Write the address the authority may use to warn you."
        problems.append(Problem("ACME_EMAIL=", "must be set with TLS=acme.", cure))
    if env.https_port == env.http_port:
        cure = "Give them different ports, e.g. 443 and 80."
        problems.append(Problem(f"HTTP_PORT={env.http_port}", "is HTTPS_PORT too.", cure))
    return problems
