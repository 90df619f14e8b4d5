"""The API of temporary notebooks: what programs get, and what they are refused."""

from __future__ import annotations

import json

import pytest
import requests

from hubkit.visitors import is_visitor
from tests.signin.conftest import told
from tests.signin.visiting import VisitorHub

ORIGIN = "https://book.example.org"
ADMIN, TOKEN = "admin-of-the-tests", "t0ken-of-programs"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    environ = {
        "AUTH": "temporary",
        "TEMPORARY_CAPACITY": "30",
        "TEMPORARY_PER_ADDRESS": "0",
        "TEMPORARY_IMAGE": "example.org/lab/python:1,example.org/lab/r:2",
        "TEMPORARY_ADMIN_TOKEN": ADMIN,
        "CORS_ORIGINS": f"{ORIGIN},https://other.example.org",
    }
    made = VisitorHub(tmp_path_factory.mktemp("hub") / "hub", environ)
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture
def hub(running):
    yield running
    running.empty(ADMIN)


def test_spawn(hub):
    """A program gets an address and a token, which together open that server only."""
    first, second = (hub.visitor().post("/api/spawn").json() for _ in range(2))
    name = first["url"].rstrip("/").rpartition("/")[2]

    assert set(first) == {"url", "token"}
    assert is_visitor(name)
    assert first["url"] != second["url"]
    headers = {"Authorization": f"token {first['token']}"}
    page = f"/user/{name}/lab/tree/x.ipynb"
    answer = requests.get(hub.url(page), headers=headers, timeout=30)
    assert answer.json() == {"name": name, "uri": page}
    other = {"Authorization": f"token {second['token']}"}
    assert requests.get(hub.url(page), headers=other, timeout=30).status_code in {403, 404}
    without = requests.get(hub.url(page), headers={"Accept": "application/json"}, timeout=30)
    assert without.status_code == 403


def test_token_opens_nothing_else(hub):
    """The token is for the server: it makes no tokens, no servers and reads nobody."""
    token = hub.visitor().post("/api/spawn").json()["token"]
    headers = {"Authorization": f"token {token}"}

    for path in ("users", "users/boss", "proxy", "services"):
        answer = requests.get(hub.url(f"/hub/api/{path}"), headers=headers, timeout=30)
        assert answer.status_code in {403, 404}
    answer = requests.post(hub.url("/hub/api/temporary"), headers=headers, json={}, timeout=30)
    assert answer.status_code == 403


@pytest.mark.parametrize("body", [{"image": "r"}, {"profile": "python"}])
def test_image(hub, body):
    """An image is chosen by the last part of its name."""
    assert hub.visitor().post("/api/spawn", json=body).status_code == 200

    [visit] = hub.list(ADMIN)
    assert [visit["image"]] == list(body.values())


def test_hidden_page(hub):
    """The address of another site's image or frame takes no place; that of a program does."""
    refused = hub.visitor().get("/build/gh/a/b/main", headers={"Sec-Fetch-Site": "cross-site"})

    assert refused.status_code == 403
    assert hub.list(ADMIN) == []
    assert "event-stream" in hub.visitor().get("/build/gh/a/b/main").headers["Content-Type"]
    assert len(hub.list(ADMIN)) == 1


def test_page_of_an_image(hub):
    """A link chooses an image, whose hand-outs are counted; one there is not takes no place."""
    assert hub.visitor().opens("/hub/temporary?image=r")[0] == hub.list(ADMIN)[0]["name"]

    [visit] = hub.list(ADMIN)
    assert visit["image"] == "r"
    text = hub.visitor().get("/services/temporary/metrics").text
    assert 'handout_seconds_count{image="example.org/lab/r:2"}' in text
    refused = hub.visitor().get("/hub/temporary?image=julia")
    assert refused.status_code == 400
    assert "Unknown image julia" in told(refused)
    assert len(hub.list(ADMIN)) == 1


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ('{"image": "nobody/knows:1"}', 400, "Unknown image"),
        ('{"image": 7}', 400, "as text"),
        ('{"image": "r", "profile": "r"}', 400, "one image"),
        ('{"imgae": "r"}', 400, "Unknown: imgae"),
        ("[1]", 400, "an object"),
        ("{", 400, "not JSON"),
        ("[" * 10000, 400, "not JSON"),
        ("x" * 20000, 413, ""),
    ],
)
def test_bad_body(hub, body, status, said):
    """A wrong question is refused in JSON, and nobody is admitted."""
    answer = hub.visitor().post("/api/spawn", data=body, headers={"Origin": ORIGIN})

    assert answer.status_code == status
    assert said in answer.json()["message"]
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert not hub.seats()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/api/spawn", 200),
        ("POST", "/api/spawn/", 200),
        ("OPTIONS", "/api/spawn", 204),
        ("GET", "/api/stats", 200),
        ("GET", "/stats", 200),
        ("GET", "/api/spawn", 405),
        ("GET", "/api/visitors", 401),
        ("DELETE", "/api/visitors/tmp-abcdefgh", 401),
        ("DELETE", "/api/pool", 401),
        ("OPTIONS", "/api/pool", 204),
        ("GET", "/api/spawn/nothing/here", 404),
        ("GET", "/build/gh/a/b/main", 200),
    ],
)
def test_cors(hub, method, path, status):
    """Every answer, errors and preflights included, says whose pages may read it."""
    answers = {
        origin: requests.request(
            method, hub.url(path), headers={"Origin": origin} if origin else {}, timeout=30
        )
        for origin in (ORIGIN, "", "https://evil.example.org")
    }

    allowed = {key: one.headers.get("Access-Control-Allow-Origin") for key, one in answers.items()}
    assert allowed == {ORIGIN: ORIGIN, "": None, "https://evil.example.org": None}
    assert answers[ORIGIN].status_code == answers[""].status_code == status
    refused = answers["https://evil.example.org"]
    assert refused.status_code == 403
    assert "CORS_ORIGINS" in refused.json()["message"]
    assert "Authorization" in answers[ORIGIN].headers["Access-Control-Allow-Headers"]


def test_build(hub):
    """What thebe asks of BinderHub is answered with its events; the last has url and token."""
    answer = hub.visitor().get("/build/gh/org/r/main", headers={"Accept": "text/event-stream"})

    assert answer.headers["Content-Type"].startswith("text/event-stream")
    events = [
        json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")
    ]
    assert [events[0]["phase"], events[-1]["phase"]] == ["built", "ready"]
    ready = events[-1]
    assert ready["image"] == "example.org/lab/r:2"
    page = ready["url"].partition("/user/")[2]
    headers = {"Authorization": f"token {ready['token']}"}
    opened = requests.get(hub.url(f"/user/{page}api/x"), headers=headers, timeout=30)
    assert opened.json()["name"] == page.strip("/")


def test_build_failed(hub):
    """A start that fails is a last event as well, and the browser does not ask on its own."""
    (hub.path / "broken").touch()
    try:
        answer = hub.visitor().get("/build/gh/org/repo/main")
    finally:
        (hub.path / "broken").unlink()

    assert answer.text.startswith("retry: 10000000\n")
    assert '"phase": "failed"' in answer.text.splitlines()[-2]


def test_pages(hub):
    """The page of numbers asks nobody but this hub."""
    page = hub.visitor().get("/info")

    assert page.headers["Content-Type"].startswith("text/html")
    assert "http" not in page.text.replace("http-equiv", "")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    for name in ("info.js", "info.css"):
        assert f'"/services/temporary/{name}"' in page.text
        assert hub.visitor().get(f"/services/temporary/{name}").status_code == 200


def test_document(hub):
    """The OpenAPI document names what there is."""
    document = hub.visitor().get("/api/openapi.json").json()

    assert document["openapi"].startswith("3.")
    for path, methods in document["paths"].items():
        for method in methods:
            place = hub.url(path.replace("{name}", "tmp-abcdefgh"))
            if "{" in place:
                continue
            answer = requests.request(method, place, timeout=30)
            assert str(answer.status_code) in methods[method]["responses"]


def test_hundred_at_once(hub):
    """A hundred at once on thirty places: thirty servers, all different, and clean refusals."""
    answers = hub.rush(100)

    urls = {answer.json()["url"] for answer in answers if answer.status_code == 200}
    refused = [answer for answer in answers if answer.status_code == 503]
    assert (len(urls), len(refused)) == (30, 70)
    assert {one.json()["status"] for one in refused} == {"full"}
    assert all(int(one.headers["Retry-After"]) > 0 for one in refused)
    assert len(hub.names(ADMIN)) == 30


def test_hundred_visits(hub):
    """A hundred visits that ended leave nothing: no user, token, route or line."""
    hub.empty(ADMIN)
    before = hub.traces()

    for _ in range(4):
        assert {answer.status_code for answer in hub.rush(25)} == {200}
        hub.empty(ADMIN)

    assert hub.traces() == before


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    environ = {"AUTH": "temporary", "TEMPORARY_API_TOKEN": TOKEN, "TEMPORARY_PER_ADDRESS": "0"}
    made = VisitorHub(tmp_path_factory.mktemp("closed") / "hub", environ)
    try:
        yield made.start()
        assert TOKEN not in made.log()
    finally:
        made.stop()


def test_api_token(closed):
    """With a token set, programs need it, pages are off, and numbers are for everybody."""
    said = {"Authorization": f"token {TOKEN}"}
    spawn = closed.url("/api/spawn")

    assert requests.post(spawn, timeout=30).status_code == 401
    assert requests.post(spawn, headers={"Authorization": "token x"}, timeout=30).status_code == 403
    assert requests.post(spawn, headers=said, timeout=30).status_code == 200
    assert closed.visitor().get("/build/gh/a/b/main").status_code == 401
    stream = closed.visitor().get(f"/build/gh/a/b/main?build_token={TOKEN}")
    assert '"phase": "ready"' in stream.text
    assert closed.stats()["in_use"] == 2
    for page in ("/", "/lab/tree/x.ipynb", "/hub/temporary", "/info"):
        assert closed.visitor().get(page).status_code == 403
    assert requests.get(closed.url("/api/visitors"), headers=said, timeout=30).status_code == 403
    assert closed.stats()["in_use"] == 2
