"""Every registered method, and every row of bench.toml, obeys the laws of the contract; and the laws can be broken."""

from __future__ import annotations

from pathlib import Path

import laws
import numpy as np
import pytest
import relabelling
import torch
from builders import alone, plugged
from torch import Tensor
from torch.nn import functional as F

from bench import registry
from bench.images import ImageSet
from bench.method import Method, Trained, normalised
from bench.plan.compose import compose
from bench.plan.config import load_config
from bench.registry import METHODS
from bench.training.composition import Composition
from bench.training.trainer import Trainer

ROOT = Path(__file__).resolve().parents[2]
CONFIG = load_config(ROOT / "bench.toml")
registry.load()
VARIED = ("AUG(views=2)", "AUG(class_weight=off, views=1)", "ALT(views=1, teacher_every=2)")
CHOOSING = ("PostHocLA(tau=validation)", "tau-norm(tau=1.0)")
JOINED = ("LDAM+DRW", "CBL(beta=0.9999)+Focal(gamma=0.5)", "mixup+TS", "Focal+cRT", "LDAM+mixup")
SHIPPED = tuple(dict.fromkeys([*(entry.name for entry in METHODS), *CONFIG.run.methods, *VARIED, *CHOOSING, *JOINED]))
SHORT = {"ALT": {"blocks": 1, "gan_epochs": 1}}


def shipped(expression: str) -> Composition:
    return compose(expression, CONFIG.composition.allow, SHORT)


def test_the_laws_are_asked_of_every_shipped_file_and_every_row() -> None:
    modules = {METHODS[name].cls.__module__ for name in SHIPPED if name in METHODS}
    files = {f"bench.methods.{path.stem}" for path in (ROOT / "methods").glob("[!_]*.py")}
    assert modules >= files
    assert {"US+CS", "OS+CS", *(f"CBL(beta={beta})" for beta in (0.9, 0.99, 0.999, 0.9999))} <= set(SHIPPED)


@pytest.mark.parametrize(
    ("method", "law"),
    [pytest.param(name, law, id=f"{name}-{law.__name__}") for name in SHIPPED for law in laws.laws_of(shipped(name))],
)
def test_law(method: str, law: laws.Law) -> None:
    law(shipped(method))


GOOD = '''
import numpy as np
import torch

@register("Adjusted", reference="Menon et al. 2021, arXiv 2007.07314")
class Adjusted(Method):
    """Add the log of its share to each logit while training."""

    def __init__(self, tau: float = 1.0) -> None:
        self.tau = tau
        self.shares = np.ones(1)

    def for_counts(self, counts):
        knowing = Adjusted(self.tau)
        knowing.shares = counts.effective / counts.effective.sum()
        return knowing

    def loss(self, logits, labels):
        margins = torch.as_tensor(self.tau * np.log(self.shares), dtype=logits.dtype, device=logits.device)
        return super().loss(logits + margins, labels)
'''
BAD = '''
import torch

@register("First", reference="none")
class First(Method):
    """Care for label 0 alone."""

    def loss(self, logits, labels):
        return torch.nn.functional.cross_entropy(logits, labels, reduction="none") * (labels == 0)
'''


def test_a_users_method_is_bound_by_the_same_laws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plugged(monkeypatch, tmp_path, GOOD)
    for law in laws.laws_of(compose("Adjusted(tau=0.5)")):
        law(compose("Adjusted(tau=0.5)"))


def test_a_users_method_that_breaks_a_law_is_caught(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plugged(monkeypatch, tmp_path, BAD)
    method = compose("First")
    with pytest.raises(AssertionError):
        relabelling.relabelling_permutes_weights_losses_and_decisions(method)


class Unscaled(Method):
    def class_weights(self, counts: np.ndarray, progress: float) -> np.ndarray:
        return 1 / counts


class FavoursTheCommon(Method):
    def class_weights(self, counts: np.ndarray, progress: float) -> np.ndarray:
        return normalised(counts.astype(float))


class Trims(Method):
    def resample(self, train: ImageSet, rng: np.random.Generator) -> ImageSet:
        return train.take(torch.arange(len(train) - 1))


class ThinsTheFirst(Method):
    def resample(self, train: ImageSet, rng: np.random.Generator) -> ImageSet:
        return train.take(torch.cat([train.positions(0)[:4], torch.nonzero(train.labels).flatten()]))


class DecidesForTheLast(Method):
    def adjust(self, probabilities: np.ndarray, counts: np.ndarray) -> np.ndarray:
        return probabilities * np.arange(1, len(counts) + 1)


class SamplesByNumber(Method):
    def sampler(self, labels: Tensor, rng: torch.Generator) -> Tensor:
        return torch.argsort(labels, stable=True)


class LearnsFromValidation(Method):
    def fit(self, trainer: Trainer) -> Trained:  # type: ignore[override]
        trained = trainer.run()
        pictures = F.interpolate(trainer.validation.pixels.float(), 32)
        trainer.step(pictures, trainer.validation.labels)
        return trained


class Paints(Method):
    def resample(self, train: ImageSet, rng: np.random.Generator) -> ImageSet:
        train.pixels[0] = 0
        return train


class ThrowsItsOwnDice(Method):
    def resample(self, train: ImageSet, rng: np.random.Generator) -> ImageSet:
        return train.take(torch.randperm(len(train)))


class IsDeaf(Method):
    def fit(self, trainer: Trainer) -> Trained:  # type: ignore[override]
        trained = trainer.run()
        for parameter in trained.model.parameters():
            parameter.data.zero_()
        return trained


class IsFragile(Method):
    def resample(self, train: ImageSet, rng: np.random.Generator) -> ImageSet:
        assert train.counts.min() >= 3
        return train


class DoesNotSayHowMany(Method):
    def supports(self, counts: tuple[int, ...]) -> str:  # type: ignore[override]
        return "needs more" if min(counts) < 3 else ""


class IsSharperThanItSays(Method):
    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(2 * logits, labels, reduction="none")


class SaysItDiffers(Method):
    differs_when_balanced = "it does not"


class FavoursTheCommonAtLast(Method):
    def class_weights(self, counts: np.ndarray, progress: float) -> np.ndarray:
        return normalised(counts.astype(float)) if progress > 0.9 else np.ones(len(counts))


class MixesByNumber(Method):
    def batch(self, images: Tensor, labels: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        soft = F.one_hot(labels, len(self.counts.original)).float()
        soft[:, 0] = 0.5 * soft[:, 0] + 0.5 * soft[:, 1]
        return images, soft / soft.sum(dim=1, keepdim=True), torch.ones(len(labels))


class HasNoShape(Method):
    def head(self, features: int, n_classes: int) -> torch.nn.Module:
        layer = torch.nn.Linear(features, n_classes)
        layer.in_features = 1
        return layer


class DoesNotNameWhatItChose(Method):
    def fit(self, trainer: Trainer) -> Trained:  # type: ignore[override]
        trained = trainer.run()
        mean = float(trainer.predict(trained.model, trainer.validation).mean(axis=0)[0])
        with torch.no_grad():
            trained.model.head.bias.add_(mean)
        return trained


class KnowsTwoClasses(Method):
    def class_weights(self, counts: np.ndarray, progress: float) -> np.ndarray:
        return normalised(1 / counts[:2])


@pytest.mark.parametrize(
    ("breaker", "law"),
    [
        (Unscaled, laws.balanced_counts_change_nothing),
        (Unscaled, laws.weights_never_grow_with_the_count),
        (FavoursTheCommon, laws.weights_never_grow_with_the_count),
        (Trims, laws.balanced_counts_change_nothing),
        (IsSharperThanItSays, laws.what_differs_from_vanilla_on_balanced_counts_says_so),
        (SaysItDiffers, laws.what_differs_from_vanilla_on_balanced_counts_says_so),
        (FavoursTheCommonAtLast, laws.weights_never_grow_with_the_count),
        (MixesByNumber, relabelling.relabelling_permutes_sampling_and_batches),
        (HasNoShape, laws.every_number_of_classes_is_accepted),
        (DoesNotNameWhatItChose, laws.held_out_pixels_never_reach_training),
        (ThinsTheFirst, relabelling.relabelling_permutes_resampling),
        (DecidesForTheLast, relabelling.relabelling_permutes_weights_losses_and_decisions),
        (SamplesByNumber, relabelling.relabelling_permutes_sampling_and_batches),
        (LearnsFromValidation, laws.held_out_pixels_never_reach_training),
        (Paints, laws.the_input_is_never_modified),
        (ThrowsItsOwnDice, laws.equal_streams_give_equal_bits),
        (IsDeaf, laws.another_seed_gives_another_outcome),
        (IsFragile, laws.the_smallest_count_is_survived_and_named),
        (DoesNotSayHowMany, laws.the_smallest_count_is_survived_and_named),
        (KnowsTwoClasses, laws.every_number_of_classes_is_accepted),
    ],
)
def test_every_law_can_be_broken(breaker: type[Method], law: laws.Law) -> None:
    with pytest.raises(AssertionError):
        law(alone(breaker()))


def test_a_method_that_declares_unequal_classes_is_spared_only_relabelling() -> None:
    class Declared(ThinsTheFirst):
        unequal_classes = True

    assert set(laws.LAWS) - set(laws.laws_of(alone(Declared()))) == set(laws.RELABELLING)
    assert laws.laws_of(alone(ThinsTheFirst())) == laws.LAWS
