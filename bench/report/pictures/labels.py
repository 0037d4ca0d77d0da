"""Labels beside points: moved apart just as far as it takes to read them."""

from __future__ import annotations

import numpy as np
from scipy.optimize import isotonic_regression


def apart(wanted: np.ndarray, gap: float) -> np.ndarray:
    """Return positions (N,) at least `gap` apart, in the order of `wanted` and as near to it as can be.

    The least sum of squared moves: isotonic regression once the gaps are taken out.
    """
    wanted = np.asarray(wanted, float)
    order = np.argsort(wanted, kind="stable")
    steps = gap * np.arange(len(wanted))
    placed = np.empty(len(wanted))
    if len(wanted):
        placed[order] = isotonic_regression(wanted[order] - steps).x + steps
    return placed


def neighbours(positions: np.ndarray, reach: float) -> list[np.ndarray]:
    """Return groups of indices, left to right, whose positions (N,) form chains with no step above `reach`."""
    order = np.argsort(positions, kind="stable")
    breaks = np.flatnonzero(np.diff(np.asarray(positions, float)[order]) > reach) + 1
    return [group for group in np.split(order, breaks) if len(group)]
