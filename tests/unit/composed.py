"""docker-compose.yml, as the tests of its parts read it."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from hubkit import settings
from hubkit.reading import env_name

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
KNOWN = {env_name(one): one.metadata for one in settings.known()}
VARIABLE = re.compile(r"\$\{(\w+)(?::-((?:\$\{\w+\}|[^}])*))?\}")
