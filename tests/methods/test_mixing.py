"""mixup and Remix blend images and labels as published; soft targets train as the labels that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import alone, fitted, images, trainer
from torch import Tensor
from torch.nn import functional as F

from bench import registry
from bench.method import Counts, Method
from bench.methods.mixup import blend, drawn
from bench.methods.remix import Remix
from bench.plan.compose import compose

registry.load()
PICTURES = torch.rand(4, 3, 2, 2, generator=torch.Generator().manual_seed(0))
LABELS, PARTNER = torch.tensor([0, 1, 2, 0]), torch.tensor([1, 2, 0, 3])


def test_a_blend_is_lambda_of_one_image_and_label_and_the_rest_of_the_other() -> None:
    share = torch.tensor(0.25)
    mixed, targets, weights = blend(PICTURES, LABELS, PARTNER, share, share.expand(4), 3)
    for i, j in enumerate(PARTNER.tolist()):
        torch.testing.assert_close(mixed[i], 0.25 * PICTURES[i] + 0.75 * PICTURES[j])
    expected = [[0.25, 0.75, 0], [0, 0.25, 0.75], [0.75, 0, 0.25], [1, 0, 0]]
    torch.testing.assert_close(targets, torch.tensor(expected))
    assert weights.tolist() == [1] * 4


def test_with_lambda_1_mixup_is_the_plain_batch() -> None:
    one = torch.tensor(1.0)
    mixed, targets, _ = blend(PICTURES, LABELS, PARTNER, one, one.expand(4), 3)
    assert torch.equal(mixed, PICTURES) and torch.equal(targets, F.one_hot(LABELS, 3).float())


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_lambda_is_of_the_beta_distribution(alpha: float) -> None:
    rng = torch.Generator().manual_seed(0)
    shares = np.array([float(drawn(3, alpha, rng)[1]) for _ in range(4000)])
    assert shares.mean() == pytest.approx(0.5, abs=0.03)
    assert shares.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.06)


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        # n_0 / n_1 = 9 and n_1 / n_0 = 1/9 with kappa = 3; n_0 / n_2 = 2 is too little to matter.
        (0.3, [0.0, 0.3, 0.3, 0.3]),  # mostly the rare one: its label alone, where it is the partner
        (0.7, [0.7, 1.0, 0.7, 0.7]),  # 1 - lambda < tau: its label alone, where it is the image itself
        (0.5, [0.5, 0.5, 0.5, 0.5]),
    ],
)
def test_remix_gives_the_label_to_the_rarer_of_two(share: float, expected: list[float]) -> None:
    remix = Remix(kappa=3, tau=0.5).for_counts(Counts.same([90, 10, 45]))
    own, other = torch.tensor([0, 1, 0, 2]), torch.tensor([1, 0, 2, 0])
    torch.testing.assert_close(remix.label_share(own, other, torch.tensor(share)), torch.tensor(expected))  # type: ignore[attr-defined]


def test_on_balanced_counts_remix_is_mixup() -> None:
    made = [
        compose(name)
        .for_counts(Counts.same([9, 9, 9]))
        .hook("batch")(PICTURES, LABELS, torch.Generator().manual_seed(5))
        for name in ("mixup", "Remix")
    ]
    assert all(map(torch.equal, *made))


class OneHot(Method):
    """Vanilla whose labels are soft targets with all on one class."""

    def batch(self, images: Tensor, labels: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        soft = F.one_hot(labels, len(self.counts.original)).float()
        return images, soft, torch.ones(len(labels))


@pytest.mark.parametrize("counts", [(12, 5), (6, 9, 4)])
def test_soft_targets_of_one_class_are_hard_labels_to_rounding(counts: tuple[int, ...]) -> None:
    soft, hard = (fitted(alone(method), counts, epochs=2, selection="last") for method in (OneHot(), Method()))
    assert [row["loss"] for row in soft.history] == pytest.approx([row["loss"] for row in hard.history], rel=1e-5)
    np.testing.assert_allclose(soft.test.probabilities.array(), hard.test.probabilities.array(), atol=1e-5)


class HalfAndHalf(Method):
    def batch(self, images: Tensor, labels: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        return images, torch.full((len(labels), 2), 0.5), torch.ones(len(labels))

    def class_weights(self, counts: np.ndarray, progress: float) -> np.ndarray:
        return np.array([0.5, 1.5])


def test_each_class_under_a_soft_target_has_its_own_weight() -> None:
    trained = trainer(alone(HalfAndHalf()), images((6, 2)), backbone="paper_cnn(width=2, dropout=0)")
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    log_p = F.log_softmax(trained.model.train()(picture), dim=1)[0].tolist()
    found = float(trained.step(picture, torch.tensor([0])).detach())
    assert found == pytest.approx(-(0.5 * 0.5 * log_p[0] + 0.5 * 1.5 * log_p[1]), rel=1e-5)
