"""Code digests: which modules a piece of work really uses, and a digest of each that comments do not change."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from hashlib import sha256
from pathlib import Path

from bench.plan.sources import examine, path_of, read_by, shown
from bench.registry import PLUGIN

# Modules whose code cannot change a number: they look names up, spell errors, or make and carry values that the
# identity holds (the cache's rule of preparation is one).
PLUMBING = frozenset(
    {
        "bench",
        "bench.methods",
        "bench.datasets",
        "bench.data.cache",
        "bench.dataset",
        "bench.errors",
        "bench.protocol",
        "bench.record",
        "bench.registry",
        "bench.stage",
    }
)


def code_digests(modules: Iterable[str], loaded: Collection[str] = ()) -> dict[str, str]:
    """Return {module: digest} for the modules and all they import, directly or not, within the suite.

    With a plugin come the modules that it imports from its own folder or below, and whatever else of a user's was read
    as it was imported. Files of modules in `loaded` are not looked at again.

    Raises
    ------
    ConfigError
        A file has changed since this process imported it; the text names the module.
    """
    found: dict[str, str] = {}
    seen: set[Path] = set()
    plugins: dict[str, Path] = {}
    waiting: list[tuple[str, Path | None]] = [(name, None) for name in modules]
    while waiting:
        name, plugin = waiting.pop()
        if name in found or name in PLUMBING or (path := path_of(name, plugin)) is None:
            continue
        source = examine(name, path, loaded)
        found[name] = source.digest
        seen.add(path.resolve())
        if name.startswith(PLUGIN):
            plugins[name] = path.resolve()
        asking = path if name.startswith(PLUGIN) else plugin
        waiting.extend((other, asking) for other in source.imported)
        if asking is not None and not name.startswith("bench."):  # a user's: what a call imports, and its packages
            waiting.extend((other, asking) for other in (*source.called, *_packages(name)))
    for name, file in plugins.items():
        for other in sorted(read_by(name) - seen):
            beside = os.path.relpath(other, file.parent)
            found[beside] = examine(beside, other, loaded).digest
    told: dict[str, list[str]] = {}
    for name, digest in found.items():
        told.setdefault(shown(name), []).append(digest)
    return {name: _one(sorted(digests)) for name, digests in sorted(told.items())}


def _packages(name: str) -> list[str]:
    """Return the packages that a module lies in, whose own code runs before it."""
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _one(digests: list[str]) -> str:
    """Return one digest for the plugins of one name, whatever folders they lie in."""
    return digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()[:12]
