"""Many triangular systems: solved as an independent library solves each."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import solve_triangular

from bench.statistics.triangular import solved


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 7, 2), (5, 40, 1)])
def test_each_system_is_solved_to_the_bits_of_a_library(shape: tuple[int, int, int], transposed: bool) -> None:
    count, size, sides = shape
    random = np.random.default_rng(0)
    lower = random.standard_normal((count, size, size)) + 5 * np.eye(size)  # with something above the diagonal, too
    each = random.standard_normal((count, size, sides))
    for right in (each, each[0]):
        expected = [
            solve_triangular(matrix, mine, lower=True, trans=int(transposed))
            for matrix, mine in zip(lower, np.broadcast_to(right, each.shape), strict=True)
        ]
        found = solved(lower, right, transposed)
        assert found.shape == each.shape and np.array_equal(found, expected)


def test_a_triangle_without_a_solution_is_refused() -> None:
    lower = np.stack([np.eye(3), np.diag([1.0, 0.0, 1.0])])
    with pytest.raises(np.linalg.LinAlgError, match="system 1 has a zero"):
        solved(lower, np.ones((3, 1)))
