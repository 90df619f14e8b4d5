"""AUTH=temporary: who comes gets a server of their own, by redirects only."""

from __future__ import annotations

import sqlite3

import pytest

from hubkit.visitors import is_visitor
from tests.signin.conftest import told
from tests.signin.visiting import VisitorHub


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    environ = {"AUTH": "temporary", "TEMPORARY_CAPACITY": "1000", "TEMPORARY_PER_ADDRESS": "0"}
    made = VisitorHub(tmp_path_factory.mktemp("hub") / "hub", environ)
    try:
        yield made.start()
    finally:
        made.stop()


def test_visit(hub):
    """A visit to the start page ends at a running server of a fresh random user."""
    visitor = hub.visitor()

    answer = visitor.get("/")

    name = answer.json()["name"]
    assert is_visitor(name)
    assert answer.json()["uri"].startswith(f"/user/{name}/")
    assert all(step.status_code in {302, 303} for step in answer.history)
    assert len(answer.history) < 20  # as many as a browser follows
    assert hub.visitor().opens("/")[0] != name


def test_reload(hub):
    """A reload in the same session returns to the same server."""
    visitor = hub.visitor()
    name, _ = visitor.opens("/")

    assert [visitor.opens(page)[0] for page in ("/", "/hub/", "/hub/temporary")] == [name] * 3


@pytest.mark.parametrize(
    ("link", "opened"),
    [
        ("/lab/tree/x.ipynb", "lab/tree/x.ipynb"),
        (
            "/lab/tree/a%20b/%C3%A9%23.ipynb?x=1&y=a%20b",
            "lab/tree/a%20b/%C3%A9%23.ipynb?x=1&y=a%20b",
        ),
        ("/notebooks/x.ipynb", "notebooks/x.ipynb"),
        ("/tree/d", "tree/d"),
        ("/files/f.csv?download=1", "files/f.csv?download=1"),
        ("/spawn/notebooks/x.ipynb?a=b", "notebooks/x.ipynb?a=b"),
        ("/spawn/tree/d", "tree/d"),
        ("/spawn/tree", "tree"),
        ("/spawn/lab/", "lab/"),
        (
            "/hub/user-redirect/git-pull?repo=https%3A%2F%2Fx.org%2Fr",
            "git-pull?repo=https://x.org/r",
        ),
    ],
)
def test_deep_link(hub, link, opened):
    """A link opens its document in a fresh server, and later in the same; the query stays."""
    visitor = hub.visitor()

    name, first = visitor.opens(link)

    assert first == opened
    assert visitor.opens(link) == (name, opened)


def test_old_spawn_link(hub):
    """tmpnb's own `/spawn` starts a server."""
    assert is_visitor(hub.visitor().opens("/spawn")[0])


def refreshed(answer):
    """Return where a page leads by itself."""
    return answer.text.split("url=")[1].split('"')[0].replace("&amp;", "&")


@pytest.mark.parametrize(
    "link", ["/user/{}/notebooks/x.ipynb?a=b", "/spawn/user/{}/notebooks/x.ipynb?a=b"]
)
@pytest.mark.parametrize("name", ["tmp-abcdefghijkl", "Xk3vBn9QpLmA", "u"])
def test_stale_link(hub, link, name):
    """A link to a server that is gone, be it tmpnb's, says so, and opens a fresh one there."""
    visitor, before = hub.visitor(), hub.seats()

    answer = visitor.get(link.format(name))

    assert answer.status_code == 404
    assert "This server is gone" in told(answer)
    assert "tmp-" not in told(answer)
    assert hub.seats() == before
    mine, document = visitor.opens(refreshed(answer))
    assert document == "notebooks/x.ipynb?a=b"
    assert hub.seats() == before + 1
    assert visitor.opens(refreshed(visitor.get(link.format(name)))) == (mine, document)


@pytest.mark.parametrize("link", ["/user/{}/lab", "/spawn/user/{}/lab"])
def test_link_to_a_stranger(hub, link):
    """A link to somebody else's running server leads nobody in, and takes no place."""
    name, _ = hub.visitor().opens("/")
    visitor, before = hub.visitor(), hub.seats()

    answer = visitor.get(link.format(name))

    assert answer.status_code == 404
    assert "This server is gone" in told(answer)
    assert hub.seats() == before
    assert visitor.opens(refreshed(answer))[0] != name


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Mode": "cors"},
        {"Accept": "application/json"},
        {"Sec-Purpose": "prefetch"},
    ],
)
@pytest.mark.parametrize(
    "path", ["/user/tmp-abcdefghijkl/api/kernels", "/user/tmp-abcdefghijkl/lab", "/hub/temporary"]
)
def test_no_page(hub, headers, path):
    """A tab left open, a script, a prefetch: none of them takes a server."""
    before = hub.log().count("User logged in")

    answer = hub.visitor().get(path, headers=headers)

    assert answer.status_code in {403, 424}
    assert hub.log().count("User logged in") == before


def test_rights(hub):
    """A visitor administers nothing and sees nobody else's server."""
    first, second = hub.visitor(), hub.visitor()
    name, other = first.opens("/")[0], second.opens("/")[0]

    assert first.get("/hub/admin").status_code == 403
    assert first.get(f"/hub/api/users/{other}").status_code in {403, 404}
    assert first.get(f"/user/{other}/lab").status_code == 403
    assert first.get(f"/hub/api/users/{name}").json()["admin"] is False


def test_nothing_in_the_register(hub):
    """Visitors leave nothing in the register."""
    hub.visitor().opens("/")

    database = sqlite3.connect(hub.path / "people.sqlite")
    names = [
        name
        for (name,) in database.execute("SELECT name FROM people UNION SELECT name FROM identities")
    ]
    database.close()
    assert not [name for name in names if is_visitor(name)]
