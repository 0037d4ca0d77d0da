"""What the harness itself costs: a grid whose training is empty, and `status` over many records.

Ends with one line per figure, `name=value`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from bench.executors import open_workers
from bench.graph import Node
from bench.record import Cost, Predictions, Record, digest
from bench.schedule import run
from bench.store import Store
from bench.work import Answer, Busy, Done, Reused

CELLS = 2_000
RECORDS = 10_000
WORKERS = 2
STATUS = "import sys, pathlib, bench.store as s; print(len(s.Store(pathlib.Path(sys.argv[1])).summaries()))"


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
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        figures = {
            "empty_cells_per_second": empty_cells_per_second(Path(first)),
            "status_seconds": status_seconds(Path(second)),
        }
    for name, value in figures.items():
        print(f"{name}={value:.3g}")


if __name__ == "__main__":
    main()
