"""Stages are made once, kept whole, shared, resumed after a kill, and made again when damaged."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import as_on_a_fresh_machine, imbench
from safetensors.torch import load_file
from small_stages import artifacts, jobs, run, toml

from bench.data import material
from bench.methods.translators.cyclegan import CycleGAN
from bench.plan.config import load_config
from bench.plan.grid import build_grid
from bench.running import worker
from bench.store import artifacts as weights
from bench.store.store import Store


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    return tmp_path


def test_a_stage_is_made_once_and_shared(folder: Path) -> None:
    path = toml(folder, methods=["Vanilla", "AUG", "ALT", "AUG(class_weight=off)"], seeds=2)
    run(path)
    made = [job for job in jobs(path, "stage") if job.call and job.call.name != "Evaluator"]
    assert sorted(job.method for job in made) == ["CycleGAN", "CycleGAN(epochs=3)", "Views(views=1)"]
    translator = next(job for job in made if job.method == "CycleGAN")
    asking = [job for job in jobs(path, "fit") if any(need.id == translator.id for need in job.needs)]
    assert {job.method for job in asking} == {"ALT"} and len(asking) == 2
    record = Store(folder / "results").get(translator.id)
    assert record and record.kind == "stage" and len(record.history) == 2 and record.cost.flops > 0
    assert "0 failed" in run(path) and "nothing left" in run(path)


def test_every_count_and_stream_has_its_own_translator_and_settings_are_part_of_it(folder: Path) -> None:
    path = toml(folder, minority=[4, 6], translators=2)
    found = [job for job in jobs(path, "stage") if job.method == "CycleGAN"]
    assert sorted((min(job.task.counts), job.streams.stage) for job in found) == [(4, 0), (4, 1), (6, 0)]
    cells = build_grid(load_config(path)).cells
    assert {(cell.method, cell.minority_count) for cell in cells if cell.translator} == {("AUG", 4)}
    measured = [(job.method, min(job.task.counts), job.streams.stage) for job in jobs(path, "measurement")]
    of_stages = sorted(it for it in measured if it[0] != "ALT")
    each = [(4, 0), (4, 1), (6, 0)]  # the luck of a longer training is not that of a shorter one
    assert of_stages == [(name, *it) for name in ("CycleGAN", "CycleGAN(epochs=3)") for it in each]
    wider = jobs(toml(folder, "lambda_cycle = 7.0", minority=[4, 6]), "stage")
    assert not {job.id for job in found} & {job.id for job in wider}


def test_why_explains_the_cell_that_the_tables_show(folder: Path) -> None:
    path = toml(folder, methods=["AUG"], translators=2)
    shown = next(cell for cell in build_grid(load_config(path)).cells if not cell.translator)
    assert json.loads(imbench("why", "stripes/6/AUG/0", "--json", "--config", path).out)["record"] == shown.fit


def test_a_setting_that_does_not_exist_is_one_clear_line(folder: Path) -> None:
    said = imbench("run", "--config", toml(folder, "lambda_cykle = 7.0"))
    assert said.status == 2 and "CycleGAN" in said.err and "did you mean 'lambda_cycle'" in said.err
    said = imbench("run", "--config", toml(folder, "gan_loss = 'hinge'"))
    assert said.status == 2 and "CycleGAN.gan_loss" in said.err


def test_a_killed_stage_goes_on_and_ends_as_one_never_killed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = toml(folder, methods=["AUG"])
    run(path)
    whole = artifacts(folder)
    shutil.rmtree(folder / "results")
    monkeypatch.setattr(weights, "CHECKPOINT_SECONDS", 0.0)
    steps = CycleGAN.step
    taken = [0]

    def killed(self: CycleGAN, *rest: Any) -> torch.Tensor:
        taken[0] += 1
        if taken[0] == 5:
            raise KeyboardInterrupt
        return steps(self, *rest)

    monkeypatch.setattr(CycleGAN, "step", killed)
    assert imbench("run", "--config", path).status == 130
    translator = next(job for job in jobs(path, "stage") if job.method == "CycleGAN")
    (kept,) = artifacts(folder)[translator.id]
    assert kept.startswith("checkpoint.")
    run(path)
    assert artifacts(folder) == whole
    total = 3 * 2 + 3 + 1  # all steps of both trainings once, and the one that was interrupted
    assert taken[0] == total


KILLED = """
import os, signal, sys
from bench.store import artifacts as weights
from bench.cli.app import main
from bench.methods.translators.cyclegan import CycleGAN

weights.CHECKPOINT_SECONDS = 0.0
steps, taken = CycleGAN.step, []

def killed(self, *rest):
    taken.append(1)
    if len(taken) == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return steps(self, *rest)

CycleGAN.step = killed
main()
"""


def test_a_process_that_is_killed_outright_leaves_a_state_to_go_on_from(folder: Path) -> None:
    path = toml(folder, methods=["AUG"])
    assert imbench("run", "--config", path, "--dry-run").status == 0  # times steps of stages, and remembers
    command = [sys.executable, "-c", KILLED, "run", "--config", str(path), "--executor", "inline"]
    source = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    killed = subprocess.run(command, env=source, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    translator = next(job for job in jobs(path, "stage") if job.method == "CycleGAN")
    (kept,) = artifacts(folder)[translator.id]
    assert kept.startswith("checkpoint.")
    state = load_file(folder / "results" / "stages" / translator.id / kept)
    assert state["progress.done"].tolist() == [1, 1], "one epoch, and a step of the next"
    run(path)
    resumed = artifacts(folder)
    shutil.rmtree(folder / "results")
    run(path)
    assert artifacts(folder) == resumed, "bit for bit as one never killed"


def test_no_validation_or_test_image_reaches_a_stage(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def guarded(caches: Mapping[str, Path], *rest: Any) -> Any:
        known.update(caches)
        return open_material(caches, *rest)

    def opening(path: Path) -> Any:
        seen.append(next(part for part, file in known.items() if file == path))
        return open_cache(path)

    seen: list[str] = []
    known: dict[str, Path] = {}
    open_cache, open_material = material.open_cache, worker.open_material
    monkeypatch.setattr(material, "open_cache", opening)
    monkeypatch.setattr(worker, "open_material", guarded)
    run(toml(folder, methods=["AUG"]))
    assert "train" in seen and set(seen) <= {"train", "judging"}
