"""Pictures of translations are drawn from stored weights and the first test images, or left out with a reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import CPU, bench_toml, images
from PIL import Image
from small_measurements import job
from translation import SMALL, training, untrained

from bench import registry
from bench.errors import DataError
from bench.images import ImageSet
from bench.plan.config import load_config
from bench.plan.job import Job, StageCall
from bench.report import translated as grids
from bench.report.pictures.picture import Picture
from bench.report.pictures.translations import AtPlace
from bench.report.translated import EXAMPLES, LeftOut, open_test, translation_grid
from bench.store.artifacts import Weights

SETTINGS = SMALL | {"epochs": 16, "compared_epochs": (20, 32), "constant_epochs": 16, "decay_epochs": 16}
TEST = images((5, 5), side=32, seed=9)


def small(count: int, epochs: int = 16, **more: object) -> Job:
    """Return a measurement whose translator is small enough to be opened here."""
    made = job(count, epochs, counts=(12, count), **more)  # type: ignore[arg-type]
    call = StageCall(made.needs[0].stage.request, SETTINGS)
    return replace(made, needs=(replace(made.needs[0], call=call), *made.needs[1:]))


def stored(weights: Weights, job: Job, stream: int = 0) -> None:
    need = job.needs[0]
    weights.save(need.id, training(images(job.task.counts), stream).state(), need.file)


@pytest.fixture(autouse=True)
def _registered() -> None:
    registry.load()


def drawn(jobs: list[Job], weights: Weights, monkeypatch: pytest.MonkeyPatch) -> list[AtPlace]:
    """Return the groups of the picture that the jobs give."""
    seen: list[AtPlace] = []
    real = grids.figure
    monkeypatch.setattr(grids, "figure", lambda groups, *words: seen.extend(groups) or real(groups, *words))
    assert isinstance(translation_grid("horse2zebra", jobs, weights, lambda: TEST), Picture)
    return seen


def test_the_grid_shows_the_first_test_images_and_their_translations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, jobs = Weights(tmp_path), [small(6), small(6, method="ALT")]
    for each in jobs:
        stored(weights, each)
    (group,) = drawn(jobs, weights, monkeypatch)
    by_hand = untrained(images((12, 6)))
    for source, direction in ((0, group.to_minority), (1, group.to_majority)):
        first = TEST.pixels[TEST.labels == source][:EXAMPLES]
        np.testing.assert_array_equal(direction.real, first.numpy())
        wanted = ((by_hand.translate(CPU.images(first), source) + 1) * 127.5).numpy()
        assert list(direction.translated) == ["CycleGAN", "ALT"]
        assert np.abs(direction.translated["ALT"].astype(float) - wanted).max() <= 0.5 + 1e-3
    assert (group.minority_count, group.majority_count) == (6, 12)


def test_the_longest_cyclegan_and_seed_0_of_alt_are_shown_and_no_ablation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = Weights(tmp_path)
    shown, others = [small(6, 32), small(6, method="ALT")], [small(6), small(6, 20), small(6, 32, stream=1)]
    others += [small(6, method="ALT", seed=1), small(6, method="ALT(blocks=2)")]
    for each in shown:
        stored(weights, each, stream=1)
    for each in others:
        stored(weights, each)
    (group,) = drawn([*others, *shown], weights, monkeypatch)
    by_hand = ImageSet.of(TEST.pixels[TEST.labels == 0][:EXAMPLES], torch.zeros(EXAMPLES, dtype=torch.int64), 2)
    other = grids._opened(others[0], weights, CPU).translate(CPU.images(by_hand.pixels), 0)
    assert list(group.to_minority.translated) == ["CycleGAN", "ALT"]
    for made in group.to_minority.translated.values():
        assert not np.array_equal(made, grids._pixels(other))


def test_the_same_weights_give_the_same_picture(tmp_path: Path) -> None:
    weights, jobs = Weights(tmp_path), [small(6), small(7)]
    for each in jobs:
        stored(weights, each)
    first, again = (translation_grid("horse2zebra", jobs, weights, lambda: TEST) for _ in range(2))
    assert isinstance(first, Picture) and first == again
    (tmp_path / "it.png").write_bytes(first.png)
    assert Image.open(tmp_path / "it.png").size[0] > 500
    assert first.name == "horse2zebra_translations" and first.shows_images


def test_counts_without_weights_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights, jobs = Weights(tmp_path), [small(count, method=name) for count in (6, 7, 8) for name in ("", "ALT")]
    for each in (*jobs[:2], jobs[2]):  # both at 6, CycleGAN alone at 7, nothing at 8
        stored(weights, each)
    assert [group.minority_count for group in drawn(jobs, weights, monkeypatch)] == [6]


def test_without_weights_no_image_is_opened_and_one_line_says_why(tmp_path: Path) -> None:
    def never() -> ImageSet:
        raise AssertionError("images are opened in vain")

    missing = translation_grid("horse2zebra", [small(6)], Weights(tmp_path), never)
    assert missing == LeftOut("horse2zebra_translations", "the weights of its translators are not here")
    assert translation_grid("horse2zebra", [], Weights(tmp_path), never) is None


def test_without_images_one_line_says_why(tmp_path: Path) -> None:
    weights = Weights(tmp_path)
    stored(weights, small(6))

    def absent() -> ImageSet:
        raise DataError("no images of horse2zebra;\n`imbench data prepare horse2zebra` gets them")

    left_out = translation_grid("horse2zebra", [small(6)], weights, absent)
    assert isinstance(left_out, LeftOut) and left_out.reason.startswith("no images of horse2zebra; `imbench")


def test_the_whole_test_part_is_opened_at_the_classifiers_size(tmp_path: Path) -> None:
    config = load_config(bench_toml(tmp_path), "tiny")
    test = open_test("stripes", config)
    assert test.pixels.shape[1:] == (3, 32, 32) and len(set(test.counts.tolist())) == 1
    np.testing.assert_array_equal(test.labels, np.sort(test.labels))
