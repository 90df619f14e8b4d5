"""What a workshop's image is told: material, start page, logo, header, what is hidden."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "images" / "workshop"
LOCKS = [FOLDER.parents[1] / "requirements" / f"{name}.txt" for name in ("notebook", "workshop")]
HOST = "https://git.example.org"


def load(name):
    """Return the module *name*, which is in the image only while it is built."""
    spec = importlib.util.spec_from_file_location(f"workshop_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where a dataclass looks for it
    spec.loader.exec_module(module)
    return module


content, branding = load("content"), load("branding")


@pytest.fixture
def host(tmp_path, monkeypatch):
    """Serve the address of HOST from a folder, without a network."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    served = tmp_path / "served"
    (tmp_path / "gitconfig").write_text(
        f'[url "file://{served}/"]\n insteadOf = {HOST}/\n'
        "[user]\n name = a\n email = a@example.org\n[init]\n defaultBranch = main\n"
    )

    def serve(name, *files, branch="main"):
        folder = served / name
        folder.mkdir(parents=True, exist_ok=True)
        git = ["git", "-C", folder]
        if not (folder / ".git").exists():
            subprocess.run([*git, "init", "--quiet"], check=True)
        subprocess.run([*git, "checkout", "--quiet", "-B", branch], check=True)
        for file in files:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(file)
        subprocess.run([*git, "add", "--all"], check=True)
        subprocess.run([*git, "commit", "--quiet", "--message", branch], check=True)

    return serve


@pytest.fixture
def build(tmp_path, capfd):
    """Return a function that does what the image's build does with the material."""
    work, config = tmp_path / "work", tmp_path / "etc" / "config.json"
    work.mkdir()

    def run(repos, start=""):
        words = ["--repos", repos, "--start", start, "--folder", work, "--config", config]
        code = content.main([str(word) for word in words])
        return code, capfd.readouterr().err, work, config

    return run


@pytest.mark.parametrize(
    ("written", "url", "name", "ref"),
    [
        ("https://h/a", "https://h/a", "a", ""),
        ("https://h/x/a.git", "https://h/x/a.git", "a", ""),
        ("https://h/x/a.git/", "https://h/x/a.git/", "a", ""),
        ("https://h/a#course/2026", "https://h/a", "a", "course/2026"),
        ("https://h/a.git@v1.2", "https://h/a.git", "a", "v1.2"),
        ("http://h:8080/a.b", "http://h:8080/a.b", "a.b", ""),
        ("git://h/a", "git://h/a", "a", ""),
    ],
)
def test_repository(written, url, name, ref):
    assert content.parse(written) == [content.Repository(url, name, ref)]


def test_several():
    """Commas are between them, with or without spaces."""
    assert [one.name for one in content.parse(" https://h/a , https://h/b#c,")] == ["a", "b"]
    assert content.parse("") == []


def test_every_wrong_address_at_once():
    """Each is named; a password in one is not shown."""
    with pytest.raises(content.Wrong) as error:
        content.parse("ssh://h/a,git@h:a,/srv/a,https://me:hunter2@h/a,https://h/b,https://i/b,x y")

    said = str(error.value)
    assert len(said.splitlines()) == 6
    assert "hunter2" not in said
    assert "https://(hidden)@h/a has a name or password" in said
    assert "cloned into b/" in said


def test_clone(host, build):
    """Branches and tags are what was asked for, and the first start page is opened."""
    host("lessons", "README.md")
    host("lessons", "index.ipynb", branch="course")
    host("data", "data.csv")

    code, said, work, config = build(f"{HOST}/lessons#course, {HOST}/data")

    assert (code, said) == (0, "")
    assert (work / "lessons" / "index.ipynb").exists()
    assert (work / "data" / "data.csv").exists()
    written = json.loads(config.read_text())
    assert written["ServerApp"]["default_url"] == "/lab/tree/lessons/index.ipynb"


def test_no_material(build):
    """The image can be built without any, and then opens where the hub says."""
    code, _, _, config = build("")

    assert code == 0
    assert "ServerApp" not in json.loads(config.read_text())


def test_what_cannot_be_cloned(host, build):
    """All are named, with git's own words, and the build ends."""
    host("lessons", "README.md")

    code, said, _, config = build(f"{HOST}/lessons@v9,{HOST}/none,{HOST}/lessons2")

    assert code == 1
    lines = said.splitlines()
    assert [line.split()[1] for line in lines] == [
        f"{HOST}/lessons",
        f"{HOST}/none",
        f"{HOST}/lessons2",
    ]
    assert "at v9 was not cloned: Remote branch v9 not found" in lines[0]
    assert not config.exists()


@pytest.mark.parametrize(
    ("first", "second", "page"),
    [
        pytest.param(["index.ipynb", "README.md"], ["x"], "a/index.ipynb", id="index"),
        pytest.param(["Readme.md"], ["x"], "a/Readme.md", id="in any case"),
        pytest.param(["README.md"], ["index.ipynb"], "b/index.ipynb", id="an index first"),
        pytest.param(["x"], ["README.md"], "b/README.md", id="of another"),
        pytest.param(["x"], ["y"], "a", id="the folder"),
    ],
)
def test_start_page(tmp_path, first, second, page):
    for name, files in (("a", first), ("b", second)):
        (tmp_path / name).mkdir()
        for file in files:
            (tmp_path / name / file).touch()

    repositories = content.parse(f"{HOST}/a,{HOST}/b")

    assert content.start_page(tmp_path, repositories, "") == page


def test_start_page_that_was_asked_for(host, build):
    host("lessons", "README.md", "R/first day.ipynb")

    code, _, _, config = build(f"{HOST}/lessons", "lessons/R/first day.ipynb")

    assert code == 0
    url = json.loads(config.read_text())["ServerApp"]["default_url"]
    assert url == "/lab/tree/lessons/R/first%20day.ipynb"


@pytest.mark.parametrize("start", ["index.ipynb", "lessons/none", "../etc", "/etc/passwd"])
def test_start_page_that_is_not_there(host, build, start):
    """It is refused, with how such a path begins."""
    host("lessons", "README.md")

    code, said, _, _ = build(f"{HOST}/lessons", start)

    assert code == 1
    assert f"WORKSHOP_START={start} is not in the material; it begins with lessons/…" in said


@pytest.fixture
def site(tmp_path):
    (tmp_path / "logo.svg").write_text("<svg/>")
    (tmp_path / "notes.txt").touch()
    (tmp_path / "large.png").write_bytes(bytes(branding.LARGEST + 1))
    (tmp_path.parent / "outside.svg").touch()
    return tmp_path


def test_stylesheet(site):
    """Each has its rule; a text cannot end its string."""
    rules = branding.stylesheet("logo.svg", 'Ünit "1" \\ <b>', ".no-ipynb, #x > p", site)

    assert 'url("data:image/svg+xml;base64,PHN2Zy8+")' in rules
    assert r'content: "Ünit \22 1\22  \5c  \3c b\3e ";' in rules
    assert ".no-ipynb,\n#x > p { display: none !important; }" in rules


def test_nothing_to_show(site):
    assert branding.stylesheet("", "", "", site) == ""


@pytest.mark.parametrize(
    ("logo", "hide", "said"),
    [
        ("none.svg", "", "no file in site/"),
        ("../outside.svg", "", "no file in site/"),
        ("notes.txt", "", "no picture"),
        ("large.png", "", "are the most"),
        ("", "a { color: red }", "WORKSHOP_HIDE has a { color: red }"),
    ],
)
def test_stylesheet_refused(site, logo, hide, said):
    with pytest.raises(branding.Wrong, match=said):
        branding.stylesheet(logo, "", hide, site)


def test_every_mistake_at_once(site):
    with pytest.raises(branding.Wrong) as error:
        branding.stylesheet("none.svg", "", "a{}", site)

    assert len(str(error.value).splitlines()) == 2


def test_locked_with_the_notebook_image():
    """What is added has the versions that the image it is added to has."""
    locks = [dict(re.findall(r"^([\w.-]+)==(\S+)", path.read_text(), re.M)) for path in LOCKS]
    shared = locks[0].keys() & locks[1].keys()

    assert "ipykernel" in shared
    assert {name for name in shared if locks[0][name] != locks[1][name]} == set()
