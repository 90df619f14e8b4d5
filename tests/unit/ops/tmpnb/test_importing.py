"""A whole command line as lines for ``.env``."""

from __future__ import annotations

import pytest

from hubkit import envfile, settings
from hubkit.ops.tmpnb import importing
from hubkit.ops.tmpnb.table import ROWS

DEFAULTS = {
    "TEMPORARY_CAPACITY": "10",
    "POOL_SIZE": "10",
    "DEFAULT_URL": "/tree",
    "TEMPORARY_MEM_LIMIT": "512M",
}
IQSS = """
docker run --net=host -d -e CONFIGPROXY_AUTH_TOKEN=$TOKEN --name=proxy \\
    jupyter/configurable-http-proxy --default-target http://127.0.0.1:9999
sleep 10
docker run --net=host -d -e CONFIGPROXY_AUTH_TOKEN=$TOKEN \\
    -v /var/run/docker.sock:/docker.sock iqss-tmpnb python orchestrate.py \\
    --image='iqss-jupyter-notebook' --pool-size=30 --cpu-quota=50000 --mem-limit='1g' \\
    --command='start-notebook.sh "--NotebookApp.base_url={base_path} --ip=0.0.0.0 \\
      --port={port} --NotebookApp.token='' --NotebookApp.trust_xheaders=True"'
"""
# One value that tmpnb takes for each of its options and variables.
VALUES = {
    "image": "jupyter/demo:1",
    "command": "jupyter lab --notebook-dir=/srv/talks --base_url={base_path}",
    "pool-name": "demo",
    "redirect-uri": "/lab",
    "mem-limit": "1g",
    "cpu-quota": "50000",
    "container-user": "1000:100",
    "docker-network": "demo",
    "extra-hosts": "db:10.0.0.1",
    "host-directories": "/srv/data:/data:ro",
    "allow-origin": "https://a.org",
    "logging": "debug",
    "DOCKER_HOST": "unix:///run/docker.sock",
}


def given(row):
    """Return a command line that gives this row alone a value."""
    value = VALUES.get(row.name, "20")
    if row.name.isupper():
        return f"{row.name}={value} orchestrate.py"
    return f"orchestrate.py --{row.name}" + ("" if row.flag else f"='{value}'")


def test_nothing_told():
    """Without options, what tmpnb did by default is done."""
    found = importing.read(["orchestrate.py"])

    assert found.env == {"AUTH": "temporary", **DEFAULTS}
    assert found.by_default == set(DEFAULTS)
    assert (found.nothing, found.lost, found.problems) == ([], [], [])


def test_a_script():
    """The workshop service's own start script, as it was."""
    found = importing.read([IQSS])

    assert found.problems == []
    written = {name: found.env[name] for name in found.env if name not in found.by_default}
    assert written == {
        "AUTH": "temporary",
        "DOCKER_NOTEBOOK_IMAGE": "iqss-jupyter-notebook",
        "TEMPORARY_CAPACITY": "30",
        "POOL_SIZE": "30",
        "TEMPORARY_MEM_LIMIT": "1G",
        "TEMPORARY_CPU_LIMIT": "0.5",
    }
    assert [one.partition(":")[0] for one in found.nothing] == [
        "--command",
        "CONFIGPROXY_AUTH_TOKEN",
        "configurable-http-proxy",
    ]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_option_has_its_place(row):
    """Given, it becomes its settings, or is named among what needs none or has no place."""
    found = importing.read([given(row)])
    rest = importing.read(["orchestrate.py"])

    assert found.problems == []
    named = [*found.nothing, *found.lost]
    assert len(named) == (0 if row.settings else 1)
    assert bool(found.lost) == row.lost
    changed = {name for name in found.env if found.env[name] != rest.env.get(name)}
    assert changed <= set(row.settings)
    assert bool(changed) == bool(row.settings)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_is_printed_is_an_env(tmp_path, row):
    """The lines, comments among them, are read again as the values they were, and taken."""
    found = importing.read([given(row)])
    text = found.text()
    values, problems = envfile.parse(text.encode())
    (tmp_path / ".env").write_text(text)
    (tmp_path / "secrets").mkdir()
    for name in values:
        if name.endswith("_FILE"):
            (tmp_path / values[name]).write_text("0123456789abcdef")
            (tmp_path / values[name]).chmod(0o600)

    assert (values, problems) == (found.env, [])
    assert settings.check_file(tmp_path / ".env", {})[1] == []


def test_words():
    """The shell may have split the line already."""
    words = ["docker", "run", "jupyter/tmpnb", "--command=x {base_path} 'a b'", "--pool-size=3"]

    found = importing.read(words)

    assert found.env["POOL_SIZE"] == "3"
    assert [one.partition(": ")[0] for one in found.lost] == ["--command=x {base_path} 'a b'"]


def test_comments_are_one_line():
    """A line end in what was written begins no line of its own."""
    found = importing.read(["orchestrate.py", "--command=x {base_path}\nAUTH=native"])

    assert envfile.parse(found.text().encode()) == (found.env, [])


def test_every_mistake_at_once():
    found = importing.read(
        ["API_AUTH_TOKNE=x orchestrate.py --pool-sise=3 --mem-limit=lots --image --quickly 7"]
    )

    assert [(one.what, one.cure) for one in found.problems] == [
        ("7", "Options are written --NAME=VALUE, in one word; a value with spaces in quotes."),
        ("API_AUTH_TOKNE", "Did you mean API_AUTH_TOKEN?"),
        ("--pool-sise", "Did you mean --pool-size?"),
        ("--quickly", "Leave it out."),
        ("--image", "Write --image=VALUE, in one word; tmpnb takes no other form."),
        ("--mem-limit=lots", "Here it becomes TEMPORARY_MEM_LIMIT: of one server."),
    ]


def test_flags():
    """A flag may be said to be off."""
    assert importing.read(["orchestrate.py --host-network"]).lost
    assert importing.read(["orchestrate.py --host-network=True"]).lost
    assert not importing.read(["orchestrate.py --host-network=False"]).lost


def test_tokens_are_not_shown():
    found = importing.read(["API_AUTH_TOKEN=hunter2 ADMIN_AUTH_TOKEN=hunter2 orchestrate.py"])

    assert found.env["TEMPORARY_API_TOKEN_FILE"] == "secrets/temporary-api-token"
    assert "hunter2" not in found.text()


def test_value_env_cannot_hold():
    """What Compose would read as something else is refused, with what to do."""
    found = importing.read(["orchestrate.py --redirect-uri='/tree/$HOME'"])

    [problem] = found.problems
    assert "'$'" in problem.wrong
    assert "DEFAULT_URL in .env" in problem.cure


def test_other_variables():
    """A variable that is not tmpnb's is named, not refused."""
    found = importing.read(["docker run -e TZ=UTC jupyter/tmpnb"])

    assert [one.partition(":")[0] for one in found.lost] == ["TZ"]


@pytest.mark.parametrize("socket", ["/var/run/docker.sock", "/run/user/1/docker.sock"])
def test_socket(socket):
    """The usual one needs no line."""
    found = importing.read([f"docker run -v {socket}:/docker.sock jupyter/tmpnb"])

    assert found.env.get("DOCKER_SOCKET", "/var/run/docker.sock") == socket


def test_settings_exist():
    """Every name of the table is a setting of this kit."""
    assert {name for row in ROWS for name in row.settings} <= settings.allowed_names()
