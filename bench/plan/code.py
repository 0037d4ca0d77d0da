"""Code digests: which modules a piece of work really uses, and a digest of each that comments do not change."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

PLUGIN = "imbench_plugin_"  # as bench.registry names the modules of a user's files

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


def code_digests(modules: Iterable[str]) -> dict[str, str]:
    """Return {module: digest} for the modules and all they import, directly or not, within the suite.

    A plugin is one file: what it imports from elsewhere is not looked at.
    """
    found: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in found or name in PLUMBING or (path := _path(name)) is None:
            continue
        found[name], imported = _examine(path)
        waiting.extend(imported)
    return {_shown(name): digest for name, digest in sorted(found.items())}


def _shown(name: str) -> str:
    """Return a module's name; a plugin's without the digest of the place where it lies."""
    return f"plugin {name.removeprefix(PLUGIN).rpartition('_')[0]}" if name.startswith(PLUGIN) else name


def _path(name: str) -> Path | None:
    """Return the file of one of the suite's modules or plugins, None for anything else."""
    if name.startswith(PLUGIN):
        file = getattr(sys.modules.get(name), "__file__", None)
        return Path(file) if file else None
    if name.split(".")[0] != "bench":
        return None
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:
        return None
    return Path(spec.origin) if spec and spec.origin else None


@cache
def _examine(path: Path) -> tuple[str, tuple[str, ...]]:
    tree = ast.parse(path.read_text(encoding="utf8"))
    imported = []
    for node in _executed(tree):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return sha256(_dump(tree).encode()).hexdigest()[:12], tuple(imported)


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree, leaving out what only a type checker reads."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(child for child in ast.iter_child_nodes(node) if not _is_for_types_only(child))


def _dump(node: object) -> str:
    """Return a syntax tree as text, without docstrings and positions, the same for every Python version.

    Empty fields are left out, since each Python version adds some of its own.
    """
    if isinstance(node, ast.AST):
        fields = [(name, _undocumented(node, name, value)) for name, value in ast.iter_fields(node)]
        kept = [f"{name}={_dump(value)}" for name, value in fields if value not in (None, []) and name != "kind"]
        return f"{type(node).__name__}({','.join(kept)})"
    if isinstance(node, list):
        return f"[{','.join(_dump(item) for item in node if not _is_for_types_only(item))}]"
    return repr(node)


def _is_for_types_only(node: object) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _undocumented(node: ast.AST, name: str, value: object) -> object:
    documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    if documented and name == "body" and isinstance(value, list) and value and isinstance(value[0], ast.Expr):
        first = value[0].value
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            return value[1:]
    return value
