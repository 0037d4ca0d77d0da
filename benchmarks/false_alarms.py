"""How often the tables' marks are wrong, and what they find: synthetic stores whose methods are equal, or are not.

A store is the decisions of 14 methods with 5 seeds at 4 minority counts about the same 300 test images, with numbers
fitted to the reference records of Horse2Zebra (`bench/statistics/synthetic.py`). An alarm is any method marked as worse
than the best of its column, in any column and metric. Ends with one line per figure, `name=value`.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import stats
from tabulate import tabulate

from bench import registry
from bench.plan.compose import compose
from bench.plan.config import load_config
from bench.plan.grid import build_grid
from bench.statistics.best import DRAWS, Comparison, Family, compare
from bench.statistics.outcomes import MISSING, OVERALL, Outcomes
from bench.statistics.spread import spread
from bench.statistics.synthetic import COLUMNS, METHODS, SEEDS, synthetic_store
from bench.store.store import Store

RECORDS, DATASET, PROFILE = Path("results/reference/earlier"), "horse2zebra", "cpu"
MULTIPLES = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
RESTLESS = np.where(np.arange(METHODS) < 4, 3.0, 1.0)  # as Vanilla and US are at 25 zebras
FEW = ((2, 5), (3, 5), (2, 3))  # methods and seeds
PLACES = (*(column.name for column in COLUMNS), OVERALL)
OTHERS = 10**6  # seeds of stores from here on are not those of the equal ones


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stores", type=int, default=1000, help="stores of equal methods")
    parser.add_argument("--power-stores", type=int, default=100, help="stores for each gap")
    parser.add_argument("--draws", type=int, default=1000, help="draws behind each critical value")
    options = parser.parse_args()
    started = time.perf_counter()
    print_reference()
    floor = floors(min(options.stores, 30), options.draws)
    print_power(floor, options.power_stores, options.draws)
    alarms = false_alarms(options.stores, options.draws)
    restless = false_alarms(options.stores // 4, options.draws, RESTLESS)
    few = {size: few_alarms(*size, options.stores, options.draws) for size in FEW}
    print(f"\n{time.perf_counter() - started:.0f} s")
    print_rate("false_alarm_rate", alarms, options.stores)
    print_rate("false_alarm_rate_restless", restless, options.stores // 4)
    for (methods, seeds), alarms_of_few in few.items():
        print_rate(f"false_alarm_rate_{methods}_methods_{seeds}_seeds", alarms_of_few, options.stores)
    for place, smallest in zip(PLACES, floor, strict=True):
        print(f"floor_{place.replace(' ', '_')}={smallest:.4f}")


def few_alarms(methods: int, seeds: int, stores: int, draws: int) -> int:
    """Count stores of equal methods that raise an alarm where so few methods and seeds were run."""
    alarms = 0
    for seed in range(stores):
        whole = synthetic_store(seed)
        small = [replace(it, methods=it.methods[:methods], decisions=it.decisions[:methods, :seeds]) for it in whole]
        alarms += any(it.worse.any() for it in every(compare(small, draws=draws, seed=seed)))
    return alarms


def false_alarms(stores: int, draws: int, restless: np.ndarray | None = None) -> int:
    """Count stores of equal methods that raise an alarm; `restless` multiplies some methods' spread over seeds."""
    families = (compare(synthetic_store(seed, restless=restless), draws=draws, seed=seed) for seed in range(stores))
    return sum(any(it.worse.any() for it in every(family)) for family in families)


def floors(stores: int, draws: int) -> np.ndarray:
    """Return the smallest difference in ACSA that is found with 80 % power, mean over stores, (PLACES,)."""
    families = [compare(synthetic_store(seed), draws=draws, seed=seed) for seed in range(stores)]
    found = [[it.noise.smallest_difference(SEEDS) for it in in_acsa(family)] for family in families]
    return np.array(found).mean(axis=0)  # type: ignore[no-any-return]


def power(gap: np.ndarray, stores: int, draws: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Let the last method's true ACSA lie below the 13 others' by `gap` (columns,).

    Returns
    -------
    tuple
        How often it is told from the first method, and how often it is marked as worse than the best, both (PLACES,);
        and the number of stores in which one of the 13 equal ones is marked as worse.
    """
    gaps = np.zeros((len(COLUMNS), METHODS))
    gaps[:, -1] = gap
    told, marked, alarms = np.zeros(len(PLACES)), np.zeros(len(PLACES)), 0
    for seed in range(stores):
        family = compare(synthetic_store(OTHERS + seed, gaps), draws=draws, seed=seed)
        told += [it.differences[0, -1] > it.half_widths[0, -1] for it in in_acsa(family)]
        marked += [it.worse[-1] for it in in_acsa(family)]
        alarms += any(it.worse[:-1].any() for it in every(family))
    return told / stores, marked / stores, alarms


def every(family: Family) -> tuple[Comparison, ...]:
    """Return the family's comparisons in all metrics, in the order of PLACES."""
    return (*family.comparisons, *family.overall)


def in_acsa(family: Family) -> list[Comparison]:
    """Return the family's comparisons in ACSA, one for each of PLACES."""
    return [it for it in every(family) if it.metric == "acsa"]


def reference() -> list[Outcomes]:
    """Return the columns of the reference records; empty where there are none."""
    registry.load()
    config, store = load_config(profile=PROFILE, datasets=[DATASET]), Store(RECORDS, read_only=True)
    cells = [cell for cell in build_grid(config).cells if cell.fit]
    methods = tuple(dict.fromkeys(cell.method for cell in cells))
    columns: dict[int, Outcomes] = {}
    for cell in cells:
        record = store.get(cell.fit)
        if record is None or record.test is None:
            continue
        labels, count = record.test.labels, cell.minority_count
        nothing = np.full((len(methods), config.run.seeds, len(labels)), MISSING)
        column = columns.setdefault(count, Outcomes(str(count), methods, labels, nothing))
        scores = compose(cell.method, config.composition.allow).hook("adjust")(
            record.test.probabilities.array(), np.asarray(cell.counts)
        )
        column.decisions[methods.index(cell.method), cell.seed] = scores.argmax(axis=1)
    return list(columns.values())


def print_reference() -> None:
    """Print what the reference records' marks are, and how the synthetic stores resemble them."""
    real = reference()
    if not real:
        print(f"no records of {DATASET} in {RECORDS}: only synthetic stores")
        return
    started = time.perf_counter()
    family = compare(real, draws=DRAWS)
    seconds = time.perf_counter() - started
    rows = []
    for it in every(family):
        worse = ", ".join(name for name, is_worse in zip(it.methods, it.worse, strict=True) if is_worse)
        smallest = it.noise.smallest_difference(SEEDS)
        rows.append([it.column, it.metric, it.methods[it.best], worse or "none", f"{it.critical:.2f}", smallest])
    heads = ["column", "metric", "best", "worse than the best", "critical", "floor"]
    print(f"{DATASET}, reference records ({seconds:.1f} s); all others are marked with the best:\n")
    print(tabulate(rows, heads, floatfmt=".3f", disable_numparse=[4]))
    synthetic = [synthetic_store(seed) for seed in range(20)]
    likeness = [
        [column.column, *sources([column]), *sources([store[place] for store in synthetic])]
        for place, column in enumerate(real)
    ]
    heads = ["column", "seeds", "chance", "images", "synthetic: seeds", "chance", "images"]
    print("\nACSA, standard deviations: of a run over seeds, its part by chance, of a difference by images\n")
    print(tabulate(likeness, heads, floatfmt=".4f"))


def sources(columns: list[Outcomes]) -> list[float]:
    """Return standard deviations: of a run's ACSA over seeds, of its part by chance, of a difference by images."""
    spreads = [spread(column.runs()) for column in columns]
    variances = [[it.over_seeds[-1].mean(), it.chance[-1].mean(), it.typical(2)[1]] for it in spreads]
    return [float(it) for it in np.sqrt(np.mean(variances, axis=0))]


def print_power(floor: np.ndarray, stores: int, draws: int) -> None:
    """Print how often a true gap is found, told from one method / marked as worse than the best of 13."""
    rows = []
    for multiple in MULTIPLES:
        gaps = multiple * floor[:-1]
        told, marked, alarms = power(gaps, stores, draws)
        found = zip((*gaps, gaps.mean()), told, marked, strict=True)
        shares = [f"{gap:.3f}: {a:.2f} / {b:.2f}" for gap, a, b in found]
        rows.append([f"{multiple} x floor", *shares, f"{alarms}/{stores}"])
    heads = ["true gap", *(f"at {place}" for place in PLACES), "alarms among the 13 equal"]
    print("\nPower in ACSA of 5 seeds. Gap: told from one better method / marked as worse than the best of 13\n")
    print(tabulate(rows, heads))


def print_rate(name: str, events: int, of: int) -> None:
    """Print a rate with its exact interval (Clopper & Pearson 1934)."""
    interval = stats.binomtest(events, of).proportion_ci(0.95)
    print(f"{name}={events / of:.4f} (95 % interval {interval.low:.4f} to {interval.high:.4f}, {of} stores)")


if __name__ == "__main__":
    main()
