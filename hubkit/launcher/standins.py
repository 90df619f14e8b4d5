"""Imports a start can do without: put off until somebody uses them.

While one of the modules in `IMPORTERS` is imported, the costly modules it asks for have
stand-ins. Nobody else sees these, and each becomes the real module at its first use. A
version of a package that uses more of another one than is foreseen here gets the real one.
"""

from __future__ import annotations

import functools
import importlib
import importlib.machinery
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Maker = Callable[[str, str], Any]  # makes what stands for a name of a module


def never(module: str, name: str) -> type:
    """Return a class for checks that are never true in a user's server."""
    return type(name, (Exception,), {"__module__": module})


def later(module: str, name: str) -> Callable[..., Any]:
    """Return a function that imports the real one when it is called."""

    def call(*args: Any, **given: Any) -> Any:
        return getattr(importlib.import_module(module), name)(*args, **given)

    return call


class _Made:
    """An object that is made when something of it is used."""

    def __init__(self, make: Callable[[], Any]):
        self._make = make

    def __getattr__(self, name: str) -> Any:
        made = self.__dict__.get("_object")
        if made is None:
            made = self.__dict__["_object"] = self._make()
        return getattr(made, name)


def made_later(module: str, name: str) -> Callable[..., Any]:
    """Return what makes objects that become real when they are used."""
    make = later(module, name)
    return lambda *args, **given: _Made(functools.partial(make, *args, **given))


def version(module: str, _name: str) -> str:
    """Return the version of the package the module is of."""
    return importlib.import_module("importlib.metadata").version(module)  # type: ignore[no-any-return]


# Importer → module → name → what stands for it. Measured with JupyterHub 6.1, JupyterLab 4.6.
IMPORTERS: dict[str, dict[str, dict[str, Maker]]] = {
    # The hub's database, and with it SQLAlchemy and Alembic: a server has none.
    "jupyterhub.utils": {"sqlalchemy": {}, "sqlalchemy.exc": {"SQLAlchemyError": never}},
    "jupyterhub.metrics": {"jupyterhub.orm": {}},
    "jupyterhub.scopes": {"sqlalchemy": {}, "jupyterhub.orm": {}, "jupyterhub.roles": {}},
    # The hub's pages, for the sake of not logging one of them.
    "jupyterhub.log": {
        "jupyterhub.handlers": {},
        "jupyterhub.handlers.pages": {"HealthCheckHandler": never},
    },
    # Grammars compiled to check formats of which no schema of Jupyter's has any.
    "jsonschema._format": {
        "rfc3987_syntax": {"is_valid_syntax": later},
        "rfc3986_validator": {"validate_rfc3986": later},
    },
    # Lists of JupyterLab extensions from elsewhere.
    "jupyterlab_server.listings_handler": {"requests": {}},
    "jupyterlab.extensions.pypi": {
        "httpx": {"__version__": version, "AsyncClient": made_later},
    },
}
# Module → its function, and a module that it would import in vain.
IN_VAIN = {"notebook_shim.nbserver": ("_link_jupyter_server_extension", "IPython.paths")}

_standing: dict[str, ModuleType] = {}  # stand-ins that are in `sys.modules` now


class StandIn(ModuleType):
    """Stands for a module until something of it is used that is not foreseen."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in {"__all__", "__version__"}:
            raise AttributeError(name)
        take_down()
        return getattr(importlib.import_module(self.__name__), name)


def take_down() -> None:
    """Take all stand-ins out of `sys.modules`; who has one goes on using it."""
    while _standing:
        name, module = _standing.popitem()
        if sys.modules.get(name) is module:
            del sys.modules[name]


def put_up(modules: dict[str, dict[str, Maker]]) -> None:
    """Let stand-ins be imported in place of *modules* that exist and are not imported yet."""
    for name, names in modules.items():
        if name in sys.modules:
            continue
        above = name.rpartition(".")[0]
        parent = sys.modules.get(above)
        if above and parent is None:
            continue
        spec = importlib.machinery.PathFinder.find_spec(name, getattr(parent, "__path__", None))
        if spec is None:
            continue
        module = StandIn(name)
        module.__spec__ = spec
        if spec.submodule_search_locations is not None:
            module.__path__ = list(spec.submodule_search_locations)
        for wanted, maker in names.items():
            setattr(module, wanted, maker(name, wanted))
        sys.modules[name] = _standing[name] = module


class _Around:
    """A module's loader, with something done before and after."""

    def __init__(self, name: str, loader: Any):
        self._name, self._loader = name, loader

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        module.__spec__.loader = module.__loader__ = self._loader
        put_up(IMPORTERS.get(self._name, {}))
        try:
            self._loader.exec_module(module)
        finally:
            take_down()
        if self._name in IN_VAIN:
            function, unwanted = IN_VAIN[self._name]
            if hasattr(module, function):
                setattr(module, function, _without(unwanted, getattr(module, function)))


def _without(unwanted: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **given: Any) -> Any:
        if unwanted in sys.modules:
            return function(*args, **given)
        sys.modules[unwanted] = None  # type: ignore[assignment] # "not there", to an import
        try:
            return function(*args, **given)
        finally:
            sys.modules.pop(unwanted, None)

    return call


class Finder:
    """Finds the modules of `IMPORTERS` as the others would, and puts stand-ins around them."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return where *name* is; nothing for modules that are imported as always."""
        if name not in IMPORTERS and name not in IN_VAIN:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Around(name, spec.loader)  # type: ignore[assignment]
                return spec
        return None


def install() -> None:
    """Put stand-ins around the imports of this process."""
    sys.meta_path.insert(0, Finder())
