"""Folders of a hub's parts that nothing is laid out in yet."""

from __future__ import annotations

import os

import pytest

from hubkit.ops.layout import Layout, Owners

ME = os.getuid()


@pytest.fixture
def layout(tmp_path):
    """Return a layout of folders of this account, with what an administrator may keep."""
    for folder in ("run", "data", "secrets", "secrets/old"):
        (tmp_path / folder).mkdir()
    files = {"jupyterhub.crt": "crt 1", "jupyterhub.key": "key 1", "db": "db 1", "README.md": "x"}
    for name, content in files.items():
        (tmp_path / "secrets" / name).write_text(content)
    owners = Owners(hub=ME, proxy=ME, edge=ME, warden=ME, gateway=ME)
    return Layout(tmp_path / "run", tmp_path / "data", tmp_path / "secrets", owners)
