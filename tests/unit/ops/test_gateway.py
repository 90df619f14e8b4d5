"""The kernel gateway of the stack: what one line in .env means, and what contradicts it."""

from __future__ import annotations

import pytest

from hubkit import settings
from hubkit.ops import checks, gateway

ON = {"COMPOSE_PROFILES": "gateway"}
OWN = "https://kernel-gateway:8888"
ELSEWHERE = "https://gateway.example.org:8888"


def read(**environ):
    found, problems = settings.check(environ)
    assert problems == []
    return found


@pytest.mark.parametrize("written", [{}, {"KG_URL": OWN}, {"KG_URL": f"{OWN}/"}], ids=str)
def test_one_line_is_enough(written):
    """The profile leads every server to the stack's own gateway, with certificates."""
    env = read(**ON, **written)

    assert (env.own_gateway, env.kg_url) == (True, OWN)
    assert (env.client_key, env.client_cert, env.client_ca) == ("key.pem", "cert.pem", "cacert.pem")
    assert gateway.problems(env) == []


def test_names_that_are_written_stay():
    """What the files are called may still be chosen."""
    assert read(**ON, CLIENT_CERT="mine.crt").client_cert == "mine.crt"


@pytest.mark.parametrize("environ", [{}, {"KG_URL": ELSEWHERE}], ids=str)
def test_without_the_profile(environ):
    """Nothing changes where it is off."""
    env = read(**environ)

    assert (env.own_gateway, env.client_cert) == (False, "")
    assert gateway.problems(env) == []


def test_two_gateways():
    """A site file may send some there and others elsewhere."""
    env = read(**ON, KG_URL=ELSEWHERE, SITE_CONFIG="mine.py")

    assert (env.kg_url, env.client_cert) == (ELSEWHERE, "")
    assert gateway.problems(env) == []


@pytest.mark.parametrize(
    ("environ", "what", "cure"),
    [
        pytest.param({"KG_URL": OWN}, f"KG_URL={OWN}", "COMPOSE_PROFILES=gateway", id="off"),
        pytest.param(
            {**ON, "KG_URL": "https://kernel-gateway:9999"},
            "KG_URL=https://kernel-gateway:9999",
            f"KG_URL={OWN}",
            id="another port",
        ),
        pytest.param(
            {**ON, "KG_URL": "http://kernel-gateway:8888"},
            "KG_URL=http://kernel-gateway:8888",
            f"KG_URL={OWN}",
            id="in the clear",
        ),
        pytest.param(
            {**ON, "KG_URL": ELSEWHERE}, "COMPOSE_PROFILES=gateway", "SITE_CONFIG", id="two"
        ),
    ],
)
def test_contradictions(environ, what, cure):
    """What cannot work is refused with the line."""
    [problem] = gateway.problems(read(**environ))

    assert problem.what == what
    assert cure in problem.cure


@pytest.mark.parametrize("written", ["gatewy", "gateway,", "x, gateway"])
def test_a_profile_nobody_knows(written):
    """A misspelled one would start nothing."""
    _, [problem] = settings.check({"COMPOSE_PROFILES": written})

    assert problem.what == f"COMPOSE_PROFILES={written}"


def test_missing_files(tmp_path):
    """What the gateway needs must be there before anything starts; how it gets there is said."""
    (tmp_path / ".env").write_text("COMPOSE_PROFILES=gateway\n")
    kit, found = checks.files(tmp_path)

    [problem] = [one for one in found if one.what.startswith("secrets/gateway-ca")]
    assert problem in gateway.missing(kit.env, tmp_path)
    assert "key.pem, cert.pem, client-ca.pem, crl.pem" in problem.what
    assert "'make up'" in problem.cure
    assert gateway.missing(read(), tmp_path) == []
