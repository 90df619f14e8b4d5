"""What is written about the settings is what the settings are."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubkit import documents, envfile, settings
from hubkit.reading import env_name

ROOT = Path(__file__).parents[2]

FILES = {".env.example": documents.env_example, "docs/settings.md": documents.settings_table}
NAMES = [env_name(one) for one in settings.known()]


@pytest.mark.parametrize("name", FILES)
def test_up_to_date(name):
    """The file in the checkout is what is made from the settings today."""
    cure = "made anew by: hubkit settings --env > .env.example; hubkit settings > docs/settings.md"

    assert (ROOT / name).read_text(encoding="utf-8") == FILES[name](), cure


def test_example_is_right(tmp_path):
    """A copy of the example is a complete ``.env``, in which every value is its default."""
    (tmp_path / ".env").write_text(documents.env_example())

    assert settings.check_file(tmp_path / ".env", {}) == settings.check({})
    assert settings.check({})[1] == []


def test_example_names_every_setting():
    """Every setting has its line, once, in the order of the settings."""
    values, problems = envfile.parse(documents.env_example().encode())

    assert problems == []
    assert list(values) == NAMES


@pytest.mark.parametrize("setting", settings.known(), ids=NAMES)
def test_default_passes_its_check(setting):
    """A default that is written is one the setting itself would take."""
    about = setting.metadata
    found, problems = settings.check({env_name(setting): about["default"]})

    assert problems == []
    expected = about["parse"](about["default"]) if about["default"] else about["empty"]
    if setting.name not in ("data_volume_host", "docker_network_name"):  # named after the project
        assert getattr(found, setting.name) == expected


@pytest.mark.parametrize("name", NAMES)
def test_table_names_every_setting(name):
    """Every setting has its row, once, in the table; a secret is marked."""
    rows = [line for line in documents.settings_table().splitlines() if f"| `{name}` |" in line]

    assert len(rows) == 1
    assert ("*Secret.*" in rows[0]) == (name in settings.secret_names())


def test_rows_are_rows():
    """No text breaks the table it stands in."""
    rows = [line for line in documents.settings_table().splitlines() if line.startswith("|")]

    assert {line.count("|") for line in rows} == {4}


def test_groups_stand_together():
    """Settings of one group stand one after another: each heading comes once."""
    headings = [line for line in documents.env_example().splitlines() if line.startswith("# ---")]

    assert len(headings) == len(set(headings))
