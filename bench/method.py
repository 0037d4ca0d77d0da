"""The method contract: hooks whose defaults are Vanilla; a method overrides the one or two that are its idea."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import numpy as np
import torch

from bench.images import ImageSet
from bench.protocol import Protocol
from bench.stage import Request
from bench.streams import Streams

SLOTS = {
    "resample": "data",
    "sampler": "sampler",
    "class_weights": "weights",
    "loss": "loss",
    "head": "head",
    "batch": "batch",
    "phases": "phases",
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
        """Largest / smallest of the original counts."""
        return float(self.original.max() / self.original.min())


@dataclass(frozen=True)
class Phase:
    """A stretch of training in which the learning rate runs its whole course.

    It lasts a `share` of the protocol's epochs, at least one; the shares of a method's phases sum to one. Those
    parameters are updated whose names start with `trains` ("": all; `head`: the last layer) and not with `holds` ("":
    none). Images are drawn by the method's `own` sampler, or each class equally often; the last layer may start anew.
    """

    share: float
    trains: str = ""
    holds: str = ""
    sampler: Literal["own", "balanced"] = "own"
    fresh_head: bool = False


@dataclass(frozen=True, eq=False)
class Trained:
    """A selected model (`torch.nn.Module`), its epoch (counted from 1), what happened in every epoch, tensors by name
    that the fit leaves besides, and numbers that were chosen on validation data.
    """

    model: Any
    selected_epoch: int
    history: list[dict[str, float]]
    artifacts: dict[str, dict[str, torch.Tensor]] = field(default_factory=dict)
    chosen: dict[str, float] = field(default_factory=dict)


class Training:
    """What a method's `fit` is handed: one classifier in training (there is one, `bench.training.trainer`).

    `model` is the classifier, its last layer `model.head`; `train` and `validation` are the images, `history` has one
    row per epoch so far. A fit that counts its own epochs sets `epochs`. Nothing here can see a test image.
    """

    model: Any
    train: ImageSet
    validation: ImageSet
    counts: Counts
    protocol: Protocol
    streams: Streams
    device: Any
    history: list[dict[str, float]]
    epochs: int

    def run(self) -> Trained:
        """Train the method's phases, with a selection check after each epoch, and return what was selected."""
        raise NotImplementedError

    def train_epoch(self, batches: Any = None, images: int = 0) -> None:
        """Take the steps of one epoch: on batches (images in [-1, 1], labels) of so many images, or on its own."""
        raise NotImplementedError

    def check(self) -> None:
        """Measure the validation set and remember the weights if this epoch is the best so far."""
        raise NotImplementedError

    def selected(self) -> Trained:
        """Return the model of the best epoch checked so far."""
        raise NotImplementedError

    def predict(self, model: Any, images: ImageSet) -> np.ndarray:
        """Return class probabilities, float32 (N, K), in evaluation mode."""
        raise NotImplementedError


class Method:
    """Vanilla: plain cross-entropy on the data as they are. Every mitigation is a subclass.

    A constructor only stores its parameters under their own names. Hooks are pure: they take what they need as
    arguments, draw only from the stream they are given, and never modify their input.
    """

    rebalances: ClassVar[bool] = True  # corrects the class prior; two that do are refused together unless allowed
    unequal_classes: ClassVar[bool] = False  # treats classes unequally other than by their counts
    differs_when_balanced: ClassVar[str] = ""  # why a fit on balanced counts is not Vanilla's; "": it is
    needs_images: ClassVar[bool] = False  # has no meaning where a fit trains a head on features of a frozen body
    leaves: ClassVar[str] = ""  # the stage whose kind of artifact a fit leaves under the name "translator"

    def resample(self, train: ImageSet, rng: np.random.Generator) -> ImageSet:
        """Return the training set to use instead; called once per fit."""
        return train

    def sampler(self, labels: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
        """Return positions (int64, 1-d) of one pass over a training set with these labels (N,)."""
        return torch.randperm(len(labels), generator=rng)

    def class_weights(self, counts: np.ndarray, progress: float) -> np.ndarray:
        """Return one loss weight per class, float64 (K,), for counts (K,); they should sum to K.

        `progress` is the share of training done before this epoch, 0 in the first.
        """
        return np.ones(len(counts))

    def loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return the loss of each sample, float32 (N,), for logits (N, K) and labels int64 (N,).

        The trainer weights it, sums it, divides by N; for soft targets it takes the mean of the classes' losses.
        """
        return torch.nn.functional.cross_entropy(logits, labels, reduction="none")

    def head(self, features: int, n_classes: int) -> torch.nn.Module:
        """Return the last layer, from `features` numbers to K logits.

        The protocol draws the weights of linear layers; one with other parameters has a method `initialise(rng)`.
        """
        return torch.nn.Linear(features, n_classes)

    def batch(
        self, images: torch.Tensor, labels: torch.Tensor, rng: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return images (N, 3, H, W) in [-1, 1], labels (N,) or soft targets (N, K), and sample weights (N,)."""
        return images, labels, torch.ones(len(labels), device=labels.device)

    def phases(self) -> tuple[Phase, ...]:
        """Return the phases of training; only epochs of the last one can be selected."""
        return (Phase(1.0),)

    def fit(self, trainer: Training) -> Trained:
        """Train and return the selected model; called once per fit."""
        return trainer.run()

    def adjust(self, probabilities: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Return scores (N, K) whose argmax is the decision, from probabilities (N, K) and original counts (K,)."""
        return probabilities

    def tuned(self, probabilities: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> Method:
        """Return this method with the one number of its decision chosen on validation data, see `chosen`."""
        return self

    @property
    def chosen(self) -> dict[str, float]:
        """Numbers that `tuned` chose, by name; a table names them."""
        return {}

    def requires(self, counts: Sequence[int], protocol: Protocol) -> tuple[Request, ...]:
        """Return the stages and fits that must exist before this method can be fitted."""
        return ()

    def bind(self, artifacts: Mapping[Request, object]) -> Method:
        """Return this method with the artifacts that it required, under `self.artifacts`."""
        bound = copy(self)
        bound.artifacts = artifacts
        return bound

    def for_counts(self, counts: Counts) -> Method:
        """Return this method knowing the counts, under `self.counts`, for hooks such as a loss with margins."""
        knowing = copy(self)
        knowing._counts = counts
        return knowing

    @property
    def counts(self) -> Counts:
        """The counts that `for_counts` told."""
        if self._counts is None:
            name = type(self).__name__
            raise RuntimeError(f"{name} must know the counts: use {name}(...).for_counts(Counts.same([450, 25]))")
        return self._counts

    def supports(self, counts: Sequence[int]) -> str:
        """Return "" if the method can handle a task with these training counts, else the reason why not."""
        if (smallest := min(counts)) < self.smallest_count:
            return f"needs {self.smallest_count} images of every class, the smallest has {smallest}"
        return ""

    def extra_operations(self, counts: Sequence[int], settings: Callable[[str], Any]) -> float:
        """Return about how many operations a fit takes beyond the common budget; `settings` gives a stage's."""
        return 0.0

    @property
    def smallest_count(self) -> int:
        """The fewest images of a class that the method can work with."""
        return 1

    @property
    def fewest_epochs(self) -> int:
        """The fewest epochs in which the method can be trained."""
        return len(self.phases())

    @property
    def parameters(self) -> dict[str, object]:
        """The constructor's arguments and their values."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    @property
    def slots(self) -> tuple[str, ...]:
        """The slots that this method fills: those whose hook it overrides."""
        return tuple(slot for hook, slot in SLOTS.items() if getattr(type(self), hook) is not getattr(Method, hook))

    artifacts: Mapping[Request, object] = MappingProxyType({})
    _counts: Counts | None = None


def normalised(weights: np.ndarray) -> np.ndarray:
    """Scale weights (K,) to sum to K, so that equal weights are one."""
    scale: float = len(weights) / weights.sum()
    return weights * scale
