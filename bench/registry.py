"""Names: methods, datasets, networks and stages are found here, and nowhere else."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import os
import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Generic, TypeVar

import bench
from bench.dataset import Dataset
from bench.errors import ConfigError, Terminated, no_file_name, unknown
from bench.method import SLOTS, Method
from bench.record import canonical
from bench.stage import Stage
from bench.watching.reading import sources_read

T = TypeVar("T")
# Every module of these is imported, and of their folders the one that registers stages: what those compute with is
# imported when it is used.
SHIPPED, STAGES_MODULE, JUDGES = ("bench.networks", "bench.methods", "bench.datasets"), "stages", "bench.judging.stage"
PLUGIN = "imbench_plugin_"  # how the names of a user's modules begin
SOURCE = "__imported_source__"  # where such a module keeps the bytes that it was made of
READ = "__read_sources__"  # where it keeps which other files of a user's were read as it was imported


@dataclass(frozen=True)
class Entry(Generic[T]):
    """One registered class with its name and where its idea was published."""

    name: str
    cls: type[T]
    reference: str

    @property
    def summary(self) -> str:
        """First line of the class's docstring."""
        return (self.cls.__doc__ or "").strip().split("\n")[0]


class Registry(Generic[T]):
    """Classes of one kind by name; filled by decorators when their modules are imported."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Entry[T]] = {}

    def register(self, name: str, reference: str = "") -> Callable[[type[T]], type[T]]:
        """Return a decorator that enters a class under `name`.

        Raises
        ------
        ConfigError
            The name is taken by a class of another module, or no file can be called by it.
        """
        if wrong := no_file_name(self.kind, name):
            raise ConfigError(wrong)

        def enter(cls: type[T]) -> type[T]:
            known = self._entries.get(name)
            if known and (known.cls.__module__, known.cls.__qualname__) != (cls.__module__, cls.__qualname__):
                raise ConfigError(
                    f"{self.kind} {name!r} is defined twice: in {known.cls.__module__} and {cls.__module__}"
                )
            self._entries[name] = Entry(name, cls, reference)
            return cls

        return enter

    def __getitem__(self, name: str) -> Entry[T]:
        if name not in self._entries:
            raise ConfigError(unknown(self.kind, name, self._entries))
        return self._entries[name]

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[Entry[T]]:
        return iter(self._entries.values())


METHODS: Registry[Method] = Registry("method")
DATASETS: Registry[Dataset] = Registry("dataset")
STAGES: Registry[Stage] = Registry("stage")
NETWORKS: Registry[Any] = Registry("network")  # of bench.networks.network
register = METHODS.register
register_stage = STAGES.register
register_network = NETWORKS.register
register_dataset = DATASETS.register


def shipped_datasets() -> list[Entry[Dataset]]:
    """Return the datasets that come with the suite: all but the one that reads what bench.toml names."""
    return [entry for entry in DATASETS if not entry.cls.of_users]


def users_dataset() -> type[Dataset]:
    """Return the class that reads images which bench.toml names."""
    return next(entry.cls for entry in DATASETS if entry.cls.of_users)


def slots_of(method: type[Method]) -> tuple[str, ...]:
    """Return the slots that a method fills, which its class tells: to make one may take arguments."""
    return tuple(slot for hook, slot in SLOTS.items() if getattr(method, hook) is not getattr(Method, hook))


def parameters_of(method: type[Method]) -> dict[str, object]:
    """Return what a method can be given, with the defaults; `Parameter.empty` stands for what it must be given."""
    return {name: it.default for name, it in inspect.signature(method).parameters.items()}


def judging_stage() -> str:
    """Return the name of the stage whose artifacts judge made images, "" where none is registered."""
    return next((entry.name for entry in STAGES if entry.cls.judges), "")


def unknown_dataset(name: str, own: Iterable[str]) -> str:
    """Return the sentence for a dataset that is neither shipped nor one of the user's."""
    return unknown("dataset", name, {entry.name for entry in shipped_datasets()} | {*own})


def load(plugins: tuple[str, ...] = ()) -> None:
    """Import the shipped networks, methods, datasets and judges, then a user's own files.

    Raises
    ------
    ConfigError
        A plugin file is missing, cannot be imported, changes what all methods share, or has a method without any hook,
        or with one that cannot be called; the text names it.
    """
    for package in SHIPPED:
        module = importlib.import_module(package)
        for info in pkgutil.iter_modules(module.__path__, f"{package}."):
            name = f"{info.name}.{STAGES_MODULE}" if info.ispkg else info.name
            if not info.ispkg or importlib.util.find_spec(name):
                importlib.import_module(name)
    importlib.import_module(JUDGES)
    for plugin in plugins:
        _load_file(Path(plugin).resolve())


def _load_file(path: Path) -> None:
    """Import one plugin under a name of its own; a second import is a no-op."""
    name = f"{PLUGIN}{path.stem}_{sha256(os.fsencode(path)).hexdigest()[:8]}"
    if name in sys.modules:
        return
    if not path.is_file():
        raise ConfigError(f"plugin {path}: no such file (see `plugins` in bench.toml)")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise ConfigError(f"plugin {path}: no Python file; its name must end in .py")
    from bench.watching.untouched import (  # loads torch, as a run without plugins need not to be planned
        Touched,
        untouched,
    )

    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        source = path.read_bytes()  # read once: what is executed is what its code digest is taken of
        _refuse_old_names(source)
        setattr(module, SOURCE, source)
        with redirect_stdout(sys.stderr), untouched(), sources_read() as read:  # what it prints is no part of an answer
            setattr(module, READ, read)
            exec(compile(source, str(path), "exec", dont_inherit=True), module.__dict__)
        for other, stamp in read.items():
            bench.BEGAN.setdefault(str(other), stamp)
    except BaseException as error:  # one that ends Python would end the run as if all were well
        del sys.modules[name]
        if isinstance(error, KeyboardInterrupt | Terminated):
            raise
        said = str(error) if isinstance(error, ConfigError | Touched) else f"{type(error).__name__}: {error}"
        raise ConfigError(f"plugin {path}: {said}") from error
    for entry in METHODS:
        if entry.cls.__module__ == name and (wrong := _not_a_method(entry.cls)):
            del sys.modules[name]
            raise ConfigError(f"plugin {path}: {entry.name} {wrong}")


def _refuse_old_names(source: bytes) -> None:
    """Refuse imports of `methods` and `datasets` as they were once spelled; the second is also a well-known package."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [str(node.module)]
        else:
            continue
        for name in names:
            top = name.split(".")[0]
            if top == "methods" or (top == "datasets" and f"bench.{name}" in sys.modules):
                raise ConfigError(f"line {node.lineno}: `{name}` is imported as `bench.{name}` now")


def _not_a_method(cls: type[Method]) -> str:
    """Return "" if a class overrides some hook, takes the arguments of every call, and if records can name it."""
    called = (name for name, it in vars(Method).items() if inspect.isfunction(it) and not name.startswith("_"))
    for hook in called:
        asked, theirs = inspect.signature(getattr(Method, hook)), getattr(cls, hook)
        if not callable(theirs):
            return f"cannot be called: {hook} is no function of {_names(asked)}"
        taken = inspect.signature(theirs)
        try:
            taken.bind(*asked.parameters)
        except TypeError:
            return f"cannot be called: {hook}{_names(taken)} must take {_names(asked)}"
    for parameter in inspect.signature(cls).parameters.values():
        try:
            canonical(None if parameter.default is inspect.Parameter.empty else parameter.default)
        except (TypeError, ValueError) as error:
            return f"cannot be told from others by {parameter.name} = {parameter.default}: {error}"
    return "" if slots_of(cls) else f"would be Vanilla: it overrides none of {', '.join(SLOTS)}"


def _names(signature: inspect.Signature) -> str:
    return f"({', '.join(signature.parameters)})"
