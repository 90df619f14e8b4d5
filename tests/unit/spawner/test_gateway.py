"""What a server is told about the kernel gateway, and what does not fit together."""

from __future__ import annotations

import pytest

from hubkit import stack
from hubkit.certs.places import Names
from hubkit.settings import Settings, check
from hubkit.spawner import gateway
from hubkit.spawner.gateway import Gateway

URL = "https://Gateway.example.org:8888/http"
CLIENT = {"CLIENT_KEY": "key.pem", "CLIENT_CERT": "cert.pem"}


def made(**env):
    return Gateway.of(Settings.from_env(env))


def test_without_an_address_nothing_appears():
    assert made().environment("ada", None) == {}


def test_both_generations_of_names_say_the_same():
    env = made(KG_URL=URL, KG_AUTH_TOKEN="hush", KG_ALLOWED_ENVS="A,B").environment("ada", None)

    assert env["JUPYTER_GATEWAY_URL"] == env["KG_URL"] == URL
    # Jupyter Server would lower-case it and replace every "http".
    assert env["JUPYTER_GATEWAY_WS_URL"] == "wss://Gateway.example.org:8888/http"
    assert env["JUPYTER_GATEWAY_AUTH_TOKEN"] == env["KG_AUTH_TOKEN"] == "hush"
    assert env["JUPYTER_GATEWAY_ALLOWED_ENVS"] == "A,B"
    assert env["JUPYTER_GATEWAY_RETRY_MAX"] == env["KG_WS_RETRY_MAX"] == "5"
    assert env["KERNEL_USERNAME"] == "ada"
    assert not any("CLIENT" in name for name in env)


def test_a_name_for_nb2kg_only_where_there_is_no_token():
    """It would send the name in the token's place."""
    assert made(KG_URL=URL).environment("ada", None)["KG_HTTP_USER"] == "ada"
    assert "KG_HTTP_USER" not in made(KG_URL=URL, KG_AUTH_TOKEN="hush").environment("ada", None)


def test_a_private_authority_lies_where_the_hub_has_its_secrets():
    assert made(KG_CA_FILE="secrets/ca.crt").ca_file == str(stack.ROOT / "secrets/ca.crt")


@pytest.mark.parametrize("written", ["false", "False", "0", "no"])
def test_every_no_is_one_both_programs_understand(written):
    env = made(KG_URL=URL, VALIDATE_KG_CERT=written).environment("ada", None)

    assert env["JUPYTER_GATEWAY_VALIDATE_CERT"] == env["VALIDATE_KG_CERT"] == "false"


def test_files_are_named_where_they_are_placed():
    env = made(KG_URL=URL, **CLIENT).environment("ada", Names("key.pem", "cert.pem", "ca.pem"))

    assert env["JUPYTER_GATEWAY_CLIENT_KEY"] == env["KG_CLIENT_KEY"] == "/etc/jupyterpki/key.pem"
    assert env["JUPYTER_GATEWAY_CA_CERTS"] == "/etc/jupyterpki/ca.pem"
    assert env["CLIENT_CERT"] == "cert.pem"


def test_the_token_does_not_show():
    assert "hush" not in repr(made(KG_URL=URL, KG_AUTH_TOKEN="hush"))


@pytest.mark.parametrize(
    ("env", "what"),
    [
        ({"KG_URL": URL, "CLIENT_KEY": "key.pem"}, "CLIENT_KEY=key.pem"),
        ({"KG_URL": URL, "CLIENT_CERT": "cert.pem"}, "CLIENT_CERT=cert.pem"),
        ({"KG_URL": URL, "CLIENT_CA": "ca.pem"}, "CLIENT_CA=ca.pem"),
        ({"KG_URL": "http://g.org", **CLIENT}, "KG_URL=http://g.org"),
        (CLIENT, "CLIENT_CERT=cert.pem"),
        ({"KG_URL": "https://g.org", "KG_WS_URL": "ws://g.org"}, "KG_WS_URL=ws://g.org"),
        ({"SERVER_ENV": "KERNEL_USERNAME=x"}, "SERVER_ENV: KERNEL_USERNAME"),
        ({"KG_URL": URL, "SERVER_ENV": "A=1,KG_AUTH_TOKEN=x"}, "SERVER_ENV: KG_AUTH_TOKEN"),
        ({"KG_URL": URL, "SERVER_ENV": "KG_HTTP_USER=x"}, "SERVER_ENV: KG_HTTP_USER"),
        ({"KG_URL": "https://g.org", "KG_WS_URL": "wss://h.org"}, "KG_WS_URL=wss://h.org"),
    ],
)
def test_what_does_not_fit_is_named(env, what):
    [problem] = gateway.problems(Settings.from_env(env))

    assert problem.what == what


@pytest.mark.parametrize(
    "env", [{}, {"KG_URL": URL}, {"KG_URL": URL, **CLIENT}, {"SERVER_ENV": "KG_URL=http://x"}]
)
def test_what_fits(env):
    assert gateway.problems(Settings.from_env(env)) == []


@pytest.mark.parametrize("written", ["gateway:8888", "https://g.org:70000", "ftp://g.org"])
def test_an_address_that_is_none_is_refused(written):
    _, [problem] = check({"KG_URL": written})

    assert problem.what == f"KG_URL={written}"
