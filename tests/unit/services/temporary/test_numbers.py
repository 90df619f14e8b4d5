"""The same numbers as JSON and for Prometheus."""

from __future__ import annotations

from contextlib import suppress

from prometheus_client.parser import text_string_to_metric_families

from hubkit.auth.ledger import Ledger, NoRoom
from hubkit.services.temporary import numbers


def test_metrics(tmp_path):
    """Every number of the JSON is a metric; the histogram counts all hand-outs."""
    book = Ledger(tmp_path / "visitors.sqlite", 2)
    for name in ("a", "b", "c"):
        with suppress(NoRoom):
            book.admit(name, "192.0.2.1")
    book.is_ready("a")

    told = numbers.stats(book, "lab:1")
    text = numbers.exposition(book, "lab:1").decode()

    assert (told["available"], told["in_use"], told["starting"], told["refused"]) == (0, 1, 1, 1)
    samples = {
        (one.name, one.labels.get("why", one.labels.get("le", ""))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }
    for name in ("available", "capacity", "in_use", "starting"):
        assert samples[f"hubkit_visitors_{name}", ""] == told[name]
    assert samples["hubkit_visitors_refused_total", "full"] == 1
    assert samples["hubkit_visitors_admitted_total", ""] == 2
    assert samples["hubkit_visitors_handout_seconds_bucket", "+Inf"] == 1
    assert samples["hubkit_visitors_handout_seconds_count", ""] == 1
