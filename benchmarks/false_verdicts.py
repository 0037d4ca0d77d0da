"""How often a verdict on a claim is wrong: synthetic stores whose true figures are known, judged as claims are.

A claim says that one named method has a higher F1 of the minority than another, at one count or at all four. It is
wrongly *reproduced* where the true difference is nought, and wrongly *contradicted* where it is the claim's margin or
more. Verdicts after five seeds, and after optional stopping: a look after every further seed up to 30 that ends with
the first verdict, which is the worst that a race can do. Ends with one line per figure, `name=value`.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator

import numpy as np
from scipy import stats
from tabulate import tabulate

from bench.claims.claim import LEVEL, MARGIN
from bench.statistics.outcomes import Runs
from bench.statistics.pair import difference_interval
from bench.statistics.synthetic import COLUMNS, METHODS
from bench.statistics.worlds import MOST_SEEDS, Kind, World, world

FIRST, PLACES = 5, len(COLUMNS)
GAPS = (0.0, 0.01, 0.03, 0.1)  # by which every second method's true ACSA lies above its neighbour's
KINDS = (
    Kind("equal scatter", shared=False),
    Kind("unequal scatter", restless=0.6, shared=False),
    Kind("heavy tails", seed_tails=3.0, shared=False),
)
WAYS = ("5 seeds", "a look after every seed")
UNDECIDED, REPRODUCED, CONTRADICTED = 0, 1, -1


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stores", type=int, default=100, help="stores of each kind and gap")
    parser.add_argument("--seed", type=int, default=0, help="of all stores")
    options = parser.parse_args()
    started = time.process_time()
    rows, wrong, asked = [], Counter[tuple[str, str, str]](), Counter[tuple[str, str, str]]()
    for kind in KINDS:
        for gap in GAPS:
            found: Counter[tuple[str, str, int]] = Counter()
            true = []
            for number in range(options.stores):
                standing = np.repeat((np.arange(METHODS) % 2 * gap)[:, None], PLACES, axis=1)
                store = world(kind, options.seed * 10**6 + number, standing)
                true.append((store.true[1::2] - store.true[::2]).mean())
                for a in range(0, METHODS, 2):
                    for way, scope, verdict, difference in verdicts(store, a):
                        found[way, scope, verdict] += 1
                        error = _error(verdict, difference)
                        if (what := _can_be_wrong(difference)) is not None:
                            asked[kind.name, f"{way}, {scope}", what] += 1
                            wrong[kind.name, f"{way}, {scope}", what] += error
            for way in WAYS:
                for scope in ("one count", "all counts"):
                    of = sum(found[way, scope, it] for it in (REPRODUCED, CONTRADICTED, UNDECIDED))
                    shares = (found[way, scope, it] / of for it in (REPRODUCED, CONTRADICTED, UNDECIDED))
                    rows.append([kind.name, float(np.mean(true)), way, scope, *shares])
    heads = [
        "seeds scatter",
        "true difference",
        "verdict after",
        "claim about",
        "reproduced",
        "contradicted",
        "undecided",
    ]
    print(f"Verdicts, level {LEVEL}, margin {MARGIN}; {options.stores} stores with 7 pairs at 4 counts each\n")
    print(tabulate(rows, heads, floatfmt=".3f"))
    print(f"\n{time.process_time() - started:.0f} s of one core")
    for (kind_name, way, what), of in asked.items():
        print_rate(f"false_{what}_{way}_{kind_name}", wrong[kind_name, way, what], of)


def verdicts(store: World, a: int) -> Iterator[tuple[str, str, int, float]]:
    """Give verdicts on method `a + 1` beating `a`: way, scope, verdict, and the true difference that makes it wrong."""
    true = store.true[a + 1] - store.true[a]
    early = np.array([[verdict(store, a, p, FIRST, share) for share in (1, PLACES)] for p in range(PLACES)])
    late = np.array([[stopped(store, a, p, share) for share in (1, PLACES)] for p in range(PLACES)])
    for way, found in zip(WAYS, (early, late), strict=True):
        for p in range(PLACES):
            yield way, "one count", int(found[p, 0]), float(true[p])
        # True of all counts at the claim's own level, false of one at a share of it: see `bench.claims.verdicts.judge`.
        whole = REPRODUCED if (found[:, 0] == REPRODUCED).all() else UNDECIDED
        if whole == UNDECIDED and (found[:, 1] == CONTRADICTED).any():
            whole = CONTRADICTED
        yield way, "all counts", whole, float(true.min())


def verdict(store: World, a: int, place: int, seeds: int, comparisons: int) -> int:
    """Return what so many seeds say of a claim that makes so many comparisons, at one place."""
    pair = slice(a + 1, a - 1 if a else None, -1)
    figures, influences = store.figures[pair, place, :seeds], store.influences[pair, place, :seeds]
    runs = Runs(COLUMNS[place].name, ("a", "b"), ("f1",), store.labels, figures[None], influences[None])
    _, low, _ = difference_interval(runs, "f1", LEVEL)
    _, _, high = difference_interval(runs, "f1", LEVEL ** (1 / comparisons))
    return REPRODUCED if low > 0 else CONTRADICTED if high < MARGIN else UNDECIDED


def stopped(store: World, a: int, place: int, comparisons: int) -> int:
    """Return the first verdict that is not undecided when one looks after every seed."""
    looks = (verdict(store, a, place, seeds, comparisons) for seeds in range(FIRST, MOST_SEEDS + 1))
    return next((it for it in looks if it != UNDECIDED), UNDECIDED)


def _can_be_wrong(difference: float) -> str | None:
    """Return which verdict would be wrong of a true difference; None where neither would be."""
    return "reproduced" if difference <= 0 else "contradicted" if difference >= MARGIN else None


def _error(found: int, difference: float) -> bool:
    what = _can_be_wrong(difference)
    return (what == "reproduced" and found == REPRODUCED) or (what == "contradicted" and found == CONTRADICTED)


def print_rate(name: str, events: int, of: int) -> None:
    """Print a rate with its exact interval, as if verdicts on one store were independent (Clopper & Pearson 1934)."""
    interval = stats.binomtest(events, of).proportion_ci(0.95)
    spelled = name.replace(", ", "_").replace(" ", "_")
    print(f"{spelled}={events / of:.4f} (95 % interval {interval.low:.4f} to {interval.high:.4f}, {of} verdicts)")


if __name__ == "__main__":
    main()
