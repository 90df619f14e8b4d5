"""A link sets one password, once, within a day, and only if this hub made it."""

from __future__ import annotations

import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from hubkit.auth.invitations import LIFETIME, SALT, InvitationRefused, Invitations

SECRET, NEW_SECRET = b"0123456789abcdef", b"fedcba9876543210"
NOBODY, FIRST, SECOND = b"", b"$2b$12$first", b"$2b$12$second"
USED = "used already, or taken back"
NOON = 1_800_000_000


@pytest.fixture
def clock(monkeypatch):
    """Return a function that sets what time invitations are made and read at."""

    def at(seconds):
        monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: seconds)

    at(NOON)
    return at


@pytest.fixture
def invitations():
    return Invitations(SECRET)


@pytest.mark.parametrize("name", ["ada", "ada@example.org", "Åsa", "x" * 128])
def test_works(invitations, name):
    """A link says whom it is for and may set the password they have now."""
    code = invitations.code(name, FIRST)

    assert invitations.name(code) == name
    invitations.accept(code, FIRST)


def test_works_once(invitations):
    """Setting the password uses the link up, and every other link of that time."""
    first, another = (invitations.code("ada", FIRST) for _ in range(2))
    invitations.accept(first, FIRST)

    for code in (first, another):
        with pytest.raises(InvitationRefused, match=USED):
            invitations.accept(code, SECOND)


@pytest.mark.parametrize("password", [NOBODY, FIRST], ids=["made for none", "made for another"])
def test_nobody_without_a_password(invitations, password):
    """Who has no stored password, as one who was deleted, is let in by no link at all."""
    with pytest.raises(InvitationRefused, match=USED):
        invitations.accept(invitations.code("ada", password), NOBODY)


def test_change_of_password_ends_links(invitations):
    """A link for a password that was changed in the meantime is of no use."""
    code = invitations.code("ada", FIRST)

    with pytest.raises(InvitationRefused, match=USED):
        invitations.accept(code, SECOND)


@pytest.mark.parametrize("later", [0, LIFETIME - 1, LIFETIME], ids=["at once", "late", "at last"])
def test_works_for_a_day(invitations, clock, later):
    """A link works until it is a day old."""
    code = invitations.code("ada", FIRST)
    clock(NOON + later)

    invitations.accept(code, FIRST)


def test_a_day_is_a_day():
    """The lifetime is in seconds."""
    assert LIFETIME == 86400


def test_too_old(invitations, clock):
    """A link that is older is refused, for reading the name, too, whatever is stored."""
    code = invitations.code("ada", NOBODY)
    clock(NOON + LIFETIME + 1)

    for use in (invitations.name, lambda code: invitations.accept(code, NOBODY)):
        with pytest.raises(InvitationRefused, match="older than a day"):
            use(code)


def forgeries():
    """Return codes this hub did not make."""
    good = Invitations(SECRET).code("ada", NOBODY)
    payload, rest = good.split(".", 1)
    other = Invitations(SECRET).code("admin", NOBODY)
    serializer = URLSafeTimedSerializer(SECRET, salt=SALT)
    return {
        "another secret": Invitations(NEW_SECRET).code("ada", NOBODY),
        "another purpose": URLSafeTimedSerializer(SECRET, salt="x").dumps(["ada", "0" * 16]),
        "another's name": f"{other.split('.')[0]}.{rest}",
        "another's time": f"{payload}.zzzzzz.{rest.split('.')[1]}",
        "one letter changed": ("B" if good[0] == "A" else "A") + good[1:],
        "cut short": good[:-1],
        "no signature": payload,
        "empty": "",
        "not ASCII": "å.ä.ö",
        "one part": serializer.dumps(["ada"]),
        "three parts": serializer.dumps(["ada", "0", "1"]),
        "a number": serializer.dumps(7),
    }


@pytest.mark.parametrize("kind", forgeries())
def test_forged(invitations, kind):
    """A code that was changed, or made elsewhere or for something else, is refused."""
    code = forgeries()[kind]

    for use in (invitations.name, lambda code: invitations.accept(code, NOBODY)):
        with pytest.raises(InvitationRefused, match="not from this hub"):
            use(code)


def test_from_file(tmp_path):
    """The secret is read from the hub's own file; a line end at its end is not part of it."""
    (tmp_path / "secret").write_bytes(SECRET + b"\n")
    code = Invitations.from_file(tmp_path / "secret").code("ada", NOBODY)

    assert Invitations(SECRET).name(code) == "ada"


def test_a_code_is_one_part_of_an_address(invitations):
    """A code needs no quoting in a URL and shows nothing of the password."""
    code = invitations.code("ada@example.org/x", FIRST)

    assert set(code) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
    assert FIRST.decode() not in code
