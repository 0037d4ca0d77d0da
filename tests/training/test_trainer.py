"""The loop is one for all methods: equal lengths, one selection rule, sealed test images, streams that vary alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from builders import CPU, alone, fitted, images, parts, tiny, trainer
from torch import Tensor, nn
from torch.nn import functional as F

from bench import registry
from bench.errors import TrainingDiverged
from bench.expression import Call, Expression
from bench.images import ImageSet
from bench.method import Method
from bench.plan.compose import compose
from bench.streams import Streams
from bench.training.composition import Composition
from bench.training.fit import Parts, Sealed, fit

registry.load()
METHODS = ("Vanilla", "CS", "US", "OS", "SMOTE", "CBL")


@dataclass
class Spy(Method):
    """Vanilla that notes the batches it is shown."""

    batches: list[Tensor] = field(default_factory=list)

    def batch(self, images: Tensor, labels: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        self.batches.append(images.clone())
        return images, labels, torch.ones(len(labels))

    def numbers(self) -> list[int]:
        """Return the numbers of the images seen, in order, for sets made by `numbered`."""
        return torch.cat(self.batches)[:, 0, 0, 0].add(1).mul(127.5).round().long().tolist()


def watched(method: str, spy: Spy) -> Composition:
    """Return a registered method with a spy in its batch slot."""
    composed = compose(method)
    return Composition(Expression((*composed.expression.calls, Call("Spy"))), (*composed.parts, spy))


def numbered(counts: tuple[int, ...]) -> ImageSet:
    """Return random images whose first channel is their number."""
    made = images(counts)
    made.pixels[:, 0] = torch.arange(len(made), dtype=torch.uint8)[:, None, None]
    return made


@pytest.mark.parametrize("method", METHODS)
def test_equal_epochs_show_every_method_as_many_images_and_checks(method: str) -> None:
    spy, protocol = Spy(), tiny(epochs=2, epoch="equal", batch_size=5)
    done = fit(watched(method, spy), parts(numbered((11, 6))), protocol, Streams(), CPU)
    assert [len(batch) for batch in spy.batches] == [5, 5, 5, 5, 2] * 2
    assert done.cost.train_images == 2 * (2 * 11)
    assert [sorted(epoch) for epoch in done.history] == [
        ["epoch", "loss", "seconds", "validation_acsa", "validation_cross_entropy"]
    ] * 2


@pytest.mark.parametrize(("method", "shown"), [("Vanilla", 17), ("US", 12), ("OS", 22)])
def test_dataset_epochs_show_the_methods_own_set_once(method: str, shown: int) -> None:
    spy = Spy()
    fit(watched(method, spy), parts(numbered((11, 6))), tiny(epochs=2, epoch="dataset"), Streams(), CPU)
    first, second = spy.numbers()[:shown], spy.numbers()[shown:]
    assert sorted(first) == sorted(second) and first != second
    assert len(set(first)) == min(shown, 17)


def test_an_equal_epoch_goes_on_where_the_last_one_ended() -> None:
    spy = Spy()
    fit(alone(spy), parts(numbered((7, 3))), tiny(epochs=5, epoch="equal"), Streams(), CPU)
    seen = spy.numbers()
    assert [sorted(seen[i : i + 10]) for i in range(0, 70, 10)] == [list(range(10))] * 7


@pytest.mark.parametrize(
    ("selection", "minority", "selected"),
    [
        ("acsa", [0.4, 0.6, 0.4, 0.3], 2),  # the best balanced accuracy
        ("acsa", [0.6, 0.9, 0.8, 0.1], 2),  # of equals, the lowest cross-entropy
        ("acsa", [0.9, 0.9, 0.9, 0.9], 1),  # of equal equals, the first
        ("last", [0.4, 0.9, 0.4, 0.3], 4),
    ],
)
def test_selection_takes_the_best_epoch_and_its_weights(selection: str, minority: list[float], selected: int) -> None:
    train = images((8, 4))
    trained = trainer(compose("Vanilla"), train, epochs=4, selection=selection)
    labels, weights, script = trained.validation.labels.numpy(), [], iter(minority)

    def predict(model: nn.Module, images: ImageSet) -> np.ndarray:
        weights.append(model.head.weight.detach().clone())  # type: ignore[union-attr, operator]
        p = np.where(labels == 1, next(script), 0.2)
        return np.stack([1 - p, p], 1)

    trained.predict = predict  # type: ignore[method-assign]
    outcome = trained.run()
    assert outcome.selected_epoch == selected and len(outcome.history) == 4
    assert torch.equal(outcome.model.head.weight, weights[selected - 1])  # type: ignore[union-attr, arg-type]
    assert not torch.equal(weights[0], weights[1])


def test_adjusted_decisions_take_no_part_in_selection() -> None:
    vanilla, scaled = (fitted(compose(name), (12, 3), epochs=3) for name in ("Vanilla", "TS"))
    assert vanilla.selected_epoch == scaled.selected_epoch and vanilla.test == scaled.test


class Diverges(Method):
    """The loss of the 4th step and later is not a number."""

    def __init__(self, value: float) -> None:
        self.value = value
        self.steps = 0

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        self.steps += 1
        return F.cross_entropy(logits, labels, reduction="none") * (self.value if self.steps >= 4 else 1)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_diverges_stops_the_fit_and_names_the_epoch(value: float) -> None:
    with pytest.raises(TrainingDiverged, match="epoch 2") as raised:
        fitted(alone(Diverges(value)), (12, 6), epochs=5)  # three steps an epoch
    assert raised.value.epoch == 2


def test_the_test_set_is_opened_once_and_after_the_last_step() -> None:
    spy, opened_after = Spy(), []

    class Watched(Sealed):
        def open(self) -> ImageSet:
            opened_after.append(len(spy.batches))
            return super().open()

    train = images((12, 6))
    test = Watched(images((4, 4), side=32))
    fit(alone(spy), Parts(train, images((4, 4), side=32), test), tiny(epochs=2), Streams(), CPU)
    assert opened_after == [len(spy.batches)] == [6]
    with pytest.raises(RuntimeError, match="already been read"):
        test.open()


def test_the_test_set_takes_no_part_in_selection() -> None:
    clean, poisoned = parts(images((12, 6))), parts(images((12, 6)), float("nan"))
    mixed = Parts(clean.train, clean.validation, poisoned.test)
    ours, theirs = (fit(compose("Vanilla"), p, tiny(epochs=3), Streams(), CPU) for p in (clean, mixed))
    assert (ours.selected_epoch, ours.validation) == (theirs.selected_epoch, theirs.validation)


@pytest.mark.parametrize(
    ("stream", "changed"),
    [
        ("initialisation", {"start", "outcome"}),
        ("order", {"order", "pictures", "outcome"}),
        ("augmentation", {"pictures", "outcome"}),
        ("dropout", {"outcome"}),
        ("resampling", {"order", "pictures", "outcome"}),
        ("subset", set()),
        ("stage", set()),
    ],
)
def test_a_stream_changes_what_it_is_for_and_nothing_else(stream: str, changed: set[str]) -> None:
    def seen(streams: Streams) -> dict[str, Any]:
        spy = Spy()
        method, train = watched("OS", spy), numbered((12, 5))
        done = fit(method, parts(train), tiny(selection="last"), streams, CPU)
        start = trainer(alone(Spy()), train, streams).model.state_dict()["head.weight"].tolist()
        pictures = torch.cat(spy.batches).tolist()
        return {"start": start, "order": spy.numbers(), "pictures": pictures, "outcome": done.test}

    ours, theirs = seen(Streams()), seen(Streams(**{stream: 1}))
    assert {name for name in ours if ours[name] != theirs[name]} == changed
