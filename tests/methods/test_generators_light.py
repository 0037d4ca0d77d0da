"""To plan with generators costs nothing: what trains them is imported when one is made or used."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "methods"
PLANNED = ("stages", "autoencoded", "adversarial", "convex", "base", "settings", "blueprints", "filling")
METHODS = ("bagan", "bagan_gp", "cbgan", "acgan", "cgan", "gamo")
FILES = [*(ROOT / "generators" / f"{name}.py" for name in PLANNED), *(ROOT / f"{name}.py" for name in METHODS)]


def at_import(path: Path) -> set[str]:
    """Return what a module imports when it is loaded, but for what a type checker alone reads."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_needed_to_plan_imports_nothing_that_trains(path: Path) -> None:
    imported = at_import(path)
    trains = {f"bench.methods.generators.{file.stem}" for file in (ROOT / "generators").glob("[!_]*.py")}
    trains -= {f"bench.methods.generators.{name}" for name in PLANNED}
    rooms = {name for name in imported if name.startswith(("bench.training", "bench.networks", "torch."))}
    assert imported & trains == set() and rooms == set()
