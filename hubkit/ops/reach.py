"""Whether those who keep the accounts can be reached: directories and OAuth providers."""

from __future__ import annotations

import secrets
import ssl
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

from ldap3 import Connection

from hubkit import auth
from hubkit.auth.directory import Directory, Unreachable
from hubkit.auth.entry import Entry
from hubkit.auth.verified import FAILED, closed_on_error, leave
from hubkit.errors import Problem
from hubkit.settings import Settings

SECONDS = 5
NO_SUCH_NAME = {0, 32, 48, 49, 50, 53}  # what a directory says of a name it has never heard
WRONG_CA = "Look whether name and host agree, and the file in secrets/ holds the right authority."
CA_CURE = (
    "If its certificate comes from an authority of your own, name that in {name}=secrets/FILE."
)


def problems(env: Settings, root: Path) -> list[Problem]:
    """Return what keeps people from signing in though the settings are in order.

    Args:
        env: The settings.
        root: Folder that holds ``secrets/``.
    """
    if auth.problems(env):
        return []  # what is wrong already explains what would fail here
    found = directory(env, root) if "ldap" in env.auth else []
    for word in env.auth:
        found += provider(word, env, root) if auth.PROVIDERS[word].client else []
    return found


def directory(env: Settings, root: Path) -> list[Problem]:
    """Try each server, its certificate, the account that searches, and the template."""
    where = Directory.of(env)
    if env.ldap_ca_file:
        where = replace(where, ca_file=str(root / env.ldap_ca_file))
    found = []
    for host in where.hosts:
        one = replace(where, hosts=(host,))
        try:
            found += _binds(one, env)
        except (Unreachable, *FAILED) as error:
            shown = f"LDAP_SERVER_HOST={host}, port {where.port}, LDAP_TLS={where.tls}"
            cure = (
                "Look whether name, port and LDAP_TLS are right, the server runs, and this "
                "machine may reach it."
            )
            if "certificate" in str(error).lower():
                cure = WRONG_CA if env.ldap_ca_file else CA_CURE.format(name="LDAP_CA_FILE")
            found.append(Problem(shown, f"does not work: {error}.", cure))
    return found


def _binds(one: Directory, env: Settings) -> list[Problem]:
    found = []
    nobody = secrets.token_hex(8)
    searching = one.bind(one.search_user, one.search_password) if one.base else None
    if searching:
        found = _searches(one, searching, nobody)
        leave(searching)
    elif one.base:
        shown = f"LDAP_SEARCH_USER={one.search_user}"
        wrong = f"{one.hosts[0]} refuses it."
        found.append(Problem(shown, wrong, "Correct the name or LDAP_SEARCH_PASSWORD."))
    for template in env.ldap_bind_dn:
        connection = one.open(one.hosts[0], template.format(username=nobody), nobody)
        with closed_on_error(connection):
            connection.bind()
        if connection.result["result"] not in NO_SUCH_NAME:
            wrong = f"{one.hosts[0]} says: {connection.result['description']}."
            cure = "Write a distinguished name of this directory, with {username} in it."
            found.append(Problem(f"LDAP_BIND_DN={template}", wrong, cure))
        leave(connection)
    return found


def _searches(one: Directory, connection: Connection, nobody: str) -> list[Problem]:
    found = []
    cure = "Write a distinguished name of this directory which the account that searches may read."
    try:
        one.find(connection, nobody)
    except Unreachable as error:
        found.append(Problem(f"LDAP_SEARCH_BASE={one.base}", f"does not work: {error}.", cure))
    try:
        one.groups(connection, Entry(f"cn={nobody}"), nobody)
    except Unreachable as error:
        found.append(Problem(f"LDAP_GROUP_BASE={one.group_base}", f"does not work: {error}.", cure))
    return found


def provider(word: str, env: Settings, root: Path) -> list[Problem]:
    """Ask the provider's address for anything at all."""
    name = "GITHUB_URL" if word == "github" else "OAUTH_URL"
    address = env.github_url if word == "github" else env.oauth_url
    if not address:
        return []  # one of the public ones, which its library knows
    public = address == "https://github.com"
    ca_file = str(root / env.oauth_ca_file) if env.oauth_ca_file and not public else None
    context = ssl.create_default_context(cafile=ca_file)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    try:
        with urllib.request.urlopen(address, timeout=SECONDS, context=context):  # noqa: S310 (https only: values.web_address)
            return []
    except urllib.error.HTTPError as error:
        error.close()
        if error.code < 500:
            return []
        reason = f"answers {error.code} {error.reason}"
    except (OSError, ValueError) as error:
        reason = f"cannot be reached: {getattr(error, 'reason', error)}"
    cure = "Look whether it runs and this machine may reach it."
    if "certificate" in reason.lower():
        cure = WRONG_CA if ca_file else CA_CURE.format(name="OAUTH_CA_FILE")
    return [Problem(f"{name}={address}", f"{reason}.", cure)]
