"""How a user's name is written in a certificate, and as the name of a folder.

A certificate of the kit's authority says who it is for twice: the common name, which
gateways and z/OS read, is the hub user's name; and the URI ``urn:hubkit:user:<name>``
among the alternative names says that this is a hub user and no host or mailbox of that
name. A mail address or host name there would claim what nobody proved.

A folder's name is the user's name wherever that is safe. What is neither a letter nor a
digit nor one of ``. _ @ + -`` becomes ``%`` and its UTF-8 bytes in hex; so do capitals
(some file systems confuse them) and a ``.`` or ``-`` at the beginning. Different names
get different folders, and every folder's name tells whose it is.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from cryptography import x509
from cryptography.x509.oid import NameOID

from hubkit.certs.errors import Refused
from hubkit.userlist import LONGEST_NAME, is_name

PLAIN = frozenset("._@+-")
LONGEST_FOLDER = 240  # bytes; file systems allow 255, and a name in the making is longer
LONGEST_COMMON_NAME = 64  # bytes; RFC 5280's ub-common-name
URN = "urn:hubkit:user:"


def folder(user: str) -> str:
    """Return the name of the folder of *user*.

    Raises:
        Refused: *user* is not the name of a user, or too long for a folder.
    """
    if not is_name(user):
        raise Refused(
            f"{user!r} is not a user name; those have at most {LONGEST_NAME} characters, none "
            "of them '/', '\\', ',', '#' or a space, and are not only dots."
        )
    name = "".join(
        char if _plain(char) and (place or char not in ".-") else _escaped(char)
        for place, char in enumerate(user)
    )
    if len(name.encode()) > LONGEST_FOLDER:
        raise Refused(f"{user!r} is too long for the name of a folder.")
    return name


def _plain(char: str) -> bool:
    return char in PLAIN or (char.isalnum() and char == char.lower())


def _escaped(char: str) -> str:
    return "".join(f"%{byte:02x}" for byte in char.encode())


def user_of(name: str) -> str | None:
    """Return whose the folder *name* is; None if it is nobody's."""
    try:
        user = unquote(name, errors="strict")
        return user if folder(user) == name else None
    except (UnicodeDecodeError, UnicodeEncodeError, Refused):
        return None


def common_name(user: str) -> str:
    """Return the common name of *user*'s certificates.

    Raises:
        Refused: It would be longer than a common name may be.
    """
    size = len(user.encode())
    if size > LONGEST_COMMON_NAME:
        raise Refused(
            f"{user!r} needs {size} bytes; the name in a certificate has at most "
            f"{LONGEST_COMMON_NAME}. Give this person a shorter hub name."
        )
    return user


def uri(user: str) -> str:
    """Return the URI that stands for *user* in certificates of the kit."""
    return URN + quote(user, safe="@+")


def claimed(certificate: x509.Certificate) -> str | None:
    """Return the hub user *certificate* was made for by a kit; None if by another authority."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return None
    for written in names.value.get_values_for_type(x509.UniformResourceIdentifier):
        if written.startswith(URN):
            return unquote(written.removeprefix(URN))
    return None


def called(name: x509.Name) -> str:
    """Return how people call the one with the distinguished name *name*."""
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string() or "(no name)"
