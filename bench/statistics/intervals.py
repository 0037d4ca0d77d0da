"""Intervals: the mean over seeds with its t interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special


@dataclass(frozen=True)
class Interval:
    """Mean of n runs. The sample's standard deviation and the interval's half width are None for a single run.

    It speaks of other seeds on the same test images; `bench.statistics.bootstrap.interval` speaks of other images too.
    It is not cut at 0 or 1; one that reaches beyond says that the runs are too few or too erratic.
    """

    mean: float
    sd: float | None
    half_width: float | None
    n: int

    @property
    def low(self) -> float | None:
        """Lower end."""
        return None if self.half_width is None else self.mean - self.half_width

    @property
    def high(self) -> float | None:
        """Upper end."""
        return None if self.half_width is None else self.mean + self.half_width


def students(level: float, freedom: float) -> float:
    """Return Student's t that bounds a two-sided interval, as `scipy.stats.t.ppf` has it, which checks for long."""
    return float(special.stdtrit(freedom, (1 + level) / 2))


def t_interval(figures: Sequence[float] | np.ndarray, level: float = 0.95) -> Interval:
    """Return mean, standard deviation (ddof 1) and Student's interval of a figure over seeds, (n,).

    Raises
    ------
    ValueError
        There is no figure, or one is not finite.
    """
    values = np.asarray(figures, dtype=np.float64)
    n = len(values)
    if not n or not np.isfinite(values).all():
        raise ValueError("an interval needs finite figures, one at least")
    if n == 1:
        return Interval(float(values[0]), None, None, n)
    sd = float(values.std(ddof=1))
    half_width = students(level, n - 1) * sd / n**0.5
    return Interval(float(values.mean()), sd, half_width, n)
