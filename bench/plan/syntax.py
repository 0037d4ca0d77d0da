"""The syntax of a module's source: a digest that comments do not change, and the modules that it imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256

IMPORTING = ("import_module", "__import__")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_PARTS = (ast.AST, list)  # of a tree, that have parts themselves


@dataclass(frozen=True)
class Syntax:
    """The digest of a source, 12 hex digits, and the names it imports, some of which may be no modules.

    `called` are those that it imports by a call, as `import_module("name")` does.
    """

    digest: str
    imported: tuple[str, ...]
    called: tuple[str, ...] = ()


def syntax(source: bytes, package: str) -> Syntax:
    """Parse the source of a module of a package.

    Raises
    ------
    SyntaxError, ValueError
        It is no Python.
    RecursionError
        It is nested deeper than Python can read.
    """
    try:
        tree = ast.parse(source)
    except SystemError:  # of Python 3.11, rarely: another thread, or a collection of garbage, parsed meanwhile
        tree = ast.parse(source)
    except RecursionError:  # what could be imported can be parsed from a stack that is as empty as then
        with ThreadPoolExecutor(1) as empty:
            tree = empty.submit(ast.parse, source).result()
    imported, called = [], []
    for node in _executed(tree):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, package)
            imported += [module, *(f"{module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Call) and _last_name(node.func) in IMPORTING:
            called += [it.value for it in node.args[:1] if isinstance(it, ast.Constant) and isinstance(it.value, str)]
    return Syntax(sha256(_dump(tree).encode()).hexdigest()[:12], tuple(imported), tuple(called))


def _last_name(function: ast.expr) -> str:
    return str(getattr(function, "attr", getattr(function, "id", "")))


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    above = package.split(".")
    base = above[: len(above) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree, leaving out what only a type checker reads."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(child for child in ast.iter_child_nodes(node) if not _is_for_types_only(child))


def _dump(tree: ast.AST) -> str:
    """Return a syntax tree as text, without docstrings and positions, the same for every Python version.

    Empty fields are left out, since each Python version adds some of its own. A tree may be deeper than calls can be: a
    sum of n terms has n levels.
    """
    text: list[str] = []
    waiting: list[object] = [tree]  # texts, and the nodes and lists that are still to be spelled out
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            text.append(part)
        else:
            waiting.extend(reversed(_spelled(part)))
    return "".join(text)


def _spelled(part: object) -> list[object]:
    """Return the text of one level of a tree, with the nodes and lists below it in their places."""
    found: list[object] = []
    if isinstance(part, list):
        for item in part:
            if not _is_for_types_only(item):
                found += [",", _or_text(item)]
        return ["[", *found[1:], "]"]
    for name in getattr(part, "_fields", ()):
        value = getattr(part, name, None)
        if name == "body" and isinstance(part, _DOCUMENTED):
            value = _undocumented(value)
        if value is not None and value != [] and name != "kind":
            found += [f",{name}=" if found else f"{name}=", _or_text(value)]
    return [f"{type(part).__name__}(", *found, ")"]


def _or_text(value: object) -> object:
    return value if isinstance(value, _PARTS) else repr(value)


def _is_for_types_only(node: object) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _undocumented(body: object) -> object:
    if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
        first = body[0].value
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            return body[1:]
    return body
