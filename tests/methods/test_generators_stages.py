"""What stages leave is a generator of its own task, and methods fill the smaller classes with its images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from builders import CPU, tiny
from small_generators import GENERATORS, SMALL, made, stage, task, untrained
from torch import Tensor

from bench import registry
from bench.errors import StoreError
from bench.images import ImageSet
from bench.method import Method
from bench.plan.compose import compose
from bench.plan.config import load_config
from bench.plan.grid import stage_settings
from bench.registry import METHODS, STAGES
from bench.stage import FitRequest, Generator, StageRequest
from bench.training.composition import Composition
from bench.training.sizes import as_pixels, at_size

registry.load()
FILLING = ("BAGAN", "BAGAN-GP", "CBGAN", "ACGAN", "cGAN", "GAMO")
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", GENERATORS)
def test_a_stage_leaves_a_generator_of_images_that_a_stream_decides(name: str) -> None:
    generator = untrained(StageRequest(name), task())
    assert isinstance(generator, Generator) and (generator.image_size, generator.n_classes) == (16, 3)
    wanted, rng = torch.tensor([2, 0, 1, 1]), torch.Generator()
    images = [generator.generate(wanted, rng.manual_seed(seed)) for seed in (1, 1, 2)]
    assert images[0].shape == (4, 3, 16, 16) and images[0].dtype == torch.float32
    assert float(images[0].abs().max()) <= 1.0 and bool(images[0].isfinite().all())
    assert torch.equal(images[0], images[1]) and not torch.equal(images[0], images[2])
    assert generator.generate(wanted[:0], rng).shape == (0, 3, 16, 16)
    with pytest.raises(ValueError, match=r"0 to 2.*3"):
        generator.generate(torch.tensor([0, 3]), rng)


def test_a_plain_gan_does_not_listen_to_classes() -> None:
    generator = untrained(StageRequest("GAN"), task())
    drawn = [generator.generate(torch.tensor(labels), torch.Generator().manual_seed(1)) for labels in ([0, 1], [2, 2])]
    assert torch.equal(*drawn) and not generator.conditional


@pytest.mark.parametrize("name", GENERATORS)
def test_a_class_of_one_image_is_survived(name: str) -> None:
    generator = untrained(StageRequest(name), task((9, 4, 1)))
    assert bool(generator.generate(torch.tensor([2] * 5), torch.Generator().manual_seed(0)).isfinite().all())


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_generator_of_other_classes_or_another_size_is_refused_by_name(name: str) -> None:
    shape = {"image_size": 16, "width": 0.03}
    made_by = stage(name, shape)
    tensors = made(made_by, task((12, 7, 3))).tensors
    for counts, reason in (
        ([12, 7], "has 3 classes, the task has 2"),
        ([12, 3, 7], "12:7:3 images, the task has 12:3:7 .the same classes in another order"),
        ([12, 7, 4], "12:7:3 images, the task has 12:7:4$"),
    ):
        with pytest.raises(StoreError, match=f"^{name}: .*{reason}"):
            made_by.open(tensors, counts, CPU)
    larger = {"image_size": 32}
    other = stage(name, shape | larger, **({} if name.endswith("AE") else larger))
    with pytest.raises(StoreError, match=f"^{name}: .*16 pixels, its settings say 32"):
        other.open(tensors, [12, 7, 3], CPU)


@pytest.mark.parametrize("name", sorted(SMALL))
@pytest.mark.parametrize("profile", ["paper", "cpu", "smoke"])
def test_every_profile_sets_stages_that_take_time(name: str, profile: str) -> None:
    config = load_config(ROOT / "bench.toml")
    settings = {
        key: STAGES[key].cls.Settings(**stage_settings(config.profiles[profile], "digits", key)) for key in SMALL
    }
    made_by = STAGES[name].cls(settings[name], {})
    counts = (500, 50, 5)
    operations = made_by.operations(counts, config.profiles[profile].protocol("digits"), settings.__getitem__)
    assert operations > 1e6 and made_by.supports(counts) == ""


def test_stages_declare_whether_they_generate() -> None:
    assert {entry.name for entry in STAGES if entry.cls.generates} == set(GENERATORS)


def test_what_a_generator_starts_from_has_its_shape() -> None:
    (start,) = stage("BAGAN", width=0.5).requires((4, 2))
    assert start == StageRequest.of("BAGAN-AE", networks="bagan", image_size=16, width=0.5)
    assert stage("CBGAN", classifier="CS").requires((4, 2)) == (FitRequest("CS"),)


class Painted:
    """Paints every image in the grey of its class, and a corner by the stream."""

    image_size, n_classes = 8, 3

    def __init__(self, greys: tuple[float, ...] = (-0.5, 0.0, 0.5)) -> None:
        self.greys = torch.tensor(greys)

    def generate(self, labels: Tensor, rng: torch.Generator) -> Tensor:
        images = self.greys[labels][:, None, None, None].expand(-1, 3, 8, 8).clone()
        images[:, :, 0, 0] = torch.rand(len(labels), 1, generator=rng) * 2 - 1
        return images


def filled(name: str, train: ImageSet, generator: Any = None, seed: int = 0) -> ImageSet:
    method = compose(name)
    (request,) = method.requires(tuple(train.counts.tolist()), tiny())
    bound: Composition = method.bind({request: generator or Painted()})
    new: ImageSet = bound.hook("resample")(train, np.random.default_rng(seed))
    return new


@pytest.mark.parametrize("name", FILLING)
def test_the_smaller_classes_are_filled_after_the_real_images(name: str) -> None:
    train = task((12, 7, 3))
    new = filled(name, train)
    assert new.counts.tolist() == [12, 12, 12]
    real, fake = new.take(torch.arange(22)), new.take(torch.arange(22, 36))
    assert torch.equal(real.pixels[real.rows], train.pixels) and torch.equal(real.labels, train.labels)
    assert (new.counts - train.counts).tolist() == fake.counts.tolist() == [0, 5, 9]
    wanted = as_pixels(at_size(Painted().generate(fake.labels, torch.Generator()), 34))
    assert torch.equal(fake.pixels[fake.rows][..., 17:, 17:], wanted[..., 17:, 17:]), "resized as every image is"
    assert torch.equal(filled(name, train).pixels, new.pixels)
    assert not torch.equal(filled(name, train, seed=1).pixels, new.pixels)


def test_filling_does_not_depend_on_how_classes_are_numbered() -> None:
    train, rename = task((12, 7, 3)), torch.tensor([2, 0, 1])
    renamed = ImageSet(train.pixels, train.rows, rename[train.labels], 3)
    ours, theirs = filled("cGAN", train), filled("cGAN", renamed, Painted((0.0, 0.5, -0.5)))
    assert torch.equal(rename[ours.labels], theirs.labels) and torch.equal(ours.pixels, theirs.pixels)


@pytest.mark.parametrize(("target", "counts"), [(10, [12, 10, 10]), (5, [12, 7, 5]), (99, [12, 12, 12])])
def test_a_target_is_filled_up_to_but_never_beyond_the_largest_class(target: int, counts: list[int]) -> None:
    assert filled(f"GAMO(target={target})", task((12, 7, 3))).counts.tolist() == counts


def test_balanced_counts_change_nothing_whatever_the_generator() -> None:
    train = task((5, 5, 5))
    assert filled("BAGAN", train) is train


@pytest.mark.parametrize("name", FILLING)
def test_a_filling_method_says_what_it_needs_and_costs(name: str) -> None:
    method: Method = METHODS[name].cls()
    settings = {key: STAGES[key].cls.Settings(**values) for key, values in SMALL.items()}
    assert method.slots == ("data",) and method.rebalances and method.needs_images  # type: ignore[attr-defined]
    fewer, more = (method.extra_operations(counts, settings.__getitem__) for counts in ((9, 8), (9, 1)))
    combined = 8 if name == "GAMO" else 1  # times fewer images of which each is a mean
    assert fewer > 0 and combined * more == pytest.approx(8 * fewer)
    with pytest.raises(ValueError, match="target"):
        METHODS[name].cls(target=0)  # type: ignore[call-arg]
