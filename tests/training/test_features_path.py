"""On a frozen body a fit sees features of views instead of pixels, and the hooks keep their meaning there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from builders import CPU, alone, tiny
from torch import Tensor, nn

from bench import registry
from bench.images import ImageSet
from bench.method import Method
from bench.networks.layers.classifier import Classifier, Draws, Head, draw_linear
from bench.networks.network import Network
from bench.plan.compose import compose
from bench.streams import Streams
from bench.training.composition import Composition
from bench.training.fit import Fitted, Parts, Sealed, fit
from bench.training.inputs import random_views

VIEWS, WIDTH = 3, 5
registry.load()


class Last(Classifier):
    """Nothing but a last layer."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def features(self, images: Tensor) -> Tensor:
        return images


class Frozen(Network):
    views = VIEWS  # type: ignore[assignment]

    def blank(self, image_size: int, n_classes: int, head: Head, dropout: torch.Generator) -> Last:
        return Last(head(WIDTH, n_classes))

    def classifier(self, image_size: int, n_classes: int, head: Head, draws: Draws) -> Last:
        model = self.blank(image_size, n_classes, head, draws.dropout)
        draw_linear(model, self.head_std, draws.initialisation)
        return model


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry.NETWORKS, "_entries", dict(registry.NETWORKS._entries))
    registry.register_network("frozen_test")(Frozen)


def features(counts: tuple[int, ...], seed: int = 0) -> ImageSet:
    """Return features whose first number is the class, plus 10 for each view."""
    rng = torch.Generator().manual_seed(seed)
    labels = torch.from_numpy(np.repeat(np.arange(len(counts)), counts))
    values = torch.randn(len(labels), VIEWS, WIDTH, generator=rng)
    values[:, :, 0] = labels[:, None] + 10.0 * torch.arange(VIEWS)
    return ImageSet.of(values, labels, len(counts))


def fitted(method: Composition, counts: tuple[int, ...] = (14, 7)) -> Fitted:
    parts = Parts(features(counts), features((4,) * len(counts), 1), Sealed(features((4,) * len(counts), 2)))
    return fit(method, parts, tiny(backbone="frozen_test", epochs=2), Streams(), CPU)


@dataclass
class Spy(Method):
    """Vanilla that notes what it is shown."""

    def __post_init__(self) -> None:
        self.seen: list[Tensor] = []

    def batch(self, images: Tensor, labels: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        self.seen.append(images[:, 0] - labels)
        return images, labels, torch.ones(len(labels))


def test_training_sees_every_view_and_evaluation_the_plain_one() -> None:
    spy = Spy()
    done = fitted(alone(spy))
    assert set(torch.cat(spy.seen).tolist()) == {0.0, 10.0, 20.0}
    head = nn.Linear(WIDTH, 2)
    head.load_state_dict({name.removeprefix("head."): value for name, value in done.weights.items()})
    expected = head(features((4, 4), 2).pixels[:, 0]).softmax(dim=1)
    np.testing.assert_allclose(done.test.probabilities.array(), expected.detach().numpy(), rtol=1e-5)


def test_a_view_is_drawn_for_each_image() -> None:
    drawn = random_views(features((30, 30)), torch.arange(60), torch.Generator().manual_seed(0))
    assert drawn.shape == (60, WIDTH) and len(drawn[:30, 0].unique()) == VIEWS


@pytest.mark.parametrize(
    "method", ["US", "OS", "SMOTE", "CS", "LDAM+DRW", "mixup", "Remix", "CAS", "cRT", "LWS", "tau-norm", "LA", "TS"]
)
def test_methods_keep_their_meaning_on_features(method: str) -> None:
    done = fitted(compose(method, ("LDAM+DRW",)))
    assert done.test.probabilities.shape == (8, 2) and len(done.history) == 2


def test_blends_of_features_lie_between_those_of_one_class_and_are_not_rounded() -> None:
    train = features((14, 7))
    blended: ImageSet = compose("SMOTE").hook("resample")(train, np.random.default_rng(0))
    made = blended.pixels[21:]
    assert blended.counts.tolist() == [14, 14] and made.shape == (7, VIEWS, WIDTH)
    torch.testing.assert_close(made[:, :, 0], (1 + 10.0 * torch.arange(VIEWS)).expand(7, VIEWS))
    assert (made[:, :, 1:] % 1 != 0).all()
