"""A run makes, measures and uses generators, and goes on with one that was killed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import as_on_a_fresh_machine, bench_toml, imbench

from bench.methods.generators.adversary import Adversary
from bench.plan.config import load_config
from bench.plan.grid import build_grid
from bench.store import artifacts as weights
from bench.store.store import Store

TOML = """
[profiles.tiny.stages.Evaluator]
network = "small"
epochs = 1
seeds = 1
[profiles.tiny.stages.BAGAN-AE]
epochs = 1
[profiles.tiny.stages.BAGAN]
epochs = 1
image_size = 16
width = 0.03
[profiles.tiny.stages.CBGAN]
steps = 2
batch_size = 4
image_size = 16
width = 0.03
classifier = "CS"
latents_per_class = 2
latents_searched = 10
[profiles.tiny.stages.GAN]
steps = 2
batch_size = 4
image_size = 16
width = 0.03
[profiles.tiny.stages.cGAN]
steps = 6
batch_size = 4
image_size = 16
width = 0.03
"""


def test_generators_are_made_measured_and_used_by_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    path = bench_toml(tmp_path, TOML, methods=["Vanilla", "BAGAN", "CBGAN", "CBGAN(alone=True)"], translators=1)
    said = imbench("run", "--config", path)
    assert said.status == 0, said.err
    jobs = build_grid(load_config(path)).jobs
    names = [job.method for job in jobs if job.kind == "stage"]
    assert {"BAGAN-AE(networks=bagan, image_size=16, width=0.03)", "BAGAN", "CBGAN"} <= set(names)
    assert [job.method for job in jobs if job.kind == "fit"].count("CS") == 1, "the classifier of the regulariser"
    store = Store(tmp_path / "results")
    for job in jobs:
        record = store.get(job.id)
        assert record and record.status == "done", (job.label, record and record.error)
        if job.kind == "stage" and job.method != "Evaluator(seed=0)":
            assert record.cost.flops > 0 and record.history
        if job.kind == "measurement" and job.method in ("BAGAN", "CBGAN"):
            assert {"kid", "kl/seed0", "accuracy/seed0", "diversity_classes"} <= record.figures.keys()
            assert ("kl_regulariser" in record.figures) == (job.method == "CBGAN"), (
                "the classifier in its loop is asked"
            )
    assert "nothing left" in imbench("run", "--config", path).err
    reported = imbench("report", "--config", path)
    assert reported.status == 0, reported.err
    assert not list((tmp_path / "reports").rglob("*_translations.png")), "they translate nothing"


def test_a_killed_generator_goes_on_and_ends_as_one_never_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    path = bench_toml(tmp_path, TOML, methods=["cGAN"], translators=1)
    assert imbench("run", "--config", path).status == 0
    job = next(job for job in build_grid(load_config(path)).jobs if job.method == "cGAN" and job.kind == "stage")
    place = tmp_path / "results" / "stages" / job.id
    whole = sorted(file.name for file in place.iterdir())  # a name holds the digest of what is in it
    shutil.rmtree(tmp_path / "results")
    monkeypatch.setattr(weights, "CHECKPOINT_SECONDS", 0.0)
    step, taken = Adversary.step, [0]

    def killed(self: Adversary, *rest: Any) -> torch.Tensor:
        taken[0] += 1
        if taken[0] == 4:
            raise KeyboardInterrupt
        return step(self, *rest)

    monkeypatch.setattr(Adversary, "step", killed)
    assert imbench("run", "--config", path).status == 130
    assert [file.name.split(".")[0] for file in place.iterdir()] == ["checkpoint"]
    assert imbench("run", "--config", path).status == 0
    assert sorted(file.name for file in place.iterdir()) == whole and taken[0] == 6 + 1
