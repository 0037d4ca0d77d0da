"""What users and accidents hand to generators: odd pictures, one image, foreign states, losses that are not finite."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from builders import as_on_a_fresh_machine, bench_toml, imbench
from PIL import Image
from safetensors.torch import load_file

from bench.methods.generators.adversary import Adversary
from bench.plan.config import load_config
from bench.plan.grid import build_grid
from bench.plan.job import Job
from bench.plan.jobcode import code_of
from bench.record import digest
from bench.store import artifacts as weights
from bench.store.store import Store

STAGES = """
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
[profiles.tiny.stages.cGAN]
steps = 4
batch_size = 4
image_size = 16
width = 0.03
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    return tmp_path


def stage_job(path: Path, name: str) -> Job:
    return next(job for job in build_grid(load_config(path)).jobs if job.kind == "stage" and job.method == name)


def test_grey_and_oblong_pictures_train_a_generator(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for k, (mode, shape) in enumerate((("L", (24, 40)), ("RGB", (50, 20, 3)), ("L", (33, 33)))):
        (folder / "mine" / f"class{k}").mkdir(parents=True)
        for i in range(16):
            picture = Image.fromarray(rng.integers(256, size=shape, dtype=np.uint8), mode)
            picture.save(folder / "mine" / f"class{k}" / f"{i}.png")
    own = f'[datasets.mine]\nfolder = "{folder / "mine"}"\nimbalances = [[6, 4, 1]]\nnear_duplicates = "off"\n'
    path = bench_toml(
        folder, STAGES + own, datasets=["mine"], minority=[], methods=["BAGAN", "cGAN(alone=True)"], translators=1
    )
    said = imbench("run", "--config", path)
    assert said.status == 0, said.err
    store = Store(folder / "results")
    for job in build_grid(load_config(path)).jobs:
        record = store.get(job.id)
        assert record and record.status == "done", job.label
        assert all(np.isfinite(value) for value in (record.figures or {}).values()), "with a class of one image, too"


def test_a_loss_that_is_not_finite_ends_the_stage_with_its_step_and_what_needs_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Adversary.step

    def spoiled(self: Adversary, images: torch.Tensor, labels: torch.Tensor, number: int, dice: object) -> torch.Tensor:
        losses = step(self, images, labels, number, dice)  # type: ignore[arg-type]
        return losses * float("nan") if number == 3 else losses

    monkeypatch.setattr(Adversary, "step", spoiled)
    path = bench_toml(folder, STAGES, methods=["Vanilla", "cGAN"], translators=1)
    said = imbench("run", "--config", path)
    assert said.status == 1
    store = Store(folder / "results")
    record = store.get(stage_job(path, "cGAN").id)
    assert record and record.status == "failed" and "step 3" in record.error
    fits = {job.method: store.get(job.id) for job in build_grid(load_config(path)).jobs if job.kind == "fit"}
    vanilla, cgan = fits["Vanilla"], fits["cGAN"]
    assert vanilla and vanilla.status == "done" and (cgan is None or cgan.status == "failed")


@pytest.mark.parametrize("damage", ["bit", "foreign"])
def test_a_state_of_another_training_or_a_damaged_one_is_set_aside_and_named(folder: Path, damage: str) -> None:
    path = bench_toml(folder, STAGES, methods=["cGAN"], translators=1)
    assert imbench("run", "--config", path).status == 0
    job = stage_job(path, "cGAN")
    place = folder / "results" / "stages" / job.id
    (made,) = place.iterdir()
    whole = load_file(made)
    for record in (folder / "results" / "records").rglob("*.json"):
        record.unlink()
    made.unlink()
    kept = weights.Weights(folder / "results").checkpoint(job.id, digest(code_of(job)))
    wide = {f"weights.{name}": value.repeat(2, *[1] * (value.ndim - 1)) for name, value in whole.items() if value.ndim}
    kept.save(wide | {"progress.done": torch.tensor([2])})  # a state, but of other networks
    if damage == "bit":
        kept.path.write_bytes(kept.path.read_bytes()[:-1] + b"?")
    said = imbench("run", "--config", path)
    assert said.status == 0 and f"set aside, begun again without it: {kept.path}" in said.err, said.err
    (again,) = place.iterdir()
    assert all(torch.equal(value, load_file(again)[name]) for name, value in whole.items()), "bit for bit"


def test_an_artifact_of_another_order_of_classes_is_refused_by_name(folder: Path) -> None:
    path = bench_toml(folder, STAGES, methods=["cGAN"], translators=1)
    assert imbench("run", "--config", path).status == 0
    job = stage_job(path, "cGAN")
    assert job.call is not None
    (made,) = (folder / "results" / "stages" / job.id).iterdir()
    turned = list(reversed(job.task.counts))
    with pytest.raises(Exception, match="cGAN: this generator was trained on 12:6 images, the task has 6:12"):
        job.call.build().open(load_file(made), turned, None)
