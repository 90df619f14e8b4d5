"""What an administrator does with the kit's authority: issue, renew, revoke, equip a gateway."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from hubkit.certs import authority, chain, files, identity, issued, pem, sign
from hubkit.certs.authority import Authority
from hubkit.certs.errors import Refused
from hubkit.certs.places import (
    CRL,
    SERVER,
    SHOWN,
    SHOWN_AUTHORITY,
    Names,
    Places,
    previous,
    within,
)
from hubkit.errors import ConfigError, Problem

CLIENT_DAYS, SERVER_DAYS = 90, 397
HOST = re.compile(
    r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)
UNCHANGED = "nothing was changed"


@dataclass(frozen=True)
class Desk:
    """The actions on one checkout. Each returns a sentence for each thing it did.

    Attributes:
        places: Where everything lies.
        names: How users' files are called.
        now: When; the present by default.
    """

    places: Places
    names: Names
    now: dt.datetime | None = None

    @property
    def _now(self) -> dt.datetime:
        return self.now or dt.datetime.now(dt.UTC)

    def init_ca(
        self,
        name: str = authority.DEFAULT_NAME,
        days: int = authority.DEFAULT_DAYS,
        rsa_bits: int = 0,
    ) -> list[str]:
        """Make the authority.

        Raises:
            Refused: There is one already.
        """
        with files.locked(self.places.secrets):
            Authority.make(self.places, name, days, rsa_bits, self._now)
        return [f"made {name} in {SHOWN_AUTHORITY}; whoever has its key can be anybody: back it up"]

    def issue(
        self,
        users: Sequence[str],
        days: int = CLIENT_DAYS,
        rsa_bits: int = 0,
        *,
        force: bool = False,
    ) -> list[str]:
        """Make certificates for *users*, in place of those they have from the kit.

        Args:
            users: Hub users.
            days: For how long; at most until the authority expires.
            rsa_bits: An RSA key of that many bits; 0 for the elliptic curve P-256.
            force: Also in place of a certificate from elsewhere.

        Raises:
            ConfigError: Some of it is not possible; nothing was changed.
            Refused: There is no authority, or it expired.
        """
        with files.locked(self.places.secrets):
            kit, users = Authority.load(self.places), list(dict.fromkeys(users))
            self._refuse(users, force)
            done = [self._client(kit, user, days, pem.new_key(rsa_bits)) for user in users]
            kit.write_crl(self._now)
        return done

    def renew(self, days: int = 30) -> list[str]:
        """Make anew what the authority made and what expires within *days*; sign the CRL anew.

        Raises:
            Refused: There is no authority.
        """
        with files.locked(self.places.secrets):
            kit = Authority.load(self.places)
            soon = self._now + dt.timedelta(days=days)
            done = []
            for folder in within(self.places.people):
                leaf, user = first(folder / self.names.certificate), identity.user_of(folder.name)
                mine = leaf is not None and identity.claimed(leaf) == user
                if user and leaf and mine and self._due(kit, leaf, soon):
                    entry = kit.record.find(leaf)
                    lasting = entry.days if entry else CLIENT_DAYS
                    done.append(self._client(kit, user, lasting, _like(leaf)))
            for folder in within(self.places.servers):
                leaf = first(folder / SERVER.certificate)
                if leaf and self._due(kit, leaf, soon):
                    entry = kit.record.find(leaf)
                    lasting = entry.days if entry else SERVER_DAYS
                    done.append(self._server(kit, hosts(leaf), lasting, _like(leaf)))
            kit.write_crl(self._now)
        return done or [f"nothing expires within {days} days"]

    def _due(self, kit: Authority, leaf: x509.Certificate, soon: dt.datetime) -> bool:
        entry = kit.record.find(leaf)
        end = leaf.not_valid_after_utc
        # Near the authority's own end a new one would not last any longer.
        longer = end < kit.signer.certificate.not_valid_after_utc
        return kit.made(leaf) and end <= soon and longer and not (entry and entry.revoked)

    def revoke(self, user: str) -> list[str]:
        """Take back all certificates the authority made for *user*, and remove their keys.

        Raises:
            Refused: It made none that is still valid.
        """
        with files.locked(self.places.secrets):
            kit, folder = Authority.load(self.places), self.places.person(user)
            valid = {one.serial for one in kit.record.current(issued.CLIENT, user, self._now)}
            held = [one for one in (folder, previous(folder)) if self._made_in(kit, one)]
            if not valid and not held:
                raise Refused(
                    f"The authority made no certificate for {user} that is still valid. One from "
                    f"elsewhere is revoked there; without {SHOWN}/{folder.name} the hub does not "
                    "hand it out any more."
                )
            kit.revoke(valid, self._now)
            for one in held:
                self._set_aside(one)
        count = f"{len(valid)} certificate{'' if len(valid) == 1 else 's'}"
        return [
            f"revoked {count} of {user}; {SHOWN_AUTHORITY}/{CRL} is for every gateway",
            "the kit's gateway ends open connections once it has the list; with another, stop "
            "the user's server",
        ]

    def server(
        self, name: str, also: Iterable[str] = (), days: int = SERVER_DAYS, rsa_bits: int = 0
    ) -> list[str]:
        """Equip the gateway *name*, a host name or address that may have *also* others.

        Raises:
            Refused: A name is none of a host, or there is no authority.
        """
        named = list(dict.fromkeys(host.lower() for host in (name, *also)))
        wrong = [host for host in named if not _is_host(host)]
        if wrong:
            raise Refused(f"{', '.join(map(repr, wrong))} is neither a host name nor an address.")
        with files.locked(self.places.secrets):
            kit = Authority.load(self.places)
            done = self._server(kit, named, days, pem.new_key(rsa_bits))
            kit.write_crl(self._now)
        return [done]

    def _refuse(self, users: Collection[str], force: bool) -> None:
        problems = []
        for user in users:
            try:
                identity.common_name(user)
                folder = self.places.person(user)
            except Refused as error:
                problems.append(Problem(user, str(error), "Leave this name out."))
                continue
            if not force and foreign(folder, self.names):
                wrong = "holds files the kit did not make."
                cure = "To replace them: --force (they are kept as a backup)."
                problems.append(Problem(f"{SHOWN}/{folder.name}", wrong, cure))
        if problems:
            raise ConfigError(problems, UNCHANGED)

    def _client(self, kit: Authority, user: str, days: int, key: pem.Key) -> str:
        folder, names = self.places.person(user), self.names
        leaf = sign.client(kit.signer, user, key.public_key(), days, self._now)
        kit.note(leaf, issued.CLIENT, user, days)
        contents = {
            names.key: pem.key_text(key),
            names.certificate: pem.text([leaf]),
            names.ca: pem.text(_trusted(kit, folder, names)),
        }
        files.replace_folder(folder, contents, previous(folder))
        return f"{user}: valid until {leaf.not_valid_after_utc:%Y-%m-%d} ({SHOWN}/{folder.name})"

    def _server(self, kit: Authority, named: Sequence[str], days: int, key: pem.Key) -> str:
        folder = self.places.server(named[0])
        leaf = sign.server(kit.signer, named, key.public_key(), days, self._now)
        kit.note(leaf, issued.SERVER, named[0], days)
        contents = {
            SERVER.key: pem.key_text(key),
            SERVER.certificate: pem.text([leaf]),
            SERVER.ca: pem.text(_trusted(kit, folder, SERVER)),
            CRL: kit.crl(self._now),
        }
        files.replace_folder(folder, contents, previous(folder))
        shown = folder.relative_to(self.places.root)
        end = f"{leaf.not_valid_after_utc:%Y-%m-%d}"
        return f"{named[0]}: valid until {end} ({shown})"

    def _made_in(self, kit: Authority, folder: Path) -> bool:
        leaf = first(folder / self.names.certificate)
        return leaf is not None and kit.made(leaf)

    def _set_aside(self, folder: Path) -> None:
        leaf = first(folder / self.names.certificate)
        if leaf:
            files.make_folder(self.places.revoked)
            files.write(self.places.revoked / f"{issued.serial(leaf)}.pem", pem.text([leaf]))
        files.remove(folder)


def first(path: Path) -> x509.Certificate | None:
    """Return the first certificate in the file at *path*, if it can be read."""
    try:
        return pem.load_certificates(path.read_bytes())[0]
    except (OSError, ValueError):
        return None


def foreign(folder: Path, names: Names) -> bool:
    """Return whether *folder* holds a user's files that did not come from `issue`."""
    if not any((folder / one).exists() for one in (names.key, names.certificate, names.ca)):
        return False
    leaf = first(folder / names.certificate)
    return leaf is None or identity.claimed(leaf) is None


def hosts(certificate: x509.Certificate) -> list[str]:
    """Return the names and addresses of the gateway *certificate* is for."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in names]


def _is_host(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return HOST.fullmatch(name) is not None
    return True


def _like(certificate: x509.Certificate) -> pem.Key:
    key = certificate.public_key()
    return pem.new_key(key.key_size if isinstance(key, rsa.RSAPublicKey) else 0)


def _trusted(kit: Authority, folder: Path, names: Names) -> chain.Chain:
    """Return the kit's authority and those an administrator added to the file in *folder*.

    The kit's former authority, which made what is to be replaced, is none of these.
    """
    try:
        added = pem.load_certificates((folder / names.ca).read_bytes())
    except (OSError, ValueError):
        added = []
    old = first(folder / names.certificate)
    if old and identity.claimed(old) is not None:
        added = [one for one in added if not chain.issued(old, one)]
    return chain.unique([kit.signer.certificate, *added])
