"""What `jupyterhub_config.py` and a site's file configure is built, and mistakes are found."""

from __future__ import annotations

import re

import pytest

from hubkit.ops import configured
from hubkit.settings import written_values


@pytest.fixture
def look(checkout):
    """Return a function that says what is wrong with a checkout that has this site file."""

    def build(site="", **environ):
        (checkout / "site" / "ours.py").write_text(site)
        values = written_values(checkout / ".env", {"SITE_CONFIG": "ours.py", **environ})
        return configured.problems(checkout / "jupyterhub_config.py", values)

    return build


def test_good(look, checkout):
    """The kit's own configuration is right, whatever the settings; building it leaves nothing."""
    site = "c.KitSpawner.mem_guarantee = '1G'\nc.Spawner.cmd = ['x']\nprint('hello', end='')\n"
    (checkout / "site" / "ours.py").touch()
    before = sorted(checkout.rglob("*"))

    assert look(site, MEM_LIMIT="0", EXTRA_VOLUMES="data:/srv/data:ro", IDLE_TIMEOUT="0") == []
    assert sorted(checkout.rglob("*")) == before


MISTAKES = {
    "c.KitSpawner.mem_limti = '2G'": "mem_limti",
    "c.Spawner.strat_timeout = 3": "strat_timeout",
    "c.KitNativeAuthenticator.opensignup = True": "opensignup",
    "c.Authenticator.admin_user = {'ada'}": "admin_user",
    "c.JupyterHub.named_server_limit = 3": "named_server_limit",
    "c.ConfigurableHTTPProxy.api_ulr = ''": "api_ulr",
}


def test_mistakes(look):
    """Traits that do not exist and values that will not do are found in every class at once."""
    bad = "c.KitSpawner.cpu_guarantee = 'x'\nc.ConfigurableHTTPProxy.command = 7\n"
    problems = look("\n".join([*MISTAKES, bad]))

    found = "\n".join(problem.wrong for problem in problems)
    for trait in MISTAKES.values():
        assert f"`{trait}`" in found
    assert re.search(r"Did you mean .*\bmem_limit\b", found)
    assert "'cpu_guarantee' trait of a KitSpawner" in found
    assert "'command' trait of a ConfigurableHTTPProxy" in found
    assert len(problems) == len(MISTAKES) + 2
    assert {problem.what for problem in problems} == {"jupyterhub_config.py"}
    assert all("SITE_CONFIG" in problem.cure for problem in problems)


def test_what_would_have_no_effect(look):
    """A misspelled class, which JupyterHub ignores without a word; mounts, which the kit sets."""
    site = "c.KitSpawnr.mem_limit = '2G'\nc.DockerSpawner.mounts = [{'target': '/data'}]\n"

    [unknown, unused] = look(site)

    assert "c.KitSpawnr is no class" in unknown.wrong
    assert "did you mean c.KitSpawner?" in unknown.wrong
    assert "c.DockerSpawner.mounts is not used" in unused.wrong
    assert "EXTRA_VOLUMES" in unused.wrong


@pytest.mark.parametrize(
    ("site", "wrong"),
    [
        pytest.param("c.KitSpawner.mem_limit = (\n", "SyntaxError", id="a syntax error"),
        pytest.param("c.JupyterHub.hub_port = 'x'\n", "hub_port", id="a bad value for the hub"),
        pytest.param("raise SystemExit(3)\n", "exit code 3", id="a file that ends the program"),
    ],
)
def test_broken(look, site, wrong):
    """A file that cannot be loaded is one problem that says why."""
    [problem] = look(site)

    assert problem.what == "jupyterhub_config.py"
    assert wrong in problem.wrong
