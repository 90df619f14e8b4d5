"""An OpenLDAP of a test's own, beside whatever else runs on the engine."""

from __future__ import annotations

import base64
import functools
import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.support import ROOT, run, until
from tests.traps import Authority, Trap, black_hole

__all__ = ["Authority", "Directory", "Trap", "black_hole", "escape", "group_dn", "user_dn"]

IMAGE = "kittest-slapd"  # kept between runs: the next start is quick
LABEL = "hubkit.test=directory"  # docker ps --filter label=hubkit.test=directory
ALIAS = "ldap.test"

BASE = "dc=example,dc=org"
PEOPLE, PEOPLE2, GROUPS = (f"ou={unit},{BASE}" for unit in ("people", "people2", "groups"))
RACF = f"racfid={{username}},profiletype=user,{BASE}"  # holds IBMUSER
ADMIN, ADMIN_PASSWORD = f"cn=admin,{BASE}", "admin secret"
SEARCHER, SEARCHER_PASSWORD = f"cn=hub,{BASE}", "search secret"
PASSWORD = "correct horse 42 staple"  # everybody's

NO_SUCH_OBJECT = 32
LOCKED_FOR_EVER = "000001010000Z"
SAYS = f"ou=says,{BASE}"  # cn=busy below it answers every bind and search with just that


def escape(value: str) -> str:
    """Return *value* as it stands in a DN (RFC 4514)."""
    return re.sub(r'([,+"\\<>;=]|^[ #]| $)', r"\\\1", value)


def user_dn(user: str, base: str = PEOPLE) -> str:
    return f"uid={escape(user)},{base}"


def group_dn(group: str) -> str:
    return f"cn={escape(group)},{GROUPS}"


def _lines(*pairs: tuple[str, str]) -> str:
    """Return attributes as LDIF, in base64, whatever is in them."""
    coded = ((name, base64.b64encode(value.encode()).decode()) for name, value in pairs)
    return "".join(f"{name}:: {value}\n" for name, value in coded)


@functools.cache
def build_image() -> None:
    folder = ROOT / "tests" / "parts" / "slapd"
    run("docker", "build", "--quiet", "--tag", IMAGE, str(folder), timeout=600)


@dataclass
class Directory:
    """One slapd of the tests, with what is in tests/parts/slapd/directory.ldif."""

    host: ClassVar[str] = "127.0.0.1"
    name: str
    ca: Path  # of the server's certificate
    wrong_ca: Path
    port: int = 0  # StartTLS, or nothing
    tls_port: int = 0

    @classmethod
    def start(
        cls, path: Path, *, names: Sequence[str] = ("localhost", ALIAS), network: str = ""
    ) -> Directory:
        """Start one whose certificate is for *names*; files go to a new folder in *path*.

        *network* is joined as `ldap.test`, ports 389 and 636; stop the directory before
        the network is removed.
        """
        build_image()
        name = f"kittest{uuid.uuid4().hex[:6]}-slapd"
        tls = path / name / "tls"
        tls.mkdir(parents=True)
        directory = cls(name, path / name / "ca.crt", path / name / "wrong-ca.crt")
        authority = Authority("hubkit tests")
        authority.issue(tls, names)
        directory.ca.write_bytes(authority.certificate)
        directory.wrong_ca.write_bytes(Authority("hubkit tests, another").certificate)
        ports = ("-p", "127.0.0.1::389", "-p", "127.0.0.1::636")
        mount = ("-v", f"{tls.resolve()}:/tls:ro")
        try:
            run("docker", "run", "-d", "--name", name, "--label", LABEL, *ports, *mount, IMAGE)
            if network:
                run("docker", "network", "connect", "--alias", ALIAS, network, name)
            until(lambda: "slapd starting" in directory.log(), 20, "slapd starts")
            directory.port, directory.tls_port = (directory._published(p) for p in (389, 636))
        except BaseException:
            directory.stop()
            raise
        return directory

    def _published(self, port: int) -> int:
        said = run("docker", "port", self.name, f"{port}/tcp").stdout
        return int(said.splitlines()[0].rpartition(":")[2])

    def stop(self) -> None:
        """Remove it; nothing listens on its ports then."""
        run("docker", "rm", "-f", "-v", self.name, check=False)

    def pause(self) -> None:
        """Let it accept connections and never answer, nor can an entry be changed."""
        run("docker", "pause", self.name)

    def resume(self) -> None:
        run("docker", "unpause", self.name)

    def log(self) -> str:
        """Return what slapd did so far: a line for each connection, BIND, SRCH and RESULT."""
        said = run("docker", "logs", self.name)
        return f"{said.stdout}{said.stderr}"

    def modify(self, ldif: str, *, may_miss: bool = False) -> bool:
        """Change entries as the administrator; False if one is missing and may be."""
        admin = ("-x", "-D", ADMIN, "-w", ADMIN_PASSWORD, "-H", "ldapi:///")
        words = ("docker", "exec", "-i", self.name, "ldapmodify", *admin)
        done = run(*words, input=ldif, check=False)
        assert done.returncode in (0, NO_SUCH_OBJECT if may_miss else 0), f"{done.stderr}\n{ldif}"
        return bool(done.returncode == 0)

    def _replace(self, dn: str, attribute: str, *values: str, may_miss: bool = False) -> bool:
        lines = _lines(*((attribute, value) for value in values))
        change = f"changetype: modify\nreplace: {attribute}\n"
        return self.modify(_lines(("dn", dn)) + change + lines, may_miss=may_miss)

    def _add(self, dn: str, *pairs: tuple[str, str]) -> None:
        self.modify(_lines(("dn", dn)) + "changetype: add\n" + _lines(*pairs))

    def set_group(self, group: str, members: Iterable[str]) -> None:
        """Give *group* just these members: uids, or DNs; a missing group is made.

        A groupOfNames cannot be empty: one without members has the administrator.
        """
        if group == "posix":
            self._replace(group_dn(group), "memberUid", *members)
            return
        dns = [member if "=" in member else user_dn(member) for member in members] or [ADMIN]
        if not self._replace(group_dn(group), "member", *dns, may_miss=True):
            pairs = [("member", dn) for dn in dns]
            self._add(group_dn(group), ("objectClass", "groupOfNames"), ("cn", group), *pairs)

    def remove_group(self, group: str) -> None:
        self.modify(_lines(("dn", group_dn(group))) + "changetype: delete\n")

    def set_password(self, user: str, password: str) -> None:
        """Give *user* another password; a lock is undone by it."""
        self._replace(user_dn(user), "userPassword", password)

    def lock(self, user: str) -> None:
        """Let no password be right: slapd says invalidCredentials (49)."""
        self._replace(user_dn(user), "pwdAccountLockedTime", LOCKED_FOR_EVER)

    def unlock(self, user: str) -> None:
        self._replace(user_dn(user), "pwdAccountLockedTime")

    def add_user(self, user: str, password: str = PASSWORD, *, base: str = PEOPLE) -> str:
        """Add somebody below *base*; return the DN."""
        number = str(20000 + uuid.uuid4().int % 2**30)
        classes = [("objectClass", name) for name in ("inetOrgPerson", "posixAccount")]
        names = [(name, user) for name in ("uid", "cn", "sn")]
        numbers = [("uidNumber", number), ("gidNumber", "10000")]
        home, secret = ("homeDirectory", f"/home/{number}"), ("userPassword", password)
        self._add(user_dn(user, base), *classes, *names, *numbers, home, secret)
        return user_dn(user, base)

    def rename_user(self, user: str, new: str) -> None:
        """Call *user* otherwise; the entry stays the same, and so does its entryUUID."""
        change = "changetype: modrdn\nnewrdn:: {}\ndeleteoldrdn: 1\n"
        coded = base64.b64encode(f"uid={escape(new)}".encode()).decode()
        self.modify(_lines(("dn", user_dn(user))) + change.format(coded))

    def remove_user(self, user: str, *, base: str = PEOPLE) -> None:
        self.modify(_lines(("dn", user_dn(user, base))) + "changetype: delete\n")
