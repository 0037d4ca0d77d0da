"""Triangular: many systems of linear equations, each with a lower triangle for its matrix."""

from __future__ import annotations

import numpy as np
from scipy.linalg.lapack import dtrtrs


def solved(lower: np.ndarray, right: np.ndarray, transposed: bool = False) -> np.ndarray:
    """Return x with L x = b, or with L^T x = b where `transposed`, of each system.

    These are the bits of `scipy.linalg.solve_triangular`, which looks at each matrix of a batch for longer than
    it takes to solve a small one.

    Parameters
    ----------
    lower : float (C, N, N)
        What lies above the diagonal is not read.
    right : float (C, N, T) or (N, T)
        One for each system, or one for all.

    Raises
    ------
    numpy.linalg.LinAlgError
        A triangle has a zero on its diagonal.
    """
    found = np.empty((len(lower), *right.shape[-2:]))
    for number, (matrix, mine) in enumerate(zip(lower, np.broadcast_to(right, found.shape), strict=True)):
        # LAPACK reads columns first, so that a matrix of rows is its own transpose there.
        found[number], zero = dtrtrs(matrix.T, mine, lower=0, trans=0 if transposed else 1)
        if zero:
            raise np.linalg.LinAlgError(f"the triangle of system {number} has a zero on its diagonal")
    return found
