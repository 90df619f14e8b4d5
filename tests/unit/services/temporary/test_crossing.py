"""Whose pages may ask."""

from __future__ import annotations

from contextlib import nullcontext as nothing

import pytest

from hubkit.services.temporary.crossing import Crossing
from hubkit.services.temporary.handing import Refusal

OWN, BOOK, EVIL = "https://hub.example.org", "https://book.example.org", "https://evil.example"


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [
        ((), "", None),
        ((), OWN, OWN),
        ((BOOK,), BOOK, BOOK),
        (("*",), EVIL, "*"),
    ],
)
def test_admitted(origins, origin, allowed):
    crossing = Crossing(origins, OWN)

    crossing.check(origin)

    headers = crossing.headers(origin)
    assert headers.get("Access-Control-Allow-Origin") == allowed
    assert headers["Vary"] == "Origin"


@pytest.mark.parametrize(("origins", "admitted"), [((), False), ((BOOK,), False), (("*",), True)])
def test_hidden(origins, admitted):
    """A page that the browser keeps quiet about is one of no list."""
    crossing = Crossing(origins, OWN)

    crossing.check("", hidden=False)

    with nothing() if admitted else pytest.raises(Refusal, match="other sites"):
        crossing.check("", hidden=True)


@pytest.mark.parametrize("origin", [EVIL, "null", f"{BOOK}.evil.example", f"{BOOK}:8443"])
def test_refused(origin):
    """A page of any other origin is refused, and its browser told nothing."""
    crossing = Crossing((BOOK,), OWN)

    with pytest.raises(Refusal) as caught:
        crossing.check(origin)

    assert caught.value.status == 403
    assert crossing.headers(origin) == {"Vary": "Origin"}
