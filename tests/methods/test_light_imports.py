"""Importing a method costs nothing: what takes long to load is imported inside the hook that needs it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

METHODS = Path(__file__).resolve().parents[2] / "methods"
PLANNED = [
    *sorted(METHODS.glob("*.py")),
    METHODS / "translators" / "stages.py",
    METHODS / "translators" / "settings.py",
]
HEAVY = ("imblearn", "sklearn", "scipy", "torchvision", "pandas", "matplotlib", "bench.networks")
LIGHT = ("bench.training.scores",)  # the rest of that room loads torch


def at_import(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs when a module is imported: no function's body, no annotation."""
    waiting = list(ast.iter_child_nodes(tree))
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef):
            waiting += [*node.decorator_list, *node.args.defaults, *(it for it in node.args.kw_defaults if it)]
        elif isinstance(node, ast.AnnAssign):
            waiting += [node.value] if node.value else []
        elif not isinstance(node, ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def heavy(source: str) -> list[str]:
    found = []
    for node in at_import(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "torch":
            found.append(f"torch.{node.attr}")
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found += [name for name in names if name.startswith(HEAVY)]
        found += [name for name in names if name.startswith("bench.training") and name not in LIGHT]
        found += ["from torch"] if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("torch") else []
    return found


@pytest.mark.parametrize("path", PLANNED, ids=lambda path: path.stem)
def test_a_method_loads_nothing_heavy_when_it_is_imported(path: Path) -> None:
    assert heavy(path.read_text(encoding="utf8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "from torch import Tensor",
        "import imblearn.over_sampling",
        "import torch\nPair = tuple[torch.Tensor, torch.Tensor]",
        "import torch\ndef hook(x=torch.zeros(1)): ...",
        "from bench.training.trainer import Trainer",
    ],
)
def test_what_would_be_heavy_is_found(source: str) -> None:
    assert heavy(source)


def test_annotations_and_hooks_are_free() -> None:
    source = "import torch\ndef hook(x: torch.Tensor) -> torch.Tensor:\n    import imblearn\n    return torch.abs(x)"
    assert heavy(source) == []
