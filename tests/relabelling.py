"""The laws of relabelling: calling the classes by other numbers permutes what every hook returns, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import torch
from builders import images
from torch import Tensor

from bench.images import ImageSet
from bench.method import Counts
from bench.training.composition import Composition

TASKS = ((12, 7), (7, 12, 9))
PROGRESS = (0.0, 0.5, 0.79, 0.8, 0.95)


def tasks(method: Composition) -> Iterator[tuple[int, ...]]:
    """Give the counts that a method supports; one of two classes must be among them."""
    supported = [counts for counts in TASKS if not method.supports(counts)]
    assert any(len(counts) == 2 for counts in supported), method.supports(TASKS[0])
    yield from supported


def resampled(method: Composition, train: ImageSet, seed: int = 0) -> ImageSet:
    new: ImageSet = method.hook("resample")(train, np.random.default_rng(seed))
    return new


def content(images: ImageSet, rename: Tensor | None = None) -> Counter[tuple[int, bytes]]:
    """Return the labelled images as a multiset."""
    labels = images.labels if rename is None else rename[images.labels]
    return Counter(
        (int(label), images.pixels[row].numpy().tobytes()) for row, label in zip(images.rows, labels, strict=True)
    )


def relabelling_permutes_resampling(method: Composition) -> None:
    for counts in tasks(method):
        train = images(counts)
        for rename in permutations(len(counts)):
            renamed = ImageSet(train.pixels, train.rows, rename[train.labels], train.n_classes)
            assert content(resampled(method, renamed)) == content(resampled(method, train), rename)


def relabelling_permutes_weights_losses_and_decisions(method: Composition) -> None:
    rng = torch.Generator().manual_seed(0)
    for task in tasks(method):
        classes, counts = len(task), np.array(task)
        logits, labels = torch.randn(40, classes, generator=rng), torch.arange(40) % classes
        probabilities = logits.softmax(1).numpy()
        deciding = method.tuned(probabilities, labels.numpy(), counts)
        losses = method.for_counts(Counts.same(counts)).hook("loss")(logits, labels)
        scores = deciding.hook("adjust")(probabilities, counts)
        assert losses.shape == labels.shape and scores.shape == probabilities.shape
        for rename in permutations(classes):
            old = torch.argsort(rename)  # column k of what is renamed is column old[k] of what was
            new_counts = counts[old.numpy()]
            for progress in PROGRESS:
                weights = method.hook("class_weights")(counts, progress)[old.numpy()]
                np.testing.assert_allclose(method.hook("class_weights")(new_counts, progress), weights, rtol=1e-9)
            new_losses = method.for_counts(Counts.same(new_counts)).hook("loss")(logits[:, old], rename[labels])
            torch.testing.assert_close(new_losses, losses)
            new = probabilities[:, old.numpy()]
            tuned = method.tuned(new, rename[labels].numpy(), new_counts)
            assert tuned.chosen == deciding.chosen
            new_scores = tuned.hook("adjust")(new, new_counts)
            np.testing.assert_allclose(new_scores, scores[:, old.numpy()], rtol=1e-6)


def relabelling_permutes_sampling_and_batches(method: Composition) -> None:
    for task in tasks(method):
        train = images(task, side=32)
        order, (pictures, labels, weights) = sampled(method, train.pixels / 255, train.labels)
        assert order.dtype == torch.int64 and len(order) > 0 and set(order.tolist()) <= set(range(len(train)))
        for rename in permutations(len(task)):
            new_order, (new_pictures, new_labels, new_weights) = sampled(
                method, train.pixels / 255, rename[train.labels]
            )
            assert torch.equal(new_order, order)
            assert torch.equal(new_pictures, pictures) and torch.equal(new_weights, weights)
            old = torch.argsort(rename)
            assert torch.equal(new_labels, rename[labels] if labels.ndim == 1 else labels[:, old])
            assert labels.ndim == 1 or torch.allclose(labels.sum(dim=1), torch.ones(len(labels)))


def sampled(method: Composition, pictures: Tensor, labels: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
    """Return what the sampler and the batch hook make of a set."""
    knowing = method.for_counts(Counts.same(np.bincount(labels)))
    assert abs(sum(phase.share for phase in knowing.hook("phases")()) - 1) < 1e-9
    order = knowing.hook("sampler")(labels, torch.Generator().manual_seed(2))
    return order, knowing.hook("batch")(pictures, labels, torch.Generator().manual_seed(3))


def permutations(classes: int) -> list[Tensor]:
    """Return two relabellings: all classes the other way round, and each one moved up by one."""
    numbers = torch.arange(classes)
    return [numbers.flip(0), (numbers + 1) % classes]


RELABELLING = (
    relabelling_permutes_resampling,
    relabelling_permutes_weights_losses_and_decisions,
    relabelling_permutes_sampling_and_batches,
)
