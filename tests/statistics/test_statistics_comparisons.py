"""Equal methods are not reported as different, gaps above the floor are found, and both rest on closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bench.analysis import formulas, metrics
from bench.statistics.best import Comparison, Family, compare
from bench.statistics.confusion import Measure, acsa_measure, f1_measure, macro_f1_measure, recall_measure
from bench.statistics.critical import largest_of_equals
from bench.statistics.outcomes import MISSING, OVERALL, Outcomes, Runs, overall
from bench.statistics.spread import Spread, credibility, pooled, spread
from bench.statistics.synthetic import COLUMNS, METHODS, SEEDS, synthetic_store
from bench.training.scores import confusion_matrix

COLUMN = COLUMNS[1:2]


def family_of(seed: int, *, gap: float = 0.0, draws: int = 400) -> Family:
    """Return the comparisons of a synthetic store of one column whose last method is worse by `gap`."""
    gaps = np.zeros((1, METHODS))
    gaps[0, -1] = gap
    return compare(synthetic_store(seed, gaps, columns=COLUMN), draws=draws, seed=seed)


def in_acsa(family: Family) -> Comparison:
    found = family.of(COLUMN[0].name, "acsa")
    assert found is not None
    return found


def floor_of(families: list[Family]) -> float:
    return float(np.mean([in_acsa(family).noise.smallest_difference(SEEDS) for family in families]))


def random_outcomes(seed: int = 0, methods: int = 3, seeds: int = 4, n_classes: int = 3) -> Outcomes:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(n_classes), 12)
    guesses = rng.integers(0, n_classes, (methods, seeds, len(labels)))
    decisions = np.where(rng.random(guesses.shape) < 0.6, labels, guesses)
    return Outcomes("7", tuple("ABCDEFGH"[:methods]), labels, decisions, n_classes, minority=2, majority=0)


@pytest.fixture(scope="module")
def equal_stores() -> list[Family]:
    return [family_of(seed) for seed in range(150)]


def test_equal_methods_are_rarely_reported_as_different(equal_stores: list[Family]) -> None:
    alarms = sum(any(it.worse.any() for it in family.comparisons) for family in equal_stores)
    # Fails when the rate is above 6.5 % beyond the sampling error of so few stores.
    assert stats.binomtest(alarms, len(equal_stores), 0.065, alternative="greater").pvalue > 0.05


def test_without_the_family_nearly_every_store_would_raise_an_alarm(equal_stores: list[Family]) -> None:
    naive = [np.abs(it.differences) > 1.96 * it.errors for family in equal_stores for it in family.comparisons]
    assert np.mean([pairs.any() for pairs in naive]) > 0.5


def test_a_gap_of_twice_the_floor_is_found_and_the_equal_methods_stay_together(equal_stores: list[Family]) -> None:
    floor = floor_of(equal_stores)
    found = [in_acsa(family_of(1000 + seed, gap=2 * floor)) for seed in range(20)]
    assert sum(it.worse[-1] for it in found) >= 19
    assert sum(it.worse[:-1].any() for it in found) <= 2
    assert all(it.methods[-1] not in it.indistinguishable() for it in found if it.worse[-1])


def test_a_gap_of_half_the_floor_is_mostly_not_found(equal_stores: list[Family]) -> None:
    floor = floor_of(equal_stores)
    found = [in_acsa(family_of(1000 + seed, gap=0.5 * floor)) for seed in range(20)]
    assert sum(it.worse[-1] for it in found) <= 10


def test_figures_are_those_of_the_metrics_module() -> None:
    outcomes = random_outcomes()
    figures = outcomes.figures()
    for m, s in np.ndindex(figures.shape[1:]):
        one_hot = np.eye(3)[outcomes.decisions[m, s]]
        f1 = formulas.f1_scores(confusion_matrix(outcomes.labels, outcomes.decisions[m, s], 3))
        acsa = metrics.figures(outcomes.labels, one_hot)["acsa"]
        expected = {"f1_minority": f1[2], "f1_majority": f1[0], "acsa": acsa}
        for g, metric in enumerate(outcomes.metrics):
            assert figures[g, m, s] == pytest.approx(expected[metric.name])


@pytest.mark.parametrize(
    "metric",
    [acsa_measure(), f1_measure("f1", 0), f1_measure("f1", 2), macro_f1_measure(), recall_measure("few", [1, 2])],
)
def test_influences_are_derivatives_by_the_share_of_a_decision(metric: Measure) -> None:
    confusion = np.array([[7.0, 2, 1], [3, 5, 2], [1, 1, 8]])
    slopes, step = metric.gradient(confusion), 1e-6
    for j, k in np.ndindex(3, 3):
        moved = confusion.copy()
        moved[j, k] += step
        moved[j, j] -= step  # an image of class j that is decided as k instead: the row keeps its sum
        change = metric.value(moved) - metric.value(confusion)
        assert change / step == pytest.approx(slopes[j, k] - slopes[j, j], abs=1e-6)


def test_variance_of_a_difference_is_that_of_seeds_and_images_crossed() -> None:
    outcomes = random_outcomes(methods=2, seeds=5, n_classes=2)
    outcomes = replace(outcomes, minority=1)
    right = (outcomes.decisions == outcomes.labels).astype(float)
    u = right[0] - right[1]
    recalls = np.array([u[:, outcomes.labels == k].mean(axis=1) for k in (0, 1)])
    over_seeds, over_images, chance = np.var(recalls.mean(axis=0), ddof=1) / 5, 0.0, 0.0
    for k in (0, 1):
        mine = u[:, outcomes.labels == k] / 2
        n = mine.shape[1]
        rest = mine - mine.mean(axis=0) - mine.mean(axis=1, keepdims=True) + mine.mean()
        over_images += mine.mean(axis=0).var(ddof=1) / n
        chance += (rest**2).sum() / ((n - 1) * 4) / (n * 5)
    found = spread(outcomes.runs()).of_difference()[2, 0, 1]
    assert found == pytest.approx(max(over_seeds + over_images - chance, over_seeds, over_images))


def test_variance_of_a_difference_is_what_it_is_over_many_stores() -> None:
    a, b = np.triu_indices(METHODS, 1)
    spreads = [spread(synthetic_store(seed, columns=COLUMN)[0].runs()) for seed in range(150)]
    expected = np.mean([it.of_difference()[:, a, b].mean(axis=1) for it in spreads], axis=0)
    observed = np.mean([((it.means[:, a] - it.means[:, b]) ** 2).mean(axis=1) for it in spreads], axis=0)
    np.testing.assert_allclose(observed, expected, rtol=0.12)


def even_spread(methods: int, seeds: int) -> Spread:
    """Return the spread of one metric with one variance and images without number."""
    nothing = np.zeros((1, methods))
    images = np.zeros((1, methods, 1, methods))
    return Spread(nothing, seeds, nothing + 1, np.inf, nothing, images, np.eye(1))


def test_critical_value_of_two_methods_is_students() -> None:
    largest = largest_of_equals(even_spread(2, 5), 40_000, np.random.default_rng(0))
    assert np.quantile(largest, 0.95) == pytest.approx(stats.t.ppf(0.975, 4), rel=0.02)


def test_critical_value_of_many_methods_with_one_variance_is_tukeys() -> None:
    largest = largest_of_equals(even_spread(14, 5), 10_000, np.random.default_rng(0))
    expected = stats.studentized_range.ppf(0.95, 14, 13 * 4) / 2**0.5
    assert np.quantile(largest, 0.95) == pytest.approx(expected, rel=0.05)


def test_doubt_about_unequal_variances_raises_the_critical_value() -> None:
    sure, unsure = even_spread(14, 5), replace(even_spread(14, 5), freedom=8.0)
    values = [np.quantile(largest_of_equals(it, 4000, np.random.default_rng(0)), 0.95) for it in (sure, unsure)]
    assert values[1] > 1.05 * values[0]


def test_variances_that_agree_are_replaced_by_their_mean_and_others_keep_their_own() -> None:
    alike = np.array([[0.9, 1.1, 1.0, 1.0]])
    np.testing.assert_allclose(pooled(alike, 4), 1.0)
    unlike = np.array([[100.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]])
    assert 0.5 < credibility(unlike, 4) < 1
    moved = pooled(unlike, 4)[0]
    assert 50 < moved[0] < 100 and 1 < moved[1] < unlike.mean()
    assert moved.mean() == pytest.approx(unlike.mean())


def test_rows_that_lack_a_run_are_left_out_and_nothing_breaks() -> None:
    whole = synthetic_store(0, columns=COLUMN)[0]
    holed = whole.decisions.copy()
    holed[3, 2] = MISSING
    family = compare([replace(whole, decisions=holed)], draws=200)
    assert all("method 3" not in it.methods and len(it.methods) == METHODS - 1 for it in family.comparisons)
    alone = replace(whole, methods=whole.methods[:1], decisions=whole.decisions[:1])
    once = replace(whole, decisions=whole.decisions[:, :1])
    nothing = replace(whole, decisions=np.full_like(holed, MISSING))
    assert compare([alone, once, nothing], draws=200).comparisons == ()


def test_the_mean_over_columns_joins_the_family_with_the_methods_that_all_have() -> None:
    first, second = synthetic_store(0, columns=COLUMNS[:2])
    holed = second.decisions.copy()
    holed[3, 2] = MISSING
    family = compare([first, replace(second, decisions=holed)], draws=200)
    found = family.of(OVERALL, "acsa")
    assert found in family.overall and found not in family.comparisons
    assert found is not None and "method 3" not in found.methods
    row = first.methods.index("method 5")
    expected = (first.runs().figures[2, row] + second.runs().figures[2, row]) / 2
    np.testing.assert_allclose(found.figures[found.methods.index("method 5")], expected)


def test_columns_with_other_images_have_no_mean() -> None:
    first = synthetic_store(0, columns=COLUMN)[0].runs()
    assert overall([first]) is None and compare([]).comparisons == ()
    assert overall([first, replace(first, labels=1 - first.labels)]) is None
    assert isinstance(overall([first, first]), Runs)


def test_methods_that_are_always_right_are_not_told_apart_and_one_always_wrong_is() -> None:
    labels = np.repeat([0, 1], 20)
    decisions = np.tile(labels, (3, 5, 1))
    decisions[2] = 1 - labels
    family = compare([Outcomes("1", ("A", "B", "C"), labels, decisions)], draws=200)
    assert all(it.indistinguishable() == ("A", "B") for it in family.comparisons)


def test_the_same_seed_gives_the_same_family() -> None:
    first, again, other = (family_of(1), family_of(1), compare(synthetic_store(1, columns=COLUMN), draws=400, seed=2))
    assert in_acsa(first).critical == in_acsa(again).critical != in_acsa(other).critical
    np.testing.assert_array_equal(in_acsa(first).half_widths, in_acsa(again).half_widths)


def test_outcomes_whose_shapes_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="must be"):
        Outcomes("1", ("A",), np.array([0, 1]), np.zeros((2, 5, 2), dtype=int))
    with pytest.raises(ValueError, match="classes"):
        Outcomes("1", ("A",), np.array([0, 1]), np.full((1, 5, 2), MISSING)).figures()


def test_the_mean_over_places_leaves_out_what_a_place_does_not_have() -> None:
    """A tail may have classes of many training images at one place and none at another."""
    columns = [random_outcomes(), random_outcomes()]
    more = (*columns[0].metrics, recall_measure("recall_many", [0]))
    whole = overall([replace(columns[0], measures=more).runs(), columns[1].runs()])
    assert whole is not None and whole.metrics == columns[1].runs().metrics
    expected = np.mean([column.figures() for column in columns], axis=0)
    np.testing.assert_allclose(whole.figures, expected)
