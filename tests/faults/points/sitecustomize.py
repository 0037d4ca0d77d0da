"""Python imports this at its start where the folder is on its path: it makes a process do something at a named point.

POINTS_OF_FAULT is a JSON list of points. Each names a function, `module:Class.name`, and what happens at its n-th call
in a process: `touch` makes `file`; `hold` stays there until the run is asked to end; `kill`, `kill runner` and
`kill both` send SIGKILL. A point acts once in all processes together: whoever makes its `file` first does it; but
`count` adds a line at every call. A point with `set` gives a name of a module that value. CLOCK_OF_FAULTS makes the
clock of every process jump by up to years, to and fro.
"""

from __future__ import annotations

import functools
import json
import os
import random
import signal
import sys
import time
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
    while what == "hold" and not sys.modules["bench.running.stopping"]._told:
        time.sleep(0.01)
    if what in ("kill runner", "kill both"):
        os.kill(RUNNER or os.getpid(), signal.SIGKILL)
    if what in ("kill", "kill both"):
        os.kill(os.getpid(), signal.SIGKILL)


def write_line(file: str) -> None:
    """Add a line, whole, whatever other processes add."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.write(descriptor, b"called\n")
    os.close(descriptor)


def watched(function: Callable[..., Any], point: dict[str, Any]) -> Callable[..., Any]:
    """Return a function that acts at its n-th call, before or after."""
    calls = 0

    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if point.get("act") == "count":
            write_line(point["file"])
            return function(*arguments, **named)
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
            if "set" in point:
                setattr(holder, name, point["set"])
                continue
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


def jump() -> None:
    """Let the clock of the wall jump; the one that only goes on does not."""
    true, rng = time.time, random.Random(os.getpid())
    time.time = lambda: true() + rng.choice((-1, 1)) * 10 ** rng.uniform(0, 8)


if "CLOCK_OF_FAULTS" in os.environ:
    jump()
if POINTS:
    os.environ.setdefault("RUNNER_OF_FAULTS", str(os.getpid()))
    sys.meta_path.insert(0, Finder)  # type: ignore[arg-type]
