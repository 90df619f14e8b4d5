"""The stack's own kernel gateway in ``docker-compose.yml``: what it sees, what it may."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from hubkit import settings
from hubkit.certs import acceptance
from hubkit.ops.layout import GATEWAY, Layout
from tests.unit.certs import making

ROOT = Path(__file__).parents[2]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
ALONE = yaml.safe_load((ROOT / "images/kernel-gateway/compose.yml").read_text(encoding="utf-8"))
OWN = SERVICES["kernel-gateway"]


def test_it_sees_its_own():
    """It is in one network of users alone, published nowhere, and mounts what init gives it."""
    folder = Layout().run / "gateway"
    handed_out = f"gateway-secrets:{folder}"

    assert (OWN["profiles"], "ports" in OWN) == (["gateway"], False)
    assert OWN["networks"] == ["users${NETWORK_ACCESS:+-off}"]
    assert OWN["volumes"] == [f"{handed_out}:ro", "gateway:/data"]
    looks_in = (ROOT / "images/kernel-gateway/hubkit_gateway/settings.py").read_text("utf-8")
    assert f'FOLDER = "{folder}"' in looks_in
    assert handed_out in SERVICES["init"]["volumes"]
    mounting = [name for name, one in SERVICES.items() if "gateway-secrets" in str(one["volumes"])]
    assert mounting == ["init", "kernel-gateway"]


def test_a_token_restarts_nothing_but_the_hub():
    """What depends on init is made anew with it, and init with its environment."""
    assert "KG_AUTH_TOKEN" not in str(SERVICES["init"]["environment"])
    assert "KG_AUTH_TOKEN" not in str(OWN["environment"])


def test_it_is_found():
    """Its name is the one in the address and in its certificate."""
    assert OWN["hostname"] == GATEWAY
    assert settings.OWN_GATEWAY["kg_url"] == f"https://{GATEWAY}:8888"


def test_it_is_bound_as_where_it_is_alone():
    """Rights and limits are those of the service on a machine of its own."""
    alone = ALONE["services"]["kernel-gateway"]

    for name in ("cap_drop", "cap_add", "read_only", "security_opt", "ulimits", "tmpfs", "logging"):
        assert OWN[name] == alone[name], name
    for name in ("restart", "stop_grace_period", "mem_limit", "pids_limit"):
        assert OWN[name] == alone[name], name


def test_how_the_base_is_made():
    """The second machine's page and the file it starts name the same command."""
    said = (ROOT / "images/kernel-gateway/compose.yml").read_text("utf-8")
    page = (ROOT / "docs/kernel-gateway/second-machine.md").read_text("utf-8")

    [command] = re.findall(r"hubkit-base: '([^']+)'", said)

    assert re.search(rf"^ *{re.escape(command)}$", page, re.MULTILINE)


def test_the_page_names_the_cure():
    """What helps whose certificate the gateway refuses is on the page as the check says it."""
    page = (ROOT / "docs/kernel-gateway/README.md").read_text("utf-8")

    cure = acceptance.reissue("NAME", making.make("Elsewhere").certificate)

    assert f"`{cure.removeprefix('Run: ')}`" in page
