"""Modules that take seconds to import are loaded when they are first used, not when they are first named."""

from __future__ import annotations

import sys
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

# What import statements and debugging tools ask every module for: no use of it. (`importlib.util.LazyLoader` would load
# a module as soon as a second one imports it, for an import statement asks for `__spec__`.)
TOLD = frozenset({"__path__", "__version__", "__all__", "__config__", "__future__"})


class Deferred(ModuleType):
    """A module that is there by name and is loaded, in place, when something in it is asked for."""

    def __init__(self, spec: ModuleSpec) -> None:
        super().__init__(spec.name)
        self.__spec__, self.__loader__, self.__file__ = spec, spec.loader, spec.origin

    def __getattr__(self, name: str) -> object:
        if name.startswith("__") and name not in TOLD:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        spec = self.__spec__
        assert spec is not None and spec.loader is not None
        self.__class__ = ModuleType  # type: ignore[assignment]  # from here on it is a module like any other, also for those that it imports
        self.__path__ = spec.submodule_search_locations or []
        spec.loader.exec_module(self)
        return getattr(self, name)


class Loaded:
    """Finds a submodule that is there already.

    Import asks a parent for its path before it loads a submodule of it. A deferred parent is loaded by that, and may
    have loaded the submodule itself; import would go on and load it once more.
    """

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return a way to the module of that name that is loaded, None where there is none."""
        module = sys.modules.get(name)
        return None if module is None else ModuleSpec(name, Given(module))


class Given(Loader):
    """Gives a module as it is."""

    def __init__(self, module: ModuleType) -> None:
        self.module, self.spec = module, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module."""
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        """Leave it alone, but for what import has just written into it."""
        module.__spec__ = self.spec


def defer(*names: str) -> None:
    """Let modules be loaded at their first use, where they are installed and not loaded yet."""
    if Loaded not in sys.meta_path:
        sys.meta_path.insert(0, Loaded)
    for name in names:
        if name not in sys.modules and (spec := find_spec(name)) is not None:
            sys.modules[name] = Deferred(spec)
