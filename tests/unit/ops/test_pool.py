"""What an administrator is shown of the warm pool."""

from __future__ import annotations

import pytest

from hubkit.ops import pool

VIEW = {"image": "lab:1", "size": 2, "ready": 1, "replaced": 0, "oldest": 59, "trouble": ""}


@pytest.fixture
def hub(monkeypatch):
    """Answer what is put into it; what was asked is in `asked`."""

    class Hub:
        answer, asked = {}, []

        def ask(self, path, **words):
            self.asked = words
            return self.answer

    made = Hub()
    monkeypatch.setattr(pool.control, "ask", made.ask)
    return made


@pytest.mark.parametrize(
    ("seconds", "age"), [(59, "59 s"), (60, "1 min"), (7300, "2 h"), (90000, "1 d")]
)
def test_listing(hub, seconds, age):
    """One line for each image, below what the columns are."""
    other = {**VIEW, "image": "quay.io/r:1", "oldest": seconds, "trouble": "it ended"}
    hub.answer = {"why": "", "images": [VIEW, other]}

    head, first, second = pool.listing().splitlines()

    assert head.split() == ["IMAGE", "SIZE", "READY", "REPLACED", "OLDEST"]
    assert first.split() == ["lab:1", "2", "1", "0", "59", "s"]
    assert second.endswith("  it ended")
    assert f" {age} " in second
    assert head.index("SIZE") == first.index("2") == second.index(" 2 ") + 1


def test_unsupported(hub):
    """Why nobody gets a waiting server is said."""
    hub.answer = {"why": "POOL_SIZE=0", "images": []}

    assert pool.listing() == "Nobody gets a waiting server: POOL_SIZE=0."


@pytest.mark.parametrize(
    ("count", "said"),
    [
        pytest.param(0, "Nothing waits with the image lab:1.", id="none"),
        pytest.param(
            3, "3 waiting with the image lab:1: each goes when another one is ready.", id="some"
        ),
    ],
)
def test_drain(hub, count, said):
    hub.answer = {"count": count}

    assert pool.drain("lab:1") == said
    assert hub.asked == {"do": "drain", "image": "lab:1"}


def test_resize(hub):
    assert "until the hub is restarted" in pool.resize("lab:1", 5)
    assert hub.asked == {"do": "resize", "image": "lab:1", "size": 5}
