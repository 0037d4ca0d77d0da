"""The interval over seeds is Student's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.statistics.intervals import t_interval


def test_interval_equals_scipys() -> None:
    figures = [0.81, 0.79, 0.86, 0.84, 0.80]
    found = t_interval(figures)
    expected = stats.ttest_1samp(figures, 0.0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert (found.mean, found.sd, found.n) == pytest.approx((np.mean(figures), np.std(figures, ddof=1), 5))


def test_a_single_run_has_a_mean_and_no_interval() -> None:
    found = t_interval([0.8])
    assert (found.mean, found.sd, found.low, found.high, found.n) == (0.8, None, None, None, 1)


@pytest.mark.parametrize("figures", [[], [0.8, float("nan")]])
def test_figures_that_are_none_are_refused(figures: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        t_interval(figures)
