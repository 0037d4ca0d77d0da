"""Mean ranks, Friedman's test and Nemenyi's critical difference equal those of scipy, scikit-posthocs and Demšar."""

from __future__ import annotations

from itertools import combinations, permutations, product

import numpy as np
import pytest
import scikit_posthocs
from scipy import stats

from bench.statistics.ranks import dataset_blocks, rank


def blocks(n: int, methods: int, seed: int = 0, step: float = 0.3) -> np.ndarray:
    """Return random figures of methods of which each is a little better than the one before, with some ties."""
    rng = np.random.default_rng(seed)
    return np.round(rng.standard_normal((n, methods)) + step * np.arange(methods), 1)


def test_critical_difference_is_that_of_the_example_in_demsar() -> None:
    assert rank(blocks(14, 4)).critical_difference == pytest.approx(1.25, abs=0.005)


@pytest.mark.parametrize("seed", range(3))
def test_pairs_farther_apart_than_the_critical_difference_are_those_of_scikit_posthocs(seed: int) -> None:
    figures = blocks(25, 6, seed)
    found = rank(figures)
    p_values = scikit_posthocs.posthoc_nemenyi_friedman(-figures).to_numpy()
    for a, b in combinations(range(6), 2):
        apart = abs(found.means[a] - found.means[b]) >= found.critical_difference
        assert apart == (p_values[a, b] < 0.05)


def test_many_blocks_give_friedmans_p_value_of_scipy() -> None:
    figures = blocks(60, 4, step=0.15)
    expected = stats.friedmanchisquare(*figures.T).pvalue
    assert 0.01 < expected < 0.5
    assert rank(figures, draws=20_000).p_value == pytest.approx(expected, abs=0.015)


def test_few_blocks_give_the_exact_p_value() -> None:
    figures = np.array([[0.9, 0.8, 0.7], [0.9, 0.7, 0.8], [0.8, 0.9, 0.7]])

    def inequality(ranks: np.ndarray) -> float:
        return float((ranks.sum(axis=0) ** 2).sum())

    observed = inequality(stats.rankdata(-figures, axis=1))
    every = [inequality(np.array(ranks)) for ranks in product(permutations([1, 2, 3]), repeat=3)]
    exact = np.mean([value >= observed for value in every])
    assert rank(figures, draws=40_000).p_value == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize("seed", range(4))
def test_groups_are_the_longest_runs_within_the_critical_difference(seed: int) -> None:
    found = rank(blocks(20, 7, seed, step=0.4))
    order = np.argsort(found.means, kind="stable")
    runs = [order[i:j] for i, j in combinations(range(8), 2) if j - i > 1]
    close = [set(run) for run in runs if np.ptp(found.means[run]) < found.critical_difference]
    longest = [run for run in close if not any(run < other for other in close)]
    assert sorted(map(sorted, longest)) == sorted(map(sorted, found.groups))


def test_the_best_method_has_rank_one_and_ties_share_theirs() -> None:
    np.testing.assert_array_equal(rank(np.array([[0.9, 0.5, 0.5], [0.8, 0.1, 0.1]])).means, [1, 2.5, 2.5])


def test_three_datasets_are_called_few_and_cannot_tell_most_methods_apart() -> None:
    found = rank(np.tile(np.arange(14.0), (3, 1)))
    assert "3 datasets are few" in found.caveat and "of at most 13" in found.caveat
    assert [len(group) for group in found.groups] == [12, 12, 12]  # of 91 pairs, 3 differ: unanimous extremes
    assert rank(blocks(11, 4)).caveat == ""


def test_columns_of_a_dataset_make_one_block() -> None:
    datasets = [np.array([[0.6, 0.7], [0.8, 0.7]]), np.array([[0.1, 0.3]])]
    np.testing.assert_allclose(dataset_blocks(datasets), [[0.7, 0.7], [0.1, 0.3]])


@pytest.mark.parametrize("figures", [np.zeros((0, 3)), np.zeros((3, 1)), np.full((2, 2), np.nan)])
def test_figures_that_cannot_be_ranked_are_refused(figures: np.ndarray) -> None:
    with pytest.raises(ValueError, match="finite figures"):
        rank(figures)
