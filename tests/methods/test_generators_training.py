"""Every generator trains as published, from its streams alone, and goes on bit for bit where it was killed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from builders import CPU
from small_generators import GAN, GENERATORS, SMALL, classifier, made, stage, task
from torch import Tensor

from bench.errors import TrainingDiverged
from bench.methods.generators.adversary import Adversary, Balancing
from bench.methods.generators.recipe import Dice, Recipe
from bench.methods.generators.settings import AdversarialSettings, BalancingSettings
from bench.methods.generators.training import GeneratorTraining
from bench.streams import Streams
from bench.training.sizes import reduced


class Once:
    """A checkpoint that is due once, after a chosen step."""

    def __init__(self, at: int) -> None:
        self.asked, self.at = 0, at
        self.state: dict[str, Tensor] = {}

    def load(self) -> dict[str, Tensor] | None:
        return self.state or None

    @property
    def due(self) -> bool:
        self.asked += 1
        return self.asked == self.at

    def save(self, state: Mapping[str, Tensor]) -> None:
        self.state = {name: value.clone() for name, value in state.items()}


def differing(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> list[str]:
    assert ours.keys() == theirs.keys()
    return [name for name in ours if not torch.equal(ours[name], theirs[name])]


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_killed_training_ends_bit_for_bit_as_one_never_killed(name: str) -> None:
    shape = {"image_size": 16, "width": 0.03}
    length = {"epochs": 2} if name.endswith("AE") else {}
    trained, kept = stage(name, shape, **length), Once(at=2)
    whole = made(trained, task(), kept)
    assert int(kept.state["progress.done"]) == 2, "the checkpoint was due in the middle"
    torch.manual_seed(99)  # nothing may depend on the global stream
    resumed = made(trained, task(), kept)
    assert differing(resumed.tensors, whole.tensors) == []
    losses = [{k: v for k, v in row.items() if k != "seconds"} for row in whole.history]
    assert [{k: v for k, v in row.items() if k != "seconds"} for row in resumed.history] == losses


@pytest.mark.parametrize("name", GENERATORS)
def test_another_stream_gives_another_generator(name: str) -> None:
    ours, theirs = (made(stage(name), task(), stream=stream) for stream in (0, 1))
    assert differing(ours.tensors, theirs.tensors)


@pytest.mark.parametrize("name", ["BAGAN-AE", "BAGAN-GP", "CBGAN", "GAMO"])
def test_a_training_that_collapses_names_its_step(name: str) -> None:
    with pytest.raises(TrainingDiverged) as raised:
        made(stage(name, {"image_size": 16, "width": 0.03}, learning_rate=1e30), task())
    assert raised.value.epoch in (1, 2, 3, 4) and f"in step {raised.value.epoch}" in str(raised.value)


class Asked(Recipe):
    """Remembers what it was shown."""

    losses = ("loss",)

    def __init__(self) -> None:
        self.device, self.networks, self.shown = CPU, torch.nn.ModuleDict(), []

    def step(self, images: Tensor, labels: Tensor, number: int, dice: Dice) -> Tensor:
        self.shown.append(len(images))
        return torch.tensor([float(number)])


@pytest.mark.parametrize(("drop", "sizes"), [(False, [6, 6, 6, 4]), (True, [6, 6, 6])])
def test_an_epoch_shows_every_image_once_but_for_a_dropped_batch(drop: bool, sizes: list[int]) -> None:
    settings = AdversarialSettings(steps=None, epochs=3, batch_size=6, drop_last=drop)
    loop = GeneratorTraining(Asked(), settings, task((12, 7, 3)), Streams())
    loop.run()
    assert loop.recipe.shown == sizes * 3  # type: ignore[attr-defined]
    epochs = [torch.cat([loop.batch(i) for i in range(first, first + len(sizes))]) for first in (0, len(sizes))]
    assert all(len(set(epoch.tolist())) == sum(sizes) for epoch in epochs) and not torch.equal(*epochs)
    assert [row["step"] for row in loop.history] == list(range(1, len(sizes) * 3 + 1))


@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize("length", [3, 4, 7, 11])
def test_the_images_that_a_training_sees_are_counted_to_the_last(drop: bool, length: int) -> None:
    settings = AdversarialSettings(steps=length, batch_size=6, drop_last=drop)
    loop = GeneratorTraining(Asked(), settings, task((12, 7, 3)), Streams())
    loop.run()
    assert settings.images_seen(22) == sum(loop.recipe.shown)  # type: ignore[attr-defined]


def test_a_training_of_fewer_images_than_a_batch_sees_them_all() -> None:
    settings = AdversarialSettings(steps=2, batch_size=256)
    loop = GeneratorTraining(Asked(), settings, task((2, 1)), Streams())
    loop.run()
    assert loop.recipe.shown == [3, 3]  # type: ignore[attr-defined]


def test_a_history_has_at_most_a_hundred_rows_of_means() -> None:
    loop = GeneratorTraining(Asked(), AdversarialSettings(steps=250, batch_size=6), task(), Streams())
    loop.run()
    assert len(loop.history) == 84 and loop.history[-1]["step"] == 250
    assert loop.history[0]["loss"] == 2.0 and loop.history[-1]["loss"] == 250.0, "the last row has one step"


def test_a_length_is_given_once_and_goes_before_the_default() -> None:
    for wrong in ({"epochs": 2, "steps": 2}, {"steps": None}):
        with pytest.raises(ValueError, match="either epochs or steps"):
            AdversarialSettings(**wrong)  # type: ignore[arg-type]
    settings = AdversarialSettings(epochs=2, batch_size=5, drop_last=False)
    assert settings.steps is None and settings.length(11) == 6


def plain(**settings: Any) -> Adversary:
    """Return a plain GAN at the start of its training."""
    return Adversary(AdversarialSettings(**GAN, **settings), 3, 4, Streams(), CPU)


def balancing(**settings: Any) -> Balancing:
    """Return a class-balancing GAN at the start of its training."""
    return Balancing(BalancingSettings(**GAN, **settings), (12, 7, 3), 4, classifier(3), 32, Streams(), CPU)


def loop_of(recipe: Recipe) -> GeneratorTraining:
    """Return the loop that trains a recipe on small images."""
    return GeneratorTraining(recipe, AdversarialSettings(**GAN), reduced(task(), 16), Streams())


def test_without_its_regulariser_the_class_balancing_gan_is_the_plain_one() -> None:
    states = []
    for recipe in (plain(), balancing(lambda_balance=0.0, lambda_per_decade=0.0)):
        loop_of(recipe).run()
        states.append(recipe.artifact())
    assert differing(*states) == []


def test_frequencies_count_the_fakes_of_the_generators_steps_cycle_by_cycle() -> None:
    recipe = balancing(cycle=0.5)
    loop = loop_of(recipe)
    assert recipe.cycle == 2
    loop.length = 1
    loop.run()
    scale = recipe.frequencies.scale
    assert float(recipe.frequencies.recent.sum()) == pytest.approx(3 * 512 + 6 * scale), "six fakes, counted once"
    loop.length = 2
    loop.run()
    assert float(recipe.frequencies.recent.sum()) == 0.0
    expected = 0.5 * 50 * 3 + 0.5 * (3 * 512 + 12 * scale)
    assert float(recipe.frequencies.frequencies.sum()) == pytest.approx(expected)


def test_the_average_that_is_kept_differs_from_the_generator_once_it_has_started() -> None:
    recipe = plain(average_start=0.5, average_horizon=1.0)
    loop = loop_of(recipe)
    for length, alike in ((2, True), (4, False)):
        loop.length = length
        loop.run()
        live = recipe.networks["generator"].state_dict()
        kept = {name.removeprefix("generator."): value for name, value in recipe.artifact().items()}
        assert (differing(kept, live) == []) is alike
    statistics = [name for name in differing(kept, live) if "running" in name]
    assert len(statistics) == 6, "means and variances of three batch norms are averaged too"


@pytest.mark.parametrize(("name", "third"), [("ACGAN", "class_loss"), ("CBGAN", "balance_loss"), ("cGAN", "seconds")])
def test_a_history_tells_what_a_system_adds_to_the_generators_loss(name: str, third: str) -> None:
    row = made(stage(name), task()).history[-1]
    assert list(row)[:4] == ["step", "generator_loss", "discriminator_loss", third]


def test_the_classifier_of_the_regulariser_is_never_trained() -> None:
    recipe = balancing()
    before = [parameter.clone() for parameter in recipe.classifier.parameters()]
    loop_of(recipe).run()
    assert all(map(torch.equal, before, recipe.classifier.parameters()))
    assert all(parameter.grad is None for parameter in recipe.classifier.parameters())
