"""The posterior of true means is calibrated, widens with what is not known, and a decision never sells ignorance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.statistics.decision import recommend
from bench.statistics.posterior import Luck, Observed, posterior

POSITIONS = np.log2([25.0, 50.0, 75.0, 100.0])


def world(
    seed: int, methods: int = 6, spread: float = 0.03, sd: float = 0.03, seeds: int = 5
) -> tuple[np.ndarray, Observed]:
    """Return true means (M, P) and what five seeds show of them, with the luck of the test images known."""
    rng = np.random.default_rng(seed)
    apart = np.abs(POSITIONS[:, None] - POSITIONS)
    root = np.linalg.cholesky(np.exp(-apart / 2) + 1e-9 * np.eye(4))
    true = 0.8 + spread * (root @ rng.standard_normal((4, methods))).T
    images = 0.01**2 * np.eye(methods * 4)
    runs = true[..., None] + sd * rng.standard_normal((methods, 4, seeds))
    runs += rng.multivariate_normal(np.zeros(methods * 4), images).reshape(methods, 4)[..., None]
    counts = np.full((methods, 4), seeds)
    return true, Observed(runs.mean(-1), runs.var(-1, ddof=1), counts, images, POSITIONS)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    held = []
    for seed in range(40):
        true, observed = world(seed)
        draws = posterior(observed, 120, np.random.default_rng(seed))
        relative, wanted = draws - draws.mean(1, keepdims=True), true - true.mean(0)
        low, high = np.quantile(relative, [0.1, 0.9], axis=0)
        held.append(((low <= wanted) & (wanted <= high)).mean())
    assert 0.74 < np.mean(held) < 0.88


def test_places_inform_each_other() -> None:
    _, observed = world(3, sd=0.05)
    alone = replace(
        observed,
        means=observed.means[:, :1],
        variances=observed.variances[:, :1],
        seeds=observed.seeds[:, :1],
        images=observed.images[::4, ::4],
        positions=POSITIONS[:1],
    )
    rng = np.random.default_rng(0)
    together, single = posterior(observed, 300, rng)[..., 0], posterior(alone, 300, rng)[..., 0]
    relative = [draws - draws.mean(1, keepdims=True) for draws in (together, single)]
    assert relative[0].std(0).mean() < relative[1].std(0).mean()


def test_a_method_that_was_not_run_somewhere_is_believed_from_its_neighbours_with_more_doubt() -> None:
    _, observed = world(1)
    observed.means[2, 1] = observed.variances[2, 1] = np.nan
    observed.seeds[2, 1] = 0
    draws = posterior(observed, 300, np.random.default_rng(0))
    relative = draws - draws.mean(1, keepdims=True)
    assert np.isfinite(draws).all() and relative[:, 2, 1].std() > relative[:, 3, 1].std()


@pytest.mark.parametrize("luck", ["subset", "stage"])
def test_luck_that_all_seeds_share_widens_what_is_believed(luck: str) -> None:
    _, observed = world(2)
    lucky = (
        replace(observed, subset=Luck(0.04**2, 4.0))
        if luck == "subset"
        else replace(observed, stage={1: Luck(0.06**2, 2.0)})
    )
    plain, wide = (posterior(it, 300, np.random.default_rng(0))[:, 1, 0] for it in (observed, lucky))
    assert wide.std() > plain.std()


def test_nothing_observed_is_refused() -> None:
    _, observed = world(0)
    with pytest.raises(ValueError, match="no method was run"):
        posterior(replace(observed, means=np.full_like(observed.means, np.nan)), 5, np.random.default_rng(0))
    with pytest.raises(ValueError, match="two seeds"):
        posterior(replace(observed, variances=np.full_like(observed.variances, np.nan)), 5, np.random.default_rng(0))


def normal(means: list[float], sd: float) -> np.ndarray:
    return np.array(means) + sd * np.random.default_rng(0).standard_normal((4000, len(means)))


def test_a_clear_best_is_taken_and_of_good_ones_the_cheapest() -> None:
    costs = np.array([9.0, 1.0, 5.0])
    assert recommend(normal([0.9, 0.7, 0.6], 0.01), costs, 0.01).choice == 0
    close = recommend(normal([0.9, 0.897, 0.6], 0.012), costs, 0.012)
    assert close.outcome == "take" and close.choice == 1 and close.regret[1] <= 0.012


def test_equivalent_needs_them_all_within_delta_at_once() -> None:
    costs = np.array([9.0, 1.0, 5.0])
    same = recommend(normal([0.9, 0.899, 0.7], 0.002), costs, 0.01)
    assert same.outcome == "equivalent" and set(same.among) == {0, 1} and same.choice == 1
    assert same.near[2] == 0 and same.best[:2].sum() == 1


def test_ignorance_is_called_so() -> None:
    unsure = recommend(normal([0.9, 0.89, 0.88], 0.1), np.ones(3), 0.01)
    assert unsure.outcome == "unknown" and unsure.choice == 0 and set(unsure.among) == {0, 1, 2}
    assert unsure.regret.min() > 0.01


def test_what_does_not_fit_together_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        recommend(np.zeros((5, 3)), np.ones(2), 0.01)
