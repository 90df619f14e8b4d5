"""Chains are found in any order of their parts, and as openssl finds them."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from hubkit.certs import chain, pem
from tests.unit.certs.making import chain as new_chain
from tests.unit.certs.making import make, openssl

WHOLE = [one.certificate for one in new_chain(between=3)]
LEAF, *ABOVE = WHOLE
STRANGER = make("Root", ca=True).certificate  # of the same name


@given(st.permutations([*ABOVE, STRANGER]))
def test_path(pool):
    """The chain leads from the leaf to its root, however the certificates were mixed."""
    assert list(chain.path(LEAF, pool)) == WHOLE


@given(st.permutations([*ABOVE, *ABOVE, STRANGER]), st.integers(0, 3))
def test_path_stops_where_one_is_missing(pool, missing):
    """Without one of the issuers the chain ends before it."""
    left = [one for one in pool if one != ABOVE[missing]]

    assert list(chain.path(LEAF, left)) == WHOLE[: missing + 1]


def test_trusted_path():
    """A chain counts if it ends in a trusted certificate, best in a root."""
    between, root = ABOVE[:-1], ABOVE[-1]

    assert list(chain.trusted_path(LEAF, between, [root])) == WHOLE
    assert list(chain.trusted_path(LEAF, [], ABOVE)) == WHOLE
    assert list(chain.trusted_path(LEAF, [], ABOVE[:1])) == WHOLE[:2]
    assert list(chain.trusted_path(LEAF, ABOVE, ABOVE[:2])) == WHOLE[:3]
    assert chain.trusted_path(LEAF, between, [STRANGER]) == ()
    assert chain.trusted_path(LEAF, [], [root]) == ()


def test_cross_signed():
    """Of two ways up the trusted one is taken."""
    old, new = make("Old", ca=True), make("New", ca=True)
    middle = make("Middle", old, ca=True)
    crossed = make("Middle", new, ca=True, key=middle.key)
    leaf = make("ada", middle).certificate
    ways = [middle.certificate, crossed.certificate, old.certificate]

    found = chain.trusted_path(leaf, ways, [new.certificate])

    assert found == (leaf, crossed.certificate, new.certificate)


def test_self_signed():
    """A certificate signed by its own key is its own chain."""
    alone = make("ada").certificate

    assert chain.path(alone, ABOVE) == (alone,)
    assert chain.trusted_path(alone, [], [alone]) == (alone,)


@pytest.mark.parametrize(("ca", "expected"), [(True, True), (False, False), (None, False)])
def test_is_authority(ca, expected):
    """Who may sign others says so; who says nothing may not."""
    assert chain.is_authority(make("x", ca=ca).certificate) == expected


def test_old_root_is_an_authority():
    """A root of version 1 cannot say so, and is one."""
    text = openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null",
        "-subj", "/CN=old", "-config", "/dev/stdin", text=b"[req]\ndistinguished_name=d\n[d]\n",
    )  # fmt: skip
    [old] = pem.load_certificates(text.encode())
    assert chain.is_authority(old) == (old.version.name == "v1")


@pytest.mark.parametrize("trusted", [[3], [2, 3], [0, 1, 2, 3], [0], [1, 2]])
@pytest.mark.parametrize("between", [[], [0], [0, 1], [0, 1, 2], [2, 1, 0]])
def test_like_openssl(tmp_path, between, trusted):
    """`openssl verify` accepts the same chains: those that end in a trusted root."""
    for name, numbers in (("between", between), ("trusted", trusted)):
        found = [ABOVE[number].public_bytes(Encoding.PEM) for number in numbers]
        (tmp_path / name).write_bytes(b"".join(found))
    (tmp_path / "leaf").write_bytes(LEAF.public_bytes(Encoding.PEM))
    path = chain.trusted_path(LEAF, [ABOVE[n] for n in between], [ABOVE[n] for n in trusted])
    words = ["verify", "-CAfile", tmp_path / "trusted", "-untrusted", tmp_path / "between"]
    if not between:
        words = words[:3]

    try:
        openssl(*words, tmp_path / "leaf")
        accepted = True
    except AssertionError:
        accepted = False

    assert accepted == bool(path and chain.is_root(path[-1]))
