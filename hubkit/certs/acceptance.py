"""Whether one gateway of the kit and the files of a user accept each other."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509

from hubkit.certs import chain, identity, pem
from hubkit.certs.authority import CERTIFICATE
from hubkit.certs.chain import Chain
from hubkit.certs.examine import Examined, Finding
from hubkit.certs.places import COMMAND, CRL, SERVER, SHOWN, SHOWN_AUTHORITY, Names, Places
from hubkit.errors import Problem

GATEWAY = "this stack's own gateway"


@dataclass(frozen=True)
class Gate:
    """What this stack's own gateway shows and accepts, by its files.

    Attributes:
        shown: How their folder is called in messages.
        own: Its certificate, and what stands between it and its root.
        trusted: The authorities whose certificates it accepts.
        lists: Their revocation lists.
        strict: Whether every user's certificate is for this gateway; where some are for
            others, what this one would refuse is a warning.
    """

    shown: str
    own: Chain
    trusted: Chain
    lists: tuple[x509.CertificateRevocationList, ...]
    strict: bool = True

    @classmethod
    def read(cls, places: Places, name: str, *, strict: bool) -> Gate | None:
        """Return what the gateway *name* accepts.

        None where its files cannot be read, which is not for each of its users to hear.
        """
        folder = places.server(name)
        try:
            return cls(
                str(folder.relative_to(places.root)),
                tuple(pem.load_certificates((folder / SERVER.certificate).read_bytes())),
                tuple(pem.load_certificates((folder / SERVER.ca).read_bytes())),
                tuple(
                    x509.load_pem_x509_crl(block.group())
                    for block in pem.BLOCK.finditer((folder / CRL).read_bytes())
                ),
                strict,
            )
        except (OSError, ValueError):
            return None

    def refusal(self, found: Chain) -> str:
        """Return why the gateway refuses the certificate that *found* begins with, or ""."""
        issuer = identity.called(found[0].issuer)
        if not chain.trusted_path(found[0], found[1:], self.trusted):
            return f"is refused by {GATEWAY}: {issuer} is not in {self.shown}/{SERVER.ca}."
        # It looks each certificate up in its issuer's list, and refuses where there is none.
        if not any(listed.issuer == found[0].issuer for listed in self.lists):
            return f"is refused by {GATEWAY}: {self.shown}/{CRL} has no list of {issuer}."
        return ""

    def findings(self, user: str, names: Names, examined: Examined) -> Iterator[Finding]:
        """Yield why the gateway and the files of *user* do not accept each other."""
        if not examined.chain or not examined.authorities:
            return
        place = f"{SHOWN}/{identity.folder(user)}"
        refusal = self.refusal(examined.chain)
        cure = reissue(user, examined.chain[0])
        if refusal:
            yield Finding(Problem(f"{place}/{names.certificate}", refusal, cure), self.strict)
        if not chain.trusted_path(self.own[0], self.own[1:], examined.authorities):
            what = f"{place}/{names.ca}"
            wrong = f"does not lead to the certificate of {GATEWAY}."
            issuer = identity.called(self.own[-1].issuer)
            append = (
                f"Append the certificate of {issuer} to it (the kit's authority is in "
                f"{SHOWN_AUTHORITY}/{CERTIFICATE}), then: make reload"
            )
            yield Finding(Problem(what, wrong, cure if refusal else append), self.strict)


def reissue(user: str, instead_of: x509.Certificate) -> str:
    """Return how *user* gets a certificate of the kit in place of that one."""
    force = "" if identity.claimed(instead_of) is not None else "--force "
    return f"Run: {COMMAND} issue {force}{shlex.quote(user)}"
