"""Small images, protocols, methods and configurations for the tests of the core."""

from __future__ import annotations

import csv
import io
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from bench import registry
from bench.cli.app import main
from bench.expression import Call, Expression
from bench.images import ImageSet
from bench.method import Counts, Method
from bench.protocol import Protocol
from bench.streams import Streams
from bench.training.composition import Composition
from bench.training.device import Device
from bench.training.fit import Fitted, Parts, Sealed, fit
from bench.training.trainer import Trainer

CPU = Device(torch.device("cpu"))
TINY = {
    "image_size": 32,
    "load_size": 34,
    "backbone": "paper_cnn(width=2)",
    "epochs": 1,
    "epoch": "equal",
    "batch_size": 8,
}
PLUGIN = """
from bench.method import Method
from bench.registry import register
"""


def tiny(**fields: Any) -> Protocol:
    """Return a protocol that trains in a fraction of a second."""
    return Protocol(**(TINY | fields))


def images(counts: Sequence[int], side: int = 34, seed: int = 0) -> ImageSet:
    """Return random images, `counts[k]` of class k, in random order."""
    rng = torch.Generator().manual_seed(seed)
    labels = torch.from_numpy(np.repeat(np.arange(len(counts)), counts))
    pixels = torch.randint(256, (len(labels), 3, side, side), generator=rng, dtype=torch.uint8)
    return ImageSet.of(pixels, labels[torch.randperm(len(labels), generator=rng)], len(counts))


def alone(method: Method) -> Composition:
    """Return the composition that is this one method, registered or not."""
    return Composition(Expression((Call(type(method).__name__),)), (method,))


def parts(train: ImageSet, evaluation: float | None = None) -> Parts:
    """Return a task with a validation and a test set of four images a class, poisoned with `evaluation` if given."""
    val, test = (images([4] * train.n_classes, side=32, seed=seed) for seed in (1, 2))
    if evaluation is not None:
        val, test = (
            ImageSet(torch.full(s.pixels.shape, evaluation), s.rows, s.labels, s.n_classes) for s in (val, test)
        )
    return Parts(train, val, Sealed(test))


def fitted(method: Composition, counts: Sequence[int] = (12, 6), seed: int = 0, **fields: Any) -> Fitted:
    """Return a whole fit on random images."""
    from translation import artifacts  # it needs this module's images

    task = parts(images(counts))
    return fit(method, task, tiny(**fields), Streams.of(seed), CPU, artifacts(method, task.train))


def trainer(method: Composition, train: ImageSet, streams: Streams | None = None, **fields: Any) -> Trainer:
    """Return the trainer of a set that no resampling has changed."""
    validation = parts(train).validation
    return Trainer(method, train, validation, Counts.same(train.counts), tiny(**fields), streams or Streams(), CPU)


def plugged(monkeypatch: pytest.MonkeyPatch, folder: Path, source: str, name: str = "mine.py") -> Path:
    """Write a plugin of methods to a folder and load it until the end of the test."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PLUGIN + source)
    forget_plugins(monkeypatch)
    registry.load((str(path),))
    return path


def forget_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the registry forget at the end of the test what is registered from now on."""
    registry.load()
    for names in (registry.METHODS, registry.STAGES, registry.DATASETS, registry.NETWORKS):
        monkeypatch.setattr(names, "_entries", dict(names._entries))


def bench_toml(folder: Path, more: str = "", plugins: Sequence[Path] = (), **run: Any) -> Path:
    """Write a configuration with one tiny profile; `run` changes [run], `more` follows at the end."""
    settings = {"datasets": ["stripes"], "methods": ["Vanilla", "TS", "CS"], "minority": [6], "seeds": 1}
    settings |= {"profile": "tiny", "executor": "inline"} | run
    sections: dict[str, dict[str, Any]] = {
        "run": settings,
        "paths": {key: str(folder / key) for key in ("data", "results", "reports", "cache")},
        "composition": {"allow": ["US+CS"]},
        "profiles.tiny": TINY | {"load_size": 32, "eval_per_class": 4, "majority_count": 12},
    }
    lines = [_toml("plugins", list(map(str, plugins)))]
    for section, values in sections.items():
        lines += [f"[{section}]\n", *(_toml(key, value) for key, value in values.items())]
    path = folder / "bench.toml"
    path.write_text("".join(lines) + more)
    return path


def _toml(key: str, value: object) -> str:
    return f"{key} = {json.dumps(value)}\n"


class Said(NamedTuple):
    """What a command left: its exit status and what it printed."""

    status: int
    out: str
    err: str


def imbench(*arguments: object) -> Said:
    """Run a command in this process as its console script does."""
    out, err, argv = io.StringIO(), io.StringIO(), sys.argv
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
    sys.argv = ["imbench", *map(str, arguments)]
    try:
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
    finally:
        sys.argv = argv
        for number, handler in before.items():
            signal.signal(number, handler)
    return Said(int(ended.value.code or 0), out.getvalue(), err.getvalue())


def refused(said: Said, *parts: str) -> str:
    """Return the one line that a command was refused with; it holds the parts."""
    assert said.status == 2 and said.out == "", said
    line = said.err.strip().splitlines()[-1]
    assert line.startswith("imbench: ") and "Traceback" not in said.err
    assert [part for part in parts if part not in line] == [], line
    return line


def reported_cells(folder: Path) -> list[dict[str, str]]:
    """Return the rows of the cells.csv that `imbench report` left for the configuration of `bench_toml`."""
    with (folder / "reports" / "tiny" / "cells.csv").open(encoding="utf8") as file:
        return list(csv.DictReader(file))


def tables(folder: Path) -> str:
    """Return the text of all tables that `imbench report` left."""
    return "".join(path.read_text(encoding="utf8") for path in sorted((folder / "reports").rglob("*.md")))


def as_on_a_fresh_machine(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Work in a folder, without the variables and plugins of any other."""
    monkeypatch.chdir(folder)
    monkeypatch.delenv("IMBENCH_DATA", raising=False)
    monkeypatch.delenv("IMBENCH_CONFIG", raising=False)
    forget_plugins(monkeypatch)


def model_of_stripes(folder: Path) -> Path:
    """Write a configuration and a model of stripes into a folder, with nothing of this machine; return the model's."""
    with pytest.MonkeyPatch.context() as patch:
        as_on_a_fresh_machine(patch, folder)
        toml = bench_toml(folder, methods=["TS"], minority=[])
        said = imbench("fit", "stripes", "--method", "TS", "--at", "12:6", "--out", folder / "mine", "--config", toml)
        assert said.status == 0, said.err
    return folder / "mine"
