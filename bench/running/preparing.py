"""What is made once before the first fit on a frozen body: how many features are missing, and how long that takes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from glob import escape
from pathlib import Path

import numpy as np

from bench.data.cache import DAMAGED_HEADER
from bench.dataset import Dataset
from bench.networks.network import network_of
from bench.plan.config import Config
from bench.plan.job import TRAINED
from bench.protocol import Protocol
from bench.running.planning import Plan
from bench.running.run import EXTENDED, FITTED, leading_split
from bench.store.regular import open_regular

SECONDS = 1.0  # for which the body is measured


def views_ahead(datasets: Iterable[Dataset], config: Config, plan: Plan) -> int:
    """Return how many views of images a run will show to a frozen body before its first fit; 0 without such a body."""
    return sum(_views(dataset, config, plan) for dataset in datasets)


def seconds_ahead(views: int, protocol: Protocol) -> float:
    """Return how long so many views take, by a second's measurement of the protocol's frozen body on this machine."""
    import torch  # planning does without

    from bench.data.features import BATCH, CHUNK, frozen_body
    from bench.training.device import Device

    device = Device.best()
    frozen = frozen_body(protocol, device)
    pixels = torch.zeros((CHUNK if device.is_cuda else BATCH, 3, protocol.image_size, protocol.image_size)).byte()
    clock, threads = time.perf_counter if device.is_cuda else time.process_time, torch.get_num_threads()
    torch.set_num_threads(frozen.threads)
    try:
        frozen.features(pixels, 1)  # the first is slow
        rounds, started = 0, clock()
        while (took := clock() - started) < SECONDS:
            frozen.features(pixels, 1)
            rounds += 1
    finally:
        torch.set_num_threads(threads)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    # On a CPU the clock counts seconds of cores, of which as many are used as there are.
    return views * took / (rounds * len(pixels)) / (1 if device.is_cuda else cores)


def _views(dataset: Dataset, config: Config, plan: Plan) -> int:
    jobs = [job for job in plan.todo if job.task.dataset == dataset.name and job.kind in TRAINED]
    protocol = config.profile.protocol(dataset.name)
    network = network_of(protocol.backbone)
    if not network.views or not jobs:
        return 0
    split, total = leading_split(dataset.split(), jobs, config.profile), 0
    for part, size in (FITTED | EXTENDED).values():
        images, views = len(split.names(part)) if part in split.parts else 0, network.views if part == "train" else 1
        made = _shapes(config.paths.cache, f"{dataset.name}-{part}-{getattr(protocol, size)}-")
        total += 0 if (images, views) in made else images * views
    return total


def _shapes(cache: Path, beginning: str) -> Iterator[tuple[int, int]]:
    """Yield images and views of the files of features in the cache that are called so."""
    for path in cache.glob(f"{escape(beginning)}*-features-*.npy"):
        try:
            open_regular(path).close()  # a pipe would be waited for
            yield tuple(np.load(path, mmap_mode="r", allow_pickle=False).shape[:2])
        except (OSError, ValueError, EOFError, *DAMAGED_HEADER):
            continue  # it will be made again
