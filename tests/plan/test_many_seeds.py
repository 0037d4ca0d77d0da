"""What the seeds of a grid share is made once: as many can be planned as are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import as_on_a_fresh_machine, bench_toml

from bench import registry
from bench.method import Method
from bench.plan import jobcode, needs
from bench.plan.config import load_config
from bench.plan.grid import build_grid
from bench.plan.identity import fit_identity
from bench.plan.operations import Counted
from bench.plan.state import standing
from bench.record import digest


def asked(path: Path, seeds: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how often what a method needs, and its code, are found out, to plan a grid of so many seeds."""
    registry.load()
    calls: list[object] = []
    with monkeypatch.context() as patched:
        for owner, name in ((Method, "supports"), (needs, "fit_identity"), (jobcode, "_own")):
            true = getattr(owner, name)
            patched.setattr(owner, name, lambda *args, true=true: (calls.append(args), true(*args))[1])
        patched.setattr(jobcode, "_modules_of", {})
        grid = build_grid(load_config(path, seeds=seeds))
        standing(grid, {})
        counted = Counted()
        assert all(counted.of(job) is not None for job in grid.jobs)
    assert {cell.seed for cell in grid.cells} == set(range(seeds))
    return len(calls)


def test_many_seeds_ask_no_more_than_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    path = bench_toml(tmp_path, methods=["Vanilla", "CS", "OS", "CBL(beta=0.99)"])
    assert 0 < asked(path, 2, monkeypatch) == asked(path, 20, monkeypatch)


def test_what_is_shared_makes_the_same_identities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    registry.load()
    methods = ["Vanilla", "CS", "AUG", "BAGAN", "BAGAN-GP"]
    grid = build_grid(load_config(bench_toml(tmp_path, methods=methods, seeds=3)))
    fits = [job for job in grid.jobs if job.kind == "fit" and job.expression is not None]
    assert {job.method for job in fits} >= {"CS", "AUG", "BAGAN", "BAGAN-GP"}
    for job in fits:
        assert job.expression is not None
        method = jobcode.build(job.expression)
        stages = tuple(need.id for need in job.needs)
        identity = fit_identity(job.task, method, job.streams, job.protocol, stages)
        assert job.identity == identity and job.id == digest(identity), job.label
    assert len({job.id for job in grid.jobs}) == len(grid.jobs)
