"""The laws of the method contract: each takes a method and fails where the method breaks it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from builders import CPU, alone, fitted, images, parts, tiny
from hypothesis import example, given, settings
from hypothesis import strategies as st
from relabelling import PROGRESS, RELABELLING, TASKS, resampled, tasks
from torch import Tensor
from translation import artifacts

from bench.images import ImageSet
from bench.method import Method
from bench.streams import Streams
from bench.training.composition import Composition
from bench.training.fit import Fitted, Parts, fit

Law = Callable[[Composition], None]


def outcome(fitted: Fitted) -> tuple[bytes, ...]:
    """Return every number that a fit leaves but its cost, to the bit."""
    weights = (value.numpy().tobytes() for value in fitted.weights.values())
    losses = repr([{k: v for k, v in epoch.items() if not k.endswith("seconds")} for epoch in fitted.history]).encode()
    texts = (fitted.validation.probabilities.ratios, fitted.test.probabilities.ratios, str(fitted.selected_epoch))
    left = (value.numpy().tobytes() for tensors in fitted.artifacts.values() for value in tensors.values())
    return (*weights, *left, losses, *(text.encode() for text in texts))


def epochs(method: Composition) -> int:
    """Return the fewest epochs that a method can be trained in."""
    return len(method.hook("phases")())


def balanced_counts_change_nothing(method: Composition) -> None:
    for counts in tasks(method):
        whole = (12,) * len(counts)
        for progress in PROGRESS:
            np.testing.assert_allclose(method.hook("class_weights")(np.array(whole), progress), 1, rtol=1e-12)
        train = images(whole)
        new = resampled(method, train)
        if method.requires(whole, tiny()):  # translations may follow the images themselves
            new = new.take(torch.arange(len(train)))
        assert torch.equal(new.labels, train.labels)
        assert torch.equal(new.pixels[new.rows], train.pixels[train.rows])


def what_differs_from_vanilla_on_balanced_counts_says_so(method: Composition) -> None:
    declared = [part.differs_when_balanced for part in method.parts if part.differs_when_balanced]
    # A network whose logits are not all but zero, as those of the first weights are: else every loss is the same.
    same: dict[str, Any] = {"epochs": 2, "selection": "last", "backbone": "paper_cnn(width=2, init_std=0.1)"}
    ours, plain = (fitted(it, (12, 12), **same) for it in (method, alone(Method())))
    losses = [[epoch["loss"] for epoch in done.history] for done in (ours, plain)]
    equal = losses[0] == pytest.approx(losses[1], rel=1e-4) and np.allclose(
        decided(method, ours, (12, 12)), plain.test.probabilities.array(), atol=1e-4
    )
    assert equal != bool(declared), declared or "a fit on balanced counts is not Vanilla's, and nothing says why"


def decided(method: Composition, done: Fitted, counts: tuple[int, ...]) -> np.ndarray:
    """Return the scores (N, K) that a fit's test images are decided by, scaled to sum to one."""
    validation = done.validation.probabilities.array(), done.validation.labels
    scores = method.tuned(*validation, np.array(counts)).hook("adjust")(
        done.test.probabilities.array(), np.array(counts)
    )
    shares: np.ndarray = scores / scores.sum(axis=1, keepdims=True)
    return shares


def weights_never_grow_with_the_count(method: Composition) -> None:
    @settings(max_examples=50, deadline=None, database=None)
    @given(st.lists(st.integers(1, 10**6), min_size=2, max_size=5))
    @example([2, 1])
    def check(drawn: list[int]) -> None:
        counts = np.array(drawn)
        for progress in PROGRESS:
            weights = method.hook("class_weights")(counts, progress)
            assert weights.shape == counts.shape and (weights > 0).all()
            assert abs(weights.sum() - len(counts)) < 1e-9
            by_count = weights[np.argsort(counts, kind="stable")]
            assert (np.diff(by_count) <= 1e-9).all(), (counts, weights)
            assert all(np.ptp(weights[counts == count]) < 1e-9 for count in counts)

    check()


def held_out_pixels_never_reach_training(method: Composition) -> None:
    """Validation images may choose a number that the fit names; test images nothing at all."""
    for counts in tasks(method):
        stages, task = artifacts(method, images(counts)), parts(images(counts))
        protocol = tiny(selection="last", epochs=epochs(method))
        clean = fit(method, task, protocol, Streams(), CPU, stages)
        poison = parts(images(counts), float("nan"))
        seen = Parts(poison.train, task.validation if clean.chosen else poison.validation, poison.test)
        poisoned = fit(method, seen, protocol, Streams(), CPU, stages)
        assert clean.chosen == poisoned.chosen
        assert np.isnan(poisoned.test.probabilities.array()).all(), "the poison is one"
        for name, value in clean.weights.items():
            assert torch.equal(poisoned.weights[name], value), name
        assert clean.artifacts.keys() == poisoned.artifacts.keys()
        for left, tensors in clean.artifacts.items():  # the translator that a joint training leaves
            for name, value in tensors.items():
                assert torch.equal(poisoned.artifacts[left][name], value), (left, name)
        assert [epoch["loss"] for epoch in clean.history] == [epoch["loss"] for epoch in poisoned.history]


def the_input_is_never_modified(method: Composition) -> None:
    for counts in tasks(method):
        task = parts(images(counts))
        held = {"train": task.train, "validation": task.validation, "test": task.test._images}
        before = {name: [t.clone() for t in tensors(part)] for name, part in held.items() if part}
        fit(method, task, tiny(epochs=epochs(method)), Streams(), CPU, artifacts(method, task.train))
        for name, part in held.items():
            assert part and all(map(torch.equal, tensors(part), before[name])), name


def tensors(images: ImageSet) -> tuple[Tensor, Tensor, Tensor]:
    return images.pixels, images.rows, images.labels


def equal_streams_give_equal_bits(method: Composition) -> None:
    for precision in ("float32", "bfloat16"):
        fits = []
        for disturbance in (1, 2):  # of the global generators, which no method may use
            torch.manual_seed(disturbance)
            np.random.seed(disturbance)  # noqa: NPY002
            fits.append(outcome(fitted(method, TASKS[0], precision=precision, epochs=epochs(method))))
        assert fits[0] == fits[1], precision


def another_seed_gives_another_outcome(method: Composition) -> None:
    same: dict[str, Any] = {"selection": "last", "epochs": epochs(method)}
    ours, theirs = (fitted(method, TASKS[0], seed=seed, **same) for seed in (0, 1))
    assert ours.test != theirs.test


def the_smallest_count_is_survived_and_named(method: Composition) -> None:
    for others in ((12,), (12, 9)):
        supported = [n for n in range(1, 13) if not method.supports((*others, n))]
        if not supported and others != (12,):
            continue
        smallest = supported[0]
        assert supported == list(range(smallest, 13)), "what suffices for few images suffices for more"
        fitted(method, (*others, smallest), epochs=epochs(method))
        if smallest > 1:
            reason = method.supports((*others, smallest - 1))
            assert str(smallest) in reason, f"{reason!r} does not name {smallest}"
            assert any(name in reason for name in method.names), f"{reason!r} does not name the method"


def every_number_of_classes_is_accepted(method: Composition) -> None:
    for counts in tasks(method):
        train = images(counts)
        new = resampled(method, train)
        assert new.n_classes == len(counts) and (new.counts > 0).all()
        weights = method.hook("class_weights")(np.array(counts), 0.0)
        head = method.hook("head")(6, len(counts))
        assert (head.in_features, head.out_features) == (6, len(counts)), "a phase may draw the head anew"
        logits = head(torch.zeros(5, 6))
        assert weights.shape == (len(counts),) and logits.shape == (5, len(counts))
        done = fitted(method, counts, epochs=epochs(method))
        assert done.test.probabilities.shape == (4 * len(counts), len(counts))
        np.testing.assert_allclose(done.test.probabilities.array().sum(1), 1, rtol=1e-5)


LAWS: tuple[Law, ...] = (
    balanced_counts_change_nothing,
    what_differs_from_vanilla_on_balanced_counts_says_so,
    weights_never_grow_with_the_count,
    *RELABELLING,
    held_out_pixels_never_reach_training,
    the_input_is_never_modified,
    equal_streams_give_equal_bits,
    another_seed_gives_another_outcome,
    the_smallest_count_is_survived_and_named,
    every_number_of_classes_is_accepted,
)


def laws_of(method: Composition) -> tuple[Law, ...]:
    """Return the laws that bind a method: all, but for what it declares about its classes."""
    unequal = any(part.unequal_classes for part in method.parts)
    return tuple(law for law in LAWS if not (unequal and law in RELABELLING))
