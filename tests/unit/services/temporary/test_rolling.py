"""DELETE /api/pool: who may ask, for which image, and what is answered."""

from __future__ import annotations

import pytest

from hubkit.pool.nobody import for_visitors

ADMIN, API_TOKEN, ORIGIN = "t0ken", "pr0gram", "https://book.example.org"
IMAGES = {"TEMPORARY_IMAGE": "example.org/lab/python:1,example.org/lab/r:2"}
PYTHON, R = IMAGES["TEMPORARY_IMAGE"].split(",")
SETTINGS = {"TEMPORARY_ADMIN_TOKEN": ADMIN, "CORS_ORIGINS": ORIGIN, **IMAGES}


@pytest.fixture
def waiting(pool):
    pool.waiting = {PYTHON: 3, R: 2, "lab:named": 1}
    return pool


async def drain(client, query="", token=ADMIN, **headers):
    """Return the status, the JSON and the headers of the answer."""
    said = {"Authorization": f"token {token}"} if token else {}
    answer = await client.delete(f"/api/pool{query}", headers={**said, **headers})
    return answer.status, await answer.json(), answer.headers


async def test_all(served, waiting):
    """Without an image all that wait are replaced; the answer is how many, as in tmpnb."""
    assert (await drain(await served(**SETTINGS)))[:2] == (200, {"drained": 6})
    assert waiting.drained == [PYTHON, R, "lab:named"]


@pytest.mark.parametrize("image", ["r", R])
async def test_one(served, waiting, image):
    """One image is named by its word, or by all of its name."""
    assert (await drain(await served(**SETTINGS), f"?image={image}"))[1] == {"drained": 2}
    assert waiting.drained == [R]


async def test_beside_others(served, pool):
    """Where others have accounts, what waits for visitors goes with the image's name, too."""
    pool.waiting = {R: 2, for_visitors(R): 3, for_visitors(PYTHON): 1}

    assert (await drain(await served(**SETTINGS), "?image=r"))[1] == {"drained": 5}
    assert pool.drained == [R, for_visitors(R)]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?image=julia", f"'julia'; there are: {PYTHON}, {R}, lab:named."),
        ("?imgae=r", "?image="),
        ("?image=r&image=python", "?image="),
    ],
)
async def test_bad_query(served, waiting, query, said):
    """A wrong question is refused, and nothing is replaced."""
    status, told, headers = await drain(await served(**SETTINGS), query, Origin=ORIGIN)

    assert status == 400
    assert said in told["message"]
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert waiting.drained == []


async def test_nothing_waits(served, pool):
    """Where the pool is off the answer says so."""
    pool.unsupported = "POOL_SIZE=0"

    assert (await drain(await served(**SETTINGS)))[1] == {
        "drained": 0,
        "message": "Nothing waits: POOL_SIZE=0.",
    }
    status, told, _ = await drain(await served(**SETTINGS), "?image=r")
    assert (status, told["message"]) == (
        400,
        "Nothing waits with the image 'r'; there are: POOL_SIZE=0.",
    )


@pytest.mark.parametrize(
    ("token", "status"),
    [
        (ADMIN, 200),
        ("of-an-administrator", 200),
        ("of-ada", 403),
        (API_TOKEN, 403),
        ("wrong", 403),
        ("é", 403),
        ("", 401),
    ],
)
@pytest.mark.parametrize("method", ["pool", "list", "end"])
async def test_administrators(served, waiting, token, status, method):
    """tmpnb's token, or a hub administrator's: no other, and every answer can be read."""
    client = await served(**SETTINGS, TEMPORARY_API_TOKEN=API_TOKEN)
    words = {
        "pool": ("DELETE", "/api/pool"),
        "list": ("GET", "/api/visitors"),
        "end": ("DELETE", "/api/visitors/tmp-abcdefgh"),
    }
    said = {"Authorization": f"token {token}"} if token else {}

    answer = await client.request(*words[method], headers={"Origin": ORIGIN, **said})

    wanted = 404 if (method, status) == ("end", 200) else status
    assert answer.status == wanted
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "drained" in await answer.json() or (method, status) != ("pool", 200)
    assert bool(waiting.drained) == (method == "pool" and status == 200)


@pytest.mark.parametrize(("token", "status"), [("of-an-administrator", 200), ("", 401), ("x", 403)])
async def test_without_a_token_of_tmpnbs(served, waiting, token, status):
    """Where none is set only a hub administrator's does."""
    assert (await drain(await served(**IMAGES), token=token))[0] == status


async def test_another_site(served, waiting):
    """A page of an origin that is not allowed is refused, whatever token it has."""
    status, told, headers = await drain(await served(**SETTINGS), Origin="https://evil.example.org")

    assert (status, told["status"]) == (403, "origin")
    assert "Access-Control-Allow-Origin" not in headers
    assert waiting.drained == []


async def test_preflight(served):
    """A browser that asks first is told that it may."""
    client = await served(**SETTINGS)
    asks = {"Access-Control-Request-Method": "DELETE"}

    answer = await client.options("/api/pool", headers={"Origin": ORIGIN, **asks})

    assert answer.status == 204
    assert "DELETE" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


async def test_no_hub(served):
    """A pool that does not answer is said so, without where it would be."""
    client = await served(**SETTINGS)
    served.socket.unlink()

    status, told, headers = await drain(client, Origin=ORIGIN)

    assert (status, told["status"]) == (503, "failed")
    assert str(served.socket) not in told["message"]
    assert headers["Retry-After"]
    assert headers["Access-Control-Allow-Origin"] == ORIGIN


async def test_described(served):
    """The OpenAPI document has it, with all it answers."""
    document = await (await (await served(**SETTINGS)).get("/api/openapi.json")).json()

    about = document["paths"]["/api/pool"]["delete"]
    assert set(about["responses"]) == {"200", "400", "401", "403", "503"}
    assert [one["name"] for one in about["parameters"]] == ["image"]


@pytest.mark.parametrize(
    ("setting", "policy"),
    [
        ("", "frame-ancestors 'none'"),
        ("https://*.example.org", "frame-ancestors https://*.example.org"),
    ],
)
async def test_in_frames(served, setting, policy):
    """The service's page is shown in frames of FRAME_ANCESTORS only."""
    answer = await (await served(FRAME_ANCESTORS=setting)).get("/info")

    assert answer.headers["Content-Security-Policy"].endswith(f"; {policy}")
