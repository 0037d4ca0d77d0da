"""Python imports this at its start where the folder is on its path: it makes a process do something at a named point.

POINTS_OF_FAULT is a JSON list of points. Each names a function, `module:Class.name`, and what happens at its n-th call
in a process: `touch` makes `file`; `kill`, `kill runner` and `kill both` send SIGKILL. A point acts once in all
processes together: whoever makes its `file` first does it.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
from collections.abc import Callable
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

POINTS: list[dict[str, Any]] = json.loads(os.environ.get("POINTS_OF_FAULT", "[]"))
RUNNER = int(os.environ.get("RUNNER_OF_FAULTS", "0"))  # 0: the process that starts first is it


def act(point: dict[str, Any]) -> None:
    """Do what a point asks for, unless it was done."""
    try:
        os.close(os.open(point["file"], os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    what = point.get("act", "touch")
    if what in ("kill runner", "kill both"):
        os.kill(RUNNER or os.getpid(), signal.SIGKILL)
    if what in ("kill", "kill both"):
        os.kill(os.getpid(), signal.SIGKILL)


def watched(function: Callable[..., Any], point: dict[str, Any]) -> Callable[..., Any]:
    """Return a function that acts at its n-th call, before or after."""
    calls = 0

    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        due = calls == point.get("call", 1)
        if due and point.get("when", "before") == "before":
            act(point)
        result = function(*arguments, **named)
        if due and point.get("when", "before") == "after":
            act(point)
        return result

    return call


class Watching(Loader):
    """Loads a module as ever, then puts the points into it."""

    def __init__(self, inner: Loader, points: list[dict[str, Any]]) -> None:
        self.inner, self.points = inner, points

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return what the loader makes."""
        return self.inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run it, and replace the functions that are watched."""
        self.inner.exec_module(module)
        for point in self.points:
            *path, name = point["at"].partition(":")[2].split(".")
            holder: Any = module
            for part in path:
                holder = getattr(holder, part)
            setattr(holder, name, watched(getattr(holder, name), point))


class Finder:
    """Finds the modules that have points."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: object = None) -> ModuleSpec | None:
        """Return the usual spec with a loader that watches, None for other modules."""
        points = [point for point in POINTS if point["at"].partition(":")[0] == name]
        spec = PathFinder.find_spec(name, path) if points else None
        if spec is not None and spec.loader is not None:
            spec.loader = Watching(spec.loader, points)
        return spec


if POINTS:
    os.environ.setdefault("RUNNER_OF_FAULTS", str(os.getpid()))
    sys.meta_path.insert(0, Finder)  # type: ignore[arg-type]
