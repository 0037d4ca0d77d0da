"""The noise floor answers how small a difference is seen, how many seeds a gap needs, and whence the variance comes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bench.statistics.best import compare
from bench.statistics.noise import Noise, components, image_variance
from bench.statistics.outcomes import Outcomes
from bench.statistics.synthetic import COLUMNS, SEEDS, synthetic_store

NOISE = Noise(training=2 * 0.02**2, images=0.005**2, critical=4.0)


@pytest.mark.parametrize("gap", [0.03, 0.05, 0.1, 0.16])
def test_seeds_needed_is_the_least_number_whose_floor_is_below_the_gap(gap: float) -> None:
    seeds = NOISE.seeds_needed(gap)
    assert seeds is not None
    assert NOISE.smallest_difference(seeds) <= gap
    assert seeds == 2 or NOISE.smallest_difference(seeds - 1) > gap


def test_a_gap_that_the_test_images_hide_needs_more_images_and_not_seeds() -> None:
    hidden = (NOISE.critical + stats.norm.ppf(0.8)) * 0.005
    assert NOISE.seeds_needed(hidden) is None
    assert NOISE.seeds_needed(hidden * 1.01) is not None
    assert NOISE.smallest_difference(10**9) == pytest.approx(hidden, rel=1e-3)


def test_a_difference_at_the_floor_is_seen_with_the_power_asked_for() -> None:
    for power in (0.5, 0.8, 0.9):
        error, true = NOISE.error(5), NOISE.smallest_difference(5, power)
        assert stats.norm.sf(NOISE.critical * error, loc=true, scale=error) == pytest.approx(power)


def test_a_family_says_the_noise_of_its_typical_pair() -> None:
    column = synthetic_store(1, columns=COLUMNS[3:])[0]
    pairs = np.triu_indices(len(column.methods), 1)
    for it in compare([column], draws=200).comparisons:
        assert it.noise.critical == it.critical
        assert it.noise.error(SEEDS) ** 2 == pytest.approx((it.errors[pairs] ** 2).mean(), rel=0.05)


def test_variance_is_laid_to_the_source_that_varies() -> None:
    rng = np.random.default_rng(0)
    sds = {"order": 0.02, "initialisation": 0.05, "dropout": 0.01}
    repeats = {source: 0.8 + sd * rng.standard_normal((10, 9)) for source, sd in sds.items()}
    found = components(repeats)
    assert [it.source for it in found] == ["initialisation", "order", "dropout"]
    assert all(it.low < sds[it.source] ** 2 < it.high and it.freedom == 80 for it in found)


def test_interval_of_a_variance_covers_it_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    found = [components({"order": rng.standard_normal((2, 4))})[0] for _ in range(1000)]
    assert np.mean([it.low < 1 < it.high for it in found]) == pytest.approx(0.95, abs=0.02)


def test_one_run_shows_no_variance() -> None:
    with pytest.raises(ValueError, match="order: 1 run"):
        components({"order": np.zeros((3, 1))})


def test_an_acsa_of_four_fifths_on_300_images_has_a_standard_error_of_two_hundredths() -> None:
    labels = np.repeat([0, 1], 150)
    right = np.arange(300) % 5 > 0
    decisions = np.tile(np.where(right, labels, 1 - labels), (2, 3, 1))
    outcomes = Outcomes("1", ("A", "B"), labels, decisions)
    error = image_variance(outcomes)[2] ** 0.5
    assert error == pytest.approx((0.8 * 0.2 / 149 / 2) ** 0.5) == pytest.approx(0.023, abs=5e-4)
    perfect = replace(outcomes, decisions=np.tile(labels, (2, 3, 1)))
    assert image_variance(perfect) == pytest.approx(np.zeros(3), abs=1e-20)
