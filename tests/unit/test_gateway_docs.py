"""The pages about kernel gateways are true: settings, commands and messages are the code's.

That links and names of `make` targets and verbs exist is tested in `test_make_help.py`,
for all pages.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from ruamel.yaml import YAML

import hubkit
from hubkit import auth, envfile, settings
from hubkit.certs import desk, examine, places, sign
from hubkit.cli import certs
from hubkit.errors import Problem
from hubkit.ops import certificates, checks
from hubkit.ops import gateway as own_gateway
from hubkit.services.expiry import Expiry
from hubkit.settings import Settings
from hubkit.spawner import gateway, pki
from hubkit.spawner.gateway import Gateway

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "kernel-gateway"
IMAGE = ROOT / "images" / "kernel-gateway"
PAGES = {page.stem: page.read_text(encoding="utf-8") for page in sorted(FOLDER.glob("*.md"))}

FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
NAME = re.compile(r"(?<![\w/.-])[A-Z][A-Z0-9_]{2,}(?![\w…-])")
CELL = re.compile(r"^\| `([^|]{6,})` \|", re.MULTILINE)
# Words that stand for something, of TLS, and of other programs.
OTHERS = {"NAME", "FILE", "OLD", "FROM", "HOME_VOLUME", "JDOE", "JKGID", "VERIFY"}
ALERTS = {f"certificate {why}" for why in ("required", "expired", "revoked")}
ALERTS |= {"unknown ca", "401"}
PREDECESSORS = {f"WORKBENCH_{name}" for name in ("PORT", "CRT", "KEY", "TOKEN", "VOLUME", "NAME")}


def blocks(page: str, language: str) -> list[str]:
    """Return the fenced blocks of *page* in a *language*, without their common indent."""
    found = FENCE.findall(PAGES[page])
    return [re.sub(r"^   ", "", text, flags=re.M) for kind, text in found if kind == language]


ENV = [
    pytest.param(block, id=f"{page} {number}")
    for page in PAGES
    for number, block in enumerate(blocks(page, "ini"), start=1)
]


def rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table below *heading*, without its head."""
    section = PAGES[page].partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    table = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)[0].splitlines()
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in table[2:]]


@pytest.fixture
def kit(tmp_path):
    """Return a function that writes a checkout with this ``.env`` and the files it names."""
    certificates.make_self_signed(tmp_path, "localhost")
    authority = (tmp_path / certificates.CERTIFICATE).read_bytes()

    def write(block: str) -> Path:
        root = tmp_path / "kit"
        (root / "secrets").mkdir(parents=True, exist_ok=True)
        values, _ = envfile.parse(block.encode(), public=settings.public_names())
        for name, value in values.items():
            if value.startswith("secrets/"):
                content = authority if name.endswith("_CA_FILE") else b"a-secret\n"
                (root / value).write_bytes(content)
                (root / value).chmod(0o600)
        (root / ".env").write_text(block)
        return root

    return write


def wrong(env: Settings) -> list[Problem]:
    """Return what does not fit together."""
    return gateway.problems(env) + own_gateway.problems(env)


@pytest.mark.parametrize("block", ENV)
def test_a_block_is_a_whole_env(kit, block):
    """Whoever copies it, with the files it names, is told of no mistake and has a gateway."""
    root = kit(block)
    env, problems = settings.check_file(root / ".env", {})

    assert problems + auth.problems(env) + wrong(env) == []
    assert checks.authorities(checks.Kit(root, env)) == []
    assert Gateway.of(env).environment("ada", None)["JUPYTER_GATEWAY_URL"] == env.kg_url


def test_what_is_refused(kit):
    """What stands in each row is refused, with those words."""
    found = rows("README", "A certificate for each user")
    for written, said in found:
        root = kit("\n".join(SPAN.findall(written)))
        env, problems = settings.check_file(root / ".env", {})
        text = "\n".join(map(str, problems + wrong(env)))
        assert said in text, written

    assert len(found) >= 6


def test_the_simple_way_is_the_whole_way():
    """What COMPOSE_PROFILES stands for is what the page says."""
    env = Settings.from_env({"COMPOSE_PROFILES": "gateway"})
    section = PAGES["README"].partition("## Our gateway, on the same machine")[2]

    assert f"`KG_URL` (`{env.kg_url}`)" in section
    assert (env.client_key, env.client_cert, env.client_ca) == dataclasses.astuple(places.Names())


@pytest.mark.parametrize("page", PAGES)
def test_settings_that_are_named_exist(page):
    text = FENCE.sub("", PAGES[page])
    named = {found for span in SPAN.findall(text) for found in NAME.findall(span)}
    if page == "zos":
        named = {name for name in named if "_" in name}
    composed = NAME.findall((IMAGE / "compose.yml").read_text(encoding="utf-8"))

    assert named <= settings.allowed_names() | OTHERS | emitted() | set(composed) | nb2kg_only()


def nb2kg_only() -> set[str]:
    """Return old names that have no setting here; the page must say so of each."""
    return PREDECESSORS | {"GEN_CERT", "KG_HTTP_PASS", "KG_HEADERS", "JUPYTER_GATEWAY_HEADERS"}


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(exit_on_error=False)
    verbs = made.add_subparsers(dest="verb", required=True)
    import_module("hubkit.cli.certs").add_arguments(verbs.add_parser("certs"))
    return made


def commands(text: str) -> Iterator[list[str]]:
    """Yield what is typed behind ``scripts/hubkit.sh``, as words."""
    pieces = [line for _, block in FENCE.findall(text) for line in block.splitlines()]
    pieces += SPAN.findall(FENCE.sub("", text))
    for piece in pieces:
        for found in re.findall(r"scripts/hubkit\.sh (certs [^|#]+)", piece):
            yield shlex.split(found)


@pytest.mark.parametrize("page", PAGES)
def test_commands_exist(page):
    """With the options and the number of words shown."""
    typed = list(commands(PAGES[page]))
    for words in typed:
        try:
            parser().parse_args(words)
        except (SystemExit, argparse.ArgumentError) as error:
            raise AssertionError(f"hubkit {' '.join(words)}: {error}") from None

    assert typed


def test_every_action_is_shown():
    shown = {words[1] for words in commands(PAGES["README"])}

    assert shown == set(certs.ACTIONS)


def test_files_of_the_checkout_exist():
    spans = {span for page in PAGES for span in SPAN.findall(FENCE.sub("", PAGES[page]))}
    named = {span for span in spans if re.match(r"(images|scripts|hubkit|docs)/\S+$", span)}

    assert named
    for path in named:
        assert (ROOT / path).exists(), path


def sentences() -> str:
    """Return every text in the code that people may read, each on a line."""
    folders = [Path(hubkit.__file__).parent, IMAGE]
    nodes = (
        node
        for folder in folders
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    )
    return "\n".join(
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def test_messages_that_are_quoted_exist():
    """What users are said to read is what the code says, but for what is put into it."""
    said = sentences()
    section = PAGES["README"].partition("\n## What a user sees\n")[2].partition("\n## ")[0]
    quoted = [one for cell in CELL.findall(section) for one in re.split("`, `", cell)]
    for sentence in quoted:
        for piece in map(str.strip, sentence.split("…")):
            assert piece in said or piece in ALERTS, f"{sentence}: {piece}"

    assert len(quoted) > 10


def emitted() -> set[str]:
    """Return every name servers get, whatever is set."""
    return set().union(*every_environment())


def every_environment() -> list[dict[str, str]]:
    usual = Gateway("https://g", token="t", names=places.Names(), allowed_envs=("A",))
    ways = (usual, dataclasses.replace(usual, token=""))
    return [way.environment("ada", way.names) for way in ways]


def test_the_table_of_names_is_the_spawners():
    """Old and new names are exactly those servers get, side by side with the same value."""
    pairs = [
        (SPAN.findall(old)[0], SPAN.findall(new)) for old, _, new in rows("from-nb2kg", "Names")
    ]
    olds, news = {old for old, _ in pairs}, {new for _, named in pairs for new in named}

    assert olds | news == emitted()
    assert {name for name in emitted() if name.startswith(("JUPYTER_", "KERNEL_"))} == news
    for environment in every_environment():
        for old, named in pairs:
            for new in named:
                if old in environment:
                    assert environment[old] == environment[new], old


def test_the_table_of_names_names_settings():
    for _, here, _ in rows("from-nb2kg", "Names"):
        named = {name for span in SPAN.findall(here) for name in NAME.findall(span)}
        assert named <= settings.allowed_names()
        assert named or here.startswith("nothing")


def test_what_a_second_machine_can_be_told():
    """Names and defaults are those of its Compose file."""
    text = (IMAGE / "compose.yml").read_text(encoding="utf-8")
    told = YAML(typ="safe").load(text)["services"]["kernel-gateway"]["environment"]
    defaults = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", text))
    source = (IMAGE / "hubkit_gateway" / "settings.py").read_text(encoding="utf-8")
    numbers = dict(re.findall(r'"(GATEWAY_\w+)", (\d+)', source))
    table = rows("second-machine", "What it can be told")

    shown = {SPAN.findall(name)[0]: "".join(SPAN.findall(default)) for name, default, _ in table}
    assert shown.keys() >= set(defaults) - {"CA_BUNDLE"}
    assert shown.keys() <= set(defaults) | set(told)
    for name, default in shown.items():
        assert default == defaults.get(name, numbers.get(name, "")), name


NUMBERS = [
    ("README", f"`{gateway.FOLDER}/` | the three files"),
    ("README", f"mode {pki.FILE_MODE:04o}"),
    ("README", f"for {desk.CLIENT_DAYS} days"),
    ("README", f"({desk.CLIENT_DAYS} days are the default)"),
    ("second-machine", f"list lasts {sign.CRL_DAYS} days"),
    ("README", f"From {examine.WARN_DAYS} days before"),
    ("README", f"`{places.SHOWN}/NAME/`"),
    ("README", f"`{places.SHOWN}/{places.PREVIOUS}/`"),
    ("README", f"a fourth file, `{places.PASSPHRASE}`"),
    ("README", f"`{places.SHOWN_AUTHORITY}/{places.CRL}`"),
    ("from-nb2kg", f"docker cp OLD:{gateway.FOLDER}/."),
]


@pytest.mark.parametrize(("page", "text"), NUMBERS)
def test_numbers_and_places(page, text):
    """A page's numbers and paths are those the code goes by."""
    assert text in " ".join(PAGES[page].split())


def test_the_metric_is_the_hubs(tmp_path):
    """Name and labels shown are those a scrape answers with."""
    [shown] = re.findall(r"^hubkit_\w+\{.*\}$", PAGES["README"], re.MULTILINE)
    spots, names = places.Places(tmp_path), places.Names()
    (tmp_path / "secrets").mkdir()
    desk.Desk(spots, names).init_ca()
    desk.Desk(spots, names).issue(["ada"])
    registry = CollectorRegistry()
    registry.register(Expiry(spots.people, spots.authority, names))

    assert f"\n{shown} 89." in generate_latest(registry).decode()
