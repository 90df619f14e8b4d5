"""The record of every certificate the kit's authority made: ``issued.json``."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from cryptography import x509

from hubkit.certs import files
from hubkit.certs.errors import Refused

FILE = "issued.json"
CLIENT, SERVER = "client", "server"


@dataclass(frozen=True)
class Entry:
    """One certificate.

    Attributes:
        serial: Its serial number, in hex as ``openssl x509 -serial`` shows it.
        kind: ``client`` or ``server``.
        name: The hub user, or the gateway.
        days: For how long it was asked for; a renewed one is for as long.
        expires: When it does, ISO 8601 in UTC.
        revoked: When it was taken back, or "".
    """

    serial: str
    kind: str
    name: str
    days: int
    expires: str
    revoked: str = ""

    @property
    def number(self) -> int:
        """The serial number."""
        return int(self.serial, 16)

    def over(self, now: dt.datetime) -> bool:
        """Return whether it has expired."""
        return dt.datetime.fromisoformat(self.expires) < now


def serial(certificate: x509.Certificate) -> str:
    """Return the serial number of *certificate* as the record has it."""
    digits = f"{certificate.serial_number:X}"
    return digits.zfill(len(digits) + len(digits) % 2)


@dataclass(frozen=True)
class Record:
    """All entries, oldest first.

    Attributes:
        entries: The certificates.
        crl: The number of the revocation list written last.
    """

    entries: tuple[Entry, ...] = ()
    crl: int = 0

    @classmethod
    def read(cls, folder: Path) -> Record:
        """Return the record in *folder*; an empty one if there is none yet.

        Raises:
            Refused: It is damaged. Who goes on without it can take nothing back.
        """
        try:
            written = json.loads((folder / FILE).read_bytes())
            entries = tuple(Entry(**entry) for entry in written["certificates"])
            record = cls(entries, int(written["crl"]))
            for entry in entries:
                entry.over(dt.datetime.now(dt.UTC)), entry.number
        except FileNotFoundError:
            return cls()
        except (ValueError, TypeError, KeyError) as error:
            raise Refused(
                f"secrets/gateway-ca/{FILE} is damaged ({error}). Restore it from a backup: "
                "without it no certificate can be revoked."
            ) from error
        return record

    def write(self, folder: Path) -> None:
        """Replace the record in *folder*."""
        entries = [asdict(entry) for entry in self.entries]
        text = json.dumps({"crl": self.crl, "certificates": entries}, indent=1, ensure_ascii=False)
        files.write(folder / FILE, text.encode() + b"\n")

    def add(self, certificate: x509.Certificate, kind: str, name: str, days: int) -> Record:
        """Return the record with one more certificate."""
        expires = certificate.not_valid_after_utc.isoformat()
        entry = Entry(serial(certificate), kind, name, days, expires)
        return replace(self, entries=(*self.entries, entry))

    def find(self, certificate: x509.Certificate) -> Entry | None:
        """Return the entry of *certificate*."""
        wanted = serial(certificate)
        return next((entry for entry in self.entries if entry.serial == wanted), None)

    def current(self, kind: str, name: str, now: dt.datetime) -> list[Entry]:
        """Return the certificates of *name* that a gateway would still accept."""
        return [
            entry
            for entry in self.entries
            if (entry.kind, entry.name) == (kind, name)
            and not entry.revoked
            and not entry.over(now)
        ]

    def revoke(self, serials: set[str], now: dt.datetime) -> Record:
        """Return the record with those *serials* taken back."""
        when = now.isoformat(timespec="seconds")
        entries = tuple(
            replace(entry, revoked=when) if entry.serial in serials and not entry.revoked else entry
            for entry in self.entries
        )
        return replace(self, entries=entries)

    def revoked(self, now: dt.datetime) -> list[tuple[int, dt.datetime]]:
        """Return serial number and time of what is taken back and has not expired anyway."""
        return [
            (entry.number, dt.datetime.fromisoformat(entry.revoked))
            for entry in self.entries
            if entry.revoked and not entry.over(now)
        ]
