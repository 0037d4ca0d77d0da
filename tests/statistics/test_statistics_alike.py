"""Rows that decide all but alike leave the marks of the others what they are."""

from __future__ import annotations

import numpy as np

from bench.statistics.critical import largest_of_equals
from bench.statistics.spread import Spread


def test_two_methods_that_decide_all_but_alike_hide_no_others_difference() -> None:
    apart = np.diag([1.0, 1.0, 1.0]) + 1.0
    apart[:2, :2] = 2.0
    apart[1, 1] += 1e-6  # the first two differ in an image or so
    ones, nothing = np.ones((1, 3)), np.zeros((1, 3))
    column = Spread(nothing, 20, ones, np.inf, ones, apart.reshape(1, 3, 1, 3) / 20, np.eye(1))
    assert np.quantile(largest_of_equals(column, 4000, np.random.default_rng(0)), 0.95) < 3
