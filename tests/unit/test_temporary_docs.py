"""The pages about temporary notebooks are true: options, output and build arguments."""

from __future__ import annotations

import re
from pathlib import Path

from hubkit import settings
from hubkit.ops import workshop
from hubkit.ops.tmpnb import importing
from hubkit.ops.tmpnb.table import ROWS, page_row
from hubkit.reading import env_name

ROOT = Path(__file__).parents[2]
PAGES = {page.stem: page.read_text("utf-8") for page in (ROOT / "docs" / "temporary").glob("*.md")}
DOCKERFILE = (ROOT / "images" / "workshop" / "Dockerfile").read_text("utf-8")
COMMAND = "scripts/hubkit.sh tmpnb-import "


def rows(page, heading):
    """Return the lines of the table below *heading*, without its head."""
    section = PAGES[page].partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("|")][2:]


def blocks(page, language):
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```", PAGES[page], re.MULTILINE | re.DOTALL)
    return [re.sub("^   ", "", text, flags=re.MULTILINE) for text in found]


def test_every_option_of_tmpnb():
    """The page has each option and variable, as the command treats it, in the same order."""
    assert rows("from-tmpnb", "Options and variables") == [page_row(row) for row in ROWS]


def test_checks_exist():
    """Each test that the page of checks names is there."""
    named = [name for row in rows_of(PAGES["checks"]) for name in re.findall(r"`(tests/\S+)`", row)]

    assert len(named) > 30
    for name in named:
        file, _, test = name.partition("::")
        source = (ROOT / file).read_text("utf-8")
        assert re.search(rf"^(async )?def {test}\(", source, re.MULTILINE), name


def rows_of(text):
    """Return the lines of a page's one table, without its head."""
    return [line for line in text.splitlines() if line.startswith("|")][2:]


def test_what_the_command_prints():
    """The example prints what is shown."""
    [typed], [shown] = blocks("from-tmpnb", "sh"), blocks("from-tmpnb", "ini")
    assert typed.startswith(COMMAND)

    found = importing.read([typed.removeprefix(COMMAND)])

    assert (found.problems, found.text()) == ([], shown)


def test_what_cannot_be_mapped():
    """What the page says has no place has none."""
    last = PAGES["from-tmpnb"].rpartition("\n- ")[2]
    named = re.findall(r"`(--[a-z=-]+)`", last)

    assert len(named) == 2
    for one in named:
        assert importing.read([f"orchestrate.py {one}"]).lost


def test_workshop_settings():
    """The page has each setting with its default, and the example no other build argument."""
    declared = dict(re.findall(r"^ARG (\w+)=(.*)$", DOCKERFILE, re.MULTILINE))
    table = (row.split("|") for row in rows("workshop", "What it can be told"))
    told = {name.strip(" `"): default.strip(" `") for _, name, default, *_ in table}
    known = {env_name(one): one.metadata["default"] for one in settings.known()}
    own = {name: value for name, value in known.items() if name.startswith("WORKSHOP_")}

    assert told == {**own, "WORKSHOP_LOGO_FILE": "LOGO_FILE"}
    assert set(re.findall(r"--build-arg (\w+)", PAGES["workshop"])) <= declared.keys()


def test_what_make_workshop_sets():
    """The page has each line."""
    written = [row.split("|")[1] for row in rows("workshop", "What it sets")]
    lines = [line for one in written for line in re.findall(r"`(\w+=[^`]+)`", one)]

    usual = {"AUTH": workshop.VISITORS, **workshop.USUAL}
    assert lines == [f"{name}={value}" for name, value in usual.items()]


def test_kernels_are_installed():
    """Packages are those the image gets."""
    locked = (ROOT / "requirements" / "workshop.in").read_text("utf-8")
    for row in rows("workshop", "Kernels")[1:]:
        for package in re.findall(r"`([^`]+)`", row.split("|")[3]):
            assert package in DOCKERFILE or package in locked, package


def test_scripts_exist():
    for page in PAGES.values():
        for script in re.findall(r"scripts/[\w.-]+\.sh", page):
            assert (ROOT / script).stat().st_mode & 0o111, script
