"""A printed command makes the very place that it stands at, whichever way that place was asked for."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from builders import bench_toml

from bench import registry
from bench.analysis.decisions import decision_of
from bench.analysis.frame import frame
from bench.plan.config import load_config
from bench.plan.grid import build_grid, dataset_named
from bench.plan.places import places
from bench.plan.why import cell_named
from bench.report.cards import commands
from bench.report.provenance import asked, provenances

OF_TEN = ":".join(["12"] * 8 + ["7", "5"])


@pytest.mark.parametrize(
    ("dataset", "at", "option"),
    [
        ("digits", ["6"], "--minority"),
        ("digits", ["12:6"], "--minority"),
        ("digits", ["8:6"], "--at"),
        ("digits", ["12:6", "8:6", "6:10", "12:9"], ""),
        ("digits", ["6:12"], "--at"),
        ("digits", ["exp 4"], ""),
        ("digits", ["9:3", "natural"], ""),
        ("digits10", [OF_TEN], "--at"),
        ("digits10", ["rare 6", "exp 3", "step 2", "one 3 50"], "--at"),
    ],
)
def test_a_printed_command_makes_its_own_place(tmp_path: Path, dataset: str, at: list[str], option: str) -> None:
    registry.load()
    asking = {"datasets": [dataset], "methods": ["Vanilla"], "minority": [], "at": at}
    config = load_config(bench_toml(tmp_path, **asking))
    grid = build_grid(config)
    rows = frame(grid.cells, lambda id: None, decision_of, lambda record: False)
    counts = {cell.place: cell.counts for cell in grid.cells}
    for made in provenances(rows, asked(config, rows)):
        run, why = map(shlex.split, made.commands)
        key, spelled = run[run.index("Vanilla") + 1 :][:2]
        assert key == option or not option
        given = {"minority": (int(spelled),), "at": ()} if key == "--minority" else {"minority": (), "at": (spelled,)}
        again = config.model_copy(update={"run": config.run.model_copy(update=given)})
        (task,) = places(dataset_named(dataset, config), again)
        assert task.counts == cell_named(why[2], config)[0].counts == counts[made.spot.place]
    (example,) = [command for what, command in commands(config, [dataset], rows) if what == "Say what a cell rests on"]
    first = next(iter(counts.values()))
    assert cell_named(shlex.split(example)[2], config)[0].counts == first
