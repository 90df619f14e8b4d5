"""The kit's own certificate authority, on disk."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from hubkit.certs import chain, files, identity, pem, sign
from hubkit.certs.errors import Refused
from hubkit.certs.issued import Record
from hubkit.certs.places import COMMAND, CRL, SHOWN_AUTHORITY, Places, within

KEY, CERTIFICATE = "ca.key", "ca.crt"
DEFAULT_NAME = "Kernel gateway CA"
DEFAULT_DAYS = 3650


@dataclass
class Authority:
    """The authority of one checkout.

    Attributes:
        places: Where it lies.
        signer: Its key and certificate.
        record: What it made.
    """

    places: Places
    signer: sign.Signer
    record: Record

    @classmethod
    def make(cls, places: Places, name: str, days: int, rsa_bits: int, now: dt.datetime) -> None:
        """Make a new authority, with an empty revocation list.

        Raises:
            Refused: There is one already.
        """
        if not name or len(name.encode()) > identity.LONGEST_COMMON_NAME:
            raise Refused(
                f"{name!r} is no name for an authority; those have 1 to "
                f"{identity.LONGEST_COMMON_NAME} bytes."
            )
        taken = [one for one in (KEY, CERTIFICATE) if (places.authority / one).exists()]
        if taken:
            raise Refused(
                f"{SHOWN_AUTHORITY}/{taken[0]} exists. All certificates made so far depend on it; "
                f"to begin anew, move {SHOWN_AUTHORITY} aside first."
            )
        key = pem.new_key(rsa_bits)
        certificate = sign.root(key, name, days, now)
        made = cls(places, sign.Signer(key, certificate), Record.read(places.authority))
        files.make_folder(places.authority)
        made.write_crl(now)
        # The key last: only with it there is an authority, and nothing to be in its way.
        files.write(places.authority / CERTIFICATE, pem.text([certificate]))
        files.write(places.authority / KEY, pem.key_text(key))

    @classmethod
    def load(cls, places: Places) -> Authority:
        """Return the authority of this checkout.

        Raises:
            Refused: There is none, or its files do not belong together.
        """
        try:
            key = pem.load_key((places.authority / KEY).read_bytes())
            [certificate] = pem.load_certificates((places.authority / CERTIFICATE).read_bytes())
        except FileNotFoundError:
            raise Refused(
                f"There is no authority in {SHOWN_AUTHORITY} yet. Make one: {COMMAND} init-ca"
            ) from None
        except ValueError as error:
            raise Refused(
                f"{SHOWN_AUTHORITY}: {KEY} or {CERTIFICATE} cannot be read: {error}"
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise Refused(f"{SHOWN_AUTHORITY}/{KEY} is neither an elliptic curve nor an RSA key.")
        if key.public_key() != certificate.public_key():
            raise Refused(f"{SHOWN_AUTHORITY}/{KEY} is not the key of {CERTIFICATE}.")
        return cls(places, sign.Signer(key, certificate), Record.read(places.authority))

    def made(self, certificate: x509.Certificate) -> bool:
        """Return whether this authority made *certificate*."""
        return chain.issued(certificate, self.signer.certificate)

    def note(self, certificate: x509.Certificate, kind: str, name: str, days: int) -> None:
        """Record *certificate*, before anybody gets it: what is in use can be taken back."""
        self.record = self.record.add(certificate, kind, name, days)
        self.record.write(self.places.authority)

    def revoke(self, serials: set[str], now: dt.datetime) -> None:
        """Take the certificates *serials* back, and tell the gateways' folders."""
        self.record = self.record.revoke(serials, now)
        self.write_crl(now)

    def write_crl(self, now: dt.datetime) -> None:
        """Sign the revocation list anew, for this folder and every gateway's."""
        self.record = replace(self.record, crl=self.record.crl + 1)
        self.record.write(self.places.authority)
        text = self.crl(now)
        files.write(self.places.authority / CRL, text)
        for folder in within(self.places.servers):
            files.write(folder / CRL, text)

    def crl(self, now: dt.datetime) -> bytes:
        """Return the revocation list."""
        taken_back = self.record.revoked(now)
        made = sign.revocations(self.signer, taken_back, self.record.crl, now)
        return made.public_bytes(Encoding.PEM)
