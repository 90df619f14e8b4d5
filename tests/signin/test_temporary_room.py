"""AUTH=temporary: how many visitors there may be, and what others are told."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.signin.conftest import told
from tests.signin.visiting import VisitorHub
from tests.support import until

TOKEN = "admin-of-the-tests"
CAPACITY = 4
ORIGIN = "https://book.example.org"
ADMIN = {"Authorization": f"token {TOKEN}"}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    environ = {
        "AUTH": "temporary",
        "TEMPORARY_CAPACITY": str(CAPACITY),
        "TEMPORARY_PER_ADDRESS": "2",
        "TEMPORARY_ADMIN_TOKEN": TOKEN,
        "TEMPORARY_IDLE_TIMEOUT": "0",
        "CORS_ORIGINS": ORIGIN,
    }
    made = VisitorHub(tmp_path_factory.mktemp("hub") / "hub", environ)
    try:
        yield made.start()
        assert TOKEN not in made.log()
    finally:
        made.stop()


@pytest.fixture
def hub(running):
    yield running
    running.empty(TOKEN)


def test_full(hub):
    """Whoever comes to a full hub reads so, with the right status, and gets in later."""
    for number in range(CAPACITY):
        hub.visitor(f"192.0.2.{number}").opens("/")
    late = hub.visitor("192.0.2.99")

    answer = late.get("/lab/tree/x.ipynb")

    assert answer.status_code == 503
    assert "All places for visitors are taken" in told(answer)
    wait = answer.headers["Retry-After"]
    assert f'http-equiv="refresh" content="{wait}"' in answer.text
    assert int(wait) > 0
    hub.end(next(iter(hub.names(TOKEN))), TOKEN)
    # The page asks for itself again.
    assert late.get(answer.url.removeprefix(hub.url())).json()["uri"].endswith("/lab/tree/x.ipynb")


def test_address(hub):
    """One address gets its share only; a whole network of IPv6 is one address."""
    for host in ("1", "2"):
        hub.visitor(f"2001:db8::{host}").opens("/")

    answer = hub.visitor("2001:db8::3").get("/")

    assert answer.status_code == 429
    assert "from your address" in told(answer)
    assert answer.headers["Retry-After"]
    hub.visitor("2001:db8:0:1::3").opens("/")


def test_program(hub):
    """A program is told the same, in JSON."""
    for _ in range(2):
        assert hub.visitor("192.0.2.7").post("/api/spawn").status_code == 200

    answer = hub.visitor("192.0.2.7").post("/api/spawn", headers={"Origin": ORIGIN})

    assert answer.status_code == 429
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.json()["status"] == "address"
    assert answer.headers["Retry-After"]
    for number in range(2):
        hub.visitor(f"192.0.2.{number}").post("/api/spawn")
    answer = hub.visitor("192.0.2.99").post("/api/spawn", headers={"Origin": ORIGIN})
    assert (answer.status_code, answer.json()["status"]) == (503, "full")
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]


def handed_out(hub):
    """Return how many hand-outs the histogram has counted."""
    text = hub.visitor().get("/services/temporary/metrics").text
    count = r"^hubkit_visitors_handout_seconds_count\{image=\".*\"\} ([0-9.]+)$"
    return sum(map(float, re.findall(count, text, re.MULTILINE)))


def test_counted(hub):
    """Refusals, seats and the time until a server was ready are counted."""
    before, handed = hub.stats(), handed_out(hub)
    for number in range(CAPACITY + 2):
        hub.visitor(f"192.0.2.{number}").post("/api/spawn")

    now = hub.stats()

    assert (now["available"], now["in_use"], now["capacity"]) == (0, CAPACITY, CAPACITY)
    assert now["refused_full"] - before["refused_full"] == 2
    assert now["refused"] - before["refused"] == 2
    text = hub.visitor().get("/services/temporary/metrics").text
    assert f"hubkit_visitors_in_use {CAPACITY}.0" in text
    refused = re.search(
        r'^hubkit_visitors_refused_total\{.*why="full".*\} (.+)$', text, re.MULTILINE
    )
    assert float(refused[1]) == now["refused_full"]
    assert handed_out(hub) - handed == CAPACITY


def test_rush(hub):
    """Many at once, by both doors: never above the capacity, and everybody gets an answer."""

    def come(number):
        one = hub.visitor(f"198.51.100.{number}")
        return one.get("/") if number % 2 else one.post("/api/spawn")

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(come, range(20)))

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] * CAPACITY + [503] * (20 - CAPACITY)
    assert len(hub.names(TOKEN)) == CAPACITY


def test_broken(hub):
    """A server that does not start is no endless loop, and its place becomes free."""
    (hub.path / "broken").touch()
    try:
        answer = hub.visitor("192.0.2.1").post("/api/spawn")
        page = hub.visitor("192.0.2.2").get("/")
    finally:
        (hub.path / "broken").unlink()

    assert (answer.status_code, answer.json()["status"]) == (503, "failed")
    assert page.status_code == 500
    assert not hub.stats()["in_use"]
    # The visitor of the API is gone at once; that of the page may try again for a while.
    assert len(hub.names(TOKEN)) == 1


def test_restart(hub):
    """A hub that is started again knows its visitors, from where and since when they are."""
    visitor = hub.visitor()
    name, _ = visitor.opens("/")
    [before] = hub.list(TOKEN)

    hub.stop()
    hub.start()

    assert hub.list(TOKEN) == [before]
    assert before["name"] == name


def test_administrator(hub):
    """Visits are listed and ended with the token of administrators only."""
    visitor = hub.visitor("192.0.2.55")
    name, _ = visitor.opens("/")
    url = hub.url("/api/visitors")

    assert requests.get(url, timeout=10).status_code == 401
    assert requests.get(url, headers={"Authorization": "token x"}, timeout=10).status_code == 403
    [listed] = hub.list(TOKEN)
    assert (listed["name"], listed["address"]) == (name, "192.0.2.55")
    assert requests.delete(f"{url}/boss", headers=ADMIN, timeout=10).status_code == 404
    assert requests.delete(f"{url}/{name}", headers=ADMIN, timeout=30).status_code == 204
    assert requests.delete(f"{url}/{name}", headers=ADMIN, timeout=30).status_code == 404
    until(lambda: not hub.names(TOKEN), 10, "the visit is over")
    assert "This server is gone" in told(visitor.get(f"/user/{name}/lab"))


def test_the_ledger_is_lost(hub):
    """Who is here stays, and counts since their server was started."""
    name = hub.visitor().opens("/")[0]
    [before] = hub.list(TOKEN)
    with contextlib.closing(sqlite3.connect(hub.path / "visitors.sqlite")) as database, database:
        database.execute("DELETE FROM visitors")

    until(lambda: hub.names(TOKEN) == {name}, 60, "the visit is known again")

    [after] = hub.list(TOKEN)
    assert after["since"] == pytest.approx(before["since"], abs=10)
    time.sleep(2)
    assert hub.names(TOKEN) == {name}


def test_slow(hub):
    """A start that takes longer than a page waits is no less a hand-out, once it is there."""
    visitor, counted = hub.visitor(), handed_out(hub)
    (hub.path / "slow").touch()
    try:
        page = visitor.get("/lab")
    finally:
        (hub.path / "slow").unlink()
    assert "/hub/spawn-pending/" in page.url
    waiting = page.url.removeprefix(hub.url())

    until(lambda: "/spawn-pending/" not in visitor.get(waiting).url, 60, "it has started")

    told = hub.stats()
    assert (told["in_use"], told["starting"]) == (1, 0)
    assert handed_out(hub) == counted + 1
