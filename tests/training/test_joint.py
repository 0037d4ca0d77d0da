"""AUG trains on real and translated images with a frozen translator; ALT lets both learn in turn."""

from __future__ import annotations

from typing import Any

import laws
import numpy as np
import pytest
import torch
from builders import CPU, fitted, images, parts, tiny
from torch import Tensor
from torch.nn import functional as F
from translation import artifacts, training, untrained

from bench import registry
from bench.errors import ConfigError
from bench.method import Counts
from bench.methods.translators.alternation import Alternation, Teacher, frozen
from bench.methods.translators.cyclegan import CycleGAN
from bench.methods.translators.joint import equal_kinds, majority_weights, pairs, train_epoch, with_views
from bench.methods.translators.training import GanTraining
from bench.plan.compose import compose
from bench.streams import Streams
from bench.training.composition import Composition
from bench.training.fit import fit
from bench.training.trainer import Trainer

ALLOWED = ("US+CS", "OS+CS")
registry.load()


@pytest.mark.parametrize("with_it", ["CS", "SMOTE", "TS", "US", "CBL(beta=0.9)"])
@pytest.mark.parametrize("method", ["AUG", "ALT"])
def test_what_rebalances_twice_is_refused_with_both_names(method: str, with_it: str) -> None:
    with pytest.raises(ConfigError) as raised:
        compose(f"{method}+{with_it}", ALLOWED)
    assert method in str(raised.value) and with_it.partition("(")[0] in str(raised.value)


def test_a_pair_that_the_user_allows_composes_where_slots_do_not_overlap() -> None:
    assert compose("AUG+TS", ("AUG+TS",)).hook("adjust")(np.array([[0.5, 0.5]]), np.array([9, 1])).argmax() == 1


def test_the_majoritys_terms_weigh_one_over_gamma() -> None:
    majority, minority = majority_weights(np.array([450, 25]), "inverse", None)
    assert minority / majority == pytest.approx(18)
    assert majority_weights(np.array([450, 25]), "off", None).tolist() == [1, 1]
    assert compose("AUG(class_weight=off)").hook("class_weights")(np.array([450, 25]), 0.0).tolist() == [1, 1]


@pytest.mark.parametrize("counts_from", ["original", "effective"])
@pytest.mark.parametrize("method", ["AUG(views=2)", "ALT(blocks=1, gan_epochs=1, views=2)"])
def test_translations_never_turn_the_weights_round(
    monkeypatch: pytest.MonkeyPatch, method: str, counts_from: str
) -> None:
    used: list[list[float]] = []
    begin = Trainer.train_epoch

    def watched(self: Trainer, *rest: Any) -> None:
        begin(self, *rest)
        used.append(self._weights.tolist())

    monkeypatch.setattr(Trainer, "train_epoch", watched)
    fitted(compose(method), (16, 4), class_weights_from=counts_from)
    assert used == [pytest.approx([0.4, 1.6])]  # 1/gamma = 1/4; with views the minority's label has 36 of 60 images


def test_an_alternating_fit_tells_the_teachers_loss_and_spans_its_own_epochs() -> None:
    protocol = {"schedule": "cosine", "epochs": 2}
    method = compose("ALT(blocks=2, gan_epochs=1)")
    first, second = fitted(method, **protocol).history
    assert 0.5 < first["teacher_loss"] < 5 and 0.5 < second["teacher_loss"] < 5
    assert first["loss"] != second["loss"], "with the cosine of one epoch the second would stand still"


@pytest.mark.parametrize(("arguments", "taught"), [("", [2, 4, 6]), ("first_epochs=4", [4, 5, 6])])
def test_the_translator_is_first_taught_after_as_many_epochs_as_asked(arguments: str, taught: list[int]) -> None:
    method = compose(f"ALT(blocks=3, gan_epochs=1{', ' * bool(arguments)}{arguments})")
    history = fitted(method, epochs=6).history
    assert len(history) == 6, "as many checks as every method has"
    assert [row["epoch"] for row in history if "gan_epoch" in row] == taught
    assert all("validation_acsa" in row for row in history if "gan_epoch" in row), "how able the teacher was"


@pytest.mark.parametrize(("batch_size", "each"), [(1, 4), (4, 4), (9, 8)])
def test_a_step_of_pairs_takes_as_many_images_as_every_methods(batch_size: int, each: int) -> None:
    task = images((12, 6))
    protocol = tiny(batch_size=batch_size, epoch="equal")
    trainer = Trainer(compose("AUG"), task, task, Counts.same(task.counts), protocol, Streams(), CPU)
    sizes = [len(labels) for _, labels in pairs(trainer, untrained(task))]
    assert set(sizes[:-1]) == {each} and sum(sizes) == 24


@pytest.mark.parametrize("law", laws.RELABELLING[:2])
@pytest.mark.parametrize("method", ["AUG", "AUG(views=2)", "AUG(class_weight=off)", "ALT", "ALT(views=1)"])
def test_classes_are_told_by_their_counts_where_these_differ(method: str, law: laws.Law) -> None:
    """The exception that joint methods declare is for equal classes, of which the first is translated as majority."""
    law(compose(method))


def test_a_step_draws_equally_from_the_four_terms_of_the_loss() -> None:
    task = images((12, 3))
    extended = with_views(task, task.pixels.repeat(2, 1, 1, 1))
    order = equal_kinds(extended.labels, 3, torch.Generator().manual_seed(0))
    kinds = [(int(extended.labels[i]), bool(i < 15)) for i in order]
    assert kinds == [(0, True), (1, True), (1, False), (0, False)] * 12
    assert sorted(order[::4].tolist()) == task.positions(0).tolist(), "every image of the majority once"


def test_fresh_translations_are_of_the_steps_own_crops_with_the_other_label(monkeypatch: pytest.MonkeyPatch) -> None:
    task = images((12, 6))
    steps: list[tuple[Tensor, Tensor]] = []

    def remember(self: Trainer, pictures: Tensor, labels: Tensor) -> Tensor:
        steps.append((pictures, labels))
        return torch.zeros(())

    class Negative:
        def translate(self, pictures: Tensor, source: int) -> Tensor:
            return -pictures

    monkeypatch.setattr(Trainer, "step", remember)
    for epoch, count in (("dataset", 12), ("equal", 6)):
        steps.clear()
        protocol = tiny(epoch=epoch, batch_size=4)
        trainer = Trainer(compose("AUG"), task, task, Counts.same(task.counts), protocol, Streams(), CPU)
        train_epoch(trainer, Negative())
        assert sum(len(labels) for _, labels in steps) == 4 * count
        for pictures, labels in steps:
            n = len(labels) // 4
            assert labels.tolist() == [0] * n + [1] * n + [1] * n + [0] * n
            assert torch.equal(pictures[2 * n :], -pictures[: 2 * n])


@pytest.mark.parametrize("method", ["AUG", "AUG(views=2)"])
def test_augmentation_never_changes_the_translator(method: str) -> None:
    task = parts(images((12, 6)))
    composed = compose(method)
    stages = artifacts(composed, task.train)
    held: Any = next(iter(stages.values()))
    tensors = {"views": held} if isinstance(held, Tensor) else held.state
    before = {name: value.clone() for name, value in tensors.items()}
    fit(composed, task, tiny(), Streams(), CPU, stages)
    assert same(tensors, before)
    if not isinstance(held, Tensor):
        assert not any(p.requires_grad for network in held.translator.networks.values() for p in network.parameters())


def weights(module: torch.nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def same(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> bool:
    return all(torch.equal(ours[name], theirs[name]) for name in theirs)


@pytest.mark.parametrize("arguments", ["", "views=1, teacher_every=2"])
def test_alternating_changes_only_the_one_whose_turn_it_is(monkeypatch: pytest.MonkeyPatch, arguments: str) -> None:
    method = compose(f"ALT(blocks=2, gan_epochs=1{', ' * bool(arguments)}{arguments})")
    turns: list[str] = []
    for name in ("train_classifier", "train_translator"):
        block = getattr(Alternation, name)

        def watched(self: Alternation, epochs: int, name: str = name, block: Any = block) -> None:
            model, networks = self.trainer.model, self.training.gan.networks
            before = weights(model), weights(networks)
            block(self, epochs)
            after = weights(model), weights(networks)
            still, moved = (1, 0) if name == "train_classifier" else (0, 1)
            assert same(before[still], after[still]) and not same(before[moved], after[moved])
            turns.append(name)

        monkeypatch.setattr(Alternation, name, watched)
    fitted(method, epochs=2)
    assert turns == ["train_classifier", "train_translator"] * 2


def test_alternating_leaves_the_translator_that_it_trained() -> None:
    left = fitted(compose("ALT(blocks=1, gan_epochs=1)")).artifacts["translator"]
    start = untrained(images((12, 6))).state
    assert left.keys() == {name for name in start if name.startswith("weights.")} | {"scale"}
    assert any(not torch.equal(left[name], start[name]) for name in left)


def test_without_a_teacher_its_blocks_are_one_training_of_the_translator(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[GanTraining] = []
    block = Alternation.train_translator

    def watched(self: Alternation, epochs: int) -> None:
        block(self, epochs)
        kept.append(self.training)

    monkeypatch.setattr(Alternation, "train_translator", watched)
    monkeypatch.setattr(Teacher, "__call__", lambda *_: None)
    fitted(compose("ALT(blocks=2, gan_epochs=1)"), epochs=2)
    start, streams = untrained(images((12, 6))), Streams()
    gan = CycleGAN(start.settings, streams, CPU)
    alone = GanTraining(gan, images((12, 6)), True, lambda use: streams.torch("order", use=f"translator {use}"))
    alone.restore(start.state)
    with CPU.session(tiny()):
        alone.train_until(2)
    ours, theirs = kept[-1].state(), alone.state()
    timed = {"progress.seconds", "progress.history"}
    assert ours.keys() == theirs.keys() and any(name.startswith("pool.") for name in ours)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours.keys() - timed)


def teacher(method: Composition, every: int, crop_size: int = 32, image_size: int = 32) -> tuple[Any, Any, Trainer]:
    task = images((12, 6), side=68)
    gan = training(task, crop_size=crop_size)
    protocol = tiny(image_size=image_size, load_size=68)
    trainer = Trainer(method, task, task, Counts.same(task.counts), protocol, Streams(), CPU)
    return Teacher(trainer, gan, every), gan, trainer


def test_the_teachers_loss_is_that_of_equation_7() -> None:
    judge, _, trainer = teacher(compose("ALT"), 1)
    fake_b, fake_a = torch.rand(2, 3, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with frozen(trainer.model):
        loss = judge(0, torch.tensor([0]), torch.tensor([1]))(fake_b, fake_a)
        z_b, z_a = (F.softmax(trainer.model(fakes), dim=1)[:, 1] for fakes in (fake_b, fake_a))
    expected = -z_b.log().mean() - (1 - z_a).log().mean()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_on_crops_the_teacher_sees_whole_images_every_so_many_steps_that_much_heavier() -> None:
    judge, gan, trainer = teacher(compose("ALT"), 3, crop_size=32, image_size=64)
    positions = torch.tensor([0, 1]), torch.tensor([2, 3])
    assert [step for step in range(7) if judge(step, *positions)] == [0, 3, 6]
    seen: list[int] = []
    trainer.model.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0].shape[-1]))
    with frozen(trainer.model):
        loss = judge(0, *positions)(torch.zeros(1), torch.zeros(1))
        judge.every = 1
        lighter = judge(0, *positions)(torch.zeros(1), torch.zeros(1))
        loss.backward()
    assert seen == [64, 64] * 2
    assert loss.item() == pytest.approx(3 * lighter.item(), rel=1e-5)
    assert all(p.grad is not None for n, p in gan.gan.networks["AB"].named_parameters() if "weight" in n)
    assert all(p.grad is None for p in trainer.model.parameters()), "the teacher is frozen"


def test_three_classes_are_not_applicable_and_say_so() -> None:
    for name in ("AUG", "ALT"):
        assert "two classes" in compose(name).supports((5, 5, 5))
