"""What this stack's own gateway would refuse is said before a user finds out."""

from __future__ import annotations

import pytest

from hubkit.certs import checking, importing, pem, pkcs12
from hubkit.certs.acceptance import Gate
from hubkit.certs.desk import Desk
from hubkit.certs.places import Names, Places
from hubkit.errors import ConfigError
from tests.unit.certs.making import PASSWORD, chain, make, p12
from tests.unit.certs.state import everything, foreign

NAMES = Names()
NAME = "kernel-gateway"
REFUSED = "is refused by this stack's own gateway: "
FILES = "secrets/gateway-ca/servers/kernel-gateway"


@pytest.fixture
def own(places, desk):
    """Return the places of a checkout with a gateway and bob, who has a certificate for it."""
    desk.server(NAME)
    desk.issue(["bob"])
    return places


def gate(places, *, strict=True):
    return Gate.read(places, NAME, strict=strict)


def findings(places, *users, strict=True):
    return checking.findings(places, NAMES, users, gate=gate(places, strict=strict))


def append(path, content):
    path.write_bytes(path.read_bytes() + content)


def test_its_own(own):
    """The kit's certificates are in order."""
    assert findings(own) == []


def test_from_elsewhere(own):
    """A foreign authority's is named with the command that helps, which does help."""
    foreign(own)
    append(own.person("ada") / "cacert.pem", (own.authority / "ca.crt").read_bytes())

    [problem] = [
        one.problem for one in findings(own, "ada") if one.fatal and "mode" not in one.problem.wrong
    ]

    assert problem.what == "secrets/gateway/ada/cert.pem"
    assert problem.wrong == f"{REFUSED}Intermediate 0 is not in {FILES}/client-ca.pem."
    assert problem.cure == "Run: scripts/hubkit.sh certs issue --force ada"
    Desk(own, NAMES).issue(["ada"], force=True)
    assert findings(own) == []


def test_of_another_kit(own, tmp_path):
    """Another authority of the same name is another; the kit's own are replaced by `issue`."""
    other = Desk(Places(tmp_path / "other"), NAMES)
    other.init_ca()
    other.issue(["ada"])
    own.person("ada").mkdir(mode=0o700)
    for path in other.places.person("ada").iterdir():
        (own.person("ada") / path.name).write_bytes(path.read_bytes())
        (own.person("ada") / path.name).chmod(0o600)

    first, second = (one.problem for one in findings(own, "ada"))

    assert REFUSED in first.wrong
    assert second.what == "secrets/gateway/ada/cacert.pem"
    assert {first.cure, second.cure} == {"Run: scripts/hubkit.sh certs issue ada"}


def test_an_authority_without_list(own):
    """An authority that was added counts only with its revocation list."""
    foreign(own)
    folder = own.server(NAME)
    append(folder / "client-ca.pem", (own.person("ada") / "cacert.pem").read_bytes())

    found = [one.problem.wrong for one in findings(own, "ada")]

    assert f"{REFUSED}{FILES}/crl.pem has no list of Intermediate 0." in found


def test_does_not_know_the_gateway(own):
    """A user whose authorities do not lead to the gateway is told which to append."""
    root = make("Other", ca=True)
    folder = own.person("bob")
    kit = pem.load_certificates((folder / "cacert.pem").read_bytes())[0]
    (folder / "cert.pem").write_bytes((folder / "cert.pem").read_bytes() + pem.text([kit]))
    (folder / "cacert.pem").write_bytes(root.pem)

    problems = [one.problem for one in findings(own, "bob")]

    [problem] = [one for one in problems if "own gateway" in one.wrong]
    assert problem.what == "secrets/gateway/bob/cacert.pem"
    assert problem.wrong == "does not lead to the certificate of this stack's own gateway."
    assert "secrets/gateway-ca/ca.crt" in problem.cure


def test_where_others_have_another_gateway(own):
    """Where some use other gateways, it is no reason to fail."""
    foreign(own)

    said = [one for one in findings(own, "ada", strict=False) if "own gateway" in one.problem.wrong]

    assert [one.fatal for one in said] == [False, False]


@pytest.mark.parametrize("name", ["cert.pem", "client-ca.pem", "crl.pem"])
@pytest.mark.parametrize("content", [None, b"-----BEGIN X509 CRL-----\nx\n-----END X509 CRL-----"])
def test_gateway_that_cannot_be_read(own, name, content):
    """What is wrong with the gateway's own files is said once, not to each user."""
    (own.server(NAME) / name).unlink()
    if content:
        (own.server(NAME) / name).write_bytes(content)

    assert gate(own) is None


@pytest.fixture
def bring(own, tmp_path):
    """Return a function that imports a certificate for *name* as ada's."""

    def act(name, *, strict=True, by=None):
        leaf, *above = chain(name=name)
        package = pkcs12.read(p12(tmp_path, leaf, above), PASSWORD)
        return importing.bring(
            own,
            NAMES,
            "ada",
            package,
            force=True,
            gate=gate(own, strict=strict) if by is None else None,
        )

    return act


def test_import_is_told(own, bring):
    """An import says what the gateway would refuse, and is done: its files are made first."""
    said = bring("ada")

    assert any(REFUSED in line for line in said)
    assert (own.person("ada") / "key.pem").exists()


@pytest.mark.parametrize("name", ["grace", "Ada"])
def test_import_of_somebody_else(own, bring, name):
    """Who would be somebody else to the gateway is refused; nothing is changed."""
    before = everything(own)

    with pytest.raises(ConfigError, match=f"has the name {name}, not ada") as refused:
        bring(name)

    [problem] = refused.value.problems
    assert f"would take ada for {name}" in problem.cure
    assert "certs issue --force ada" in problem.cure
    assert everything(own) == before


@pytest.mark.parametrize("how", [{"by": "another"}, {"strict": False}], ids=str)
def test_import_for_another_gateway(own, bring, how):
    """A gateway that knows whose it is, as RACF does, is left to decide."""
    assert any("has the name grace, not ada" in line for line in bring("grace", **how))


def test_somebody_else_put_there_by_hand(own):
    """A check finds it as well."""
    leaf, middle, root = chain(name="grace")
    foreign(own)
    (own.person("ada") / "key.pem").write_bytes(leaf.key_pem())
    (own.person("ada") / "cert.pem").write_bytes(leaf.pem + middle.pem)
    (own.person("ada") / "cacert.pem").write_bytes(root.pem)

    [found] = [one for one in findings(own, "ada") if "has the name" in one.problem.wrong]
    assert found.fatal
