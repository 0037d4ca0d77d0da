"""Known: what a dataset's records show of one metric, level by level, ready for a posterior of every true mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from bench.analysis.baseline import plain
from bench.analysis.decisions import decision_of
from bench.analysis.influences import influences, unseen
from bench.analysis.metrics import METRICS, Metric, Reading
from bench.analysis.spots import Spot
from bench.analysis.trials import Trial, grouped
from bench.dataset import Task
from bench.expression import Expression
from bench.statistics.levels import Varied, covariance, lucks, pooled_luck, sizes
from bench.statistics.observed import Further, Luck, Observed

_Cell = tuple[int, int]  # a row and a place


@dataclass(frozen=True)
class Entrant:
    """A method that competes, and whether it rests on stages, such as a translator."""

    method: str
    expression: Expression
    staged: bool


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of M methods at P places in one metric, more being better in `observed`.

    `subset` and `stage` say which rows showed the luck with these, `subset_at` and `stage_at` at which of the places:
    empty if none did. `drawn_by_seed`: each seed had a subset of its own.
    """

    metric: Metric
    rows: tuple[Entrant, ...]
    places: tuple[Task, ...]
    observed: Observed
    subset: tuple[str, ...] = ()
    subset_at: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    stage_at: tuple[str, ...] = ()
    drawn_by_seed: bool = False

    @property
    def sign(self) -> int:
        """What figures are multiplied by, so that more is better."""
        return -1 if self.metric.lower_is_better else 1

    def there(self, place: int) -> np.ndarray:
        """Return the rows that have a run at a place, ascending."""
        run = np.isfinite(self.observed.means[:, place])
        if (more := self.observed.further) is not None:
            run[more.method[more.place == place]] = True
        return np.flatnonzero(run)


@dataclass(frozen=True, eq=False)
class _Group:
    """Runs of a row at a place on one subset and stage: seeds, figures (S,), influences of the test images (S, U)."""

    method: int
    place: int
    subset: int
    stage: int
    seeds: np.ndarray
    figures: np.ndarray
    influences: np.ndarray
    unseen: float  # variance by the test images that so few do not show

    @property
    def first(self) -> bool:
        return not (self.subset or self.stage)

    @property
    def mean(self) -> float:
        return float(self.figures.mean())


def known(
    metrics: Sequence[str],
    rows: Sequence[Entrant],
    places: Sequence[Task],
    found: Mapping[Spot, Sequence[Trial]],
    by_seed: bool = False,
) -> dict[str, Known]:
    """Read metrics off the runs of a dataset; return what they show of each.

    Parameters
    ----------
    places
        Where all of the metrics' numbers mean something.
    found
        The runs by row and place; all on the same test images.
    by_seed
        Whether each seed has a subset of its own, the same for all methods.
    """
    groups: dict[str, list[_Group]] = {name: [] for name in metrics}
    for at, seeds, readings in _runs(rows, places, found, by_seed):
        for name, mine in groups.items():
            metric, sign = METRICS[name], -1 if METRICS[name].lower_is_better else 1
            figures = np.array([metric.of(it) for it in readings])
            if np.isfinite(figures).all():
                moved = np.stack([influences(metric, it) for it in readings])
                more = float(np.mean([unseen(metric, it) for it in readings]))
                mine.append(_Group(*at, seeds, sign * figures, sign * moved, more))
    return {name: _known(METRICS[name], rows, places, mine, by_seed) for name, mine in groups.items()}


def _known(
    metric: Metric, rows: Sequence[Entrant], places: Sequence[Task], groups: Sequence[_Group], by_seed: bool
) -> Known:
    first, others = ([it for it in groups if it.first == whether] for whether in (True, False))
    shape = len(rows), len(places)
    means, seeds = np.full(shape, np.nan), np.zeros(shape, np.int64)
    for group in first:
        means[group.method, group.place], seeds[group.method, group.place] = group.mean, len(group.figures)
    variances, freedom = _over_seeds(groups, shape)
    alike = _alike_by_seed(first, len(places)) if by_seed else np.zeros(len(places))
    variances = np.maximum(variances - alike, variances / 10)
    size = means.size + len(others)
    at = [it.method * shape[1] + it.place for it in first] + list(range(means.size, size))
    images = np.zeros((size, size))
    if groups:
        each = (*first, *others)
        places_of, more = np.array([it.place for it in each]), np.array([it.unseen for it in each])
        images[np.ix_(at, at)] = covariance([it.influences for it in each], places_of, more) + _paired(each, alike)
    subset, common, on_subsets = _of_subsets(groups, variances)
    stage, on_stages = _of_stages(groups, variances)
    shown_at = next((place for _, place in on_subsets), next((it.place for it in others), 0))
    seen = Observed(
        means,
        variances,
        seeds,
        images,
        np.log2([place.counts for place in places]),
        subset,
        {m: stage for m, row in enumerate(rows) if row.staged} if stage else {},
        common,
        freedom,
        _further(others) if others else None,
        sizes(variances, shown_at),
        next((m for m, row in enumerate(rows) if row.method == plain()), None),
    )
    shown = *_named(on_subsets, rows, places), *_named(on_stages, rows, places)
    return Known(metric, tuple(rows), tuple(places), seen, *shown, by_seed)


def _named(cells: list[_Cell], rows: Sequence[Entrant], at: Sequence[Task]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the rows and the places of cells, each once."""
    methods = tuple(rows[m].method for m in sorted({m for m, _ in cells}))
    return methods, tuple(at[p].place for p in sorted({p for _, p in cells}))


def _runs(
    rows: Sequence[Entrant], places: Sequence[Task], found: Mapping[Spot, Sequence[Trial]], by_seed: bool
) -> Iterator[tuple[tuple[int, int, int, int], np.ndarray, list[Reading]]]:
    """Give method, place, subset and stage of runs that have these in common, with their seeds and readings."""
    for m, row in enumerate(rows):
        for p, place in enumerate(places):
            for subset, stage, runs in grouped(found.get(Spot(row.method, place.dataset, place.place), ()), by_seed):
                readings = [_reading(it, row.expression, place) for it in runs]
                yield (m, p, subset, stage), np.array([it.seed for it in runs]), readings


def _reading(trial: Trial, expression: Expression, place: Task) -> Reading:
    record = trial.record
    assert record.test is not None
    scores = decision_of(expression)(record).scores
    return Reading(record.test.labels, record.test.probabilities.array(), scores, np.asarray(place.counts))


def _over_seeds(groups: Sequence[_Group], shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the variance of a single run over seeds, pooled over the groups of each cell, and its freedom."""
    squares, freedom = np.zeros(shape), np.zeros(shape)
    for it in groups:
        squares[it.method, it.place] += ((it.figures - it.mean) ** 2).sum()
        freedom[it.method, it.place] += len(it.figures) - 1
    return np.divide(squares, freedom, out=np.full(shape, np.nan), where=freedom > 0), freedom


def _alike_by_seed(groups: Sequence[_Group], places: int) -> np.ndarray:
    """Return the variance over seeds that all methods of a place share, (P,), where a seed draws the subset for all.

    The median covariance between two methods over their common seeds: a few that move together are not all.
    """
    found = np.zeros(places)
    for p in range(places):
        mine = [it for it in groups if it.place == p]
        seeds = reduce(np.intersect1d, (it.seeds for it in mine)) if mine else np.zeros(0)
        if len(mine) > 1 and len(seeds) > 2:
            covariances = np.cov([it.figures[np.isin(it.seeds, seeds)] for it in mine])
            found[p] = max(float(np.median(covariances[np.triu_indices(len(mine), 1)])), 0.0)
    return found


def _paired(groups: Sequence[_Group], alike: np.ndarray) -> np.ndarray:
    """Return the covariance between means that have seeds in common, by what these do to all methods alike, (N, N)."""
    place = np.array([it.place for it in groups])
    seeds = np.array([len(it.figures) for it in groups])
    return np.asarray((place[:, None] == place) * alike[place] / np.maximum.outer(seeds, seeds))


def _varied(groups: Sequence[_Group], variances: np.ndarray) -> Varied:
    own = variances[groups[0].method, groups[0].place]
    typical = float(np.nanmean(variances)) if np.isfinite(variances).any() else 0.0
    seeds = np.array([len(it.figures) for it in groups])
    return Varied(np.array([it.mean for it in groups]), seeds, float(own) if np.isfinite(own) else typical)


def _of_subsets(groups: Sequence[_Group], variances: np.ndarray) -> tuple[Luck | None, Luck | None, list[_Cell]]:
    """Return the luck with the subset, own and common, from the place where most rows varied it; and these there."""
    by_cell: dict[tuple[int, int], dict[int, _Group]] = {}
    for it in groups:
        if not it.stage:
            by_cell.setdefault((it.place, it.method), {})[it.subset] = it
    several = [cell for cell, mine in by_cell.items() if len(mine) > 1]
    if not several:
        return None, None, []
    place = max(sorted({place for place, _ in several}), key=[place for place, _ in several].count)
    methods = sorted(method for there, method in several if there == place)
    draws = sorted(set.intersection(*(set(by_cell[place, method]) for method in methods)))
    if len(draws) < 2:
        methods = methods[:1]
        draws = sorted(by_cell[place, methods[0]])
    common, own = lucks([_varied([by_cell[place, m][draw] for draw in draws], variances) for m in methods])
    return own, common, [(method, place) for method in methods]


def _of_stages(groups: Sequence[_Group], variances: np.ndarray) -> tuple[Luck | None, list[_Cell]]:
    """Return the luck with a stage, and the rows that showed it at their places."""
    by_cell: dict[_Cell, list[_Group]] = {}
    for it in groups:
        if not it.subset:
            by_cell.setdefault((it.method, it.place), []).append(it)
    several = {cell: mine for cell, mine in by_cell.items() if len({it.stage for it in mine}) > 1}
    return pooled_luck([_varied(mine, variances) for mine in several.values()]) if several else None, [*several]


def _further(others: Sequence[_Group]) -> Further:
    numbers = [[it.method, it.place, len(it.figures), it.subset, it.stage] for it in others]
    method, place, seeds, subset, stage = np.array(numbers, np.int64).T
    return Further(method, place, np.array([it.mean for it in others]), seeds, subset, stage)
