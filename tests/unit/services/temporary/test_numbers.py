"""The same numbers as JSON and for Prometheus."""

from __future__ import annotations

import sqlite3
from contextlib import suppress

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hubkit.auth import ledger
from hubkit.auth.ledger import Ledger, NoRoom
from hubkit.services.temporary import numbers
from hubkit.visitors import image_names

IMAGES = image_names(("x/lab:1", "x/r:2"))
USUAL, R = "x/lab:1", "x/r:2"


def samples(book):
    """Return name, why or bound, and image → value, of all samples."""
    text = numbers.exposition(book, USUAL, IMAGES).decode()
    return {
        (one.name, one.labels.get("why", one.labels.get("le", "")), one.labels.get("image")): (
            one.value
        )
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_metrics(tmp_path):
    """Every number of the JSON is a metric; the histogram counts all hand-outs."""
    book = Ledger(tmp_path / "visitors.sqlite", 2)
    for name in ("a", "b", "c"):
        with suppress(NoRoom):
            book.admit(name, "192.0.2.1")
    book.is_ready("a")

    told, found = numbers.stats(book, USUAL), samples(book)

    assert (told["available"], told["in_use"], told["starting"], told["refused"]) == (0, 1, 1, 1)
    for name in ("available", "capacity", "in_use", "starting"):
        assert found[f"hubkit_visitors_{name}", "", None] == told[name]
    assert found["hubkit_visitors_refused_total", "full", USUAL] == 1
    assert found["hubkit_visitors_admitted_total", "", None] == 2
    assert found["hubkit_visitors_handout_seconds_bucket", "+Inf", USUAL] == 1
    assert found["hubkit_visitors_handout_seconds_count", "", USUAL] == 1


def test_images(tmp_path, monkeypatch):
    """Hand-outs and refusals are told apart by image, however it was asked for."""
    book, clock = Ledger(tmp_path / "visitors.sqlite", 4), [1000.0]
    monkeypatch.setattr(ledger.time, "time", lambda: clock[0])
    for name, image in (("a", ""), ("b", "lab"), ("c", "r"), ("d", R)):
        book.admit(name, "192.0.2.1", image)
        clock[0] += 0.25
        book.is_ready(name)
    for image in ("r", "", R):
        with pytest.raises(NoRoom):
            book.admit("e", "192.0.2.1", image)

    found = samples(book)

    for image in (USUAL, R):
        assert found["hubkit_visitors_handout_seconds_bucket", "0.2", image] == 0
        assert found["hubkit_visitors_handout_seconds_bucket", "0.3", image] == 2
        assert found["hubkit_visitors_handout_seconds_sum", "", image] == pytest.approx(0.5)
    assert found["hubkit_visitors_refused_total", "full", USUAL] == 1
    assert found["hubkit_visitors_refused_total", "full", R] == 2
    assert found["hubkit_visitors_refused_total", "address", R] == 0
    assert {image for _, _, image in found} == {None, USUAL, R}


def test_older_file(tmp_path):
    """What an earlier version counted is there with no image, and goes on counting."""
    book = Ledger(tmp_path / "visitors.sqlite", 1)
    database = sqlite3.connect(tmp_path / "visitors.sqlite")
    older = {"admitted": 5, "refused_full": 3, "handout_0.3": 2, "handout_seconds": 0.5}
    database.executemany("INSERT INTO counts VALUES (?, ?)", older.items())
    database.commit()
    database.close()
    book.admit("a", "192.0.2.1", "r")
    with pytest.raises(NoRoom):
        book.admit("b", "192.0.2.1", "r")

    found = samples(book)

    assert found["hubkit_visitors_refused_total", "full", ""] == 3
    assert found["hubkit_visitors_refused_total", "full", R] == 1
    assert found["hubkit_visitors_handout_seconds_count", "", ""] == 2
    assert found["hubkit_visitors_handout_seconds_sum", "", ""] == 0.5
    assert numbers.stats(book, USUAL)["refused_full"] == 4


def test_an_image_of_before(tmp_path):
    """An image that is offered no more keeps its numbers."""
    book = Ledger(tmp_path / "visitors.sqlite", 1)
    book.admit("a", "192.0.2.1", "julia")
    book.is_ready("a")

    assert samples(book)["hubkit_visitors_handout_seconds_count", "", "julia"] == 1
