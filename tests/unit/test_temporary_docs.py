"""The pages about temporary notebooks are true: options, output and build arguments."""

from __future__ import annotations

import re
from pathlib import Path

from hubkit.ops.tmpnb import importing
from hubkit.ops.tmpnb.table import ROWS, page_row

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


def test_build_arguments():
    """Names and defaults are the Dockerfile's, and the example uses no other."""
    declared = dict(re.findall(r"^ARG (\w+)=(.*)$", DOCKERFILE, re.MULTILINE))
    table = (row.split("|") for row in rows("workshop", "What it can be told"))
    told = {name.strip(" `"): default.strip(" `") for _, name, default, *_ in table}

    assert told == declared
    assert set(re.findall(r"--build-arg (\w+)", PAGES["workshop"])) <= declared.keys()


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
