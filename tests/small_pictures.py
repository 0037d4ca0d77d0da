"""One small example of every picture, for the tests of all pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd
from small_records import small_record

from bench.analysis.experiments import Chance
from bench.record import Record
from bench.report.pictures import (
    calibration,
    confusion,
    counts,
    heatmaps,
    pareto,
    priors,
    ranks,
    training,
    translations,
    tsne,
    variance,
)
from bench.report.pictures.picture import Picture

FOURTEEN = (
    *("Vanilla", "TS", "CS", "US", "OS", "US+CS", "OS+CS", "SMOTE"),
    *(f"CBL(beta={beta})" for beta in (0.9, 0.99, 0.999, 0.9999)),
    *("ALT", "AUG"),
)
ANIMALS = ("ant", "bee", "cat", "dog", "eel")
COUNTS = (50, 100, 200, 300, 400, 500, 600, 700, 800, 900)  # CelebA's, the most that any task has


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def results(minority_counts: Sequence[int] = COUNTS, methods: Sequence[str] = FOURTEEN, seeds: int = 5) -> pd.DataFrame:
    """Return a frame of done cells whose figure grows with the count and the method's place in the list."""
    rows = [
        (method, count, seed, 0.5 + 0.02 * m + 0.05 * k / len(minority_counts) + 0.01 * seed)
        for m, method in enumerate(methods)
        for k, count in enumerate(minority_counts)
        for seed in range(seeds)
    ]
    frame = pd.DataFrame(rows, columns=["method", "minority_count", "seed", "f1_minority"])
    counts = [f"900:{count}" for count in frame["minority_count"]]
    more = {"place": counts, "counts": counts, "acsa": frame["f1_minority"]}
    return frame.assign(task="toy", status="done", minority="male", **more)


def tails(methods: Sequence[str] = FOURTEEN) -> pd.DataFrame:
    """Return a frame of two places of a task of five classes."""
    counts = {"natural": "120:60:30:20:9", "exp 100": "300:95:30:9:3"}
    rows = [
        (method, place, counts[place], seed, 0.4 + 0.02 * m + 0.01 * seed)
        for m, method in enumerate(methods)
        for place in counts
        for seed in range(5)
    ]
    frame = pd.DataFrame(rows, columns=["method", "place", "counts", "seed", "acsa"])
    return frame.assign(task="toy", status="done", minority="eel")


def run(number: int, epochs: int = 8) -> Record:
    """Return a record whose validation ACSA rises to its selected epoch, the last but one."""
    history = [
        {"epoch": e, "loss": 1 / e, "validation_acsa": 0.5 + 0.05 * min(e, epochs - 1), "validation_cross_entropy": 0.6}
        for e in range(1, epochs + 1)
    ]
    return small_record(number, history=history, selected_epoch=epochs - 1)


def explained_row(label: str) -> heatmaps.Example:
    image = rng().integers(256, size=(3, 32, 32), dtype=np.uint8)
    maps = tuple(heatmaps.Map(kind, rng().random((32, 32)), 0.12, 0.78) for kind in ("Grad-CAM", "RISE"))
    said = tuple(heatmaps.Explained(method, "flycatcher", 0.93, maps) for method in ("Vanilla", "ALT", "AUG"))
    return heatmaps.Example(image, label, said)


def solid(*color: int) -> np.ndarray:
    """Return one image of one colour, uint8 (1, 3, 32, 32)."""
    return np.broadcast_to(np.array(color, np.uint8)[None, :, None, None], (1, 3, 32, 32))


def direction(*colors: tuple[int, int, int]) -> translations.Direction:
    real, cyclegan, alt = (solid(*color) for color in colors)
    return translations.Direction(real, {"CycleGAN": cyclegan, "ALT": alt})


COLORS = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (200, 200, 0), (0, 200, 200), (200, 0, 200)]


def point(k: int, method: str) -> pareto.Dot:
    quality = 0.7 + 0.002 * k
    return pareto.Dot(method, 200.0 if method in ("ALT", "AUG") else 2.0, quality, quality - 0.1, quality + 0.05)


def examples(methods: Sequence[str] = FOURTEEN) -> dict[str, Callable[[], Picture]]:
    """Return a function for each picture that draws it from small data."""
    grid, labels = np.linspace(0.01, 0.99, 9), np.repeat([0, 1], 20)
    cloud = rng().normal(size=(40, 2)) + 3 * labels[:, None]
    panels = [[tsne.Panel(f"{method}, 25 males", cloud, labels) for method in ("Vanilla", "AUG")]]
    outcome = (labels == 1, np.linspace(0, 1, 40))
    curves = {method: np.tile(grid, (3, 1)) * 0.9 for method in methods}
    average = {method: 1.0 + k for k, method in enumerate(methods)}
    matrix = np.eye(5) * 8 + 2
    group = translations.AtPlace(50, 900, direction(*COLORS[:3]), direction(*COLORS[3:]))
    sources = [Chance("initialisation", 0.02, 20, 0.015, 0.03), Chance("all", 0.04, 20, whole=True)]
    return {
        "counts": partial(counts.figure, results(methods=methods), "toy", name="Toy", reference="Vanilla"),
        "training": partial(
            training.figure,
            {m: [run(1), run(2)] for m in methods},
            "validation_acsa",
            "training",
            "Toy",
            None,
            "Vanilla",
        ),
        "calibration": partial(calibration.figure, dict.fromkeys(methods, outcome), "calibration", "Toy", "male"),
        "priors": partial(priors.figure, grid, curves, {"training": 0.05}, "male", "priors", "Toy", "Vanilla"),
        "pareto": partial(pareto.figure, [point(k, m) for k, m in enumerate(methods)], "TFLOP", "F1", "pareto", "Toy"),
        "ranks": partial(
            ranks.figure, average, [methods[:5], methods[3:9]], 4.0, "3 tasks", "ranks", "Toy", "Not independent."
        ),
        "variance": partial(variance.figure, sources, "ACSA", "variance", "Toy"),
        "confusion": partial(confusion.figure, dict.fromkeys(methods, matrix), ANIMALS, "confusion", "Toy"),
        "tails": partial(counts.figure, tails(methods), "toy", "acsa", "Toy", "Vanilla"),
        "tsne": partial(tsne.figure, panels, ["female", "male"], "tsne", "Toy"),
        "heatmaps": partial(heatmaps.figure, [explained_row("flycatcher"), explained_row("sparrow")], "heat", "Toy"),
        "translations": partial(translations.figure, [group, group], "female", "male", "translations", "Toy"),
    }
