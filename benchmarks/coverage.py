"""How often the interval of a gain holds it: committed decisions about test images that are drawn anew.

The test images of a dataset, class by class, are taken for all that there are, so that each method's true gain over the
baseline is known. Test sets of as many are drawn from them with replacement; of each, the suite believes a gain and
ends that hold it with probability 0.9. Printed, by method at the smallest count: how often the ends hold the truth,
for the posterior as it is, and widened by what the two rows' own images add, as gains are printed. Beside the luck of
images that of seeds is in each run as it was: it is not drawn anew.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from tabulate import tabulate

from bench import registry
from bench.analysis.advice import belief
from bench.analysis.baseline import plain
from bench.analysis.believed import ACSA
from bench.analysis.origins import Wish, origins_of
from bench.analysis.recommending import Ready, readied
from bench.analysis.trials import Trial
from bench.papers import shelf
from bench.plan.config import load_config
from bench.record import Predictions
from bench.statistics.posterior import image_excess, posterior, widened
from bench.store.store import REFERENCE, Store

DRAWS = 512


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="celeba")
    parser.add_argument("--profile", default="pretrained")
    parser.add_argument("--sets", type=int, default=50, help="test sets that are drawn")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    registry.load()
    config = load_config(profile=options.profile, datasets=[options.dataset])
    store = Store(Path("results") / REFERENCE, read_only=True)
    origins, _ = origins_of(config, [store], Wish((options.dataset,), is_aside=shelf.ablated))
    ready = at_smallest(readied(origins[options.dataset], options.dataset, shelf.ablated))
    whole = ready.known(ACSA)
    rows = [row.method for row in whole.rows]
    base, rng = rows.index(plain()), np.random.default_rng(options.seed)
    truth = whole.observed.means[:, 0] - whole.observed.means[base, 0]
    held = np.zeros((2, len(rows)))
    for _ in range(options.sets):
        held += [[low <= truth[m] <= high for m, (low, high) in enumerate(ends)] for ends in believed(ready, base, rng)]
    shares = (held / options.sets).tolist()
    table = [(row, truth[m], *(it[m] for it in shares)) for m, row in enumerate(rows) if m != base]
    print(tabulate(table, ["method", "true gain", "held", "held, widened"], floatfmt=".3f", tablefmt="pipe"))
    for name, it in zip(("held", "held_widened"), shares, strict=True):
        others = [share for m, share in enumerate(it) if m != base]
        print(f"{name}_lowest={min(others):.2f} {name}_mean={np.mean(others):.2f}")


def at_smallest(ready: Ready) -> Ready:
    """Return the runs at the smallest count, of the first subset and stage alone."""
    place = ready.places[0]
    found = {
        spot: mine
        for spot, runs in ready.found.items()
        if spot.place == place.place and (mine := [it for it in runs if ready.by_seed or not (it.subset or it.stage)])
    }
    methods = {spot.method for spot in found}
    return replace(ready, found=found, places=[place], entrants=[it for it in ready.entrants if it.method in methods])


def believed(ready: Ready, base: int, rng: np.random.Generator) -> list[list[tuple[float, float]]]:
    """Return the ends of every method's gain after one drawn test set, as they are and widened."""
    known = redrawn(ready, rng).known(ACSA)
    draws = posterior(known.observed, DRAWS, np.random.default_rng(0))[:, :, 0]
    excess = image_excess(known.observed)[0]
    plainly: list[tuple[float, float]] = []
    wide: list[tuple[float, float]] = []
    for m in range(len(known.rows)):
        gain = draws[:, m] - draws[:, base]
        for ends, it in ((plainly, gain), (wide, widened(gain, float(excess[m, base])))):
            found = belief(it)
            ends.append((found.low, found.high))
    return [plainly, wide]


def redrawn(ready: Ready, rng: np.random.Generator) -> Ready:
    """Return the same runs judged on images that are drawn from each class with replacement."""
    labels = ready.labels
    drawn = np.concatenate(
        [rng.choice(mine, len(mine)) for k in np.unique(labels) if len(mine := np.flatnonzero(labels == k))]
    )
    return replace(ready, found={spot: [_judged(it, drawn) for it in runs] for spot, runs in ready.found.items()})


def _judged(trial: Trial, drawn: np.ndarray) -> Trial:
    assert trial.record.test is not None
    test = trial.record.test
    again = Predictions.of(test.labels[drawn], test.probabilities.array()[drawn])
    return replace(trial, record=trial.record.model_copy(update={"test": again}))


if __name__ == "__main__":
    main()
