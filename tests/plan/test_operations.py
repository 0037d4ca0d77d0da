"""Every job counts its operations, as many as it then reports; they are counted once and remembered."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused
from small_stages import STAGES as SMALL

from bench import registry
from bench.plan.config import load_config
from bench.plan.estimate import Estimate
from bench.plan.grid import build_grid
from bench.plan.job import Job
from bench.plan.operations import Counted, operations
from bench.registry import METHODS, STAGES
from bench.store.store import Store

registry.load()
ABOUT = 3.0  # a judge learns from spare images, of which a plan knows no number


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    probe = load_config(bench_toml(tmp_path)).profile
    staged = [entry.name for entry in METHODS if entry.cls().requires((12, 6), probe)]
    return bench_toml(tmp_path, SMALL.format(more=""), methods=["Vanilla", *staged], translators=1)


def jobs(path: Path) -> tuple[Job, ...]:
    return build_grid(load_config(path)).jobs


def test_every_stage_and_fit_reports_about_the_operations_that_it_counted(path: Path, tmp_path: Path) -> None:
    assert imbench("run", "--config", path).status == 0
    store, seen = Store(tmp_path / "results"), set()
    for job in jobs(path):
        record = store.get(job.id)
        assert record is not None and operations(job) > 0, job.label
        if job.call:
            seen.add(job.call.name)
        if job.call or job.method == "Vanilla":
            assert operations(job) / ABOUT < record.cost.flops < operations(job) * ABOUT, job.label
    assert seen == {entry.name for entry in STAGES}, "a stage that no method of this run requires"


def test_operations_are_counted_once_and_then_remembered(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "cache" / "operations.json"
    first = Counted(file)
    found = {job.id: first.of(job) for job in jobs(path)}
    first.save()
    silent = tuple(replace(job, counting=None) for job in jobs(path))
    assert {job.id: Counted(file, counting=False).of(job) for job in silent} == found
    file.write_text('{"a": "b"')
    assert {Counted(file, counting=False).of(job) for job in silent} == {None}
    assert Counted(file).of(jobs(path)[0]) == found[jobs(path)[0].id]


def test_seeds_are_not_counted_apart(path: Path) -> None:
    counted = Counted()
    once, again = (next(job for job in jobs(path) if job.kind == "fit") for _ in range(2))
    assert counted.of(once) == counted.of(
        replace(again, counting=None, id="other", identity=again.identity | {"streams": {}})
    )


TELLING = """
from bench.method import Method
from bench.registry import register

@register("Mine")
class Mine(Method):
    def class_weights(self, counts, progress):
        return counts / counts

    def extra_operations(self, counts, settings):
        return {told}
"""


@pytest.mark.parametrize("told", ["1e300", "float('nan')", "float('inf')", "-1e18", "10**400", "-1"])
def test_a_number_that_cannot_be_leaves_the_time_left_a_number(path: Path, tmp_path: Path, told: str) -> None:
    (tmp_path / "mine.py").write_text(TELLING.format(told=told))
    toml = bench_toml(tmp_path, methods=["Mine"], plugins=[tmp_path / "mine.py"])
    assert "1 fit to do, 10 s with 1 worker" in imbench("run", "--dry-run", "--config", toml).err
    (only,) = (job for job in jobs(toml) if job.kind == "fit")
    assert operations(only) == 0
    assert imbench("run", "--config", toml).status == 0


@pytest.mark.parametrize("told", ["'x'", "None", "counts", "[1]", "True", "{}"])
def test_what_is_no_number_is_refused_by_the_methods_name(path: Path, tmp_path: Path, told: str) -> None:
    (tmp_path / "mine.py").write_text(TELLING.format(told=told))
    toml = bench_toml(tmp_path, methods=["Mine"], plugins=[tmp_path / "mine.py"])
    for command in (("run", "--dry-run"), ("run",)):
        refused(imbench(*command, "--config", toml), "Mine.extra_operations must return a number of operations, not")


@pytest.mark.parametrize("told", ["1e308", "NaN", "Infinity", "-1", "1" + "0" * 400])
def test_counts_that_cannot_be_are_forgotten(path: Path, tmp_path: Path, told: str) -> None:
    file, job = tmp_path / "operations.json", jobs(path)[0]
    counted = Counted(file)
    right = counted.of(job)
    counted.save()
    (key,) = json.loads(file.read_text())
    file.write_text(f'{{"{key}": {told}}}')
    assert Counted(file, counting=False).of(job) is None and Counted(file).of(job) == right


def test_a_rate_is_never_carried_from_jobs_that_count_no_operations(path: Path) -> None:
    fit = next(job for job in jobs(path) if job.kind == "fit")
    stage = replace(next(job for job in jobs(path) if job.kind == "stage"), counting=None)
    estimate = Estimate(workers=1, speed=1e9)
    before = estimate.seconds(fit)
    estimate.learn(stage, 5.0)
    assert estimate.seconds(fit) == before == operations(fit) / 1e9
    assert estimate.seconds(stage) == 5.0, "of its own kind it is all that is known"
