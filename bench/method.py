"""The method contract: hooks whose defaults are Vanilla; a method overrides the one or two that are its idea."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.images import ImageSet

if TYPE_CHECKING:
    from bench.protocol import Protocol
    from bench.stage import StageRequest
    from bench.training.trainer import Trained, Trainer

SLOTS = {
    "resample": "data",
    "sampler": "sampler",
    "class_weights": "weights",
    "loss": "loss",
    "head": "head",
    "batch": "batch",
    "fit": "fit",
    "adjust": "decision",
}
TRAINING_SLOTS = tuple(slot for slot in SLOTS.values() if slot != "decision")


@dataclass(frozen=True, eq=False)
class Counts:
    """Training images of each class, int64 (K,): as the task gives them, and after resampling."""

    original: np.ndarray
    effective: np.ndarray

    @classmethod
    def same(cls, counts: Sequence[int] | np.ndarray) -> Counts:
        """Return counts that no resampling has changed."""
        values = np.asarray(counts, dtype=np.int64)
        return cls(values, values)

    @property
    def gamma(self) -> float:
        """n_majority / n_minority of the original counts."""
        return float(self.original.max() / self.original.min())


def normalised(weights: np.ndarray) -> np.ndarray:
    """Scale weights (K,) to sum to K, so that equal weights are one."""
    scale: float = len(weights) / weights.sum()
    return weights * scale


class Method:
    """Vanilla: plain cross-entropy on the data as they are. Every mitigation is a subclass.

    A constructor only stores its parameters under their own names. Hooks are pure: they take what they need as
    arguments, draw only from the stream they are given, and never modify their input.
    """

    rebalances: ClassVar[bool] = True
    unequal_classes: ClassVar[bool] = False  # True: the method treats classes unequally other than by their counts

    def resample(self, train: ImageSet, rng: np.random.Generator) -> ImageSet:
        """Return the training set to use instead; called once per fit."""
        return train

    def sampler(self, labels: Tensor, rng: torch.Generator) -> Tensor:
        """Return positions (int64, 1-d) of one pass over a training set with these labels (N,)."""
        return torch.randperm(len(labels), generator=rng)

    def class_weights(self, counts: np.ndarray) -> np.ndarray:
        """Return one loss weight per class, float64 (K,), for counts (K,); they should sum to K."""
        return np.ones(len(counts))

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of each sample, float32 (N,); the trainer weights it, sums it and divides by N."""
        return F.cross_entropy(logits, labels, reduction="none")

    def head(self, features: int, n_classes: int) -> nn.Module:
        """Return the last layer, from `features` numbers to K logits; the trainer initialises its weights."""
        return nn.Linear(features, n_classes)

    def batch(self, images: Tensor, labels: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Return images (N, 3, H, W) in [-1, 1], labels (N,) and sample weights (N,) to take the step on."""
        return images, labels, torch.ones(len(labels), device=labels.device)

    def fit(self, trainer: Trainer) -> Trained:
        """Train and return the selected model; called once per fit."""
        return trainer.run()

    def adjust(self, probabilities: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Return scores (N, K) whose argmax is the decision, from probabilities (N, K) and original counts (K,)."""
        return probabilities

    def requires(self, counts: Sequence[int], protocol: Protocol) -> tuple[StageRequest, ...]:
        """Return the stages that must exist before this method can be fitted."""
        return ()

    def bind(self, stages: Mapping[str, object]) -> Method:
        """Return this method with the artifacts that it required, by stage name; what needs none returns itself."""
        return self

    def for_counts(self, counts: Counts) -> Method:
        """Return this method knowing the counts, for hooks that need them, such as a loss with margins."""
        return self

    def supports(self, counts: Sequence[int]) -> str:
        """Return "" if the method can handle a task with these training counts, else the reason why not."""
        if (smallest := min(counts)) < self.smallest_count:
            return f"needs {self.smallest_count} images of every class, the smallest has {smallest}"
        return ""

    @property
    def smallest_count(self) -> int:
        """The fewest images of a class that the method can work with."""
        return 1

    @property
    def parameters(self) -> dict[str, object]:
        """The constructor's arguments and their values."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    @property
    def slots(self) -> tuple[str, ...]:
        """The slots that this method fills: those whose hook it overrides."""
        return tuple(slot for hook, slot in SLOTS.items() if getattr(type(self), hook) is not getattr(Method, hook))
