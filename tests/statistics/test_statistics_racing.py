"""A race gives seeds to those that may still win, and to nobody where seeds would not settle it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.statistics.observed import Luck, Observed
from bench.statistics.posterior import posterior
from bench.statistics.racing import Heat, heat


def seen(means: list[float], sd: float, images: float = 1e-4, seeds: int = 5) -> Observed:
    """Return what is seen of some methods at one place."""
    rng = np.random.default_rng(0)
    runs = rng.standard_normal((len(means), 1, seeds))
    runs = np.array(means)[:, None, None] + sd * (runs - runs.mean(-1, keepdims=True)) / runs.std(-1, keepdims=True)
    count = np.full((len(means), 1), seeds)
    return Observed(runs.mean(-1), runs.var(-1, ddof=1), count, images**2 * np.eye(len(means)), np.array([5.0]))


def raced(observed: Observed, delta: float = 0.01, most: int = 30) -> Heat:
    draws = posterior(observed, 2000, np.random.default_rng(0))[..., 0]
    every = np.arange(len(observed.means))
    return heat(observed, 0, every, draws, np.ones(len(every)), delta, most)


def test_a_clear_winner_ends_the_race() -> None:
    found = raced(seen([0.9, 0.7, 0.6, 0.65], 0.01))
    assert found.ending == "decided" and found.more == () and found.recommendation.choice == 0


def test_methods_that_cannot_win_get_no_seed() -> None:
    found = raced(seen([0.9, 0.89, 0.88, 0.5, 0.45], 0.05))
    assert found.ending == "" and {0, 1} <= set(found.more) <= {0, 1, 2}


def test_a_steady_method_needs_no_seed_to_be_compared_with_an_erratic_one() -> None:
    observed = seen([0.9, 0.89, 0.6, 0.6, 0.6], 0.1, seeds=20)
    observed.variances[0] /= 10_000
    found = raced(observed, delta=0.005).more
    assert 1 in found and 0 not in found


def test_it_ends_where_all_have_as_many_seeds_as_they_may() -> None:
    assert raced(seen([0.9, 0.89, 0.88], 0.05), most=5).ending == "seeds"


@pytest.mark.parametrize("source", ["images", "subset", "stage"])
def test_it_ends_where_most_of_the_doubt_is_no_luck_of_seeds(source: str) -> None:
    observed = seen([0.9, 0.8, 0.7, 0.85, 0.75, 0.65], 0.005)
    luck = Luck(0.05**2, 50.0)
    doubtful = {
        "images": replace(observed, images=0.05**2 * np.eye(6)),
        "subset": replace(observed, subset=luck),
        "stage": replace(observed, stage=dict.fromkeys(range(6), luck)),
    }
    found = raced(doubtful[source], delta=0.005)
    assert found.ending == source and found.more == () and found.recommendation.outcome == "unknown"


def test_a_race_goes_on_a_little_below_delta() -> None:
    observed = seen([0.9, 0.895, 0.89], 0.03)
    draws = posterior(observed, 2000, np.random.default_rng(0))[..., 0]
    regret = float((draws.max(1) - draws[:, 0]).mean())
    found = raced(observed, delta=1.5 * regret)
    assert found.recommendation.outcome == "take" and found.more, "luck must not stop it"
