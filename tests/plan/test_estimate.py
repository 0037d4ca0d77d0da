"""The time left is learned from the most alike jobs: this machine's first, then those of the committed records."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from builders import bench_toml, imbench
from small_records import small_record

from bench import registry
from bench.plan.config import load_config
from bench.plan.estimate import Estimate
from bench.plan.grid import build_grid
from bench.plan.job import Job
from bench.plan.operations import operations
from bench.record import Cost
from bench.running.environment import device_name
from bench.running.planning import make_plan
from bench.store.store import Store


@pytest.fixture
def jobs(tmp_path: Path) -> dict[tuple[str, int], Job]:
    """Return fits by method and minority count; TS uses Vanilla's."""
    registry.load()
    config = load_config(bench_toml(tmp_path, minority=[3, 6], methods=["Vanilla", "CS", "OS"]))
    return {(job.method, min(job.task.counts)): job for job in build_grid(config).jobs}


def test_before_anything_is_done_the_speed_of_this_machine_is_asked(jobs: dict[tuple[str, int], Job]) -> None:
    assert Estimate(workers=2).left(jobs.values()) is None
    measured = Estimate(workers=2, speed=1e9).left(jobs.values())
    assert measured == pytest.approx(sum(map(operations, jobs.values())) / 1e9 / 2)
    assert Estimate(workers=2).left([]) == 0.0


def test_the_most_alike_job_is_asked(jobs: dict[tuple[str, int], Job]) -> None:
    estimate = Estimate(workers=2)
    estimate.learn(jobs["Vanilla", 6], 10.0)
    assert estimate.seconds(jobs["Vanilla", 3]) == pytest.approx(
        10.0 * operations(jobs["Vanilla", 3]) / operations(jobs["Vanilla", 6])
    )
    estimate.learn(jobs["CS", 6], 30.0)
    assert estimate.seconds(jobs["Vanilla", 6]) == pytest.approx(10.0)
    assert estimate.seconds(jobs["CS", 6]) == pytest.approx(30.0)
    assert estimate.seconds(jobs["OS", 6]) == pytest.approx(20.0), "the mean of the others"
    assert estimate.left([jobs["CS", 6]], [(jobs["Vanilla", 6], 4.0)]) == pytest.approx(30.0), (
        "no worker is twice as fast"
    )
    waiting = [jobs["CS", 6], jobs["OS", 6], jobs["OS", 6]]
    assert estimate.left(waiting, [(jobs["Vanilla", 6], 4.0)]) == pytest.approx((30.0 + 20.0 + 20.0 + 6.0) / 2)


def test_other_machines_are_asked_first_and_then_scaled(jobs: dict[tuple[str, int], Job]) -> None:
    elsewhere = Estimate(workers=1)
    elsewhere.learn(jobs["Vanilla", 6], 10.0)
    elsewhere.learn(jobs["CS", 6], 30.0)
    estimate = Estimate(workers=2, elsewhere=elsewhere)
    assert estimate.borrowed
    assert estimate.seconds(jobs["CS", 6]) == pytest.approx(30.0)
    estimate.learn(jobs["Vanilla", 6], 20.0)
    assert not estimate.borrowed
    assert estimate.seconds(jobs["Vanilla", 6]) == pytest.approx(20.0), "its own"
    assert estimate.seconds(jobs["CS", 6]) == pytest.approx(60.0), "half as fast as the other machine"


def test_a_fresh_clone_says_how_long_a_run_takes(tmp_path: Path) -> None:
    toml = bench_toml(tmp_path, "minority_counts = [6]\n", minority=[])
    assert re.search(r"to do, \d+ s with 1 worker$", imbench("run", "--dry-run", "--config", toml).err, re.MULTILINE)
    assert imbench("run", "--config", toml).status == 0
    packed = tmp_path / "fresh" / "reference" / "stripes.jsonl"
    assert imbench("pack", packed, "--dataset", "stripes", "--config", toml).status == 0
    fresh = ("--results", packed.parent.parent, "--config", toml)
    asked = imbench("run", "--dry-run", *fresh).err
    assert " s with 1 worker, if this machine is as fast as those of the committed records" in asked
    foreign = imbench("run", "--dry-run", "--dataset", "digits", *fresh)
    assert foreign.status == 0 and " s with 1 worker, if this" in foreign.err, "no record has such fits"
    assert imbench("run", *fresh).status == 0
    known = imbench("run", "--dry-run", "--minority", 3, "--minority", 6, *fresh)
    assert known.status == 0 and "to do" in known.err and "committed" not in known.err
    assert imbench("status", *fresh).out.endswith("nothing left to do\n")


def test_a_record_of_a_dataset_that_is_unknown_here_stops_nobody(tmp_path: Path) -> None:
    root = tmp_path / "fresh"
    Store(root / "reference").save(small_record(0))
    asked = imbench("run", "--dry-run", "--results", root, "--config", bench_toml(tmp_path))
    assert (asked.status, " s with 1 worker\n" in asked.err) == (0, True)


@pytest.mark.parametrize(
    ("device", "name", "learned"),
    [("cpu", "", True), ("cpu", "Another CPU", True), ("cuda", "NVIDIA H200", False), ("", "", True)],
)
def test_records_of_a_gpu_do_not_say_how_long_a_processor_takes(
    tmp_path: Path, device: str, name: str, learned: bool
) -> None:
    toml = bench_toml(tmp_path, methods=["Vanilla"], seeds=2)
    assert imbench("run", "--seeds", 1, "--config", toml).status == 0
    config = load_config(toml)
    first, second = build_grid(config).jobs
    done = Store(config.paths.results).get(first.id)
    assert done is not None
    made_by = {"device": device, "device_name": name or device_name()} if device else {}
    left = []
    for seconds in (1000.0, 4000.0):
        store = Store(config.paths.results)
        store.save(done.model_copy(update={"cost": Cost(seconds=seconds), "environment": made_by}))
        plan = make_plan(config, store)
        assert plan.todo == (second,) and plan.seconds_left is not None
        left.append(plan.seconds_left)
    assert (left[1] == pytest.approx(4 * left[0])) == learned
    assert learned or left[0] == left[1] < 100
