"""The kernel gateway: what it is told, and what it refuses to be told."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hubkit_gateway import settings


@pytest.fixture
def told(tmp_path):
    """Return an environment whose files are all there."""
    tmp_path.chmod(0o700)
    names = {"CERT": "cert", "KEY": "key", "CLIENT_CA": "ca"}
    for name in names.values():
        (tmp_path / name).write_text(name)
    return {f"GATEWAY_{name}": str(tmp_path / file) for name, file in names.items()}


def test_settings(told, tmp_path):
    """What is not set has a default; empty is not set."""
    (tmp_path / "token").write_text("secret\n")
    read = settings.Settings.read(
        {**told, "KG_AUTH_TOKEN_FILE": str(tmp_path / "token"), "GATEWAY_PORT": ""}
        | {"GATEWAY_ALLOWED_ENVS": " A, B,"}
    )

    assert (read.port, read.token, read.allowed_envs) == (8888, "secret", ("A", "B"))
    assert "secret" not in repr(read)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        pytest.param({"GATEWAY_PORT": "0"}, "from 1 to 65535", id="no port"),
        pytest.param({"GATEWAY_KERNELS_PER_USER": "-1"}, "from 1 to 1000", id="negative"),
        pytest.param({"GATEWAY_IDLE_TIMEOUT": "1h"}, "must be a number", id="no number"),
        pytest.param({"GATEWAY_KEY": "/nowhere"}, "No such file", id="no file"),
        pytest.param({"GATEWAY_CRL": "/nowhere"}, "No such file", id="no list where one is named"),
        pytest.param({"KG_AUTH_TOKEN_FILE": "/nowhere"}, "No such file", id="no token"),
    ],
)
def test_wrong_settings(told, wrong, said):
    """Nothing starts with them."""
    with pytest.raises(settings.Refused) as refused:
        settings.Settings.read({**told, **wrong})

    assert said in str(refused.value)
    assert next(iter(wrong)) in str(refused.value)


def test_an_empty_token(told, tmp_path):
    """A file that is named and says nothing must not mean that no token is needed."""
    (tmp_path / "token").write_text(" \n")

    with pytest.raises(settings.Refused, match="is empty"):
        settings.Settings.read({**told, "KG_AUTH_TOKEN_FILE": str(tmp_path / "token")})


def test_a_token_where_it_is_looked_for(told, tmp_path, monkeypatch):
    """A file in the gateway's folder counts by itself, and as it is now."""
    monkeypatch.setattr(settings, "FOLDER", str(tmp_path))
    monkeypatch.setattr(settings, "TOKEN", tmp_path / "token")
    assert settings.Settings.read(told).token == ""
    (tmp_path / "token").write_text("first\n")
    read = settings.Settings.read(told)
    assert read.token == "first"

    (tmp_path / "token").write_text("second")
    assert read.token_now("first") == "second"
    (tmp_path / "token").write_text("")
    assert read.token_now("second") == "second"
    (tmp_path / "token").unlink()
    assert read.token_now("second") == ""


def test_a_token_that_is_named(told, tmp_path):
    """The file that is named may not go: that would open the door. Another never changes."""
    (tmp_path / "mine").write_text("first")
    read = settings.Settings.read({**told, "KG_AUTH_TOKEN_FILE": str(tmp_path / "mine")})
    (tmp_path / "mine").unlink()

    assert read.token_now("first") == "first"
    assert settings.Settings.read({**told, "KG_AUTH_TOKEN": "x"}).token_now("x") == "x"


def test_everything_wrong_is_said(told):
    """At once, and without the token."""
    wrong = {"GATEWAY_PORT": "x", "KG_AUTH_TOKEN": "secret", "KG_AUTH_TOKEN_FILE": "/nowhere"}

    with pytest.raises(settings.Refused) as refused:
        settings.Settings.read({**told, **wrong})

    assert len(refused.value.problems) == 3
    assert "secret" not in str(refused.value)


def test_a_key_that_kernels_could_read():
    """It counts whether it can be reached as well."""
    with tempfile.TemporaryDirectory() as name:
        folder, key = Path(name), Path(name) / "key"
        key.touch()
        key.chmod(0o644)
        folder.chmod(0o755)
        assert "chmod" in settings.exposed(key)

        folder.chmod(0o750)
        assert not settings.exposed(key)

        folder.chmod(0o755)
        key.chmod(0o640)
        assert not settings.exposed(key)
