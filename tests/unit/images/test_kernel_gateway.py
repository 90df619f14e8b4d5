"""The kernel gateway: whose a certificate is, which account is whose."""

from __future__ import annotations

import ast
import datetime as dt
import os
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hubkit_gateway import accounts, certificates, settings
from hypothesis import given
from hypothesis import strategies as st

KEY = ec.generate_private_key(ec.SECP256R1())
NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
RESERVED = frozenset({"root", "daemon", "www-data"})
PACKAGE = Path(settings.__file__).parent
NAMES = st.text(st.characters(exclude_categories=("C",)), min_size=1, max_size=40).filter(
    lambda name: name == name.strip() != ""
)


def named(*names: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])


def certificate(*names: str, others: tuple[x509.GeneralName, ...] = (), issuer: str = "ca"):
    builder = x509.CertificateBuilder(named(issuer), named(*names), KEY.public_key(), 7)
    builder = builder.not_valid_before(NOW - DAY).not_valid_after(NOW + DAY)
    if others:
        builder = builder.add_extension(x509.SubjectAlternativeName(others), critical=False)
    return builder.sign(KEY, hashes.SHA256())


def revocations(*serials: int, issuer: str = "ca"):
    builder = x509.CertificateRevocationListBuilder(named(issuer), NOW - DAY, NOW + DAY)
    for serial in serials:
        entry = x509.RevokedCertificateBuilder(serial, NOW - DAY).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(KEY, hashes.SHA256())


def pem(thing) -> bytes:
    return thing.public_bytes(serialization.Encoding.PEM)


URI = x509.UniformResourceIdentifier


@pytest.mark.parametrize(
    ("name", "others"),
    [
        pytest.param("ada", (), id="by its common name"),
        pytest.param("IBMUSER", (), id="letter by letter"),
        pytest.param("jörg lind", (), id="any letters"),
        pytest.param("ada", (URI("urn:hubkit:user:ada"),), id="the kit's own"),
        pytest.param("a:b/c", (URI("urn:hubkit:user:a%3Ab%2Fc"),), id="the kit's own, coded"),
        pytest.param("ada", (x509.RFC822Name("ada@example.org"),), id="a mailbox"),
        pytest.param("ada", (x509.DNSName("host"), x509.DNSName("ada")), id="one of many"),
        pytest.param("ada", (x509.RegisteredID(NameOID.COMMON_NAME),), id="of another kind"),
    ],
)
def test_identity(name, others):
    """The common name is the user."""
    assert certificates.identity(certificate(name, others=others)) == name


@pytest.mark.parametrize(
    ("names", "others"),
    [
        pytest.param((), (), id="no name"),
        pytest.param(("ada", "bob"), (), id="two names"),
        pytest.param((" ada",), (), id="blank before"),
        pytest.param(("a\x00b",), (), id="control character"),
        pytest.param(("ada",), (x509.DNSName("bob"),), id="another's host name"),
        pytest.param(("ada",), (URI("urn:hubkit:user:bob"),), id="another user of the kit"),
        pytest.param(("ada",), (x509.RFC822Name("bob@ada"),), id="another's mailbox"),
    ],
)
def test_nobody(names, others):
    """What does not name one user names nobody."""
    with pytest.raises(certificates.Nobody):
        certificates.identity(certificate(*names, others=others))


@pytest.mark.parametrize(
    ("when", "lists", "why"),
    [
        pytest.param(NOW, [], "", id="good"),
        pytest.param(NOW, [revocations(6)], "", id="another is revoked"),
        pytest.param(NOW, [revocations(7, issuer="x")], "", id="another authority's number"),
        pytest.param(NOW, [revocations(), revocations(7)], "revoked", id="revoked"),
        pytest.param(NOW + 2 * DAY, [], "not valid any more", id="expired"),
        pytest.param(NOW - 2 * DAY, [], "or not yet", id="not yet valid"),
    ],
)
def test_why_refused(when, lists, why):
    """A connection counts as long as a handshake would succeed."""
    said = certificates.why_refused(certificate("ada"), lists, when)

    assert why in said
    assert bool(said) == bool(why)


def test_revocation_lists():
    """All lists of a file are read; anything else in it is refused, as it would be trusted."""
    both = pem(revocations(1)) + b"# a remark\n" + pem(revocations(2, issuer="x"))
    assert len(certificates.revocation_lists(both)) == 2
    for wrong in (b"", b"half", both[:150], both[:-40], both + pem(certificate("ca"))):
        with pytest.raises(ValueError):  # noqa: PT011 (the text is OpenSSL's)
            certificates.revocation_lists(wrong)


@given(NAMES)
def test_unix_names_are_unix_names(user):
    """An account's name is one, and never the system's."""
    name = accounts.unix_name(user, RESERVED)

    assert accounts.PLAIN.fullmatch(name)
    assert name not in RESERVED


@given(st.sets(NAMES | st.sampled_from(["root", "Root", "ada", "u-ada", "ADA"]), min_size=2))
def test_unix_names_are_different(users):
    """Different users have different accounts, and plain names stay readable."""
    assert len({accounts.unix_name(user, RESERVED) for user in users}) == len(users)
    assert accounts.unix_name("ada", RESERVED) == "ada"


def test_a_coded_name_cannot_be_taken():
    """Whoever is called what another's account is called has another account."""
    coded = accounts.unix_name("Ada", RESERVED)

    assert accounts.unix_name(coded, RESERVED) != coded


@given(NAMES)
def test_lines_of_the_register(user):
    """Whatever a user is called, the register is a passwd file and knows it again."""
    account = accounts.Account(user, "u", 20000, Path("/data/homes/u"))

    assert account.line().count(":") == 6
    assert account.line().isascii()
    assert "\n" not in account.line()
    assert accounts.Account.parse(account.line()) == account


@pytest.fixture
def register(tmp_path, monkeypatch):
    """Return a function that opens the same register; owners are kept beside it."""
    owners: dict[Path, int] = {}
    real = Path.lstat

    def lstat(path):
        found = list(real(path))
        found[4] = owners.get(path, 0)
        return os.stat_result(found)

    monkeypatch.setattr(os, "chown", lambda path, uid, _: owners.__setitem__(path, uid))
    monkeypatch.setattr(Path, "lstat", lstat)
    folders = tmp_path / "accounts", tmp_path / "homes"
    return lambda: accounts.Accounts(*folders, RESERVED)


def test_an_account_stays(register):
    """A user keeps number and home, whoever comes between, and whatever else is lost."""
    first = register().get("ada")
    assert register().get("bob").uid == first.uid + 1
    assert register().get("ada") == first
    assert first.home.stat().st_mode & 0o777 == 0o700

    (first.home.parent.parent / "accounts" / "passwd").unlink()
    again = register()
    assert again.get("carol").uid == first.uid + 2, "a home's owner is taken, too"
    assert again.get("ada") == first


def test_the_register_can_be_read_by_all(register, tmp_path):
    """The C library reads it as the user."""
    register().get("Ada")

    for name in ("passwd", "group"):
        assert (tmp_path / "accounts" / name).stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "homes").stat().st_mode & 0o777 == 0o711


@pytest.mark.parametrize("module", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.stem)
def test_parts_are_small(module):
    """As small as those of hubkit."""
    text = module.read_text()
    functions = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    assert len(text.splitlines()) <= 300
    assert all(node.end_lineno - node.lineno < 40 for node in functions)
