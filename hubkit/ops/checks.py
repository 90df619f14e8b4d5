"""Everything `make check` looks at. Each check names the cure for what it finds.

To add a check, write a function that takes a `Kit` and returns problems, and add it to
`FILES` (needs nothing but the checkout) or `ENGINE` (asks the Docker engine). What the hub
starts without goes into `REMARKS`.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hubkit import auth
from hubkit.certs import checking
from hubkit.certs.places import COMMAND, Places
from hubkit.errors import ConfigError, EngineError, Problem
from hubkit.ops import certificates, cold, configured, engine, openports, reach
from hubkit.ops import gateway as own_gateway
from hubkit.settings import Settings, check_file, written_values
from hubkit.spawner import gateway as gateway_settings
from hubkit.spawner.gateway import Gateway
from hubkit.userlist import Userlist

AS_MADE = ("admin",)  # userlist.example
MOST_NAMED = 5  # people in one line
LEAST_DISK = 2 * 2**30  # bytes; an image layer, a log and a user's work must fit


@dataclass(frozen=True)
class Kit:
    """What is checked.

    Attributes:
        root: The checkout.
        env: Its settings, defaults where `.env` is wrong.
    """

    root: Path
    env: Settings


Check = Callable[[Kit], list[Problem]]


def env_file(kit: Kit) -> list[Problem]:
    """`.env`: every line, every value, and what only makes sense together."""
    return check_file(kit.root / ".env")[1]


def sign_in(kit: Kit) -> list[Problem]:
    """AUTH, ALLOW and the settings of the providers named."""
    wrong = "is the hub's own container, where no directory runs."
    cure = "Write the name by which other machines reach it."
    here = [one for one in kit.env.ldap_server_host if one in certificates.HERE]
    inside = [Problem(f"LDAP_SERVER_HOST={one}", wrong, cure) for one in here]
    return [*auth.problems(kit.env), *inside]


def userlist(kit: Kit) -> list[Problem]:
    """`userlist`: every line, at least one administrator, and not the one it came with."""
    try:
        found = Userlist.read(kit.root / "userlist")
    except ConfigError as error:
        return list(error.problems)
    if found.members != AS_MADE or auth.keeps_accounts(kit.env):
        return []
    wrong = "is as it was made: whoever is called 'admin' at the provider would own the hub."
    cure = "Write your own name there in its place, with 'admin' behind it."
    return [Problem("userlist", wrong, cure)]


def certificate(kit: Kit) -> list[Problem]:
    """`secrets/jupyterhub.crt` and `.key`, where the edge serves them."""
    if kit.env.tls != "files":
        return []
    folder = kit.root / "secrets"
    if env_file(kit) and not certificates.there(folder):
        return []  # made once .env is right
    return certificates.problems(folder, kit.env.hub_domain)


def site_files(kit: Kit) -> list[Problem]:
    """The files in site/ named by SITE_CONFIG and LOGO_FILE."""
    return [
        Problem(f"{setting}={name}", "no such file in site/.", f"Put it at site/{Path(name).name}.")
        for setting, name in (
            ("SITE_CONFIG", kit.env.site_config),
            ("LOGO_FILE", kit.env.logo_file),
        )
        if name and not (kit.root / "site" / Path(name).name).is_file()
    ]


def gateway(kit: Kit) -> list[Problem]:
    """KG_URL and what belongs to it, the stack's own gateway included."""
    own = [*own_gateway.problems(kit.env), *own_gateway.missing(kit.env, kit.root)]
    return [*gateway_settings.problems(kit.env), *own]


def certificates_of_users(kit: Kit) -> list[Problem]:
    """The certificate of each user for the gateway, and the kit's own authority."""
    names = Gateway.of(kit.env).names
    return checking.problems(kit.root, names, own_gateway.gate(kit.env, kit.root)) if names else []


def certificates_of_listed(kit: Kit) -> list[Problem]:
    """Who is on the userlist and has no certificate, where nobody starts without."""
    needed = Gateway.of(kit.env).names and kit.env.kg_without_cert == "fail"
    if not needed or own_gateway.others(kit.env, kit.root):
        return []
    found = checking.without(Places(kit.root), Userlist.read(kit.root / "userlist").members)
    if not found:
        return []
    named, more = found[:MOST_NAMED], len(found) - MOST_NAMED
    who = ", ".join(named) + (f" and {more} more" if more > 0 else "")
    wrong = "no certificate for the kernel gateway: their servers do not start."
    cure = f"Run: {COMMAND} issue {shlex.join(named)} (or set KG_WITHOUT_CERT=local)"
    return [Problem(f"userlist: {who}", wrong, cure)]


def authorities(kit: Kit) -> list[Problem]:
    """The files in secrets/ named by OAUTH_CA_FILE, LDAP_CA_FILE and KG_CA_FILE."""
    return [
        problem
        for setting, name in (
            ("OAUTH_CA_FILE", kit.env.oauth_ca_file),
            ("LDAP_CA_FILE", kit.env.ldap_ca_file),
            ("KG_CA_FILE", kit.env.kg_ca_file),
        )
        if name
        for problem in certificates.authority_problems(f"{setting}={name}", kit.root / name)
    ]


def readable(kit: Kit) -> list[Problem]:
    """Files and folders of the checkout the hub reads as its own user."""
    files = ["jupyterhub_config.py", "userlist"]
    named = filter(None, (kit.env.site_config, kit.env.logo_file))
    files += [f"site/{Path(name).name}" for name in named]
    wanted = [(".", 0o005), ("site", 0o005), *((name, 0o004) for name in files)]
    closed = [
        (name, "o+rx" if need == 0o005 else "o+r")
        for name, need in wanted
        if (path := kit.root / name).exists() and path.stat().st_mode & need != need
    ]
    return [
        Problem(
            "this folder" if name == "." else name,
            "cannot be read by the hub, which runs as a user of its own.",
            f"Run: chmod {mode} {name}",
        )
        for name, mode in closed
    ]


def configuration(kit: Kit) -> list[Problem]:
    """`jupyterhub_config.py` and the site file, by building each class they configure."""
    values = written_values(kit.root / ".env")
    return configured.problems(kit.root / "jupyterhub_config.py", values)


def ports(kit: Kit) -> list[Problem]:
    """The ports the edge publishes: free, or already this stack's."""
    return [
        Problem(
            f"{name}={port}",
            f"is taken{_by(holder)}.",
            f"Stop that program, or set {name} in .env to a free port.",
        )
        for name, port in (("HTTPS_PORT", kit.env.https_port), ("HTTP_PORT", kit.env.http_port))
        for holder in [engine.port_holder(port, kit.env.compose_project_name)]
        if holder is not None
    ]


def _by(holder: str) -> str:
    return f" by {holder}" if holder else "; 'ss -ltnp' shows by which program"


def names(kit: Kit) -> list[Problem]:
    """Container, networks and volumes of our names: not there, or ours."""
    project = kit.env.compose_project_name
    wanted = [
        ("container", project, "COMPOSE_PROJECT_NAME"),
        ("network", kit.env.docker_network_name, "DOCKER_NETWORK_NAME"),
        ("network", f"{kit.env.docker_network_name}-off", "DOCKER_NETWORK_NAME"),
        ("network", f"{project}-control", "COMPOSE_PROJECT_NAME"),
        ("volume", kit.env.data_volume_host, "DATA_VOLUME_HOST"),
        ("volume", f"{project}-secrets", "COMPOSE_PROJECT_NAME"),
        ("volume", f"{project}-acme", "COMPOSE_PROJECT_NAME"),
        ("volume", f"{project}-gateway-secrets", "COMPOSE_PROJECT_NAME"),
        ("volume", f"{project}-gateway", "COMPOSE_PROJECT_NAME"),
        ("volume", f"{project}-mounter", "COMPOSE_PROJECT_NAME"),
        ("volume", f"{project}-static", "COMPOSE_PROJECT_NAME"),
    ]
    return [
        Problem(
            f"{setting}: the {kind} {name}",
            "exists, but was made by someone else.",
            f"Set {setting} to another name, or, if nobody needs it: docker {kind} rm {name}",
        )
        for kind, name, setting in wanted
        if engine.is_foreign(kind, name, project)
    ]


def images(kit: Kit) -> list[Problem]:
    """The image servers run."""
    wanted = kit.env.docker_notebook_image
    if engine.has_image(wanted):
        return []
    cure = "Run 'make notebook_image' to build or pull it, or name an image that exists."
    return [Problem(f"DOCKER_NOTEBOOK_IMAGE={wanted}", "is not on this machine.", cure)]


def disk(kit: Kit) -> list[Problem]:  # noqa: ARG001 (all checks are called alike)
    """Free space where the engine keeps images and volumes."""
    # A container's root folder lies on the engine's disk, so this one's tells.
    free = shutil.disk_usage("/").free
    if free >= LEAST_DISK:
        return []
    cure = "Free some: 'docker system df' shows what takes it, 'docker image prune' is safe."
    return [Problem("the engine's disk", f"has only {free // 2**20} MB left.", cure)]


def pool(kit: Kit) -> list[Problem]:
    """The warm pool: why starts are cold although it is on."""
    return cold.reasons(kit.env)


def server_ports(kit: Kit) -> list[Problem]:
    """Servers' ports: why others reach them although they should be closed."""
    return openports.reasons(kit.env)


FILES: tuple[Check, ...] = (
    env_file,
    sign_in,
    userlist,
    certificate,
    authorities,
    gateway,
    site_files,
    readable,
)
ENGINE: tuple[Check, ...] = (ports, names, disk, images)
# One person's certificate is no reason to keep the hub down, so `init` does not look.
PEOPLE: tuple[Check, ...] = (certificates_of_users, certificates_of_listed)
REMARKS: tuple[Check, ...] = (pool, server_ports)
REST: tuple[Check, ...] = (ports, disk, images)  # what the builds of `make up` change


def files(root: Path) -> tuple[Kit, list[Problem]]:
    """Return the kit at *root* and what is wrong with its files."""
    kit = Kit(root, check_file(root / ".env")[0])
    problems = [problem for check in FILES for problem in check(kit)]
    if not problems:
        # What jupyterhub_config.py is built from is known to be good only now.
        problems = configuration(kit)
    return kit, problems


def run(root: Path, *, skip_images: bool = False, offline: bool = False) -> list[Problem]:
    """Return everything that is wrong with the checkout at *root* and its engine.

    Args:
        root: The checkout.
        skip_images: Whether the notebook image may still be missing.
        offline: Whether those who keep the accounts are left alone: a hub may start
            while they are down.
    """
    kit, problems = files(root)
    if not problems and not offline:
        problems = reach.problems(kit.env, root)
        problems += [problem for check in PEOPLE for problem in check(kit)]
    try:
        engine.require()
    except EngineError as error:
        cure = "Start it: 'make up' does where it can."
        return [*problems, Problem("the Docker engine", f"{error}.", cure)]
    for check in ENGINE:
        if not (skip_images and check is images):
            problems += check(kit)
    return problems


def rest(root: Path) -> list[Problem]:
    """Return what is wrong once images were built, where nothing was before."""
    kit = Kit(root, check_file(root / ".env")[0])
    return [problem for check in REST for problem in check(kit)]


def remarks(root: Path) -> list[Problem]:
    """Return what the hub does without; for a checkout and an engine in order."""
    kit = Kit(root, check_file(root / ".env")[0])
    return [problem for check in REMARKS for problem in check(kit)]
