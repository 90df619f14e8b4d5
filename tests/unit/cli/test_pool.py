"""`hubkit pool`: which words do what."""

from __future__ import annotations

import pytest

from hubkit.errors import HubkitError
from hubkit.ops import pool


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        pytest.param(["list"], ("listing",), id="list"),
        pytest.param(["drain", "lab:1"], ("drain", "lab:1"), id="drain"),
        pytest.param(["resize", "lab:1", "0"], ("resize", "lab:1", 0), id="resize"),
    ],
)
def test_words(run, monkeypatch, words, asked):
    calls = []
    for name in ("listing", "drain", "resize"):
        monkeypatch.setattr(
            pool, name, lambda *given, name=name: calls.append((name, *given)) or "done."
        )

    assert run("pool", *words) == (0, "done.\n", "")
    assert calls == [asked]


def test_no_hub(run, monkeypatch):
    """What is wrong is said on standard error, with exit code 1."""

    def none():
        raise HubkitError("the hub does not answer.")

    monkeypatch.setattr(pool, "listing", none)

    assert run("pool", "list") == (1, "", "hubkit: the hub does not answer.\n")
