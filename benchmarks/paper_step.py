"""Seconds of one training step of every method at the paper's full size, and what they say about the whole grid.

The step is the harness's own, with the method's own hooks, on made-up images: its cost does not depend on what they
show. Ends with one line per figure, `name=value`.
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

import torch
from tabulate import tabulate

from bench import registry
from bench.errors import UserError
from bench.images import ImageSet
from bench.method import Counts
from bench.plan.compose import compose
from bench.plan.config import Config, load_config
from bench.plan.grid import build_grid, dataset_named
from bench.plan.job import Job
from bench.protocol import Protocol
from bench.running.planning import worker_count
from bench.streams import Streams
from bench.training.composition import Composition
from bench.training.device import Device
from bench.training.inputs import random_crops
from bench.training.trainer import Trainer

DATASETS = ("horse2zebra", "celeba", "cub")
COUNTS = (32, 8)  # small, yet enough for SMOTE's neighbours
EVALUATED = (4, 4)
PUBLISHED = 3_950_275  # parameters of the classifier at 256 pixels and width 64


def main() -> None:
    """Measure every method of bench.toml and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="paper")
    parser.add_argument("--steps", type=int, default=3, help="timed steps of each method, after one that is not")
    options = parser.parse_args()
    registry.load()
    try:
        measure(load_config(profile=options.profile, datasets=list(DATASETS)), options.steps)
    except UserError as error:
        raise SystemExit(f"paper_step: {error}") from None


def measure(config: Config, steps: int) -> None:
    """Measure every method of a Config on this machine and print."""
    device, protocol = Device.best(), config.profile.protocol(DATASETS[0])
    print(
        f"profile {config.run.profile} on {device.name}: {protocol.image_size} px, {protocol.backbone}, "
        f"batch {protocol.batch_size}, {protocol.precision}, threads {protocol.threads}"
    )
    seconds, trainer = {}, None
    for name in config.run.methods:
        with device.session(protocol):
            trainer = make_trainer(compose(name, config.composition.allow), protocol, device)
            seconds[name] = median_seconds(partial(take_step, trainer), steps)
        print(f"{name}: {seconds[name]:.4f} s a step", flush=True)
    assert trainer is not None, "bench.toml names no method"
    with device.session(protocol):
        evaluation = median_seconds(partial(trainer.predict, trainer.model, trainer.validation), 1) / sum(EVALUATED)
    parameters = sum(weights.numel() for weights in trainer.model.parameters())
    if config.run.profile == "paper" and parameters != PUBLISHED:
        raise SystemExit(f"paper_step: {parameters} parameters instead of {PUBLISHED}")
    hours = predicted_hours(config, seconds, evaluation)
    print_grid(config, hours)
    print(f"parameters={parameters}")
    print(f"paper_evaluation_seconds_per_image={evaluation:.4g}")
    for name, found in seconds.items():
        print(f"paper_step_seconds_{slug(name)}={found:.4g}")
    print(f"paper_grid_hours={sum(hours.values()):.4g}")


def make_trainer(method: Composition, protocol: Protocol, device: Device) -> Trainer:
    """Return a trainer of made-up images, resampled as the method has it."""
    streams, images = Streams.of(0), made_up(protocol.load_size, COUNTS)
    train = method.hook("resample")(images, streams.numpy("resampling"))
    counts, validation = Counts(images.counts, train.counts), made_up(protocol.image_size, EVALUATED)
    return Trainer(method, train, validation, counts, protocol, streams, device)


def take_step(trainer: Trainer) -> None:
    """Draw a batch as the method draws it, crop it, and update the weights."""
    train, protocol, rng = trainer.train, trainer.protocol, torch.Generator().manual_seed(trainer.images_seen)
    trainer.model.train()
    positions = trainer.method.hook("sampler")(train.labels, rng)[: protocol.batch_size]
    images = trainer.device.images(random_crops(train, positions, protocol.image_size, rng, protocol.flip))
    loss = trainer.step(images, train.labels[positions].to(trainer.device.torch))
    loss.detach().item()  # a GPU works on after the call has returned


def median_seconds(work: Callable[[], object], times: int) -> float:
    """Return the median seconds of some work done so many times, after once for nothing."""
    work()
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def made_up(size: int, counts: tuple[int, ...]) -> ImageSet:
    """Return images of random pixels, uint8 (N, 3, size, size)."""
    rng = torch.Generator().manual_seed(0)
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    pixels = torch.randint(0, 256, (len(labels), 3, size, size), dtype=torch.uint8, generator=rng)
    return ImageSet.of(pixels, labels, len(counts))


def predicted_hours(config: Config, seconds: Mapping[str, float], evaluation: float) -> dict[str, float]:
    """Return the hours of one worker that each dataset's grid takes, from seconds of a step and of a judged image."""
    hours = dict.fromkeys(config.run.datasets, 0.0)
    splits = {name: dataset_named(name, config).split() for name in hours}
    for job in build_grid(config).jobs:
        validation, test = (sum(splits[job.task.dataset].counts(part)) for part in ("val", "test"))
        judged = (job.protocol.epochs + 1) * validation + test  # after each epoch, and by the selected one
        hours[job.task.dataset] += (steps_of(job, config) * seconds[job.method] + judged * evaluation) / 3600
    return hours


def steps_of(job: Job, config: Config) -> int:
    """Return the training steps of a fit; how long its training set is, its method decides on one-pixel images."""
    method = compose(job.method, config.composition.allow)
    images = sum(job.task.counts)
    if job.protocol.epoch == "dataset":
        images = len(method.hook("resample")(made_up(1, job.task.counts), job.streams.numpy("resampling")))
    images = job.protocol.epoch_images(job.task.counts, images)
    return job.protocol.epochs * -(-images // job.protocol.batch_size)


def print_grid(config: Config, hours: Mapping[str, float]) -> None:
    """Print how long the whole grid takes, one line for each dataset."""
    fits = Counter(job.task.dataset for job in build_grid(config).jobs)
    workers = worker_count(config)
    rows = [[name, fits[name], spent, spent / workers] for name, spent in hours.items()]
    rows.append(["together", fits.total(), sum(hours.values()), sum(hours.values()) / workers])
    header = ["dataset", "fits", "hours of one worker", f"with {workers} workers, if none slows another"]
    print(tabulate(rows, header, floatfmt=".1f"))


def slug(method: str) -> str:
    """Return a method's name in small letters, digits and underscores."""
    return re.sub(r"[^a-z0-9]+", "_", method.lower()).strip("_")


if __name__ == "__main__":
    main()
