"""Modules in whose place something cheap stands until they are used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hubkit.launcher import standins

Make = Callable[..., Any]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Return a function that writes modules, and imports the first with a stand-in."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    finders = list(sys.meta_path)

    def made(asks: str, costly: str, names: dict[str, Any], *, package: bool = False) -> Any:
        (tmp_path / "kit_importer.py").write_text(asks)
        target = tmp_path / "kit_costly.py"
        if package:
            (tmp_path / "kit_costly").mkdir()
            target = tmp_path / "kit_costly" / "__init__.py"
        target.write_text(f"import kit_noted\n{costly}")
        (tmp_path / "kit_noted.py").write_text("")
        monkeypatch.setitem(standins.IMPORTERS, "kit_importer", {"kit_costly": names})
        standins.install()
        importlib.invalidate_caches()
        return importlib.import_module("kit_importer")

    yield made
    sys.meta_path[:] = finders
    for name in set(sys.modules) - before:
        del sys.modules[name]


def imported() -> bool:
    return "kit_noted" in sys.modules


def test_a_module_is_imported_when_it_is_used(make: Make):
    importer = make("import kit_costly\ndef use(): return kit_costly.x", "x = 1", {})
    assert not imported()

    assert importer.use() == 1
    assert imported()


def test_a_function_is_imported_when_it_is_called(make: Make):
    names = {"double": standins.later}
    importer = make("from kit_costly import double", "double = lambda n: 2 * n", names)
    assert not imported()

    assert importer.double(4) == 8


def test_an_object_is_made_when_it_is_used(make: Make):
    names = {"Client": standins.made_later}
    costly = "class Client:\n    def __init__(self, name): self.name = name"
    importer = make("import kit_costly\nmade = kit_costly.Client('a')", costly, names)
    assert not imported()

    assert importer.made.name == "a"


def test_a_class_that_is_never_met(make: Make):
    importer = make("from kit_costly import Never", "", {"Never": standins.never})

    assert not isinstance(ValueError(), importer.Never)
    assert not imported()


def test_what_is_not_foreseen_is_the_real_one(make: Make):
    """Another version of a package: as without stand-ins."""
    importer = make("from kit_costly import other", "other = 2", {"double": standins.later})

    assert importer.other == 2
    assert imported()


def test_nobody_else_sees_a_stand_in(make: Make):
    make("import kit_costly", "x = 1", {})
    assert "kit_costly" not in sys.modules

    assert importlib.import_module("kit_costly").x == 1
    assert not isinstance(sys.modules["kit_costly"], standins.StandIn)


def test_a_package_is_one_and_its_modules_are_found(make: Make):
    asks = "import kit_costly\ndef use(): return kit_costly.x"
    importer = make(asks, "x = 3", {}, package=True)

    assert importer.use() == 3


def test_a_module_that_is_not_installed_is_missed_as_ever(make: Make):
    standins.IMPORTERS["kit_importer"] = {}
    asks = "try:\n    import kit_absent\nexcept ImportError:\n    kit_absent = None"

    assert make(asks, "", {}).kit_absent is None


def test_the_importer_keeps_its_own_loader(make: Make):
    importer = make("import kit_costly", "", {})

    assert type(importer.__loader__).__name__ == "SourceFileLoader"
    assert importer.__spec__.loader is importer.__loader__


def test_an_importer_that_fails_leaves_nothing(make: Make):
    with pytest.raises(ZeroDivisionError):
        make("import kit_costly\n1 / 0", "", {})

    assert "kit_costly" not in sys.modules


def test_an_import_in_vain(make: Make, monkeypatch: pytest.MonkeyPatch):
    """While the function runs it is as if the module were not installed; later it is there."""
    monkeypatch.setitem(standins.IN_VAIN, "kit_importer", ("f", "kit_costly"))
    asks = (
        "def f():\n    try:\n        import kit_costly\n    except ImportError:\n        return 1"
    )

    assert make(asks, "x = 1", {}).f() == 1
    assert importlib.import_module("kit_costly").x == 1
