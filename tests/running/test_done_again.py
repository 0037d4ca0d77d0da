"""What counts as done is read, and two runners that redo one thing do it once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench
from small_stages import STAGES

from bench import registry
from bench.plan.config import load_config
from bench.plan.grid import Grid, build_grid
from bench.plan.job import Job
from bench.running.planning import make_plan
from bench.running.run import make_orders, run
from bench.running.work import Failure
from bench.running.worker import failed_record
from bench.store.artifacts import Weights
from bench.store.store import Store


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)


def test_a_record_that_rotted_behind_its_time_and_size_is_not_called_done(tmp_path: Path) -> None:
    bench_toml(tmp_path, methods=["Vanilla"])
    assert imbench("run").status == 0
    (path,) = (tmp_path / "results" / "records").rglob("*.json")
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b'"done"', b'"dune"', 1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    rotted = imbench("run")
    assert rotted.status == 1
    assert f"set aside, not counted: results/records/{path.parent.name}/{path.name}" in rotted.err.replace(
        str(tmp_path) + "/", ""
    )
    assert "no record: stripes" in rotted.err
    again = imbench("run")
    assert again.status == 0 and "1 fit done now, 0 before" in again.err


def resting(fits: Sequence[Job], jobs: Sequence[Job]) -> Grid:
    """Return some fits with the stages that they rest on."""
    wanted = {fit.id for fit in fits}
    for job in reversed(jobs):  # which stand after those they need
        wanted |= {need.id for need in job.needs if job.id in wanted}
    return Grid((), tuple(job for job in jobs if job.id in wanted))


@pytest.mark.parametrize("method", ["Vanilla", "AUG"])
def test_what_another_runner_has_redone_meanwhile_is_taken(tmp_path: Path, method: str) -> None:
    """A fit that failed, or a stage whose artifact is gone: two runners plan it, the second finds it done."""
    settings = {"datasets": ["digits"], "methods": [method], "workers": 1}
    config = load_config(bench_toml(tmp_path, STAGES.format(more=""), **settings))
    registry.load()
    store, jobs = Store(config.paths.results), build_grid(config).jobs
    fit = next(job for job in jobs if job.kind == "fit")
    grid = resting([fit], jobs)
    run(config, make_plan(config, store, grid=grid), store)
    first = grid.jobs[-2] if method == "AUG" else fit
    lost = [*dict.fromkeys([first.id, fit.id])]
    done = store.get(first.id)
    assert done is not None
    long_ago = {"finished": "2026-01-01T00:00:00+00:00"}
    if method == "AUG":
        kept = Weights(store.root).find(first.id, fit.needs[0].file)
        assert first.kind == "stage" and kept is not None
        kept.unlink()
        (path,) = (store.root / "records").rglob(f"{fit.id}.json")
        path.unlink()
        store.save(done.model_copy(update=long_ago))
    else:
        store.save(done.model_copy(update={**long_ago, "status": "failed", "error": "no memory", "test": None}))
    plans = [make_plan(config, store, grid=grid) for _ in range(2)]
    assert all([it.id for it in plan.todo] == lost for plan in plans)
    outcomes = [run(config, plan, store) for plan in plans]
    assert [dict(it) for it in outcomes] == [{"done": len(lost)}, {"reused": len(lost)}]


def test_a_stage_that_failed_in_another_runner_blocks_what_needs_it_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"datasets": ["digits"], "methods": ["AUG", "Vanilla"], "workers": 1}
    config = load_config(bench_toml(tmp_path, STAGES.format(more=""), **settings))
    registry.load()
    store, jobs = Store(config.paths.results), build_grid(config).jobs
    fits = [job for job in jobs if job.kind == "fit" and not job.streams.stage]
    plan = make_plan(config, store, grid=resting(fits, jobs))
    order, *_ = make_orders(config, plan)
    assert [job.kind for job in plan.todo] == ["stage", "stage", "fit", "fit"]
    store.save(theirs := failed_record(order, Failure("ValueError", "no luck", "mine.py:7")))
    assert dict(run(config, plan, store)) == {"done": 1, "failed": 3}
    assert store.get(theirs.id) == theirs
    assert f"failed: {order.job.label}: ValueError: no luck (mine.py:7)" in capsys.readouterr().err
