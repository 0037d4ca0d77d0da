"""Choose the `cpu` profile: validation ACSA of Vanilla on balanced data against seconds; no test image is opened.

Each candidate is trained on as many minority as majority images (spare ones are added where the training part has too
few), on seeds that no table uses, two workers side by side, and checked after every epoch: one run shows every length.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import torch
from joblib import Parallel, delayed
from tabulate import tabulate

from bench import registry
from bench.data.cache import open_cache, prepare
from bench.data.parts import leading
from bench.expression import Call
from bench.images import ImageSet
from bench.method import Counts
from bench.plan.compose import compose
from bench.plan.config import load_config
from bench.plan.grid import dataset_named
from bench.protocol import Protocol
from bench.streams import Streams
from bench.training.device import Device
from bench.training.trainer import Trainer

SEEDS = (100, 101)
CANDIDATES: dict[str, list[dict[str, Any]]] = {
    "horse2zebra": [
        {"image_size": 256, "width": 8, "batch_size": 16},
        {"image_size": 256, "width": 8, "batch_size": 8},
        {"image_size": 256, "width": 8, "batch_size": 32},
        {"image_size": 256, "width": 4, "batch_size": 16},
        {"image_size": 256, "width": 16, "batch_size": 16},
        {"image_size": 192, "width": 8, "batch_size": 16},
        {"image_size": 128, "width": 16, "batch_size": 16},
        {"image_size": 256, "width": 8, "batch_size": 16, "norm": "none"},
    ],
    "celeba": [
        {"image_size": 64, "width": 16, "batch_size": 16},
        {"image_size": 128, "width": 8, "batch_size": 16},
        {"image_size": 256, "width": 8, "batch_size": 16},
    ],
    "cub": [
        {"image_size": 128, "width": 8, "batch_size": 16},
        {"image_size": 224, "width": 8, "batch_size": 16},
        {"image_size": 256, "width": 8, "batch_size": 16},
    ],
    "digits": [
        {"image_size": 32, "width": 8, "batch_size": 16},
        {"image_size": 32, "width": 16, "batch_size": 16},
        {"image_size": 64, "width": 8, "batch_size": 16},
    ],
}


def main() -> None:
    """Measure every candidate of one dataset and print a table of validation ACSA after each epoch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="horse2zebra", choices=CANDIDATES)
    parser.add_argument("--epochs", type=int, default=12)
    options = parser.parse_args()
    registry.load()
    jobs = [
        (options.dataset, protocol(candidate, options.epochs), seed)
        for candidate in CANDIDATES[options.dataset]
        for seed in SEEDS
    ]
    for job in jobs[:: len(SEEDS)]:
        balanced_images(*job[:2])  # decode before the clock runs
    rows = []
    for (_, tried, seed), (seconds, history) in zip(
        jobs, Parallel(n_jobs=2)(delayed(trial)(*j) for j in jobs), strict=True
    ):
        curve = [epoch["validation_acsa"] for epoch in history]
        rows.append([described(tried), seed, seconds / options.epochs, *curve])
    header = ["candidate", "seed", "s/epoch", *range(1, options.epochs + 1)]
    print(tabulate(rows, header, tablefmt="github", floatfmt=".3f"))


def protocol(candidate: dict[str, Any], epochs: int) -> Protocol:
    """Return the protocol of a candidate; the training image is 1.117 times as large as the crop, as in the paper."""
    load_size = round(candidate["image_size"] * 286 / 256)
    common = {"load_size": load_size, "epochs": epochs, "epoch": "equal", "precision": "bfloat16"}
    arguments = ", ".join(f"{name}={candidate[name]}" for name in ("width", "norm") if name in candidate)
    seen = {name: candidate[name] for name in ("image_size", "batch_size")}
    return Protocol(**(common | seen), backbone=Call.parse(f"paper_cnn({arguments})"))


def described(tried: Protocol) -> str:
    """Return a candidate in a few words."""
    return f"{tried.image_size} px, {tried.backbone}, batch {tried.batch_size}"


def trial(name: str, tried: Protocol, seed: int) -> tuple[float, list[dict[str, float]]]:
    """Train Vanilla on balanced data; return seconds and the history of its epochs."""
    registry.load()
    train, validation = balanced_images(name, tried)
    started, device = time.perf_counter(), Device.best()
    with device.session(tried):
        trainer = Trainer(
            compose("Vanilla"), train, validation, Counts.same(train.counts), tried, Streams.of(seed), device
        )
        history = trainer.run().history
    return time.perf_counter() - started, history


def balanced_images(name: str, tried: Protocol) -> tuple[ImageSet, ImageSet]:
    """Return training images, equally many of both classes, and the validation images."""
    config = load_config()
    dataset = dataset_named(name, config)
    split = dataset.split()

    def decoded(part: str, size: int) -> torch.Tensor:
        return open_cache(prepare(dataset, split, part, size, config.paths.cache))

    (majority, minority), spare = split.counts("train"), split.counts("spare")
    added = min(majority - minority, spare[1])
    pixels = decoded("train", tried.load_size)
    if added:
        pixels = torch.cat([pixels, decoded("spare", tried.load_size)[spare[0] : spare[0] + added]])
    train = leading(pixels, (majority, minority + added), (minority + added, minority + added))
    return train, leading(decoded("val", tried.image_size), split.counts("val"), split.counts("val"))


if __name__ == "__main__":
    main()
