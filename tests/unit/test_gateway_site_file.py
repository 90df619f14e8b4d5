"""The site file in the page about kernel gateways does what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

from traitlets.config import Config

from hubkit.ops import configured
from hubkit.spawner.gateway import Gateway
from hubkit.spawner.kit import KitSpawner

PAGE = Path(__file__).parents[2] / "docs" / "kernel-gateway" / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
[SITE] = [block for block in BLOCKS if block.startswith("# site/")]


def test_the_site_file_is_good(checkout):
    """The hub can be built with it, and it chooses what the page says."""
    (checkout / "site" / "gateways.py").write_text(SITE)
    values = {"SITE_CONFIG": "gateways.py", "KG_URL": "https://g:8888"}

    assert configured.problems(checkout / "jupyterhub_config.py", values) == []


def test_the_site_file_chooses(monkeypatch):
    """An image's gateway, a group's, and none."""
    monkeypatch.setenv("KG_URL", "https://usual.example.org:8888")
    monkeypatch.setenv("KG_AUTH_TOKEN", "shared")
    c = Config()
    exec(SITE, {"c": c})  # noqa: S102 (the page's own)
    chosen = c.KitSpawner.gateways
    images = [name for name in chosen if not name.startswith("group:")]
    physics = SimpleNamespace(name="ada", groups=[SimpleNamespace(name="physics")])

    def of(image, groups=physics.groups):
        spawner = SimpleNamespace(
            gateways=chosen, gateway=Gateway(), image=image, user=SimpleNamespace(groups=groups)
        )
        return KitSpawner.own_gateway(spawner)

    assert of(images[0]).url == "https://spark.example.org:8888"
    assert of("another").url == "https://physics.example.org:8888"
    assert of("another").token == "shared"
    assert of(images[1]).url == ""
    assert of("another", []) == Gateway()
