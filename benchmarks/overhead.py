"""What the harness itself costs: over the bare training loop, in a grid without training, in `status` over records.

Ends with one line per figure, `name=value`.
"""

from __future__ import annotations

import argparse
import copy
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bench import registry
from bench.data.parts import open_parts
from bench.images import ImageSet
from bench.networks.layers.classifier import Draws
from bench.networks.network import network_of
from bench.plan.config import Profile, load_config
from bench.plan.grid import dataset_named, workshops
from bench.protocol import Protocol
from bench.record import Cost, Predictions, Record, digest
from bench.running.executors import Inline, open_workers
from bench.running.graph import Node
from bench.running.planning import make_plan
from bench.running.run import make_orders
from bench.running.schedule import run
from bench.running.work import Answer, Busy, Done, Reused
from bench.running.worker import Bench, Order, work
from bench.store.store import Store
from bench.training.device import Device
from bench.training.inputs import random_crops
from bench.training.scores import acsa, confusion_matrix
from bench.training.trainer import EVALUATION_BATCH

FITS = 3
CELLS = 2_000
RECORDS = 10_000
WORKERS = 2
STATUS = "import sys, pathlib, bench.store.store as s; print(len(s.Store(pathlib.Path(sys.argv[1])).summaries()))"


def overhead_share(folder: Path, fits: int = FITS, epochs: int | None = None) -> float:
    """Return by how much a fit through the whole harness takes longer than the bare training loop.

    One thread of this process does both in turns: what a worker does with a fit, from claim to saved record, and
    `bare_fit` on the same images. The fastest of each side count, since what else runs on the machine only adds.
    """
    warm_up, *orders = make_fits(folder, fits + 1, epochs)
    brief = warm_up.job.protocol.model_copy(update={"epochs": 1})
    bench = Bench(folder, ())
    sides: dict[str, Callable[[Order], float]] = {"bare": bare_fit, "harness": partial(harness_fit, bench)}
    for fit in sides.values():
        fit(replace(warm_up, job=replace(warm_up.job, protocol=brief)))
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    for number, order in enumerate(orders):
        for side in sorted(sides, reverse=number % 2 == 1):  # who goes first changes
            seconds[side].append(sides[side](order))
        print(", ".join(f"{side} {spent[-1]:.2f} s" for side, spent in seconds.items()), flush=True)
    pairs = [harness / bare - 1 for bare, harness in zip(seconds["bare"], seconds["harness"], strict=True)]
    print(f"overhead of each pair: {', '.join(f'{share:.3f}' for share in pairs)}")
    return min(seconds["harness"]) / min(seconds["bare"]) - 1


def make_fits(folder: Path, fits: int, epochs: int | None) -> list[Order]:
    """Return orders of so many Vanilla fits in the `cpu` profile, at its own length where none is given."""
    name = "horse2zebra"
    config = load_config(profile="cpu", methods=["Vanilla"], seeds=fits, datasets=[name])
    if not dataset_named(name, config).root.is_dir():
        print(
            f"no {name} in {config.paths.data_root}: digits stand in, whose fits are so short that the share is large"
        )
        name = "digits"
    protocol = config.profile.protocol(name)
    profile = Profile(
        **protocol.model_dump() | {"epochs": epochs or protocol.epochs},
        minority_counts=(min(workshops(name, config)[0].task.counts),),
    )
    run_settings = config.run.model_copy(update={"datasets": (name,)})
    config = config.model_copy(update={"run": run_settings, "profiles": {"cpu": profile}})
    store = Store(folder, read_only=True)
    return make_orders(config, make_plan(config, store))


def harness_fit(bench: Bench, order: Order) -> float:
    """Do a fit as a run does it; return seconds."""
    started = time.perf_counter()
    outcome = run([Node(order.job.id, partial(work, bench, order))], Inline, 1)[order.job.id]
    if outcome.value != "done":
        raise SystemExit(f"a fit ended as {outcome}")
    return time.perf_counter() - started


def bare_fit(order: Order) -> float:
    """Train, select and test in a loop that knows no hook, record or store; return seconds, opening files apart."""
    job, device, rng = order.job, Device.best(), torch.default_generator
    protocol, k = job.protocol, len(job.task.counts)
    parts = open_parts(order.caches, order.whole, job.task, protocol, job.streams)
    torch.set_num_threads(protocol.threads)
    started = time.perf_counter()
    model = device.model(network_of(protocol.backbone).classifier(protocol.image_size, k, nn.Linear, Draws(rng, rng)))
    betas = (protocol.beta1, protocol.beta2)
    optimiser = torch.optim.Adam(model.parameters(), lr=protocol.learning_rate, betas=betas, fused=True)
    length, best, state = protocol.epoch_images(job.task.counts, len(parts.train)), -1.0, model.state_dict()
    for _ in range(protocol.epochs):
        model.train()
        for positions in shuffled(len(parts.train), length).split(protocol.batch_size):
            images = device.images(random_crops(parts.train, positions, protocol.image_size, rng, protocol.flip))
            with device.autocast(protocol):
                logits = model(images)
            loss = nn.functional.cross_entropy(logits.float(), parts.train.labels[positions].to(device.torch))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
        guesses = predicted(model, parts.validation, protocol, device)
        score = acsa(confusion_matrix(parts.validation.labels.numpy(), guesses, k))
        if score > best:
            best, state = score, copy.deepcopy(model.state_dict())
    model.load_state_dict(state)
    predicted(model, parts.test.open(), protocol, device)
    return time.perf_counter() - started


def shuffled(images: int, length: int) -> Tensor:
    """Return so many positions: shuffled passes over the images, the last one cut short."""
    return torch.cat([torch.randperm(images) for _ in range(-(-length // images))])[:length]


@torch.inference_mode()
def predicted(model: nn.Module, images: ImageSet, protocol: Protocol, device: Device) -> np.ndarray:
    """Return the predicted class of each image, int64 (N,)."""
    model.eval()
    guesses = []
    for positions in torch.arange(len(images)).split(EVALUATION_BATCH):
        with device.autocast(protocol):
            logits = model(device.images(images.batch(positions)[0]))
        guesses.append(logits.argmax(dim=1).cpu())
    return torch.cat(guesses).numpy()


def empty_cells_per_second(root: Path, cells: int = CELLS) -> float:
    """Run a grid without training, one record saved a cell, and return cells per second from start to end.

    The workers' start is part of it; a second's worth of it, once in a run, is no cost of a cell.
    """
    nodes = [Node(str(number), partial(empty_cell, root, number)) for number in range(cells)]
    started = time.perf_counter()
    with open_workers("loky", WORKERS) as workers:
        outcomes = run(nodes, workers.make, workers.window)
    seconds = time.perf_counter() - started
    if any(outcome.state != "done" for outcome in outcomes.values()):
        raise SystemExit("not every empty cell was done")
    return cells / seconds


def status_seconds(root: Path, records: int = RECORDS) -> float:
    """Return the seconds that a fresh process needs, imports included, to summarise records whose index is built."""
    store = Store(root)
    rng = np.random.default_rng(0)
    with ThreadPoolExecutor(16) as pool:  # for the waiting on the disk
        list(pool.map(store.save, [full_record(number, rng) for number in range(records)]))
    started = time.perf_counter()
    store.summaries()
    print(f"index of {records} records built in {time.perf_counter() - started:.2f} s")
    started = time.perf_counter()
    counted = subprocess.run([sys.executable, "-c", STATUS, str(root)], capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - started
    if int(counted.stdout) != records:
        raise SystemExit(f"{counted.stdout.strip()} of {records} records were found")
    return seconds


def empty_cell(root: Path, number: int) -> Answer:
    """Do what a worker does with a fit, all but the fit."""
    store, record = Store(root), empty_record(number)
    with store.claim(record.id) as mine:
        if not mine:
            return Busy()
        if store.get(record.id):
            return Reused()
        store.save(record)
        return Done()


def empty_record(number: int) -> Record:
    """Return a record without predictions."""
    identity = {"kind": "fit", "dataset": "empty", "number": number}
    return Record(id=digest(identity), identity=identity, status="done")


def full_record(number: int, rng: np.random.Generator) -> Record:
    """Return a record of the usual size: 200 validation and 300 test images, 20 epochs."""
    parts = {name: np.repeat([0, 1], half) for name, half in (("validation", 100), ("test", 150))}
    predictions = {name: Predictions.of(labels, rng.random((len(labels), 2))) for name, labels in parts.items()}
    history = [{"epoch": float(e), "train_loss": rng.random(), "acsa": rng.random()} for e in range(1, 21)]
    details = {"selected_epoch": 7, "history": history, "cost": Cost(seconds=12.5)}
    return empty_record(number).model_copy(update=predictions | details)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fits", type=int, default=FITS, help="fits of each side, for the share")
    parser.add_argument("--epochs", type=int, help="length of these fits; default: the profile's")
    parser.add_argument("--cells", type=int, default=CELLS, help="empty cells")
    parser.add_argument("--records", type=int, default=RECORDS, help="records that status reads")
    options = parser.parse_args()
    registry.load()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures = {
            "empty_cells_per_second": empty_cells_per_second(folder / "empty", options.cells),
            "status_seconds": status_seconds(folder / "status", options.records),
            "overhead_share": overhead_share(folder / "fits", options.fits, options.epochs),
        }
    for figure, value in figures.items():
        print(f"{figure}={value:.3g}")


if __name__ == "__main__":
    main()
