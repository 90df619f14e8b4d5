"""The package's shape: imports point one way, one reader of the environment, small parts."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import hubkit

PACKAGE = Path(hubkit.__file__).parent
PURE = {"errors", "values", "envfile", "reading", "names", "userlist", "listing", "settings"}
PURE |= {"schedule", "visitors", "machine", "assets", "together"}
BUILDERS, ABOVE = 2, {"spawner": 3, "auth": 3, "pool": 3, "warden": 3}
ROOMS = {
    "hubkit": 0,
    "errors": 0,
    **dict.fromkeys(PURE - {"errors"}, 1),
    "stack": BUILDERS,  # what the hub's own parts know about the containers beside it
    "framing": BUILDERS,  # headers and cookies of the hub and of its servers
    "documents": BUILDERS,  # what is written about the settings
    "certs": BUILDERS,  # files in secrets/, without Docker and JupyterHub
    "launcher": BUILDERS,  # placed into servers: alone there, with the image's Python
    **ABOVE,
    "services": 4,
    "ops": 5,
    "cli": 6,
    "__main__": 6,
}
FRAMEWORKS = {"docker", "dockerspawner", "jupyterhub", "traitlets"}
NETWORK = {"asyncio", "ftplib", "http", "selectors", "smtplib", "socket", "socketserver", "ssl"}
NETWORK |= {"subprocess", "urllib.request", "xmlrpc"}
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb"}
LAUNCHER = "hubkit.launcher"
LONGEST_MODULE, LONGEST_FUNCTION = 300, 40  # lines


def dotted(path):
    """Return the dotted name of the module at *path*."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


SOURCES = {dotted(path): path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
MODULES = sorted(SOURCES)


def imports(source, module=""):
    """Return the dotted names *source*, the text of *module*, imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}, line {node.lineno}: imports are absolute here"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            within = whole & set(SOURCES)
            found |= within | (whole - within if "." not in node.module else set())
            found |= {node.module} if whole != within else set()
    return found


def inside(module):
    """Return the modules of the package that *module* imports."""
    return {name for name in imports(SOURCES[module], module) if name in SOURCES}


@cache
def meets_framework(module):
    """Return whether *module* of the spawner, or one it is built on, knows Docker or JupyterHub."""
    roots = {name.split(".")[0] for name in imports(SOURCES[module])}
    below = {name for name in inside(module) if name.startswith("hubkit.spawner.")}
    return bool(roots & FRAMEWORKS) or any(map(meets_framework, below))


def room(module):
    """Return how high *module* stands: 0 for what imports nothing of the package."""
    part = module.removeprefix("hubkit.").split(".")[0]
    assert part in ROOMS, f"{module}: give hubkit.{part} a room in ROOMS"
    if part == "spawner" and module != "hubkit.spawner":
        return ROOMS["spawner"] if meets_framework(module) else BUILDERS
    return ROOMS[part]


def reads_environment(source):
    """Return the lines of *source* that name the environment."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            named = {node.attr}
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            named = {alias.name for alias in node.names}
        else:
            continue
        if named & ENVIRONMENT:
            lines.append(node.lineno)
    return lines


def impure(source):
    """Return what *source* imports that a pure module may not."""
    return {
        name
        for name in imports(source)
        if name.split(".")[0] not in {*sys.stdlib_module_names, "hubkit"}
        or name in NETWORK
        or name.split(".")[0] in NETWORK
    }


def long_functions(source):
    """Return the functions of *source* longer than one can take in at a glance."""
    return [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]


def test_the_package_was_found():
    """The laws below are about the whole package, so they must have found it."""
    assert {f"hubkit.{name}" for name in PURE} < set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module):
    """A module imports only from its own room and from lower ones."""
    higher = {name for name in inside(module) if room(name) > room(module)}

    assert not higher


def test_no_circles():
    """There is an order in which every module comes after those it imports."""
    graph = {module: inside(module) - {module} for module in MODULES}

    assert len(list(TopologicalSorter(graph).static_order())) == len(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_one_reader_of_the_environment(module):
    """Only the settings read the environment; everything else is told.

    What runs in a user's server has that server's environment, not the kit's.
    """
    if module.startswith(LAUNCHER):
        return
    assert bool(reads_environment(SOURCES[module])) == (module == "hubkit.settings")


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith(LAUNCHER)])
def test_what_is_placed_into_servers_stands_alone(module):
    """No other part of the package is there, and Python may be as old as 3.8."""
    assert not {name for name in inside(module) if not name.startswith(LAUNCHER)}
    assert impure(SOURCES[module]) <= {"tornado.ioloop"}  # each server has it
    ast.parse(SOURCES[module], feature_version=(3, 8))


@pytest.mark.parametrize("module", sorted(f"hubkit.{name}" for name in PURE))
def test_pure_modules(module):
    """Pure modules need neither Docker nor JupyterHub nor a network, nor what does."""
    assert not impure(SOURCES[module])
    assert {name.removeprefix("hubkit.") for name in inside(module)} <= PURE


@pytest.mark.parametrize("module", MODULES)
def test_parts_are_small(module):
    """A module is read in one sitting, a function at one glance."""
    assert len(SOURCES[module].splitlines()) <= LONGEST_MODULE
    assert not long_functions(SOURCES[module])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("import os, a.b", {"os", "a.b"}, id="plain imports"),
        pytest.param("import a.b as c", {"a.b"}, id="under another name"),
        pytest.param("def f():\n  import a", {"a"}, id="within a function"),
        pytest.param("from hubkit import names", {"hubkit.names"}, id="a module of a package"),
        pytest.param("from hubkit.names import escape", {"hubkit.names"}, id="from a module"),
        pytest.param("from urllib import request", {"urllib", "urllib.request"}, id="either"),
    ],
)
def test_imports_are_seen(source, expected):
    """An import is seen however it is written."""
    assert imports(source) == expected


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        pytest.param("os.environ['A']", True, id="environ"),
        pytest.param("os.getenv('A')", True, id="getenv"),
        pytest.param("from os import environ", True, id="imported by name"),
        pytest.param("import os as o; o.environ", True, id="under another name"),
        pytest.param("os.path.join('environ')", False, id="only text"),
    ],
)
def test_readers_are_seen(line, seen):
    """A look into the environment is seen however it is written."""
    assert bool(reads_environment(line)) == seen


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("import re, urllib.parse", set(), id="no network in the standard library"),
        pytest.param("from hubkit.errors import Problem", set(), id="the package itself"),
        pytest.param("import docker.errors", {"docker.errors"}, id="Docker"),
        pytest.param("from jupyterhub import orm", {"jupyterhub", "jupyterhub.orm"}, id="the hub"),
        pytest.param("from http.client import x", {"http.client"}, id="a network's client"),
        pytest.param("from urllib import request", {"urllib.request"}, id="a hidden client"),
    ],
)
def test_impurity_is_seen(source, expected):
    """What a pure module may not import is seen."""
    assert impure(source) == expected


@pytest.mark.parametrize(("lines", "seen"), [(40, False), (41, True)], ids=["40 lines", "41 lines"])
def test_long_functions_are_seen(lines, seen):
    """A function may have 40 lines, its first included, and not one more."""
    assert bool(long_functions("async def f():\n" + "    pass\n" * (lines - 1))) == seen


@pytest.mark.parametrize("module", ["pool.running", "spawner.kit", "services.pool_metrics"])
def test_whichever_part_is_imported_first(module):
    """Spawner and pool know each other; neither needs the other to be there before it."""
    run = [sys.executable, "-W", "error", "-c", f"import hubkit.{module}"]

    assert subprocess.run(run, capture_output=True, text=True, check=False).stderr == ""


def test_the_mounter_is_without_the_hub():
    """It has every right on the machine, so it holds as little code as can be."""
    code = "import hubkit.warden.mounter, sys; print(*{'jupyterhub', 'docker'} & {*sys.modules})"
    run = [sys.executable, "-c", code]

    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "\n"
