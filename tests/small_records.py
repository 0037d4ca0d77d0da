"""Builders of small records, and work that stores them without training: for tests of the store and the schedule."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.record import Predictions, Record, digest
from bench.running.graph import Node
from bench.running.work import Answer, Busy, Done, Reused
from bench.store.store import Store


def identity_of(kind: str = "fit", **fields: object) -> dict[str, Any]:
    """Return an identity that a record of this kind can have, of a dataset that is nowhere."""
    task = {"dataset": "toy", "edition": "1", "split": "s", "classes": ["a", "b"], "counts": [12, 6]}
    fit = {"method": [], "streams": {}, "protocol": {}, "stages": []}
    others = {
        "twin": fit | {"processor": "x"},
        "stage": {"stage": "CycleGAN", "parameters": {}, "settings": {}, "stages": []},
        "measurement": {"of": "x", "judges": [], "images": {}},
    }
    return {"kind": kind} | task | others.get(kind, fit) | fields


def small_record(number: int, shift: float = 0.0, kind: str = "fit", **fields: Any) -> Record:
    """Return a done record; `number` makes its identity, `shift` changes its test probabilities."""
    identity = identity_of(kind, number=number)
    labels = np.array([0, 0, 1, 1])
    rare = (0.2 + shift, 0.4, 0.6, 0.8)
    probabilities = Predictions.of(labels, np.array([(1 - p, p) for p in rare]))
    content = {"status": "done", "validation": probabilities, "test": probabilities, "selected_epoch": 2}
    return Record(id=digest(identity), identity=identity, **(content | fields))


def log_line(log: Path, line: str) -> None:
    """Append a line, whole, whatever other processes append."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


def store_one(root: Path, log: Path, number: int, ends: bool = True) -> Answer:
    """Do what a fit does, without the fit; `log` tells which numbers were really worked on."""
    store, record = Store(root), small_record(number)
    with store.claim(record.id) as mine:
        if not mine:
            return Busy()
        if store.get(record.id):
            return Reused()
        log_line(log, str(number))
        time.sleep(0.02 if ends else 86_400)  # whoever waits for the second is killed or interrupted
        store.save(record)
        return Done()


def grid_of(root: Path, log: Path, count: int, quick: int | None = None) -> list[Node]:
    """Return nodes that store the records 0 to count - 1; with `quick`, those from that number on never end."""
    ends = [quick is None or number < quick for number in range(count)]
    return [Node(str(number), partial(store_one, root, log, number, ends[number])) for number in range(count)]


def only_file_of(root: Path, number: int) -> Path:
    """Return the path of a small record's own file."""
    id = small_record(number).id
    return root / "records" / id[:2] / f"{id}.json"


def files_under(root: Path) -> dict[str, bytes]:
    """Return the content of every file by path."""
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def stored(store: Store, number: int) -> Record:
    """Return a small record that must be there."""
    record = store.get(small_record(number).id)
    assert record is not None
    return record
