"""What a person is told to type exists: targets of ``make``, verbs of ``hubkit``, links."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from hubkit.cli import VERBS

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[1].split())

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("[!.]*/README.md")])
CODE = sorted(
    [
        *ROOT.glob("scripts/*"),
        *ROOT.glob("images/**/*.sh"),
        *ROOT.glob("hubkit/**/*.py"),
        *ROOT.glob("*.example"),
        ROOT / "docker-compose.yml",
        ROOT / "jupyterhub_config.py",
        ROOT / "Makefile",
    ]
)
SPAN = re.compile(r"^```.*?^```|``.+?``|`[^`\n]+`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def name(path):
    return str(path.relative_to(ROOT))


def typed(page, word):
    """Return what follows *word* wherever the Markdown *page* shows it as typed."""
    spans = SPAN.findall(page)
    return {
        found for span in spans for found in re.findall(rf"(?:^|[\s`]){word} ([a-z][\w-]*)", span)
    }


def quoted(source, word):
    """Return what follows *word* wherever *source* has it in quotes, as messages do."""
    return set(re.findall(rf"(?:[`'\"]|sudo |\b[A-Z_]+=\S+ ){word} ([a-z][\w-]*)", source))


def anchors(page):
    """Return the anchors of the headings of a Markdown *page*, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", page, flags=re.M | re.S), re.M)
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}


def test_help_lists_the_targets():
    """``make`` alone lists every target, with what it does, and no other."""
    shown = [
        subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for words in (["make"], ["make", "help"])
    ]
    lines = re.findall(r"^  make (\S+) +(\S.*)$", shown[0], re.MULTILINE)

    assert shown[0] == shown[1]
    assert sorted(target for target, _ in lines) == sorted(TARGETS)
    assert all(text.endswith((".", "-d", ")")) for _, text in lines)


def test_targets_have_rules():
    """Every target that is no file has a rule, and every rule is such a target."""
    rules = set(re.findall(r"^([a-z_-]+):", MAKEFILE, re.MULTILINE))

    assert rules == TARGETS


def test_targets_run_what_exists():
    """A target's script is there, and may be run."""
    for script in re.findall(r"scripts/[\w.-]+", MAKEFILE):
        assert (ROOT / script).stat().st_mode & 0o111, script


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_pages(page):
    """Every ``make X`` and ``hubkit X`` a page shows exists."""
    text = page.read_text(encoding="utf-8")

    assert typed(text, "make") <= TARGETS
    assert typed(text, "jupyterhub hubkit") <= set(VERBS)


@pytest.mark.parametrize("source", CODE, ids=name)
def test_messages(source):
    """Every ``make X`` a script or a message names exists."""
    assert quoted(source.read_text(encoding="utf-8"), "make") <= TARGETS


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links(page):
    """Every link within the checkout leads to a file, and to a heading of it if it names one."""
    text = page.read_text(encoding="utf-8")
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


def test_what_is_typed_is_seen():
    """The reader of pages and messages finds what it is to find, and no prose."""
    page = (
        "Make sure. `make up`, `sudo make build` and\n```sh\nmake check\nA=b make down\n```\nmake x"
    )
    assert typed(page, "make") == {"up", "build", "check", "down"}

    message = "they make do: 'make up' or `make build`, \"sudo make check\" (A=stop make down)"
    assert quoted(message, "make") == {"up", "build", "check", "down"}

    assert anchors("# A `b`: c, d\n```\n# no\n```\n## E_f-g") == {"a-b-c-d", "e_f-g"}
