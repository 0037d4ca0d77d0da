"""The handshake: before any work, a worker shows that its copy of the suite and its results folder are the runner's.

Results travel through the results folder alone. A worker on another machine that has no such folder, or another one
under the same path, would compute for nothing; one with other code would store other numbers under our names.
"""

from __future__ import annotations

import os
import platform
import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import bench
from bench.errors import ConfigError
from bench.plan.sources import examine
from bench.store.store import CLAIMS

VERSIONS = ("torch", "numpy")
PATIENCE_SECONDS = 5.0  # a network file system may show a new file late
NOT_READ = ("plan/default.toml",)  # by workers; in a clone it is a link to the user's own
AGAIN = "; run the same command again"  # what a process that holds old code says
NAMED = 3  # so many differing files are named in a refusal


@dataclass(frozen=True)
class Copy:
    """A copy of the suite: a digest of every file of the package, and the versions that its numbers rest on."""

    files: Mapping[str, str]
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Greeting:
    """What a worker has to find: the runner's mark in the results folder, and the same suite.

    `copy` is the runner's, where a worker may have another; else `files` is the state of those that they share.
    """

    results: Path
    mark: str
    copy: Copy | None = None
    files: str = ""


@cache
def own_files() -> str:
    """Return a digest of the suite's files, of their sizes and times, as this process found them when it began.

    A worker that begins later, for one that has grown or was killed, imports what they are by then.
    """
    root = str(Path(str(bench.__file__)).parent)
    files = {path: stamp for path, stamp in bench.BEGAN.items() if path.startswith(root + os.sep)}  # plugins' join them
    found = sorted((os.path.relpath(path, root), *stamp[:2]) for path, stamp in files.items())
    return sha256(repr(found).encode()).hexdigest()[:12]


@cache
def own_copy() -> Copy:
    """Return this process's own copy, as it was imported; comments do not count.

    Raises
    ------
    ConfigError
        A module has changed since it was imported.
    """
    root = Path(str(bench.__file__)).parent
    walked = os.walk(root, followlinks=True)
    paths = (Path(place, name) for place, _, names in walked for name in names if "__pycache__" not in place)
    ours = sorted(path for path in paths if path.name[0] != "." and path.relative_to(root).as_posix() not in NOT_READ)
    files = {path.relative_to(root).as_posix(): _digest(path, root) for path in ours}
    return Copy(files, {"Python": platform.python_version()} | {name: _version(name) for name in VERSIONS})


def differences(ours: Copy, theirs: Copy) -> str:
    """Return in words what differs between the runner's copy and a worker's, "" where nothing does."""
    names = _differing(ours.files, theirs.files)
    told = [
        f"{name} {theirs.versions.get(name, 'absent')}, here {ours.versions.get(name, 'absent')}"
        for name in _differing(ours.versions, theirs.versions)
    ]
    if names:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        told.insert(0, f"its {', '.join(names[:NAMED])}{more} {'is' if len(names) == 1 else 'are'} not ours")
    return "; ".join(told)


def answer(greeting: Greeting) -> str:
    """Return "" where this process may work for a runner, else why not; it is called in the worker."""
    if greeting.copy is not None:
        try:
            told = differences(greeting.copy, own_copy())
        except ConfigError as error:
            told = str(error)
        if told:
            return f"{told}; install the same copy and versions on both sides"
    if greeting.files and greeting.files != own_files():
        return f"files of the suite have changed since this run began{AGAIN}"
    mark = greeting.results / CLAIMS / greeting.mark
    end = time.monotonic() + PATIENCE_SECONDS
    while not _is_there(mark):
        if time.monotonic() > end:
            return (
                f"it does not see the results folder {greeting.results} of this run; "
                "workers and runner must share it, under the same path"
            )
        time.sleep(0.2)
    return ""


def greet(greeting: Greeting | None) -> None:
    """Refuse to work for a runner, in a worker that joined when its run had begun, say.

    Raises
    ------
    ConfigError
        The copy of the suite or the folder is another; the text names this worker.
    """
    if greeting is not None and greeting.mark not in _welcomed:
        if why := answer(greeting):
            raise refusal(_own_name(), why)
        _welcomed.add(greeting.mark)


def must_see(greeting: Greeting | None, paths: Iterable[Path]) -> None:
    """Refuse to work where a file of the runner's is not to be seen, on another machine's disk, say.

    Raises
    ------
    ConfigError
        It is not; the text names this worker and the file.
    """
    end = time.monotonic() + PATIENCE_SECONDS
    for path in paths if _may_be_elsewhere(greeting) else ():
        while not _is_there(path):
            if time.monotonic() > end:
                why = f"it does not see {path} of this run; workers and runner must share it, under the same path"
                raise refusal(_own_name(), why)
            time.sleep(0.2)


def of_worker(greeting: Greeting | None, error: ConfigError) -> ConfigError:
    """Return an error about the code that a process holds, with the worker's name where a runner did not start it."""
    if not _may_be_elsewhere(greeting):
        return error
    told = str(error)
    if told.endswith(AGAIN):
        told = f"{told.removesuffix(AGAIN)}; restart this worker, then {AGAIN.removeprefix('; ')}"
    return refusal(_own_name(), told)


def _may_be_elsewhere(greeting: Greeting | None) -> bool:
    return greeting is not None and greeting.copy is not None


def refusal(worker: str, why: str) -> ConfigError:
    """Return the error for a worker that may not work."""
    return ConfigError(f"worker {worker}: {why}")


_welcomed: set[str] = set()  # marks of the runners that this process has answered


def _own_name() -> str:
    with suppress(Exception):  # whatever a library says that is not there, or is no worker's
        from distributed import get_worker

        return str(get_worker().address)
    return f"{socket.gethostname()}, process {os.getpid()}"


def _is_there(path: Path) -> bool:
    with suppress(OSError):
        os.listdir(path.parent)  # of a network file system, which may remember that the file was not there
        return path.exists()
    return False


def _digest(path: Path, root: Path) -> str:
    if path.suffix != ".py":
        return sha256(path.read_bytes()).hexdigest()[:12]
    inside = path.relative_to(root.parent).with_suffix("").parts
    return examine(".".join(inside).removesuffix(".__init__"), path).digest


def _differing(ours: Mapping[str, str], theirs: Mapping[str, str]) -> list[str]:
    return sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
