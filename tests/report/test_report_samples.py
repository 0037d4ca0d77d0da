"""Sample grids are drawn from stored generators, every class beside its real images, or left out with a reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from builders import images, tiny
from PIL import Image
from small_generators import SMALL, made, stage

from bench import registry
from bench.dataset import Task
from bench.errors import DataError
from bench.images import ImageSet
from bench.plan.job import Job, Need, StageCall
from bench.registry import STAGES
from bench.report import grids
from bench.report.grids import EXAMPLES, sample_grids
from bench.report.pictures.picture import Picture
from bench.report.translated import LeftOut
from bench.stage import StageRequest
from bench.store.artifacts import Weights
from bench.streams import Streams

COUNTS = (12, 7, 3)
TEST = images((5, 5, 5), side=32, seed=9)


@pytest.fixture(autouse=True)
def _registered() -> None:
    registry.load()


def job(name: str, place: str = "exp 4", stream: int = 0) -> Job:
    settings = STAGES[name].cls.Settings(**SMALL[name]).model_dump(mode="json")
    request = StageRequest.of(name)
    need = Need(request, f"{name}{stream}", StageCall(request, settings), role="translator")
    task = Task("toys", "", "", ("ball", "top", "kite"), COUNTS, place)
    return Job(f"{name} {place} {stream}", {}, task, tiny(), Streams(stage=stream), "measurement", (need,), judged=name)


def stored(weights: Weights, *jobs: Job) -> None:
    for each in jobs:
        need = each.needs[0]
        weights.save(need.id, made(stage(need.stage.name), images(COUNTS)).tensors, need.file)


def test_a_grid_has_real_images_and_those_of_every_stored_generator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, jobs = Weights(tmp_path), [job("cGAN"), job("GAN"), job("ACGAN"), job("cGAN", stream=1)]
    stored(weights, *jobs[:2])
    seen = {}
    real = grids.figure
    monkeypatch.setattr(grids, "figure", lambda blocks, *rest: seen.update(blocks) or real(blocks, *rest))
    (grid,) = sample_grids("toys", jobs, weights, lambda: TEST)
    assert isinstance(grid, Picture) and grid.name == "toys_exp-4_samples" and grid.shows_images
    assert list(seen) == ["real", "cGAN", "GAN"], "one that is not stored, or of another stream, is not shown"
    for k in range(3):
        assert torch.equal(torch.from_numpy(seen["real"][k]), TEST.batch(TEST.positions(k)[:EXAMPLES])[0])
        assert seen["cGAN"][k].shape == (EXAMPLES, 3, 32, 32)
    assert "GAN: no class can be asked for" in grid.caption and "cGAN and" not in grid.caption
    (tmp_path / "it.png").write_bytes(grid.png)
    assert Image.open(tmp_path / "it.png").size[0] == 1200


def test_the_same_weights_give_the_same_grid(tmp_path: Path) -> None:
    weights, jobs = Weights(tmp_path), [job("cGAN")]
    stored(weights, *jobs)
    first, again = (list(sample_grids("toys", jobs, weights, lambda: TEST)) for _ in range(2))
    assert first == again


def test_without_weights_no_image_is_opened_and_one_line_says_why(tmp_path: Path) -> None:
    def never() -> ImageSet:
        raise AssertionError("images are opened in vain")

    weights = Weights(tmp_path)
    (missing,) = sample_grids("toys", [job("cGAN")], weights, never)
    assert missing == LeftOut("toys_exp-4_samples", "the weights of its generators are not here")
    fit = replace(job("cGAN"), kind="fit")
    assert not list(sample_grids("toys", [fit], weights, never))


def test_without_images_one_line_says_why(tmp_path: Path) -> None:
    weights, jobs = Weights(tmp_path), [job("cGAN")]
    stored(weights, *jobs)

    def absent() -> ImageSet:
        raise DataError("no images of toys;\ntwo lines")

    (left,) = sample_grids("toys", jobs, weights, absent)
    assert isinstance(left, LeftOut) and left.reason == "no images of toys; two lines"
