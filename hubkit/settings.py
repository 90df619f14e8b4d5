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

from hubkit import assets, envfile, machine, schedule, together, values, visitors
from hubkit.errors import HIDDEN, ConfigError, Problem
from hubkit.reading import env_name, nearest, read, setting, texts

# Where NAME_FILE=secrets/… is looked up; the stack lays ./secrets out here for the hub.
ROOT = Path("/run/hubkit/hub")
# What COMPOSE_PROFILES=gateway means where nothing else is said: the service's address,
# and how the files are called with which everybody proves who they are there.
OWN_GATEWAY = {
    "kg_url": "https://kernel-gateway:8888",
    "client_key": "key.pem",
    "client_cert": "cert.pem",
    "client_ca": "cacert.pem",
}


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
    frame_ancestors: tuple[str, ...] = setting("", visitors.frames, "Origins whose pages may show the hub and its servers in a frame, e.g. https://example.org or https://*.example.org; empty: no page may.", group="Address and certificate", empty=())

    auth: tuple[str, ...] = setting("native", values.words, "How people sign in: native (the hub keeps passwords), ldap, github or another of docs/sign-in; several with commas between.", group="Sign-in", empty=())
    allow: tuple[str, ...] = setting("", values.some_of("userlist", "organisation", "group", "everyone"), "Whom an outside provider lets in: userlist, organisation, group, everyone; several with commas between. Must be set unless AUTH=native.", group="Sign-in", empty=())
    allowed_organisations: tuple[str, ...] = setting("", values.names, "With ALLOW=organisation: GitHub organisations (or org:team), Google domains, Bitbucket workspaces, GitLab groups.", group="Sign-in", empty=())
    allowed_groups: tuple[str, ...] = setting("", values.names, "With ALLOW=group: groups of the provider; distinguished names with ; between.", group="Sign-in", empty=())
    admin_groups: tuple[str, ...] = setting("", values.names, "Groups of the provider, or GitHub teams as org:team, whose members administer the hub.", group="Sign-in", empty=())
    auth_recheck: int = setting("300", values.whole(10), "Seconds after which a provider is asked again whether somebody still belongs.", group="Sign-in")
    contact: str = setting("an administrator of this hub", values.text, "Whom refused people are told to ask: a name, an address.", group="Sign-in")
    login_message: str = setting("", values.text, "Shown above the sign-in form.", group="Sign-in")
    logo_file: str = setting("", values.text, "Picture in site/ shown instead of the Jupyter logo.", group="Sign-in")

    github_client_id: str = setting("", values.text, "Client ID of the OAuth app.", group="Sign-in with GitHub")
    github_client_secret: str = setting("", values.text, "Client secret of the OAuth app.", group="Sign-in with GitHub", secret=True)
    github_url: str = setting("https://github.com", values.web_address, "Address of GitHub; another for GitHub Enterprise Server.", group="Sign-in with GitHub")

    oauth_callback_url: str = setting("", values.callback, "Where the provider sends people back to; empty: derived from HUB_DOMAIN.", group="Sign-in with another OAuth provider")
    oauth_client_id: str = setting("", values.text, "Client ID, for providers other than GitHub.", group="Sign-in with another OAuth provider")
    oauth_client_secret: str = setting("", values.text, "Client secret, for providers other than GitHub.", group="Sign-in with another OAuth provider", secret=True)
    oauth_url: str = setting("", values.web_address, "Address of the provider: the issuer of OpenID Connect, a GitLab, an OpenShift, an Auth0 or an Azure AD tenant.", group="Sign-in with another OAuth provider")
    oauth_scope: tuple[str, ...] = setting("", values.names, "Scopes asked for; empty: what the provider needs.", group="Sign-in with another OAuth provider", empty=())
    oauth_username_claim: str = setting("", values.text, "Claim that is the user name; empty: what the provider is known for.", group="Sign-in with another OAuth provider")
    oauth_groups_claim: str = setting("", values.text, "Claim that lists the groups; empty: groups.", group="Sign-in with another OAuth provider")
    oauth_ca_file: str = setting("", values.secret_file, "Authorities trusted for the provider, as secrets/FILE; empty: the public ones.", group="Sign-in with another OAuth provider")

    ldap_server_host: tuple[str, ...] = setting("", values.hosts, "Host names of the directory, tried in order, with commas between.", group="Sign-in with LDAP", empty=())
    ldap_server_port: int = setting("", values.whole(1, 65535), "Port of the directory; empty: 389, or 636 with LDAP_TLS=ldaps.", group="Sign-in with LDAP", empty=0)
    ldap_tls: str = setting("starttls", values.one_of("starttls", "ldaps", "insecure"), "starttls, ldaps, or insecure: passwords cross the network in the clear.", group="Sign-in with LDAP")
    ldap_ca_file: str = setting("", values.secret_file, "Authorities trusted for the directory, as secrets/FILE; empty: the public ones.", group="Sign-in with LDAP")
    ldap_timeout: int = setting("3", values.whole(1, 8), "Seconds one server of the directory may take to answer.", group="Sign-in with LDAP")
    ldap_bind_dn: tuple[str, ...] = setting("", values.dn_templates, "Distinguished name people bind as, e.g. uid={username},ou=people,dc=example,dc=org; several, tried in order, with ; between.", group="Sign-in with LDAP", empty=())
    ldap_search_base: str = setting("", values.text, "Where people are searched, instead of or beside LDAP_BIND_DN.", group="Sign-in with LDAP")
    ldap_search_filter: str = setting("(uid={username})", values.search_filter, "How the person is found there.", group="Sign-in with LDAP")
    ldap_search_user: str = setting("", values.text, "Distinguished name of the account that searches; empty: anonymous.", group="Sign-in with LDAP")
    ldap_search_password: str = setting("", values.text, "Its password.", group="Sign-in with LDAP", secret=True)
    ldap_user_attribute: str = setting("uid", values.text, "Attribute that is the user name.", group="Sign-in with LDAP")
    ldap_group_base: str = setting("", values.text, "Where groups are searched; empty: groups are not used.", group="Sign-in with LDAP")

    docker_notebook_image: str = setting("hubkit-notebook:latest", values.image, "Image every server runs.", group="Servers")
    docker_notebook_dir: str = setting("/home/jovyan/work", values.absolute_path, "Where the home volume is mounted.", group="Servers")
    extra_volumes: tuple[values.Mount, ...] = setting("", values.mounts, "More volumes, or folders of this machine, for every server: volume:/path or /folder:/path:ro, commas between.", group="Servers", empty=())
    host_directories: tuple[values.Mount, ...] = setting("", machine.directories, "Folders of this machine for every server, visitors' included: /folder:/path, read-only unless :rw is behind it, commas between.", group="Servers", empty=())
    server_env: dict[str, str] = setting("", values.pairs, "Environment of every server: NAME=value, commas between.", group="Servers", empty={})
    default_url: str = setting("/lab", values.absolute_path, "Page a server opens with: /lab or /tree.", group="Servers")
    mem_limit: int = setting("2G", values.memory, "Memory of one server; 0 for no limit.", group="Servers")
    cpu_limit: float = setting("2", values.processors, "Processors of one server, e.g. 0.5; 0 for no limit.", group="Servers")
    cpu_shares: int = setting("", machine.shares, "Weight of one server where processors are short; empty: 1024, as every container has.", group="Servers", empty=0)
    pids_limit: int = setting("1024", values.whole(0), "Processes and threads of one server; 0 for no limit.", group="Servers")
    server_user: str = setting("", machine.user, "Number of the user, and of the group behind a colon, that servers run as, e.g. 1000:100; empty: the image's own.", group="Servers")
    network_access: str = setting("", machine.network, "off: servers reach the hub, the proxy, a gateway of this stack and each other's own port, nothing else; empty: they reach the network as this machine does.", group="Servers")
    server_ports: tuple[int, ...] | None = setting("", machine.ports, "Ports of a server that others on its network reach besides its own, which asks for a sign-in: e.g. 8786, 8787; all: every port.", group="Servers", empty=())
    server_command: str = setting("", machine.command, "Program every server runs in the place of Jupyter, e.g. app --port={port} --prefix={base_path}; the hub's sign-in is asked for before it. Empty: the image's Jupyter server.", group="Servers")
    extra_hosts: tuple[str, ...] = setting("", machine.hosts, "Names servers know besides those of DNS: name:address, commas between; host-gateway stands for this machine.", group="Servers", empty=())
    named_server_limit: int = setting("5", values.whole(0), "Named servers one user may have besides their own; 0 for no limit.", group="Servers")
    start_timeout: int = setting("120", values.whole(10), "Seconds a started container may take until its server answers; waiting for a turn or a pull does not count.", group="Servers")
    concurrent_starts: int = setting("0", values.whole(0, 1000), "Servers that start at the same moment, others queue; 0: one for each processor.", group="Servers")
    server_tuning: bool = setting("true", values.flag, "Quicker starts and cells, by files placed into each server; false: images run exactly as they are.", group="Servers")
    static_files: str = setting("auto", assets.parse, "JupyterLab's own files, which the edge gives out in the servers' place: auto (where JupyterLab is usually installed), off, or their folder in the image, e.g. /opt/conda/share/jupyter/lab/static.", group="Servers")
    idle_timeout: int = setting("3600", values.whole(0), "Seconds without activity until a server is stopped; 0 for never.", group="Servers")
    max_age: int = setting("0", values.whole(0), "Seconds until a server is stopped even if active; 0 for never.", group="Servers")

    pool_size: int = setting("1", values.whole(0, 1000), "Servers of each image that wait, started ahead, for whoever comes next; 0: none, every start takes its time.", group="Warm pool")
    pool_capacity: int = setting("0", values.whole(0, 100000), "Most containers, waiting and running servers together: fewer wait where it is reached; 0 for no limit.", group="Warm pool")
    pool_max_age: int = setting("86400", values.whole(60), "Seconds one waits at most until another takes its place.", group="Warm pool")
    pool_schedule: tuple[schedule.Window, ...] = setting("", schedule.parse, "When more of them wait, e.g. Mon-Fri 08:45-10:15 30, Sat 09:00-12:00 10; in the hub's time zone, UTC unless it has another.", group="Warm pool", empty=())

    temporary_capacity: int = setting("30", values.whole(1, 100000), "With AUTH=temporary: visitors at a time; others are asked to wait.", group="Temporary notebooks")
    temporary_per_address: int = setting("10", values.whole(0, 100000), "Visitors at a time from one address, e.g. one classroom; 0 for no limit.", group="Temporary notebooks")
    temporary_name_length: int = setting("12", values.whole(visitors.LEAST, visitors.MOST), "Letters and digits of a visitor's random name.", group="Temporary notebooks")
    temporary_image: tuple[str, ...] = setting("", visitors.images, "Images for visitors, the first unless another is asked for; empty: DOCKER_NOTEBOOK_IMAGE.", group="Temporary notebooks", empty=())
    temporary_mem_limit: int | None = setting("", values.memory, "Memory of a visitor's server; empty: MEM_LIMIT.", group="Temporary notebooks", empty=None)
    temporary_cpu_limit: float | None = setting("", values.processors, "Processors of a visitor's server; empty: CPU_LIMIT.", group="Temporary notebooks", empty=None)
    temporary_idle_timeout: int = setting("3600", values.whole(0, 10**8), "Seconds without activity until a visitor and their server are gone; 0 for never.", group="Temporary notebooks")
    temporary_max_age: int = setting("14400", values.whole(0, 10**8), "Seconds from the visit until they are gone even if active; 0 for never.", group="Temporary notebooks")
    temporary_api_token: str = setting("", values.text, "Asked for at POST /api/spawn; pages for people are off with it. Empty: anybody may.", group="Temporary notebooks", secret=True)
    temporary_admin_token: str = setting("", values.text, "Asked for by the list of visitors, the end of one, and the drain of the pool; a token of a hub administrator does, too. Empty: only that does.", group="Temporary notebooks", secret=True)
    cors_origins: tuple[str, ...] = setting("", visitors.origins, "Origins whose pages may ask for servers and use them, e.g. https://example.org; * for all.", group="Temporary notebooks", empty=())

    workshop_repos: str = setting("", values.text, "Where 'make workshop' clones the lessons from, with commas between; #BRANCH or @TAG behind one means that.", group="Workshop", read_by="stack")
    workshop_start: str = setting("", values.text, "Page servers open with, beginning with the repository's folder, e.g. lessons/index.ipynb; empty: the first index or README.", group="Workshop", read_by="stack")
    workshop_title: str = setting("", values.text, "Text at the right of the header.", group="Workshop", read_by="stack")
    workshop_logo_file: str = setting("", values.text, "Picture in site/ in the place of Jupyter's; empty: LOGO_FILE.", group="Workshop", read_by="stack")
    workshop_hide: str = setting(".materials-no-ipynb", values.text, "CSS selectors, with commas between, of what lessons do not show; none: all is shown.", group="Workshop", read_by="stack")
    workshop_packages: str = setting("", values.text, "More Debian packages, with spaces between, e.g. r-cran-tidyverse.", group="Workshop", read_by="stack")
    workshop_fresh: str = setting("", values.text, "Anything; while it stays the same, the lessons are not cloned anew. Empty: each 'make workshop' clones them.", group="Workshop", read_by="stack")
    workshop_refresh: bool = setting("false", values.flag, "true: each server that waits fetches the lessons when it is started, at the latest every POOL_MAX_AGE; counts from the next 'make workshop'.", group="Workshop", read_by="stack")

    kg_url: str = setting("", values.gateway_address, "Kernel gateway all kernels run on, e.g. https://gateway.example.org:8888; empty: in the servers themselves.", group="Kernel gateway")
    kg_ws_url: str = setting("", values.gateway_address, "Its websockets, where they are elsewhere; empty: derived from KG_URL.", group="Kernel gateway")
    kg_auth_token: str = setting("", values.text, "Token of the gateway, shared by all users.", group="Kernel gateway", secret=True)
    validate_kg_cert: bool = setting("true", values.flag, "false: the gateway certificate is not checked; for a first try only.", group="Kernel gateway")
    kg_ca_file: str = setting("", values.secret_file, "Authorities trusted for a gateway without client certificates, as secrets/FILE; empty: the public ones.", group="Kernel gateway")
    client_key: str = setting("", values.file_name, "Name of the key in each folder of secrets/gateway/, e.g. key.pem; empty: no client certificates.", group="Kernel gateway")
    client_cert: str = setting("", values.file_name, "Name of the certificate there, e.g. cert.pem.", group="Kernel gateway")
    client_ca: str = setting("", values.file_name, "Name of the authorities there, e.g. cacert.pem.", group="Kernel gateway")
    kg_without_cert: str = setting("fail", values.one_of("fail", "local"), "Start of a user without certificate: fail, or local for kernels in their own server.", group="Kernel gateway")
    kg_connect_timeout: int = setting("40", values.whole(1), "Seconds to reach the gateway.", group="Kernel gateway")
    kg_request_timeout: int = setting("60", values.whole(1), "Seconds for one answer of it, the start of a kernel included.", group="Kernel gateway")
    kg_retries: int = setting("5", values.whole(0), "Tries to reach a kernel again after the connection to the gateway broke; the pauses grow from 1 to 30 seconds.", group="Kernel gateway")
    kg_allowed_envs: tuple[str, ...] = setting("", values.names, "Names of the server environment sent along with each kernel, with commas between.", group="Kernel gateway", empty=())

    compose_profiles: str = setting("", values.one_of("gateway"), "gateway: also start the kit's own kernel gateway here. KG_URL, CLIENT_KEY, CLIENT_CERT and CLIENT_CA then lead there by themselves; make certificates with 'scripts/hubkit.sh certs issue USER'.", group="Kernel gateway of this stack")
    gateway_mem_limit: int = setting("8G", values.memory, "Memory of all its kernels together; 0 for no limit.", group="Kernel gateway of this stack", read_by="stack")
    gateway_pids_limit: int = setting("8192", values.whole(64), "Processes and threads of all its kernels together.", group="Kernel gateway of this stack", read_by="stack")
    gateway_pids_per_user: int = setting("1024", values.whole(32), "Processes and threads of one user there.", group="Kernel gateway of this stack", read_by="stack")
    gateway_kernels_per_user: int = setting("10", values.whole(1, 1000), "Kernels one user may run there at a time.", group="Kernel gateway of this stack", read_by="stack")
    gateway_idle_timeout: int = setting("0", values.whole(0, 10**8), "Seconds until an idle kernel that nobody is connected to ends; 0 for never.", group="Kernel gateway of this stack", read_by="stack")

    delete_user_volumes: bool = setting("false", values.flag, "true: deleting a user deletes their home volume too.", group="Data")
    adopt_volumes: bool = setting("false", values.flag, "true: homes made by an earlier deployment are taken over by name.", group="Data")
    database_url: str = setting("", values.database_url, "PostgreSQL as postgresql://user:password@host:5432/name; empty: SQLite.", group="Data", secret=True)
    data_volume_host: str = setting("", values.docker_name, "Volume of the hub's own data; empty: PROJECT-data.", group="Data", read_by="stack")

    compose_project_name: str = setting("jupyterhub", values.project_name, "Name of this hub; containers, networks and volumes begin with it.", group="Docker")
    docker_network_name: str = setting("", values.docker_name, "Network of the users' containers; empty: PROJECT-network.", group="Docker")
    docker_socket: str = setting("/var/run/docker.sock", values.absolute_path, "Socket of the engine.", group="Docker", read_by="stack")
    docker_volumes: str = setting("/var/lib/docker/volumes", values.absolute_path, "Where the engine keeps volumes; 'docker info' names their parent as Docker Root Dir.", group="Docker", read_by="stack")
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
        if self.own_gateway and self.kg_url in {"", OWN_GATEWAY["kg_url"]}:
            for name, value in OWN_GATEWAY.items():
                object.__setattr__(self, name, getattr(self, name) or value)

    def __repr__(self) -> str:
        shown = (
            f"{one.name}={HIDDEN if one.metadata['secret'] else repr(getattr(self, one.name))}"
            for one in fields(self)
        )
        return f"Settings({', '.join(shown)})"

    @property
    def own_gateway(self) -> bool:
        """Whether this stack runs a kernel gateway of its own."""
        return "gateway" in self.compose_profiles

    @property
    def launched(self) -> bool:
        """Whether the launcher is placed into servers: only of Jupyter's it knows how to help."""
        return self.server_tuning and not self.server_command

    @property
    def servers_network(self) -> str:
        """The network servers are started on: with NETWORK_ACCESS=off the one without a way out."""
        return self.docker_network_name + ("-off" if self.network_access == "off" else "")

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
    return settings, [*problems, *wrong, *together.problems(settings)]


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
