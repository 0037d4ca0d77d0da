"""Losses and weights of the long-tail literature are the published formulas, worked out here with numpy alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import fitted, images, trainer
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import outcome
from torch.nn import functional as F

from bench import registry
from bench.method import Counts
from bench.networks.layers.heads import CosineHead
from bench.plan.compose import compose
from bench.training.composition import Composition

registry.load()
COUNTS = np.array([500, 80, 5])
RNG = np.random.default_rng(0)
LOGITS, LABELS = RNG.normal(size=(60, 3)) * 3, np.arange(60) % 3


def told(expression: str, counts: np.ndarray = COUNTS) -> Composition:
    return compose(expression, ("LDAM+DRW",)).for_counts(Counts.same(counts))


def loss(expression: str, logits: np.ndarray = LOGITS, counts: np.ndarray = COUNTS) -> np.ndarray:
    hook = told(expression, counts).hook("loss")
    return np.asarray(hook(torch.from_numpy(logits), torch.from_numpy(LABELS)))


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def cross_entropy(logits: np.ndarray) -> np.ndarray:
    return np.asarray(-np.log(softmax(logits)[np.arange(len(LABELS)), LABELS]))


@pytest.mark.parametrize("gamma", [0, 0.5, 1, 2, 5])
def test_focal_loss_is_lins(gamma: float) -> None:
    p = softmax(LOGITS)[np.arange(60), LABELS]
    np.testing.assert_allclose(loss(f"Focal(gamma={gamma})"), -((1 - p) ** gamma) * np.log(p), rtol=1e-9)


def test_focal_loss_of_a_sure_hit_has_a_gradient() -> None:
    logits = torch.tensor([[200.0, 0.0]], requires_grad=True)
    told("Focal(gamma=0.5)").hook("loss")(logits, torch.tensor([0])).sum().backward()
    assert logits.grad is not None and bool(logits.grad.isfinite().all())


def test_class_weights_do_not_leak_into_the_focal_factor() -> None:
    both = compose("CBL(beta=0.9999)+Focal(gamma=1)")
    trained = trainer(both, images((18, 2)), backbone="paper_cnn(width=2, dropout=0)")
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    p = float(F.softmax(trained.model.train()(picture).detach(), dim=1)[0, 1])
    weight = compose("CBL(beta=0.9999)").hook("class_weights")(np.array([18, 2]), 0.0)[1]
    found = float(trained.step(picture, torch.tensor([1])).detach())
    assert found == pytest.approx(weight * (1 - p) * -np.log(p), rel=1e-4)


def test_margins_shrink_with_the_fourth_root_and_the_rarest_has_the_largest() -> None:
    (ldam,) = told("LDAM(margin=0.5)", np.array([1600, 100])).parts
    np.testing.assert_allclose(ldam.margins, [0.25, 0.5])  # type: ignore[attr-defined]


def test_ldam_takes_the_margin_off_the_true_cosine_before_scaling() -> None:
    cosines = np.tanh(LOGITS)
    margins = 0.5 * (COUNTS / COUNTS.min()) ** -0.25
    less = cosines - margins * np.eye(3)[LABELS]
    np.testing.assert_allclose(loss("LDAM(s=30)", 30 * cosines), cross_entropy(30 * less), rtol=1e-6)


def test_ldam_without_margin_or_scale_is_cross_entropy_on_cosines() -> None:
    method = told("LDAM(margin=0, s=1)")
    head = method.hook("head")(7, 3)
    features = torch.from_numpy(RNG.normal(size=(60, 7))).float()
    cosines = F.cosine_similarity(features[:, None], head.weight[None], dim=2)
    torch.testing.assert_close(head(features), cosines)
    found = method.hook("loss")(head(features), torch.from_numpy(LABELS)).detach().numpy()
    np.testing.assert_allclose(found, cross_entropy(cosines.detach().numpy()), rtol=1e-5)


def test_a_cosine_head_is_drawn_from_the_stream_with_rows_of_length_one() -> None:
    head, again = CosineHead(5, 3, 30.0), CosineHead(5, 3, 30.0)
    head.initialise(torch.Generator().manual_seed(1))
    torch.testing.assert_close(head.weight.norm(dim=1), torch.ones(3))
    assert not torch.equal(head.weight, again.weight)
    starts = [trainer(compose("LDAM"), images((4, 4))).model.head.weight for _ in range(2)]
    assert torch.equal(*starts)


def test_deferred_weights_are_class_balanced_ones_from_epoch_160_of_200() -> None:
    weights = compose("DRW").hook("class_weights")
    assert [epoch for epoch in range(200) if weights(COUNTS, epoch / 200)[0] != 1] == list(range(160, 200))
    late = compose("CBL(beta=0.9999)").hook("class_weights")(COUNTS, 0.0)
    np.testing.assert_array_equal(weights(COUNTS, 0.8), late)


def test_before_its_share_deferred_weighting_is_vanilla_and_then_no_more() -> None:
    plain, early, late = (
        fitted(compose(name), (12, 3), epochs=5, selection="last") for name in ("Vanilla", "DRW(share=1)", "DRW")
    )
    assert outcome(plain) == outcome(early) != outcome(late)
    losses = [[row["loss"] for row in done.history] for done in (plain, late)]
    assert losses[0][:4] == losses[1][:4] and losses[0][4] != losses[1][4]


@settings(deadline=None, max_examples=30)
@given(st.floats(0, 2), st.lists(st.integers(1, 5000), min_size=3, max_size=3))
def test_logit_adjusted_loss_is_menons(tau: float, counts: list[int]) -> None:
    shares = np.array(counts) / sum(counts)
    found = loss(f"LA(tau={tau!r})", counts=np.array(counts))
    np.testing.assert_allclose(found, cross_entropy(LOGITS + tau * np.log(shares)), rtol=1e-6, atol=1e-9)


def test_balanced_softmax_is_rens_and_logit_adjustment_with_tau_1() -> None:
    weighted = COUNTS * np.exp(LOGITS)
    expected = -np.log(weighted[np.arange(60), LABELS] / weighted.sum(axis=1))
    np.testing.assert_allclose(loss("BalancedSoftmax"), expected, rtol=1e-9)
    np.testing.assert_allclose(loss("LA(tau=1)"), expected, rtol=1e-9)
    np.testing.assert_allclose(loss("LA(tau=0)"), cross_entropy(LOGITS), rtol=1e-9)


def test_a_loss_that_needs_the_counts_says_so() -> None:
    with pytest.raises(RuntimeError, match=r"LDAM must know the counts: use LDAM\(...\).for_counts"):
        compose("LDAM").hook("loss")(torch.zeros(1, 2), torch.zeros(1, dtype=torch.int64))
