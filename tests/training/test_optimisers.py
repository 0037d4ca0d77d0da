"""Optimisers and the course of the learning rate are torch's own; equal epochs are defined for K classes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from builders import alone, fitted, images, tiny, trainer
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim import lr_scheduler as reference

from bench.errors import TrainingDiverged
from bench.method import Method
from bench.protocol import Protocol
from bench.training.loop import Best, run_epoch
from bench.training.optimisers import optimiser, rate
from bench.training.trainer import Trainer

STEPS = 50
Course = Callable[[Optimizer], reference.LRScheduler]


def course(make: Course) -> list[float]:
    """Return the rates of torch's scheduler, one a step."""
    sgd = SGD([nn.Parameter(torch.zeros(1))], lr=0.4)
    scheduler, rates = make(sgd), []
    for _ in range(STEPS):
        rates.append(float(sgd.param_groups[0]["lr"]))
        sgd.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize(
    ("fields", "theirs"),
    [
        ({"schedule": "constant"}, lambda o: reference.ConstantLR(o, factor=1)),
        ({"schedule": "cosine"}, lambda o: reference.CosineAnnealingLR(o, T_max=STEPS)),
        ({"schedule": "steps"}, lambda o: reference.MultiStepLR(o, [40, 45], gamma=0.1)),
        ({"schedule": "steps", "steps": (0.5,), "step_factor": 0.3}, lambda o: reference.MultiStepLR(o, [25], 0.3)),
        (
            {"schedule": "cosine", "warmup": 0.2},
            lambda o: reference.SequentialLR(
                o,
                [reference.LinearLR(o, 1e-12, total_iters=10), reference.CosineAnnealingLR(o, T_max=STEPS - 10)],
                [10],
            ),
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:The epoch parameter")
def test_the_rate_runs_the_course_of_torchs_schedulers(fields: dict[str, Any], theirs: Course) -> None:
    protocol = Protocol(learning_rate=0.4, **fields)
    ours = [rate(protocol, step / STEPS) for step in range(STEPS)]
    assert ours == pytest.approx(course(theirs), abs=1e-9)


def test_every_step_has_a_rate_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []
    step = Trainer.step

    def watched(self: Trainer, pictures: Tensor, labels: Tensor) -> Tensor:
        rates.append(self._optimiser.param_groups[0]["lr"])
        return step(self, pictures, labels)

    monkeypatch.setattr(Trainer, "step", watched)
    fitted(alone(Method()), (12, 6), epochs=2, batch_size=8, schedule="cosine")  # 24 images: 3 steps an epoch
    expected = [2e-4 * (1 + math.cos(math.pi * k / 6)) / 2 for k in range(6)]
    assert rates == pytest.approx(expected)


@pytest.mark.parametrize(
    ("fields", "theirs"),
    [
        ({"optimiser": "adam", "beta1": 0.5}, lambda p: Adam(p, 0.01, (0.5, 0.999), weight_decay=0.1)),
        ({"optimiser": "adamw", "beta1": 0.9}, lambda p: AdamW(p, 0.01, (0.9, 0.999), weight_decay=0.1)),
        ({"optimiser": "sgd", "momentum": 0.7}, lambda p: SGD(p, 0.01, 0.7, weight_decay=0.1)),
    ],
)
def test_optimisers_are_torchs(fields: dict[str, Any], theirs: Callable[..., Optimizer]) -> None:
    protocol = Protocol(learning_rate=0.01, weight_decay=0.1, **fields)
    ends = []
    for make in (lambda p: optimiser(protocol, p), theirs):
        weight = nn.Parameter(torch.tensor([1.0, -2.0]))
        steps = make([weight])
        for k in range(4):
            steps.zero_grad()
            (weight * torch.tensor([1.0 + k, -1.0])).sum().backward()
            steps.step()
        ends.append(weight.detach())
    torch.testing.assert_close(*ends)


@pytest.mark.parametrize("counts", [(11, 6), (10, 7, 3, 1)])
def test_an_equal_epoch_is_that_of_classes_all_as_large_as_the_largest(counts: tuple[int, ...]) -> None:
    assert tiny(epoch="equal").epoch_images(counts, sum(counts)) == len(counts) * max(counts)
    assert tiny(epoch="equal", epoch_limit=15).epoch_images(counts, sum(counts)) == 15
    assert tiny(epoch="dataset", epoch_limit=15).epoch_images(counts, 99) == 99
    done = fitted(alone(Method()), counts, epoch="equal", epochs=2)
    assert done.cost.train_images == 2 * len(counts) * max(counts)


def test_the_best_epoch_is_by_score_then_by_cross_entropy_then_the_first() -> None:
    best, model = Best(), nn.Linear(1, 1)
    for epoch, (score, entropy) in enumerate([(0.5, 1.0), (0.6, 2.0), (0.6 + 1e-15, 1.5), (0.6, 1.5), (0.5, 0.1)], 1):
        with torch.no_grad():
            model.weight.fill_(epoch)
        best.offer(epoch, model, score, entropy)
    assert best.epoch == 3 and float(best.weights["weight"]) == 3
    best.offer(6, model, 0.0, 9.0, always=True)
    assert best.epoch == 6


@pytest.mark.parametrize("harm", ["the loss", "a weight"])
def test_what_is_not_a_number_any_more_stops_with_the_epochs_number(harm: str) -> None:
    model = nn.Linear(1, 1)

    def step(value: float) -> tuple[Tensor, int]:
        if harm == "a weight":
            model.weight.data.fill_(value)
        return torch.tensor(value if harm == "the loss" else 1.0), 1

    assert run_epoch(4, model, [1.0, 1.0], step) == 1
    with pytest.raises(TrainingDiverged, match="epoch 5"):
        run_epoch(5, model, [1.0, float("inf")], step)


def test_the_mean_loss_is_over_images_not_over_batches() -> None:
    assert run_epoch(1, nn.Linear(1, 1), [(1.0, 3), (5.0, 1)], lambda it: (torch.tensor(it[0]), it[1])) == 2


def test_dropout_draws_from_its_own_stream_whatever_else_is_drawn() -> None:
    weights = []
    for disturbed in (False, True):
        trained = trainer(alone(Method()), images((8, 4)), epochs=1)
        if disturbed:
            torch.rand(7)
        trained.train_epoch()
        weights.append(trained.model.state_dict()["head.weight"])
    assert torch.equal(*weights)
