"""What the two hubs are told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.sides.kit import Kit
from benchmarks.sides.side import FILES, Common
from benchmarks.sides.stock import Stock
from hubkit.settings import allowed_names, check


@pytest.fixture
def common(tmp_path):
    (tmp_path / "site").mkdir()
    return Common(
        tag="kitbench12ab34",
        checkout=tmp_path,
        image="hubkit-notebook:kitbench12ab34",
        token="secret",
        users=("u01", "u02"),
        address="172.17.0.1",
        registry=SimpleNamespace(image="127.0.0.1:5/never:1"),
    )


@pytest.mark.parametrize("visitors", [False, True])
def test_the_stacks_settings_are_good(common, visitors):
    """The strict reader of .env takes every one of them."""
    settings = Kit(replace(common, visitors=visitors), 8443, http_port=8080).settings()
    _, problems = check(settings, common.checkout)

    assert settings.keys() <= allowed_names()
    assert not problems


def test_the_stack_is_given_its_files(common):
    """Every user is listed; the site file finds what it reads beside itself."""
    Kit(common, 8443, http_port=8080).write()

    assert "u02\n" in (common.checkout / "userlist").read_text()
    assert (common.checkout / "site" / "both.py").exists()
    assert json.loads((common.checkout / "site" / "bench.json").read_text())["users"]


def test_nothing_of_the_two_has_the_same_name(common):
    """They run on one engine, beside each other."""
    kit, stock = Kit(common, 1), Stock(common, 2)

    assert kit.project != stock.project
    assert not kit.servers_prefix.startswith(stock.project)
    assert all(side.project.startswith(common.tag) for side in (kit, stock))


@pytest.mark.parametrize("name", ["stock.py", "both.py", "accounts.py"])
def test_what_runs_in_containers_can_be_compiled(name):
    """They are not imported here, so nothing else would notice."""
    compile((FILES / name).read_text(encoding="utf-8"), name, "exec")


def test_stock_has_the_kits_limits():
    """A server of either side may use the same."""
    text = (Path(FILES) / "stock.py").read_text(encoding="utf-8")
    settings, _ = check({}, Path())

    assert f"cpu_limit = {settings.cpu_limit:g}" in text
    assert f'mem_limit = "{settings.mem_limit // 2**30}G"' in text
    assert f'"pids_limit": {settings.pids_limit}' in text
    assert f"start_timeout = {settings.start_timeout}" in text
    assert settings.docker_notebook_dir in text
