"""The pages about sign-in are true: settings, commands and messages are those of the code.

That links and names of `make` targets and verbs exist is tested in `test_make_help.py`,
for all pages.
"""

from __future__ import annotations

import argparse
import ast
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import jupyterhub.handlers.login
import oauthenticator
import pytest

import hubkit
from hubkit import auth, envfile, settings, userlist
from hubkit.auth import audit, directory, failures, ldap, native, staying
from hubkit.cli import VERBS
from hubkit.ops import certificates, checks

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "sign-in"
PAGES = {page.stem: page.read_text(encoding="utf-8") for page in sorted(FOLDER.glob("*.md"))}
PROVIDER_PAGES = sorted(set(PAGES) - {"README"})
PEOPLE = {
    **{f"docs/sign-in/{name}.md": text for name, text in PAGES.items()},
    **{
        name: (ROOT / name).read_text(encoding="utf-8")
        for name in ("README.md", "CHANGELOG.md", "docs/administrators.md")
    },
}

INI = re.compile(r"^```ini\n(.*?)^```", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
NAME = re.compile(r"(?<![\w/.-])[A-Z][A-Z0-9_]{2,}(?![\w-])")
# Written like settings: what stands for something, and a user of RACF.
OTHERS = {"NAME", "WORD", "PORT", "IBMUSER"}
OPENSSL = {"certificate verify failed"}  # its words, which no source has
WORDS = {5: "five", 10: "ten"}
DEFAULT = settings.Settings.from_env({})
HEADINGS = ("Try it", "Refusals", "Not supported")

# What stands first in a row: a sentence somebody reads.
READ = re.compile(r"^\| `([^`=]{12,})`", re.MULTILINE)
BLOCKS = [
    pytest.param(name, block, id=f"{name} {number}")
    for name, text in PAGES.items()
    for number, block in enumerate(INI.findall(text), start=1)
]


def in_backticks(text: str) -> list[str]:
    return SPAN.findall(FENCE.sub("", text))


def test_every_provider_has_a_page_and_every_page_a_provider():
    assert set(PROVIDER_PAGES) == set(auth.PROVIDERS)


def test_the_overview_names_every_page():
    """With the words of ALLOW that mean something there, and no others."""
    rows = dict(re.findall(r"^\| \[`([a-z0-9-]+)`\]\(\1\.md\) \|(.*)$", PAGES["README"], re.M))

    assert set(rows) == set(auth.PROVIDERS)
    for word, row in rows.items():
        said = set(SPAN.findall(row.split("|")[1]))
        meant = auth.PROVIDERS[word].policies if auth.PROVIDERS[word].outside else set()
        if "all four" in row:
            said = {"userlist", "organisation", "group", "everyone"}
        assert said == meant, word


@pytest.mark.parametrize("name", PROVIDER_PAGES)
def test_every_page_has_the_same_parts(name):
    """What to enter, how to try it, what refusals mean, what is missing, what was tested."""
    text = PAGES[name]

    assert text.startswith(f"# AUTH={name}: ")
    assert INI.search(text)
    for heading in HEADINGS:
        assert f"\n## {heading}\n" in text, heading
    last = text.rstrip().rpartition("\n\n")[2]
    assert last.startswith("Tested ")
    if auth.PROVIDERS[name].client:
        assert "https://hub.example.org/hub/oauth_callback" in text
        assert "chmod 600 secrets/" in text


@pytest.fixture
def authority(tmp_path):
    """Return the text of a certificate."""
    certificates.make_self_signed(tmp_path, "localhost")
    return (tmp_path / certificates.CERTIFICATE).read_bytes()


@pytest.mark.parametrize(("name", "block"), BLOCKS)
def test_a_block_is_a_whole_env(name, block, tmp_path, authority):
    """Whoever copies it, with the files it names, is told of no mistake."""
    kit = tmp_path / "kit"
    (kit / "secrets").mkdir(parents=True)
    values, wrong = envfile.parse(block.encode(), public=settings.public_names())
    for setting, value in values.items():
        if value.startswith("secrets/"):
            ca = setting.endswith("_CA_FILE")
            (kit / value).write_bytes(authority if ca else b"a-secret-of-somebody\n")
            (kit / value).chmod(0o600)
    (kit / ".env").write_text(block)

    env, problems = settings.check_file(kit / ".env", {})

    assert wrong + problems + auth.problems(env) == []
    assert checks.authorities(checks.Kit(kit, env)) == []
    if name == "README":
        assert len(env.auth) > 1
    else:
        assert env.auth == (name,)


@pytest.mark.parametrize("name", PAGES)
def test_settings_that_are_named_exist(name):
    named = {found for span in in_backticks(PAGES[name]) for found in NAME.findall(span)}

    assert named <= settings.allowed_names() | OTHERS


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(exit_on_error=False)
    verbs = made.add_subparsers(dest="verb", required=True)
    for verb in VERBS:
        module = import_module(f"hubkit.cli.{verb.replace('-', '_')}")
        module.add_arguments(verbs.add_parser(verb))
    return made


def commands(text: str) -> Iterator[str]:
    """Yield what is typed behind ``hubkit`` or ``scripts/hubkit.sh``."""
    typed = [line for fence in FENCE.findall(text) for line in fence.splitlines()]
    # A span may be wrapped in the text; a sentence about `hubkit` in a fence is none.
    spans = re.findall(r"`([^`]+)`", FENCE.sub("", text))
    for piece in [*typed, *(" ".join(span.split()) for span in spans)]:
        for found in re.findall(r"(?:hubkit|hubkit\.sh) ((?:check|users) [^|#]+)", piece):
            yield found.strip()


@pytest.mark.parametrize("page", PEOPLE)
def test_commands_exist(page):
    """With the options and the number of words shown."""
    for typed in commands(PEOPLE[page]):
        words = shlex.split(typed)
        if words[0] == "users" and len(words) == 2 and page == "CHANGELOG.md":
            words += ["NAME"] * (words[1] not in ("list", "sync"))
        try:
            parser().parse_args(words)
        except (SystemExit, argparse.ArgumentError) as error:
            raise AssertionError(f"hubkit {typed}: {error}") from None


def test_commands_are_seen():
    text = "```sh\ndocker compose exec jupyterhub hubkit users block NAME\n```\n`hubkit check\n--x`"

    assert list(commands(text)) == ["users block NAME", "check --x"]


def sentences() -> str:
    """Return every text in the code that people may read, each on a line."""
    folders = [Path(hubkit.__file__).parent, Path(oauthenticator.__file__).parent]
    sources = [
        path for folder in folders for path in folder.rglob("*.py") if "tests" not in str(path)
    ]
    sources.append(Path(jupyterhub.handlers.login.__file__))
    nodes = (node for path in sources for node in ast.walk(ast.parse(path.read_text("utf-8"))))
    return "\n".join(
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


TITLES = "|".join(
    re.escape(one.title[:1].upper() + one.title[1:]) for one in auth.PROVIDERS.values()
)


@pytest.mark.parametrize("name", PAGES)
def test_messages_that_are_quoted_exist(name):
    """What a page says people read is what the code says, but for names put into it."""
    said = sentences()
    section = PAGES[name].partition("\n## Refusals\n")[2].partition("\n## ")[0]
    quoted = READ.findall(section)
    for sentence in quoted:
        pieces = re.split(r"…|\bgroups\b|\borganisations?\b", re.sub(TITLES, "…", sentence))
        for piece in map(str.strip, pieces):
            assert piece in said or piece in OPENSSL, f"{sentence}: {piece}"

    assert quoted


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("README", "{both} failures for one name from one address, {name} for one name, {address}"),
        ("README", f"in {WORDS[failures.WINDOW / 60]} minutes:"),
        ("README", f"waits {WORDS[failures.WINDOW / 60]} minutes"),
        ("README", f"At {audit.LARGEST // 2**20} MB it becomes"),
        ("README", f"and so on to `.{audit.KEPT}`"),
        ("README", f"at most {audit.LONGEST_NAME} characters of it"),
        ("README", f"at most {userlist.LONGEST_NAME} characters and"),
        ("README", f"tokens after {staying.GRACE // 3600} h at most"),
        ("README", f"after {ldap.SESSION // 3600} h they must sign in again"),
        ("README", f"`AUTH_RECHECK`, {DEFAULT.auth_recheck // 60} min"),
        ("ldap", f"every {ldap.SESSION // 3600} hours"),
        ("ldap", f"after {ldap.PATIENCE:.0f} seconds at the latest"),
        ("ldap", f"in {ldap.THREADS} threads"),
        ("ldap", f"`LDAP_TIMEOUT` seconds, {DEFAULT.ldap_timeout},"),
        ("ldap", f"{WORDS[directory.DEEPEST]} deep"),
        ("native", f"At least {WORDS[native.LEAST_PASSWORD]} characters"),
        ("native", f"at most {native.LONGEST_PASSWORD} bytes"),
    ],
)
def test_numbers(page, text):
    """A page's numbers are those the hub goes by."""
    rules = {rule.kind: rule.failures for rule in failures.RULES}

    assert text.format(**rules) in " ".join(PAGES[page].split())
