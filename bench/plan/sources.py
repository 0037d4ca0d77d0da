"""Sources: the text of a module as this process imported it; a file that was changed since is refused by name."""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import bench
from bench import Stamp, stamp_of
from bench.errors import ConfigError
from bench.plan.syntax import Syntax, syntax
from bench.registry import PLUGIN, READ, SOURCE


@dataclass(frozen=True)
class Examined:
    """The state of a module's file when it was last read, and what its source says."""

    stamp: Stamp
    syntax: Syntax


_examined: dict[Path, Examined] = {}  # of this process, whose modules stay what they were when they were imported


def examine(name: str, path: Path, loaded: Collection[str] = ()) -> Syntax:
    """Return what the source of a module says, as this process imported it.

    Parameters
    ----------
    loaded
        Modules whose files are of no interest any more, for they were examined and imported before.

    Raises
    ------
    ConfigError
        The file has changed since, other than in its comments; the text names the module.
    """
    now, known = stamp_of(path), _examined.get(path)
    if known is not None and (known.stamp == now or name in loaded):
        return known.syntax
    imported = known.syntax if known is not None else _kept(name)
    if imported is None and bench.BEGAN.get(str(path), now) != now:
        raise _changed(name)
    try:
        found = syntax(path.read_bytes(), package_of(name, path))
    except (OSError, SyntaxError, ValueError):
        raise _changed(name) from None
    except RecursionError:
        raise ConfigError(
            f"{shown(name)}: its source is nested too deeply to be read; make its longest expression several"
        ) from None
    if (imported is not None and imported.digest != found.digest) or stamp_of(path) != now:
        raise _changed(name)
    _examined[path] = Examined(now, found)
    return found


def path_of(name: str, plugin: Path | None = None) -> Path | None:
    """Return the file of a module of the suite, of a plugin, or of what lies beside or below the plugin that asks.

    None for anything else. Nothing is imported to find out.
    """
    if name.startswith(PLUGIN):
        file = getattr(sys.modules.get(name), "__file__", None)
        return Path(file) if file else None
    if name.split(".")[0] == "bench":
        return _below(Path(str(bench.__file__)).parent, name.split(".")[1:])
    return _helper(name, plugin.resolve().parent) if plugin else None


def read_by(plugin: str) -> set[Path]:
    """Return the other files of a user's that were read as a plugin was imported, in whatever way."""
    return {*getattr(sys.modules.get(plugin), READ, {})}


def is_known(path: Path) -> bool:
    """Return whether the code digest of any module that this process was asked for holds a file."""
    return path in {known.resolve() for known in _examined}


def package_of(name: str, path: Path) -> str:
    """Return the package that a module's relative imports start from."""
    return name if path.name == "__init__.py" else name.rpartition(".")[0]


def _kept(name: str) -> Syntax | None:
    """Return what a plugin's source said when it was loaded, None for other modules."""
    kept = getattr(sys.modules.get(name), SOURCE, None) if name.startswith(PLUGIN) else None
    return None if kept is None else syntax(kept, "")


def _below(folder: Path, parts: list[str]) -> Path | None:
    for candidate in (folder.joinpath(*parts, "__init__.py"), folder.joinpath(*parts).with_suffix(".py")):
        if str(candidate) in bench.BEGAN or candidate.is_file():
            return candidate
    return None


def _helper(name: str, folder: Path) -> Path | None:
    """Return the file of a module that a plugin imports and that lies in or below its folder."""
    top, *rest = name.split(".")
    try:
        # Of a module that is only to be loaded when it is used, asking for anything else would load it.
        spec = object.__getattribute__(sys.modules[top], "__dict__").get("__spec__") if top in sys.modules else None
        spec = spec or find_spec(top)
    except (AttributeError, ImportError, ValueError):
        return None
    if spec is None:
        return None
    if spec.origin is None:  # a folder of modules that has no __init__.py
        places = [Path(place).resolve() for place in spec.submodule_search_locations or ()]
        return next((_below(place, rest) for place in places if rest and _is_own(place, folder)), None)
    path = Path(spec.origin).resolve()
    if path.suffix != ".py" or not _is_own(path, folder):
        return None
    return path if not rest else _below(path.parent, rest) if path.name == "__init__.py" else None


def _is_own(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder) and "site-packages" not in path.parts


def _changed(name: str) -> ConfigError:
    return ConfigError(f"{shown(name)}: its file has changed since this process began; run the same command again")


def shown(name: str) -> str:
    """Return a module's name in print; a plugin's without the digest of the place where it lies."""
    return f"plugin {name.removeprefix(PLUGIN).rpartition('_')[0]}" if name.startswith(PLUGIN) else name
