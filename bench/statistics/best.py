"""Best: which methods of a column cannot be told from its best one, all columns considered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.statistics.critical import largest_of_equals
from bench.statistics.noise import Noise
from bench.statistics.outcomes import OVERALL, Outcomes, Runs, overall
from bench.statistics.spread import spread

LEVEL = 0.95
DRAWS = 10_000


@dataclass(frozen=True)
class Comparison:
    """The complete rows of one column in one metric, compared with each other.

    Attributes
    ----------
    figures : float (M, S)
        The metric of every run.
    differences : float (M, M)
        Mean of the first index's method less mean of the second's.
    errors : float (M, M)
        Standard errors of the differences, over seeds and test images.
    critical
        How many of them a difference must exceed.
    noise
        What a difference between two typical methods of the column has to contend with.
    by_training, by_images : float (M, M)
        The same of each two methods, see `noise_of`.
    """

    column: str
    metric: str
    methods: tuple[str, ...]
    figures: np.ndarray
    differences: np.ndarray
    errors: np.ndarray
    critical: float
    noise: Noise
    by_training: np.ndarray
    by_images: np.ndarray

    def noise_of(self, a: int, b: int) -> Noise:
        """Return what the difference between two methods, by row, has to contend with."""
        return Noise(float(self.by_training[a, b]), float(self.by_images[a, b]), self.critical)

    @property
    def half_widths(self) -> np.ndarray:
        """Half the widths of intervals that hold all true differences of the family with its level, (M, M)."""
        widths: np.ndarray = self.critical * self.errors
        return widths

    @property
    def best(self) -> int:
        """Row of the highest mean; of equals the first."""
        return int(self.figures.mean(axis=1).argmax())

    @property
    def worse(self) -> np.ndarray:
        """Whether each row is worse than the best one, bool (M,); a row that is not goes with the best."""
        row: np.ndarray = np.abs(self.differences[self.best]) > self.half_widths[self.best]
        return row

    def indistinguishable(self) -> tuple[str, ...]:
        """Return the names of the best row and of all rows that cannot be told from it, in the order of the rows."""
        return tuple(name for name, worse in zip(self.methods, self.worse, strict=True) if not worse)


@dataclass(frozen=True)
class Family:
    """All comparisons of one dataset, whose claims hold together with chance `level`.

    `comparisons` are column by column; those of the mean over the columns are apart, in `overall`, empty if there is
    none.
    """

    comparisons: tuple[Comparison, ...]
    level: float
    overall: tuple[Comparison, ...] = ()

    def of(self, column: str, metric: str) -> Comparison | None:
        """Return the comparison of a column, or of `OVERALL`, in a metric; None if there was not enough to compare."""
        every = (*self.comparisons, *self.overall)
        return next((it for it in every if (it.column, it.metric) == (column, metric)), None)


def compare(columns: Sequence[Outcomes], level: float = LEVEL, draws: int = DRAWS, seed: int = 0) -> Family:
    """Compare the methods of a dataset in all its columns and metrics, as one family.

    The guarantee is that of Tukey's comparisons of all pairs: whatever the true means, with chance `level` no two equal
    methods are told apart in any column and metric, nor is a worse one put above a better one. The best of a column is
    chosen by the data, which is allowed for, since every pair is in the family. (Hsu's comparisons with the best alone
    would be sharper, but a row that they drop is only "not the one best": of equal rows they drop some.)

    Every column takes an equal share of the risk, so that one with erratic methods does not hide the others'
    differences; the shares multiply as if columns were independent, which cannot make a critical value too small
    (Šidák 1967, doi:10.1080/01621459.1967.10482935). Variances are estimated and the simulation is of normal variables;
    `benchmarks/false_alarms.py` measures what is left of the guarantee at 5 seeds.

    Seeds vary all but the choice of the training images, so the guarantee is about these training images. Methods that
    read two decisions off one fit (TS and Vanilla) count as trained apart, which errs on the side of "not different".

    Parameters
    ----------
    columns
        One Outcomes per place. Rows that lack a run are left out, and columns that have fewer
        than two complete rows or fewer than two seeds. The mean over all columns joins the family as one more, of the
        methods that are complete in every one.
    draws, seed
        Of the simulation behind the critical values; the same ones give the same family.
    """
    runs = [column.runs() for column in columns]
    family = [it for it in (*runs, overall(runs)) if it and it.comparable]
    rng = np.random.default_rng(seed)
    found = [it for column in family for it in _comparisons(column, level, len(family), draws, rng)]
    single, mean = ([it for it in found if (it.column == OVERALL) == whole] for whole in (False, True))
    return Family(tuple(single), level, tuple(mean))


def _comparisons(runs: Runs, level: float, columns: int, draws: int, rng: np.random.Generator) -> Iterator[Comparison]:
    """Give a column's comparisons, one per metric, at its share of the family's level."""
    column = spread(runs)
    largest = largest_of_equals(column, draws, rng)
    critical = float(np.quantile(largest, level ** (1 / columns), method="inverted_cdf"))
    variance, differences = column.of_difference(), column.means[:, :, None] - column.means[:, None, :]
    for g, metric in enumerate(runs.metrics):
        noise = Noise(*column.typical(g), critical)
        scales = (runs.figures[g], differences[g], np.sqrt(variance[g]))
        yield Comparison(runs.column, metric, runs.methods, *scales, critical, noise, *column.of_runs(g))
