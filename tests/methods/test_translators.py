"""The translator is the published CycleGAN: its networks, losses, pool, schedule and epochs."""

from __future__ import annotations

import argparse
import importlib.util
import math
from pathlib import Path
from types import ModuleType

import pytest
import torch
from builders import CPU, images
from torch.nn import functional as F
from translation import training

from bench.errors import TrainingDiverged
from bench.methods.translators.cyclegan import CycleGAN
from bench.methods.translators.networks import Discriminator, Generator
from bench.methods.translators.norm import instance_norm
from bench.methods.translators.pool import ImagePool
from bench.methods.translators.settings import CycleGANSettings
from bench.methods.translators.translator import opened, views
from bench.streams import Streams
from bench.training.sizes import as_pixels

PUBLISHED = {9: 11_378_179, 6: 7_837_699}  # parameters of generators at width 64
SEEN_ALIKE = {"progress.seconds", "progress.history"}


def plain_script() -> ModuleType:
    """Return the stand-alone CycleGAN of the benchmarks, which shares no code with the suite."""
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "plain_cyclegan.py"
    spec = importlib.util.spec_from_file_location("plain_cyclegan", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_networks_have_the_published_numbers_of_parameters() -> None:
    with torch.device("meta"):
        assert {blocks: parameters(Generator(64, blocks)) for blocks in PUBLISHED} == PUBLISHED
        assert parameters(Discriminator(64)) == 2_764_737
        assert Discriminator(2)(torch.empty(1, 3, 256, 256)).shape == (1, 1, 30, 30)


@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_instance_norm_is_the_librarys_forward_and_backward(slope: float, layout: torch.memory_format) -> None:
    rng = torch.Generator().manual_seed(0)
    x, gradient = torch.randn(2, 3, 5, 8, 6, generator=rng).unbind()
    results = []
    for ours in (True, False):
        leaf = (3 * x + 1).to(memory_format=layout).requires_grad_()
        y = instance_norm(leaf, slope) if ours else F.leaky_relu(F.instance_norm(leaf), slope)
        y.backward(gradient)
        results.append((y.detach(), leaf.grad))
    for mine, theirs in zip(*results, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


def test_steps_are_those_of_an_independent_implementation() -> None:
    plain = plain_script()
    ours = CycleGAN(CycleGANSettings(width=4, blocks=2, crop_size=32, batch_size=2), Streams(), CPU)
    theirs = plain.CycleGAN(argparse.Namespace(width=4, blocks=2, bf16=False, channels_last=False), CPU.torch)
    pairs = list(
        zip(
            (ours.networks[name] for name in ("AB", "BA", "A", "B")),
            (theirs.to_b, theirs.to_a, theirs.judge_a, theirs.judge_b),
            strict=True,
        )
    )
    with torch.no_grad():
        for mine, other in pairs:
            for a, b in zip(mine.parameters(), other.parameters(), strict=True):
                b.copy_(a)
    rng = torch.Generator().manual_seed(1)
    for _ in range(3):
        a, b = torch.rand(2, 2, 3, 32, 32, generator=rng) * 2 - 1
        losses = ours.step(a, b)
        assert float(losses[0] + losses[1]) == pytest.approx(theirs.step(a, b), rel=1e-4)
    for mine, other in pairs:
        for a, b in zip(mine.parameters(), other.parameters(), strict=True):
            if a.ndim > 1:  # a bias before instance norm is left alone here, and moved by rounding errors there
                torch.testing.assert_close(a, b, rtol=0, atol=1e-4)


def test_the_log_loss_is_binary_cross_entropy() -> None:
    gan = CycleGAN(CycleGANSettings(width=1, blocks=1, gan_loss="log"), Streams(), CPU)
    logits = torch.tensor([[2.0, -1.0]])
    expected = (math.log(1 + math.exp(-2)) + math.log(1 + math.exp(1))) / 2
    assert float(gan._judged(logits, real=True)) == pytest.approx(expected)
    assert float(gan._judged(-logits, real=False)) == pytest.approx(expected)


def test_the_learning_rate_is_constant_then_falls_linearly_as_published() -> None:
    settings = CycleGANSettings()
    assert [settings.rate(epoch) / 2e-4 for epoch in (1, 50)] == [1, 1]
    for epoch in range(1, 201):  # the authors' rule: e counts from 0, and epoch_count is 1
        e = epoch - 1
        assert settings.rate(epoch) == pytest.approx(2e-4 * (1 - max(0, e + 1 - 50) / 151))
    assert CycleGANSettings(decay_epochs=0).rate(300) == 2e-4


def test_the_pool_fills_first_and_then_shows_an_old_fake_half_of_the_time() -> None:
    pool = ImagePool(5, torch.Generator().manual_seed(0))
    fakes = torch.arange(400.0).reshape(400, 1, 1, 1)
    shown = [int(pool.query(fake[None])) for fake in fakes]
    assert shown[:5] == [0, 1, 2, 3, 4]
    old = [i for i, value in enumerate(shown) if value != i]
    assert all(shown[i] < i for i in old) and 0.4 < len(old) / 395 < 0.6
    returned = [shown[i] for i in old]
    assert len(returned) == len(set(returned)), "an old fake that was shown has left the pool"


def test_an_epoch_has_each_of_the_majority_once_and_the_minority_with_replacement() -> None:
    gan = training(images((12, 7)))
    a, b = (torch.cat(column) for column in zip(*gan._pairs(1), strict=True))
    assert sorted(a.tolist()) == gan.a.tolist() and len(b) == 12
    assert set(b.tolist()) <= set(gan.b.tolist())
    assert len(set(torch.cat([b for _, b in gan._pairs(2)]).tolist())) < 12


class Once:
    """A checkpoint that is due once, at a chosen step."""

    def __init__(self, at: int) -> None:
        self.asked, self.at = 0, at
        self.state: dict[str, torch.Tensor] = {}

    def load(self) -> dict[str, torch.Tensor] | None:
        return self.state or None

    @property
    def due(self) -> bool:
        self.asked += 1
        return self.asked == self.at

    def save(self, state: dict[str, torch.Tensor]) -> None:
        self.state = {name: value.clone() for name, value in state.items()}


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("at", [2, 3, 8], ids=["mid-epoch", "at an epoch's end", "while the rate falls"])
def test_a_killed_training_ends_bit_for_bit_as_one_never_killed(precision: str, at: int) -> None:
    whole, kept = training(precision=precision), Once(at)
    whole.train_until(4, kept)
    resumed = training(precision=precision)
    resumed.restore(kept.state)
    assert (resumed.epoch, resumed.step) == divmod(at, 3)
    resumed.train_until(4)
    ours, theirs = resumed.state(), whole.state()
    assert ours.keys() == theirs.keys()
    assert [name for name in theirs if name not in SEEN_ALIKE and not torch.equal(ours[name], theirs[name])] == []
    assert [row["generator_loss"] for row in resumed.history] == [row["generator_loss"] for row in whole.history]


def test_another_stream_gives_another_translator() -> None:
    ours, theirs = (training(stream=stream) for stream in (0, 1))
    for gan in (ours, theirs):
        gan.train_until(1)
    assert not torch.equal(ours.state()["weights.AB.last.weight"], theirs.state()["weights.AB.last.weight"])


def test_a_training_that_collapses_names_its_epoch() -> None:
    gan = training(learning_rate=1e30, epochs=3, constant_epochs=3, compared_epochs=())
    with pytest.raises(TrainingDiverged) as raised:
        gan.train_until(3)
    assert raised.value.epoch in (1, 2) and "epoch" in str(raised.value)


def test_whole_images_of_any_size_are_translated() -> None:
    start = training()
    translator = opened(start.state(), start.gan.settings, (12, 7), CPU).translator
    for side in (32, 33, 34, 50):
        assert translator.translate(torch.zeros(3, 3, side, side), 0).shape == (3, 3, side, side)


def test_views_are_translations_of_their_own_image_also_mirrored() -> None:
    task, start = images((5, 3)), training(images((5, 3)))
    translator = opened(start.state(), start.gan.settings, (5, 3), CPU).translator
    made = views(translator, task, 2, CPU)
    assert made.shape == (16, 3, 34, 34) and made.dtype == torch.uint8
    for i, label in enumerate(task.labels.tolist()):
        image = CPU.images(task.batch(torch.tensor([i]))[0])
        close = [made[i], made[8 + i].flip(-1)]
        wanted = [translator.translate(image, label), translator.translate(image.flip(-1), label)]
        for mine, expected in zip(close, wanted, strict=True):
            assert (mine.int() - as_pixels(expected)[0].int()).abs().max() <= 1


def test_the_majority_is_class_a_whatever_its_label() -> None:
    for counts, labels in (((12, 7), (0, 1)), ((7, 12), (1, 0)), ((9, 9), (0, 1))):
        start = training(images(counts))
        assert opened(start.state(), start.gan.settings, counts, CPU).labels == labels
        assert len(start.a) == max(counts)


def test_a_training_never_modifies_its_images() -> None:
    task = images((6, 3))
    before = task.pixels.clone()
    training(task).train_until(1)
    assert torch.equal(task.pixels, before)


def test_a_translator_of_reduced_images_sees_them_reduced_wherever_it_is_used() -> None:
    train = images((6, 4), side=64)
    small = training(train, load_size=34)
    assert small.train.pixels.shape == (10, 3, 34, 34) and small.scale == 34 / 64
    assert small.train.labels.tolist() == train.labels.tolist()
    made = opened(small.state(), small.gan.settings, [6, 4], CPU)
    assert made.scale == 34 / 64
    seen: list[tuple[int, ...]] = []
    for network in made.translator.networks.values():
        network.register_forward_pre_hook(lambda _, inputs: seen.append(tuple(inputs[0].shape[-2:])))
    translated = made.translate(torch.zeros(2, 3, 64, 64), 0)
    assert translated.shape == (2, 3, 64, 64) and set(seen) == {(36, 36)}, "34 pixels, padded to a multiple of 4"
    assert made.translate(torch.zeros(1, 3, 32, 32), 0).shape == (1, 3, 32, 32) and seen[-1] == (20, 20)
