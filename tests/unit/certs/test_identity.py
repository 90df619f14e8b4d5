"""A user's name as a folder and in a certificate: readable, and never another user's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubkit.certs import identity
from hubkit.certs.errors import Refused
from hubkit.userlist import is_name
from tests.unit.certs.making import make

names = st.text(min_size=1, max_size=20).filter(is_name)  # short enough for every folder


@pytest.mark.parametrize(
    ("user", "folder"),
    [
        ("ada", "ada"),
        ("ada.l-2@example.org", "ada.l-2@example.org"),
        ("josé", "josé"),
        ("o'brien", "o%27brien"),
        ("a%27b", "a%2527b"),
        ("Ada", "%41da"),
        (".ada", "%2eada"),
        ("-ada", "%2dada"),
        ("a:b", "a%3ab"),
        ("$(id)", "%24%28id%29"),
    ],
)
def test_folder(user, folder):
    """A plain name is its own folder; what is not safe in one is written in hex."""
    assert identity.folder(user) == folder
    assert identity.user_of(folder) == user


@given(names, names)
def test_folders_differ(one, other):
    """Two users share a folder only if they are the same."""
    assert (identity.folder(one) == identity.folder(other)) == (one == other)


@given(names)
def test_folder_tells_its_user(user):
    """From the folder's name follows the user's; it is one plain, visible entry."""
    folder = identity.folder(user)

    assert identity.user_of(folder) == user
    assert folder[0] not in ".-"
    assert "/" not in folder
    assert len(folder.encode()) <= 255 - len("..part")


@pytest.mark.parametrize("folder", ["Ada", "%61da", "a b", "%ff", "%", ".previous", ""])
def test_nobodys_folder(folder):
    """A folder that no user's name leads to is nobody's."""
    assert identity.user_of(folder) is None


@pytest.mark.parametrize(
    "user", ["", ".", "..", "a/b", "a b", "a\nb", "a\x00b", "\ud800", "x" * 129]
)
def test_no_user(user):
    """What is no user name gets no folder, least of all one above."""
    with pytest.raises(Refused, match="not a user name"):
        identity.folder(user)


def test_too_long_for_a_folder():
    """A name that is too long in hex is refused, not cut."""
    with pytest.raises(Refused, match="too long"):
        identity.folder("'" * 100)


@pytest.mark.parametrize(("user", "fits"), [("x" * 64, True), ("x" * 65, False), ("é" * 33, False)])
def test_common_name(user, fits):
    """A name that a certificate cannot hold is refused, and the sentence says why."""
    if fits:
        assert identity.common_name(user) == user
    else:
        with pytest.raises(Refused, match=r"needs 6[56] bytes.* at most 64"):
            identity.common_name(user)


@given(names)
def test_uri(user):
    """The URI is ASCII and another for each user."""
    assert identity.uri(user).isascii()
    assert identity.uri(user) != identity.uri(user + "x")


def test_claimed_by_nobody():
    """A certificate from elsewhere names no hub user, whatever its common name."""
    assert identity.claimed(make("ada").certificate) is None


def test_called():
    """People call a certificate by its common name."""
    assert identity.called(make("Spark Client").certificate.subject) == "Spark Client"
