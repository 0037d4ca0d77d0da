"""The posterior of true means is calibrated, widens with what is not known, and a decision never sells ignorance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.statistics.decision import recommend
from bench.statistics.observed import Further, Luck, Observed
from bench.statistics.posterior import image_excess, posterior, widened

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
        true, observed = world(seed, methods=10)
        draws = posterior(observed, 400, np.random.default_rng(seed))
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
    true, observed = world(1, spread=0.1)
    observed.means[2, 1] = observed.variances[2, 1] = np.nan
    observed.seeds[2, 1] = 0
    draws = posterior(observed, 400, np.random.default_rng(0))
    relative = draws - draws.mean(1, keepdims=True)
    assert np.isfinite(draws).all() and relative[:, 2, 1].std() > 1.3 * relative[:, 3, 1].std()
    assert abs(relative[:, 2, 1].mean() - (true - true.mean(0))[2, 1]) < 3 * relative[:, 2, 1].std() < 0.3


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


def test_where_nothing_helps_and_all_cost_the_same_the_first_row_is_taken() -> None:
    same = recommend(normal([0.9, 0.902, 0.901], 0.001), np.ones(3), 0.01)
    assert same.outcome == "equivalent" and same.choice == 0


def test_ignorance_is_called_so() -> None:
    unsure = recommend(normal([0.9, 0.89, 0.88], 0.1), np.ones(3), 0.01)
    assert unsure.outcome == "unknown" and unsure.choice == 0 and set(unsure.among) == {0, 1, 2}
    assert unsure.regret.min() > 0.01


@pytest.mark.parametrize(("rows", "delta"), [(2, 0.01), (3, -1.0), (3, np.nan)])
def test_what_does_not_fit_together_is_refused(rows: int, delta: float) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        recommend(np.zeros((5, 3)), np.ones(rows), delta)


def test_one_method_that_stands_apart_is_not_drawn_to_many_equal_ones() -> None:
    rng = np.random.default_rng(5)
    true = np.full((12, 4), 0.9)
    true[0] -= 0.06
    runs = true[..., None] + 0.02 * rng.standard_normal((12, 4, 5))
    images = 0.002**2 * np.eye(48)
    seen = Observed(runs.mean(-1), runs.var(-1, ddof=1), np.full((12, 4), 5), images, POSITIONS)
    believed = posterior(seen, 1000, rng).mean(axis=0)
    assert (believed[1:].mean(0) - believed[0] > 0.045).all() and believed[1:].std(axis=0).max() < 0.01


def pack(baseline: int | None) -> Observed:
    """Return eleven methods that agree within 0.004 and one 0.04 below, the luck of the images being 0.009 each."""
    means = np.append(0.924, 0.966 + 0.004 * np.random.default_rng(7).standard_normal(11))[:, None]
    return Observed(
        means,
        np.full((12, 1), 0.01**2),
        np.full((12, 1), 20),
        0.009**2 * np.eye(12),
        np.zeros(1),
        baseline=baseline,
    )


def test_a_baseline_far_below_a_pack_of_equals_is_not_drawn_to_it() -> None:
    draws = posterior(pack(0), 4000, np.random.default_rng(0))[..., 0]
    gain = draws[:, 1:].mean(axis=1) - draws[:, 0]
    seen = pack(0).means[1:].mean() - 0.924
    assert np.quantile(gain, 0.05) < seen < np.quantile(gain, 0.95) and 0.6 * seen < gain.mean() <= seen
    as_one_of_them = posterior(pack(None), 4000, np.random.default_rng(0))[..., 0]
    assert (as_one_of_them[:, 1:].mean(axis=1) - as_one_of_them[:, 0]).mean() < gain.mean()
    assert draws[:, 1:].mean(axis=0).std() < pack(0).means[1:].std(), "nor does it make the pack lie apart"


def test_other_random_numbers_believe_the_same() -> None:
    _, observed = world(2, methods=12)
    each = [posterior(observed, 8192, np.random.default_rng(seed)) for seed in range(3)]
    gains = [draws - draws[:, :1] for draws in each]
    wide = gains[0].std(axis=0)[1:]
    assert np.all(np.std([it.mean(axis=0)[1:] for it in gains], axis=0) < 0.25 * wide)


def test_differences_may_grow_towards_rarer_classes() -> None:
    rng = np.random.default_rng(6)
    true = 0.8 + rng.standard_normal((10, 4)) * [0.08, 0.02, 0.01, 0.005]
    runs = true[..., None] + 0.02 * rng.standard_normal((10, 4, 5))
    seen = Observed(runs.mean(-1), runs.var(-1, ddof=1), np.full((10, 4), 5), np.zeros((40, 40)), POSITIONS)
    error = posterior(seen, 1000, rng).mean(axis=0) - true
    shrunk = (
        (error[:, 0] - error[:, 0].mean())
        @ (true[:, 0] - true[:, 0].mean())
        / ((true[:, 0] - true[:, 0].mean()) ** 2).sum()
    )
    assert abs(shrunk) < 0.15, "where methods differ, they are left apart"
    assert error[:, 3].std() < 0.007, "and where they hardly do, noise is not taken for a difference"


def further(observed: Observed, luck: float) -> Observed:
    """Return it with two further subsets of the first two methods at the first place, and that luck with them."""
    more = Further(
        np.array([0, 0, 1, 1]),
        np.zeros(4, int),
        observed.means[[0, 0, 1, 1], 0],
        np.full(4, 5),
        np.array([1, 2, 1, 2]),
        np.zeros(4, int),
    )
    size = observed.means.size
    images = np.zeros((size + 4, size + 4))
    images[:size, :size] = observed.images
    return replace(observed, images=images, further=more, subset=Luck(luck**2, 50.0), common=Luck(luck**2, 50.0))


def test_means_on_several_subsets_are_surer_than_those_on_one() -> None:
    _, observed = world(4, sd=0.01)
    draws = posterior(further(observed, 0.05), 2000, np.random.default_rng(0))
    pairs = [(draws[:, a, 0] - draws[:, b, 0]).std() for a, b in ((0, 1), (2, 3))]
    assert pairs[0] < 0.8 * pairs[1], "both on three subsets, and both on one"


def test_draws_do_not_depend_on_the_sign_that_a_library_gives_an_eigenvector(monkeypatch: pytest.MonkeyPatch) -> None:
    _, observed = world(0)
    images = observed.images + 1e-5
    first = posterior(replace(observed, images=images), 64, np.random.default_rng(0))
    solved = np.linalg.eigh

    def turned(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, vectors = solved(matrix)
        return values, -vectors

    monkeypatch.setattr(np.linalg, "eigh", turned)
    assert np.allclose(first, posterior(replace(observed, images=images), 64, np.random.default_rng(0)), atol=1e-9)


def test_methods_at_their_bound_share_the_chance_to_be_the_best() -> None:
    draws = np.array([[1.0, 1.0, 0.5], [1.0, 1.0, 0.9]])
    assert recommend(draws, np.ones(3), 0.0).best.tolist() == [0.5, 0.5, 0.0]


def test_two_methods_that_differ_about_more_images_than_others_are_known_less_well() -> None:
    methods, rng = 6, np.random.default_rng(0)
    images = 2e-4 * np.full((methods, methods), 0.9) + 2e-5 * np.eye(methods)
    images[0, 1:], images[1:, 0] = 4e-5, 4e-5  # the baseline's mistakes are of other images
    luck, held = np.linalg.cholesky(images), np.zeros(2)
    truth = np.array([0.6, 0.7, 0.7, 0.7, 0.7, 0.7])
    for _ in range(100):
        means = truth + luck @ rng.standard_normal(methods) + 0.002 * rng.standard_normal(methods)
        one, same = np.ones((methods, 1)), np.zeros((1, 1))
        observed = Observed(means[:, None], 2e-5 * one, np.full((methods, 1), 5), images, same, baseline=0)
        draws = posterior(observed, 256, np.random.default_rng(1))[:, :, 0]
        gain, more = draws[:, 1] - draws[:, 0], image_excess(observed)[0]
        for k, it in enumerate((gain, widened(gain, float(more[1, 0])))):
            low, high = np.quantile(it, [0.05, 0.95])
            held[k] += low <= 0.1 <= high
    assert more[1, 0] > 0 and more[1, 2] == 0 and np.allclose(more, more.T)
    assert held[0] < 80 < 85 <= held[1], "of 100 intervals of 90 %"
    assert widened(gain, 1e-4).mean() == pytest.approx(gain.mean())
    assert widened(gain, 1e-4).var() == pytest.approx(gain.var() + 1e-4)
    assert not widened(np.zeros(5), 1.0).any(), "what is one fit does not differ"


def test_a_method_that_was_not_run_adds_nothing() -> None:
    means, variances = np.array([[0.6, np.nan], [0.7, 0.8]]), np.array([[1e-4, np.nan], [1e-4, 1e-4]])
    observed = Observed(means, variances, np.array([[5, 0], [5, 5]]), 1e-4 * np.eye(4), np.zeros((2, 1)))
    assert image_excess(observed).shape == (2, 2, 2) and not image_excess(observed)[1].any()
