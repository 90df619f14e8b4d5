"""`hubkit certs check` finds what is wrong on disk; each check has its bad example."""

from __future__ import annotations

import pytest

from hubkit.certs import checking, files, pem
from hubkit.certs.desk import Desk
from hubkit.certs.places import Names
from tests.unit.certs.making import DAY, NOW

NAMES = Names()


@pytest.fixture
def full(places):
    """Return a checkout with an authority, two users and a gateway, all in order."""
    desk = Desk(places, NAMES, NOW)
    desk.init_ca()
    desk.issue(["ada", "bob"])
    desk.server("gw")
    assert checking.findings(places, NAMES, (), NOW) == []
    return places


def put(path, content):
    path.write_bytes(content)


def outdate(places):
    Desk(places, NAMES, NOW - 400 * DAY).renew()


BROKEN = {
    "key readable": (
        lambda at: (at.person("ada") / "key.pem").chmod(0o640),
        "secrets/gateway/ada/key.pem can be read by other accounts (mode 0640).",
    ),
    "passphrase readable": (
        lambda at: put(at.person("ada") / "passphrase", b"x"),
        "secrets/gateway/ada/passphrase can be read by other accounts",
    ),
    "certificate writable": (
        lambda at: (at.person("ada") / "cert.pem").chmod(0o666),
        "secrets/gateway/ada/cert.pem can be changed by other accounts (mode 0666).",
    ),
    "folder writable": (
        lambda at: at.person("ada").chmod(0o777),
        "secrets/gateway/ada can be changed by other accounts",
    ),
    "file missing": (
        lambda at: (at.person("ada") / "key.pem").unlink(),
        "secrets/gateway/ada/key.pem is missing or unreadable.",
    ),
    "empty folder": (lambda at: (at.people / "eve").mkdir(), "secrets/gateway/eve/key.pem is"),
    "nobody's folder": (
        lambda at: (at.people / "Eve").mkdir(),
        "secrets/gateway/Eve is not how the folder of any user is called.",
    ),
    "authority's key readable": (
        lambda at: (at.authority / "ca.key").chmod(0o604),
        "secrets/gateway-ca/ca.key can be read by other accounts",
    ),
    "authority's key another": (
        lambda at: files.write(at.authority / "ca.key", pem.key_text(pem.new_key())),
        "secrets/gateway-ca cannot be used.",
    ),
    "record damaged": (
        lambda at: files.write(at.authority / "issued.json", b"{"),
        "secrets/gateway-ca cannot be used.",
    ),
    "list missing": (lambda at: (at.authority / "crl.pem").unlink(), "crl.pem cannot be read"),
    "gateway's key missing": (
        lambda at: (at.server("gw") / "key.pem").unlink(),
        "secrets/gateway-ca/servers/gw/key.pem is missing",
    ),
    "gateway's list another": (
        lambda at: files.write(at.server("gw") / "crl.pem", b""),
        "secrets/gateway-ca/servers/gw/crl.pem is not the list in secrets/gateway-ca.",
    ),
    "list outdated": (
        outdate,
        "secrets/gateway-ca/crl.pem is outdated; gateways refuse everybody.",
    ),
}


@pytest.mark.parametrize(("break_it", "message"), BROKEN.values(), ids=BROKEN)
def test_broken(full, break_it, message):
    """What is wrong on disk is found, with a cure, and fails `make check`."""
    break_it(full)

    found = [one for one in checking.findings(full, NAMES, (), NOW) if one.fatal]

    said = [f"{one.problem.what} {one.problem.wrong}" for one in found]
    assert any(message in one for one in said), said
    assert all(one.problem.cure for one in found)
    assert checking.problems(full.root, NAMES)


def test_list_of_another(full):
    """A list that the authority did not sign is found."""
    other = (full.authority / "crl.pem").read_bytes()
    (full.authority / "ca.key").unlink()
    (full.authority / "ca.crt").unlink()
    Desk(full, NAMES).init_ca()
    files.write(full.authority / "crl.pem", other)

    said = [str(problem) for problem in checking.problems(full.root, NAMES)]

    assert any("is not signed by the authority" in one for one in said)


def test_list_lacks_one(full):
    """A list from before a certificate was revoked is found."""
    before = (full.authority / "crl.pem").read_bytes()
    Desk(full, NAMES).revoke("bob")
    for path in (full.authority, full.server("gw")):
        files.write(path / "crl.pem", before)

    [problem] = checking.problems(full.root, NAMES)

    assert problem.wrong == "lacks a revoked certificate."


def test_put_back(full):
    """A revoked certificate that was put back is found."""
    kept = {path: path.read_bytes() for path in full.person("ada").iterdir()}
    Desk(full, NAMES).revoke("ada")
    files.replace_folder(
        full.person("ada"), {path.name: text for path, text in kept.items()}, full.root / "x"
    )

    [problem] = checking.problems(full.root, NAMES)

    assert problem.wrong == "is revoked."


def test_warnings(full):
    """What is still good for some days is a warning and does not fail `make check`."""
    soon = NOW + 340 * DAY
    Desk(full, NAMES, soon).issue(["ada", "bob"], days=20)
    Desk(full, NAMES, NOW).renew(0)

    found = checking.findings(full, NAMES, ("ada",), soon)

    assert [one.fatal for one in found] == [False]
    assert "in 20 days" in found[0].problem.wrong
    whole = checking.findings(full, NAMES, (), soon)
    assert "is outdated soon." in [one.problem.wrong for one in whole if not one.fatal]


@pytest.mark.parametrize(("days", "word"), [(3640, "expires"), (3651, "expired")])
def test_authority_ends(full, days, word):
    """An authority near its end is a warning, then a problem."""
    found = checking.findings(full, NAMES, (), NOW + days * DAY)

    [one] = [one for one in found if one.problem.what == "secrets/gateway-ca/ca.crt"]
    assert one.problem.wrong.startswith(word)
    assert one.fatal == (word == "expired")


def test_only_these(full):
    """Whoever asks about one user hears about that one."""
    (full.person("bob") / "key.pem").unlink()

    assert checking.findings(full, NAMES, ("ada",), NOW) == []
    assert checking.findings(full, NAMES, ("bob",), NOW)
    [none] = checking.findings(full, NAMES, ("eve",), NOW)
    assert none.problem.what == "secrets/gateway/eve"
    assert "certs issue eve" in none.problem.cure


def test_nobodys_folder_has_a_cure(full):
    """A folder called as a person writes a name is told its right name."""
    (full.people / "O'Brien").mkdir()

    [problem] = checking.problems(full.root, NAMES)

    assert problem.cure.endswith("secrets/gateway/o%27brien")


def test_nothing_there(places):
    """A checkout without gateway has nothing to complain about."""
    assert checking.problems(places.root, NAMES) == []
