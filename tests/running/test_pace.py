"""Before a stage has been made, the time that it will take rests on some of its steps, taken here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from small_stages import toml

from bench import registry
from bench.methods.translators.stages import CycleGANStage
from bench.plan.config import Config, load_config
from bench.plan.estimate import Estimate
from bench.plan.grid import build_grid, stage_settings
from bench.plan.job import Job
from bench.plan.operations import Counted, operations
from bench.registry import STAGES
from bench.running.pace import Paces
from bench.running.speed import read_speeds

ROOT = Path(__file__).resolve().parents[2]
GENERATORS = ("BAGAN", "BAGAN-GP", "CBGAN", "ACGAN", "cGAN", "GAMO")


def settings(config: Config, dataset: str, stage: str) -> Mapping[str, object]:
    return stage_settings(config.profile, dataset, stage)


@pytest.fixture(scope="module")
def smoke() -> tuple[Config, list[Job]]:
    """Return the smoke profile, and its jobs with every translator and generator."""
    registry.load()
    config = load_config(ROOT / "bench.toml", profile="smoke", datasets=["digits"], methods=["AUG", "ALT", *GENERATORS])
    return config, list(build_grid(config).jobs)


def test_every_stage_that_trains_and_every_judge_has_a_pace_that_is_remembered(
    smoke: tuple[Config, list[Job]], tmp_path: Path
) -> None:
    config, jobs = smoke
    known = Paces(tmp_path / "speed.json", partial(settings, config))
    found = {(job.kind, job.call.name if job.call else job.method): known.of(job) for job in jobs}
    made = {name for kind, name in found if kind == "stage"}
    shipped = {entry.name for entry in STAGES if entry.cls.__module__.startswith("bench.")}
    assert made == shipped
    none = {key for key, pace in found.items() if pace is None}
    assert none == {("fit", "LDAM+DRW"), ("fit", "AUG")}, "one has no stage behind it, one's images are made before it"
    assert all(0 < pace < 1e-3 for pace in found.values() if pace is not None)
    again = Paces(tmp_path / "speed.json", partial(settings, config), measure=False)
    assert [again.of(job) for job in jobs] == [known.of(job) for job in jobs]
    assert Paces(tmp_path / "none.json", partial(settings, config), measure=False).of(jobs[0]) is None


def test_what_a_stage_adds_to_a_fit_goes_at_the_stages_pace(smoke: tuple[Config, list[Job]]) -> None:
    _, jobs = smoke
    alt = next(job for job in jobs if job.kind == "fit" and job.method == "ALT")
    stage = next(job for job in jobs if job.call and job.call.name == "CycleGAN")
    counted = Counted()
    own, whole = counted.own(alt), operations(alt)
    assert 0 < own < whole
    estimate = Estimate(1, counted=counted, speed=1e9, pace=lambda job: 1e-8)
    assert estimate.seconds(alt) == pytest.approx(own / 1e9 + (whole - own) * 1e-8)
    assert estimate.seconds(stage) == pytest.approx(operations(stage) * 1e-8)
    judge = next(job for job in jobs if job.call and job.call.name == "Evaluator")
    estimate.learn(judge, 1000.0)
    assert estimate.seconds(stage) == pytest.approx(operations(stage) * 1e-8), "another stage says less than its own"
    estimate.learn(stage, 5.0)
    assert estimate.seconds(stage) == pytest.approx(5.0), "and what one of its kind took here says most"


def test_a_stage_that_cannot_be_tried_is_asked_once_and_stops_nothing(
    smoke: tuple[Config, list[Job]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, jobs = smoke
    asked: list[Any] = []

    def fails(self: CycleGANStage, material: Any) -> Any:
        asked.append(material)
        raise RuntimeError("no such images")

    monkeypatch.setattr(CycleGANStage, "make", fails)
    paces = Paces(tmp_path / "speed.json", partial(settings, config))
    stage = next(job for job in jobs if job.call and job.call.name == "CycleGAN")
    assert paces.of(stage) is None and paces.of(replace(stage)) is None and len(asked) == 1


def test_what_would_take_long_is_not_tried_and_goes_at_a_classifiers_speed(
    smoke: tuple[Config, list[Job]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, jobs = smoke
    monkeypatch.setattr("bench.running.trial.Trial._make", lambda *_: pytest.fail("it was tried"))
    monkeypatch.setattr("bench.running.trial.Trial.seconds_of_looks", lambda *_: pytest.fail("it was tried"))
    paces = Paces(tmp_path / "speed.json", partial(settings, config), speed=1.0)
    estimate = Estimate(1, speed=1.0, pace=paces.of)
    for job in jobs:
        assert paces.of(job) is None
        if job.kind == "stage":
            assert estimate.seconds(job) == operations(job)


@pytest.mark.parametrize("told", ["1e-300", "1e308", "NaN", "Infinity", "0", "-1", "1" + "0" * 400])
def test_speeds_that_no_machine_has_are_forgotten(tmp_path: Path, told: str) -> None:
    (tmp_path / "speed.json").write_text(f'{{"wrong": {told}, "right": 1e9}}')
    assert read_speeds(tmp_path / "speed.json") == {"right": 1e9}


def test_judges_that_are_last_layers_of_one_network_look_once(tmp_path: Path) -> None:
    registry.load()
    counted = []
    for layers in ("all", "head"):
        folder = tmp_path / layers
        folder.mkdir()
        path = toml(folder)
        path.write_text(path.read_text().replace('network = "small"', f'network = "small"\nlayers = "{layers}"'))
        jobs = build_grid(load_config(path)).jobs
        counted.append(operations(next(job for job in jobs if job.kind == "measurement")))
    assert counted[1] < counted[0]
