"""Losses, the gradient penalty, effective frequencies and the moving average, on values worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from bench.methods.generators.balancing import EffectiveFrequencies, MovingAverage
from bench.methods.generators.losses import GAN_LOSSES, called, class_balance, gradient_penalty
from bench.methods.generators.settings import BalancingSettings

REAL, FAKE = torch.tensor([[2.0], [0.0]]), torch.tensor([[-1.0], [3.0]])


def minus_log_sigma(x: float) -> float:
    return math.log(1 + math.exp(-x))


def mean(*values: float) -> float:
    return sum(values) / len(values)


def test_gan_losses_are_those_written_down() -> None:
    s = minus_log_sigma
    expected = {
        "log": (mean(s(2), s(0)) + mean(s(1), s(-3)), mean(s(-1), s(3))),
        "hinge": (mean(0, 1) + mean(0, 4), mean(1, -3)),
        "relativistic": (mean(s(2 + 1), s(0 - 3)), mean(s(-1 - 2), s(3 - 0))),  # pair by pair
    }
    assert expected.keys() == GAN_LOSSES.keys()
    for name, values in expected.items():
        assert [float(loss(REAL, FAKE)) for loss in GAN_LOSSES[name]] == pytest.approx(values)
    assert float(called(REAL, real=True)) == pytest.approx(mean(s(2), s(0)))
    assert float(called(FAKE, real=False)) == pytest.approx(mean(s(1), s(-3)))


def test_the_penalty_of_a_linear_critic_is_the_distance_of_its_norm_from_one() -> None:
    w = torch.randn(3 * 4 * 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    points = torch.rand(5, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    penalty = gradient_penalty(lambda it: it.flatten(1) @ w[:, None], points)
    norm = float(w.detach().norm())
    assert penalty.item() == pytest.approx((norm - 1) ** 2, rel=1e-5)
    penalty.backward()  # type: ignore[no-untyped-call]
    assert w.grad is not None
    torch.testing.assert_close(w.grad, (2 * (norm - 1) / norm * w).detach())


def test_the_penalty_of_a_flat_critic_is_one_and_its_slope_finite() -> None:
    w = torch.zeros(3, requires_grad=True)
    penalty = gradient_penalty(lambda it: it.flatten(1) @ w[:, None], torch.zeros(2, 3, 1, 1))
    penalty.backward()  # type: ignore[no-untyped-call]
    assert penalty.item() == pytest.approx(1.0, abs=1e-4) and w.grad is not None and bool(w.grad.isfinite().all())


def test_the_regulariser_is_the_weighted_negative_entropy_of_the_batch() -> None:
    probabilities = torch.tensor([[0.9, 0.1], [0.6, 0.4]])
    expected = 0.5 * 0.75 * math.log(0.75) + 1.5 * 0.25 * math.log(0.25)
    assert float(class_balance(probabilities, torch.tensor([0.5, 1.5]))) == pytest.approx(expected)
    assert float(class_balance(torch.eye(2)[:1], torch.ones(2))) == pytest.approx(0.0, abs=1e-9), "0 log 0 is 0"


def test_balance_asks_for_the_class_that_was_rare_so_far() -> None:
    logits = torch.zeros(1, 2, requires_grad=True)
    class_balance(logits.softmax(dim=1), torch.tensor([0.5, 1.5])).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    # At p = 1/2 the slope in p_k is w_k (log p_k + 1); the step goes down it.
    assert float(logits.grad[0, 1]) == pytest.approx(0.25 * (1.5 - 0.5) * (1 - math.log(2)), rel=1e-5)


def test_effective_frequencies_follow_a_sequence_worked_out_by_hand() -> None:
    counted = EffectiveFrequencies(2, fakes=512_000, forgetting=0.5)
    assert counted.weights.tolist() == [1.0, 1.0]
    counted.count(torch.tensor([0] * 300 + [1] * 100))
    assert counted.weights.tolist() == [1.0, 1.0], "constant within a cycle"
    counted.end_cycle()
    assert counted.frequencies.tolist() == [0.5 * 50 + 0.5 * (512 + 300), 0.5 * 50 + 0.5 * (512 + 100)]
    inverse = [1 / 431, 1 / 331]
    assert counted.weights.tolist() == pytest.approx([2 * value / sum(inverse) for value in inverse])
    counted.count(torch.tensor([0] * 10))
    counted.end_cycle()
    assert counted.frequencies.tolist() == [0.5 * 431 + 5, 0.5 * 331], "512 was added in the first cycle only"
    for _ in range(20):
        counted.end_cycle()
    assert counted.frequencies.tolist() == [1.0, 1.0], "never below one"


def test_a_shorter_cycle_counts_as_a_published_one_of_the_same_shares() -> None:
    weights = []
    for scale in (1, 10):
        counted = EffectiveFrequencies(3, fakes=512_000 // scale, forgetting=0.5)
        counted.count(torch.arange(3).repeat_interleave(torch.tensor([1000, 200, 50]) * 10 // scale))
        counted.end_cycle()
        weights.append(counted.weights)
    torch.testing.assert_close(*weights)
    assert float(weights[0].sum()) == pytest.approx(3.0)


def test_the_regularisers_weight_is_the_published_one_at_the_published_ratios() -> None:
    weights = [BalancingSettings().weight((5000, n)) for n in (5000, 500, 50)]
    assert weights == pytest.approx([5.0, 7.5, 10.0])
    assert BalancingSettings(lambda_balance=3.0, lambda_per_decade=0.0).weight((100, 1)) == 3.0


def test_frequencies_that_are_kept_go_on_as_they_were() -> None:
    ours, theirs = (EffectiveFrequencies(2, 100, 0.3) for _ in range(2))
    ours.count(torch.tensor([0, 1, 1]))
    theirs.restore(ours.state())
    for counted in (ours, theirs):
        counted.count(torch.tensor([1]))
        counted.end_cycle()
    assert torch.equal(ours.weights, theirs.weights)


def test_the_average_is_a_copy_at_first_and_then_follows_weights_and_statistics() -> None:
    network = nn.BatchNorm1d(1)
    average = MovingAverage(network, start=1, horizon=4)
    for number, value in ((1, 8.0), (2, 16.0)):
        with torch.no_grad():
            network.weight.fill_(value)
            network.running_mean.fill_(-value)  # type: ignore[union-attr]
            network.num_batches_tracked.fill_(number)  # type: ignore[union-attr]
        average.follow(network, number)
        expected = 8.0 if number == 1 else 0.75 * 8 + 0.25 * 16
        held = average.network.state_dict()
        assert held["weight"].item() == expected and held["running_mean"].item() == -expected
        assert held["num_batches_tracked"].item() == number
    assert not average.network.training


def test_the_published_schedule_is_the_rule_at_the_published_length() -> None:
    s = BalancingSettings()
    steps = s.length(12_406)
    assert (steps, s.average_start * steps, s.cycle * steps) == (100_000, 20_000, 2_000)
    assert MovingAverage(nn.Linear(1, 1), 0, s.average_horizon * steps).decay == pytest.approx(0.9999)
