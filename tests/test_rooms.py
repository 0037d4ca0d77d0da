"""The house: imports go from later rooms to earlier ones, none runs in a circle, and no file outgrows a reader."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LONGEST, FLAT = 250, 12
# What a later line imports from an earlier one is fine, the other way round is not.
ROOMS = (
    *(
        "watching",
        "flat",
        "statistics",
        "networks",
        "training",
        "store",
        "data",
        "judging",
        "explain",
        "plan",
        "running",
    ),
    *("analysis", "papers", "claims", "report", "findings", "model", "cli"),
)
PLUGINS = {"methods", "datasets"}  # see the contracts, and these rooms
FOR_PLUGINS = {"flat", "training", "networks", "data"}
DOORS = {"bench.__main__"}  # the command, which has to open the last room

# Files that are still too long, each with its length: they may shrink and leave, none may come.
LONG: dict[str, int] = {}
# Imports that still go the wrong way: they may leave, none may come.
WRONG: set[str] = set()


@cache
def modules() -> dict[str, Path]:
    """Return every module of the suite by name, methods and datasets by the names they are imported under."""
    found = {}
    for top, name in (("bench", "bench"), ("methods", "bench.methods"), ("datasets", "bench.datasets")):
        for path in sorted((ROOT / top).rglob("*.py")):
            inside = path.relative_to(ROOT / top).with_suffix("").parts
            if top != "bench" or inside[0] not in PLUGINS:  # links
                found[".".join([name, *inside]).removesuffix(".__init__")] = path
    return found


def room(module: str) -> str:
    """Return the room that a module lies in; `flat` for the files of bench/ itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and (ROOT / "bench" / parts[1]).is_dir() else "flat"


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the modules of the suite that a tree imports: at the top, in a function, or for a type checker only."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "the suite spells its imports out"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in modules() else str(node.module) for name in names]
        yield from (name for name in names if name in modules() and name != "bench")


def arrows(found: dict[str, Path]) -> Iterator[tuple[str, str]]:
    """Yield who imports whom, each once."""
    for name, path in found.items():
        for other in sorted(set(imported(ast.parse(path.read_text(encoding="utf8"))))):
            yield name, other


def wrong_way(name: str, other: str) -> bool:
    """Whether an import goes from an earlier room to a later one, or from a plug-in to what is none of its business."""
    here, there = room(name), room(other)
    if name in DOORS or here == there:
        return False
    if here in PLUGINS:
        return there not in FOR_PLUGINS
    return there in PLUGINS or ROOMS.index(there) > ROOMS.index(here)


def test_every_room_has_its_place() -> None:
    there = {path.name for path in (ROOT / "bench").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert there - PLUGINS <= set(ROOMS)


def test_imports_go_from_later_rooms_to_earlier_ones_only() -> None:
    found = {f"{name} -> {other}" for name, other in arrows(modules()) if wrong_way(name, other)}
    assert found - WRONG == set()
    assert WRONG - found == set(), "it has been turned: strike it off the list"


@pytest.mark.parametrize(
    ("name", "other", "wrong"),
    [
        ("bench.store.store", "bench.plan.job", True),
        ("bench.plan.grid", "bench.store.store", False),
        ("bench.stage", "bench.training.device", True),
        ("bench.running.run", "bench.methods.smote", True),
        ("bench.methods.smote", "bench.training.device", False),
        ("bench.methods.smote", "bench.store.store", True),
        ("bench.methods.smote", "bench.datasets.digits", True),
        ("bench.datasets.digits", "bench.methods.smote", True),
    ],
)
def test_an_import_that_is_turned_round_is_found(name: str, other: str, wrong: bool) -> None:
    assert wrong_way(name, other) == wrong


def test_nothing_is_hidden_in_a_function_or_from_all_but_a_type_checker() -> None:
    hidden = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from bench.plan.job import Job\n"
    inside = "def late():\n    import bench.plan.grid\n"
    assert list(imported(ast.parse(hidden + inside))) == ["bench.plan.job", "bench.plan.grid"]


def test_no_import_runs_in_a_circle() -> None:
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for name, other in arrows(modules()):
        if name not in DOORS:
            graph[name].add(other)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_few_files_lie_flat_in_bench() -> None:
    assert len(list((ROOT / "bench").glob("*.py"))) <= FLAT


def test_no_file_outgrows_a_reader() -> None:
    files = [*modules().values(), *(ROOT / "tests").rglob("*.py")]
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf8").splitlines()) for path in files}
    assert {name: n for name, n in lengths.items() if n > LONG.get(name, LONGEST)} == {}
    assert [name for name in LONG if lengths.get(name, 0) <= LONGEST] == [], "it has shrunk: strike it off the list"


def test_a_module_begins_with_its_purpose() -> None:
    silent = [name for name, path in modules().items() if not ast.get_docstring(ast.parse(path.read_text("utf8")))]
    assert silent == []
