"""What decisions are worth: synthetic stores whose true means are known, decided after 5 seeds, 20 seeds and a race.

A store is the decisions of 14 methods at 4 minority counts about the same 300 test images, with the scatter of the
reference records and truths that the posterior does not assume (`bench/statistics/worlds.py`). Regret is the true F1 of
the best method less that of the one recommended. Ends with one line per figure, `name=value`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tabulate import tabulate

from bench.record import Predictions
from bench.statistics.confusion import confusion_matrices, f1
from bench.statistics.decision import Recommendation, recommend
from bench.statistics.observed import Observed
from bench.statistics.posterior import posterior
from bench.statistics.racing import Heat, heat
from bench.statistics.synthetic import COLUMNS, METHODS
from bench.statistics.worlds import KINDS, MOST_SEEDS, STAGED, TIES, Kind, World, world

PLACES, DELTA, DRAWS, BINS = len(COLUMNS), 0.01, 500, 10
FIRST, STEP = 5, 3  # seeds of every method, and how many are added at a time
COSTS = np.repeat(np.where(np.isin(np.arange(METHODS), STAGED), 5.0, 1.0)[:, None], PLACES, axis=1)
FIXED = (5, 20)
RECORDS = tuple(Path("results/reference/earlier", f"{name}.jsonl") for name in ("horse2zebra", "digits"))


@dataclass
class Ledger:
    """What one way to spend seeds has decided, place by place."""

    kinds: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    regret: list[float] = field(default_factory=list)
    said: list[float] = field(default_factory=list)
    false: list[bool] = field(default_factory=list)
    fits: list[int] = field(default_factory=list)
    best: list[np.ndarray] = field(default_factory=list)  # P(best) beside whether it is, (M, 2)
    near: list[np.ndarray] = field(default_factory=list)

    def add(self, store: World, place: int, found: Recommendation, seeds: np.ndarray) -> None:
        """Take in what was recommended at a place after so many seeds of each method, (M,)."""
        loss = store.true[:, place].max() - store.true[:, place]
        promised = list(found.among) if found.outcome == "equivalent" else [found.choice]
        self.kinds.append(store.kind.name)
        self.outcomes.append(found.outcome)
        self.regret.append(float(loss[found.choice]))
        self.said.append(float(found.regret[found.choice]))
        self.false.append(bool((loss[promised] > DELTA).any()))
        self.fits.append(int(seeds.sum()))
        self.best.append(np.stack([found.best, loss == 0], axis=1))
        self.near.append(np.stack([found.near, loss <= DELTA], axis=1))

    def of(self, outcome: str) -> np.ndarray:
        """Return where an outcome came out, bool."""
        there: np.ndarray = np.array(self.outcomes) == outcome
        return there


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stores", type=int, default=1000, help="stores, a fifth of each kind")
    parser.add_argument("--seed", type=int, default=0, help="of all stores")
    parser.add_argument("--ties", action="store_true", help="stores whose rows nearly tie, instead of all other kinds")
    options = parser.parse_args()
    kinds = (TIES,) if options.ties else KINDS
    started = time.process_time()
    print_likeness(kinds, options.seed)
    ledgers: defaultdict[str, Ledger] = defaultdict(Ledger)
    endings: Counter[str] = Counter()
    for number in range(options.stores):
        seed = options.seed * 10**6 + number
        store = world(kinds[number % len(kinds)], seed)
        for count in FIXED:
            seeds = np.full((METHODS, PLACES), count)
            for place, found in enumerate(fixed(store, seeds, seed)):
                ledgers[f"fixed {count}"].add(store, place, found, seeds[:, place])
        seeds, ended = race(store, seed)
        for place, (found, ending) in enumerate(ended):
            ledgers["racing"].add(store, place, found, seeds[:, place])
            endings[ending] += 1
    print_ledgers(kinds, ledgers, endings)
    print(f"\n{time.process_time() - started:.0f} s of one core")
    print_figures(ledgers)


def fixed(store: World, seeds: np.ndarray, seed: int) -> list[Recommendation]:
    """Return what is recommended at each place after so many seeds, (M, P)."""
    _, draws = believed(store, seeds, seed)
    return [recommend(draws[..., place], COSTS[:, place], DELTA) for place in range(PLACES)]


def race(store: World, seed: int) -> tuple[np.ndarray, list[tuple[Recommendation, str]]]:
    """Return the seeds that a race spends, (M, P), and where it ends at each place."""
    seeds = np.full((METHODS, PLACES), FIRST)
    while True:
        observed, draws = believed(store, seeds, seed)
        found = [reached(observed, place, draws[..., place]) for place in range(PLACES)]
        if not any(it.more for it in found):
            return seeds, [(it.recommendation, it.ending) for it in found]
        for place, it in enumerate(found):
            seeds[list(it.more), place] = np.minimum(seeds[list(it.more), place] + STEP, MOST_SEEDS)


def reached(observed: Observed, place: int, draws: np.ndarray) -> Heat:
    """Return how the race stands at a place."""
    return heat(observed, place, np.arange(METHODS), draws, COSTS[:, place], DELTA, MOST_SEEDS)


def believed(store: World, seeds: np.ndarray, seed: int) -> tuple[Observed, np.ndarray]:
    """Return what is seen after so many seeds, and draws of the true means."""
    observed = store.observed(seeds)
    return observed, posterior(observed, DRAWS, np.random.default_rng([seed, int(seeds.sum())]))


def print_likeness(kinds: Sequence[Kind], seed: int) -> None:
    """Print how the stores resemble the records that they stand for."""
    rows = [[path.stem, counts, *scatter(runs)] for path in RECORDS if path.exists() for counts, runs in recorded(path)]
    for kind in kinds:
        stores = [world(kind, seed * 10**6 + number) for number in range(20)]
        for place, column in enumerate(COLUMNS):
            mean = np.mean([scatter(list(store.figures[:, place, :FIRST])) for store in stores], axis=0)
            rows.append([kind.name, column.name, *mean])
    print("F1 of the minority, standard deviations: of a run over seeds (root mean square, median over methods), of")
    print("the variances over their mean, of means between methods\n")
    print(tabulate(rows, ["store", "counts", "seeds", "median", "variances", "means"], floatfmt=".3f"))


def recorded(path: Path) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Give the F1 of every method's runs at each vector of counts; only the seed differs among them."""
    runs: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for line in path.open(encoding="utf8"):
        record = json.loads(line)
        identity, streams = record["identity"], record["identity"].get("streams", {})
        if identity["kind"] != "fit" or not record["test"] or streams.get("subset") or streams.get("stage"):
            continue
        test = Predictions.model_validate(record["test"])
        decided = confusion_matrices(test.labels, test.probabilities.array().argmax(axis=1), len(test.counts))
        runs[str(identity["counts"])][str(identity["method"])].append(float(f1(decided, 1)))
    for counts in sorted(runs, key=lambda it: json.loads(it)[-1]):
        yield counts, [np.array(it[:FIRST]) for it in runs[counts].values() if len(it) >= FIRST]


def scatter(runs: Sequence[np.ndarray]) -> list[float]:
    """Return how runs of each method scatter: see what `print_likeness` says of it."""
    variances, means = np.array([it.var(ddof=1) for it in runs]), np.array([it.mean() for it in runs])
    typical = float(variances.mean())
    return [
        typical**0.5,
        float(np.median(variances)) ** 0.5,
        float(variances.std()) / typical,
        float(means.std(ddof=1)),
    ]


def print_ledgers(kinds: Sequence[Kind], ledgers: dict[str, Ledger], endings: Counter[str]) -> None:
    """Print regret by kind of truth, outcomes, and the calibration of probabilities."""
    rows = []
    for kind in (*(it.name for it in kinds), "all"):
        chosen = {name: np.array([kind in (it, "all") for it in ledger.kinds]) for name, ledger in ledgers.items()}
        regrets = [np.array(ledger.regret)[chosen[name]].mean() for name, ledger in ledgers.items()]
        fits = np.array(ledgers["racing"].fits)[chosen["racing"]].mean() / METHODS
        rows.append([kind, *regrets, fits])
    print("\nTrue regret in F1 of what is recommended, and seeds of a method that the race spends\n")
    print(tabulate(rows, ["truth", *ledgers, "seeds of racing"], floatfmt=".4f"))
    rows = []
    for name, ledger in ledgers.items():
        for outcome in ("take", "equivalent", "unknown"):
            there = ledger.of(outcome)
            if there.any():
                figures = (np.array(it)[there].mean() for it in (ledger.regret, ledger.said, ledger.false))
                rows.append([name, outcome, int(there.sum()), *figures])
    print(f"\nOutcomes; false: what is taken, or one of the equivalent, lies more than {DELTA} below the best\n")
    print(tabulate(rows, ["seeds", "outcome", "times", "true regret", "said", "false"], floatfmt=".4f"))
    print("\nThe race ended by:", ", ".join(f"{ending} {times}" for ending, times in endings.most_common()))
    for what, title in (("best", "being the best"), ("near", f"lying within {DELTA} of the best")):
        print(f"\nProbability of {title}: said, how often it was so, (methods and places)\n")
        print(tabulate({name: bins(np.concatenate(getattr(it, what))) for name, it in ledgers.items()}, "keys"))


def bins(pairs: np.ndarray) -> list[str]:
    """Return, for each tenth of what was said, its mean, how often it was so, and the count; pairs (N, 2)."""
    tenth = np.minimum((pairs[:, 0] * BINS).astype(int), BINS - 1)
    groups = [pairs[tenth == k] for k in range(BINS)]
    return [f"{it[:, 0].mean():.2f}  {it[:, 1].mean():.2f}  ({len(it)})" if len(it) else "-" for it in groups]


def print_figures(ledgers: dict[str, Ledger]) -> None:
    """Print one line per figure."""
    most = ledgers[f"fixed {FIXED[-1]}"]
    for name, ledger in ledgers.items():
        spelled = name.replace(" ", "_")
        by_store = np.reshape(np.subtract(ledger.regret, most.regret), (-1, PLACES)).mean(axis=1)
        error = by_store.std(ddof=1) / len(by_store) ** 0.5
        print(f"regret_{spelled}={np.mean(ledger.regret):.5f}")
        print(f"regret_over_fixed_20_{spelled}={by_store.mean():.5f} (standard error {error:.5f})")
        for outcome in ("take", "equivalent"):
            there = ledger.of(outcome)
            rate = f"{np.array(ledger.false)[there].mean():.4f}" if there.any() else "nan"
            print(f"{outcome}_false_{spelled}={rate} ({int(there.sum())} times)")
        share = sum(ledger.fits) / sum(most.fits)
        print(f"fits_share={share:.4f}" if name == "racing" else f"fits_share_{spelled}={share:.4f}")


if __name__ == "__main__":
    main()
