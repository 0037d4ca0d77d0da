"""Trained fits per hour on two cores: the suite's `cpu` profile beside a plain PyTorch script, in turns.

Both sides start from nothing but decoded images (the suite) or JPEG files (the script), train the same network on the
same images with the same batch size, images per epoch and selection checks, and are timed from the start of their
process to its end. Ends with one line per figure, `name=value`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from tabulate import tabulate

from bench import registry
from bench.analysis.metrics import figures
from bench.dataset import Dataset, rare
from bench.errors import UserError
from bench.networks.network import network_of
from bench.plan.config import Config, load_config
from bench.plan.grid import build_grid, dataset_named
from bench.protocol import Protocol
from bench.running.processes import thread_environment
from bench.running.run import decode
from bench.store.store import Store

PLAIN_SCRIPT = Path(__file__).with_name("plain_script.py")
DATASET, MINORITY, CORES = "horse2zebra", 25, 2
SUITE_METHODS = ("Vanilla", "CS", "OS", "US")
PLAIN_METHODS = {"CS": "--class-weights", "OS": "--oversample"}  # one in each round, in turns
FIXED_IN_THE_SCRIPT: dict[str, object] = {
    "flip": True,
    "epoch": "equal",
    "learning_rate": 2e-4,
    "beta1": 0.5,
    "beta2": 0.999,
    "weight_decay": 0.0,
    "selection": "acsa",
    "eval_per_class": None,
}
BACKBONE: dict[str, object] = {"norm": "instance", "head": "flat", "dropout": 0.5, "init_std": 0.02}
SHOWN = ("f1_minority", "acsa", "train_images")


def main() -> None:
    """Let the two sides run in turns and print what each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, help="length of both sides' training; default: the profile's")
    parser.add_argument("--rounds", type=int, default=2, help="turns of each side")
    options = parser.parse_args()
    registry.load()
    keep_to_cores()
    with tempfile.TemporaryDirectory() as folder:
        try:
            compare(Path(folder), options.epochs, options.rounds)
        except UserError as error:
            raise SystemExit(f"compare: {error}") from None


def compare(folder: Path, epochs: int | None, rounds: int) -> None:
    """Measure both sides in an empty folder and print."""
    config = write_config(folder, epochs)
    protocol, dataset = config.profile.protocol(DATASET), dataset_named(DATASET, config)
    link_images(dataset, folder / "plain")
    started = time.perf_counter()
    decode(dataset, config)
    decode_seconds = time.perf_counter() - started
    print(f"the suite decodes its images once: {decode_seconds:.1f} s", flush=True)
    suite, plain, by_own_clock, rows = [], [], [], []
    for turn in range(rounds):
        seconds, cells = run_suite(folder, config, turn)
        suite.append(seconds / len(cells))
        rows += [["suite", turn + 1, method, *row(values)] for method, values in cells.items()]
        print(f"round {turn + 1}: suite, {len(cells)} cells in {seconds:.1f} s", flush=True)
        method = list(PLAIN_METHODS)[turn % len(PLAIN_METHODS)]
        seconds, values = run_plain(folder / "plain", protocol, dataset, PLAIN_METHODS[method])
        plain.append(seconds)
        by_own_clock.append(values["seconds"])
        rows.append(["plain", turn + 1, method, *row(values)])
        print(f"round {turn + 1}: plain script, 1 cell in {seconds:.1f} s", flush=True)
    print(tabulate(rows, ["side", "round", "method", *SHOWN], floatfmt=".4g"))
    if len({line[-1] for line in rows}) > 1:
        raise SystemExit("compare: the two sides did not train on the same number of images")
    print_figures(fmean(plain), fmean(suite), decode_seconds, fmean(by_own_clock))


def row(values: Mapping[str, float]) -> list[float]:
    """Return the values of one cell that are shown."""
    return [values[name] for name in SHOWN]


def print_figures(plain: float, suite: float, decoding: float, plain_by_own_clock: float) -> None:
    """Print seconds per cell of both sides, and what becomes of their ratio if one counts otherwise."""
    fits = len(build_grid(load_config(profile="cpu", datasets=[DATASET])).jobs)
    print(
        f"with decoding, shared by the {fits} fits of {DATASET}'s grid ({decoding / fits:.2f} s each): "
        f"ratio {plain / (suite + decoding / fits):.2f}"
    )
    strict = plain_by_own_clock / (suite + decoding / len(SUITE_METHODS))
    print(
        f"strictest reading, all decoding on one run's {len(SUITE_METHODS)} fits and the script's start "
        f"({plain - plain_by_own_clock:.1f} s) left out: ratio {strict:.2f}"
    )
    print(f"plain_seconds_per_cell={plain:.2f}")
    print(f"suite_seconds_per_cell={suite:.2f}")
    print(f"decode_seconds={decoding:.2f}")
    print(f"cells_per_hour_ratio={plain / suite:.2f}")


def keep_to_cores() -> None:
    """Give both sides the same two cores, where the system allows it and there are more."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
        if (found := len(os.sched_getaffinity(0))) < CORES:
            print(f"only {found} core here: the figures are not those of {CORES}")


def write_config(folder: Path, epochs: int | None) -> Config:
    """Write a bench.toml for the suite's side, the `cpu` profile with its length changed, and return it read."""
    profile = load_config(profile="cpu")
    protocol = profile.profile.protocol(DATASET).model_dump(mode="json", exclude_none=True)
    if epochs:
        protocol["epochs"] = epochs
    refuse_other_work(Protocol(**protocol))
    run = {"datasets": [DATASET], "methods": SUITE_METHODS, "minority": [MINORITY], "seeds": 1, "profile": "cpu"}
    paths = {"data": str(profile.paths.data_root.resolve()), "cache": str(folder / "cache")}
    sections: dict[str, Mapping[str, Any]] = {
        "run": run | {"workers": CORES // protocol["threads"]},
        "paths": paths,
        "profiles.cpu": protocol,
    }
    text = ""
    for name, keys in sections.items():  # JSON's numbers, strings and lists are TOML's as well
        text += f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
    (folder / "bench.toml").write_text(text, encoding="utf8")
    return load_config(folder / "bench.toml")


def refuse_other_work(protocol: Protocol) -> None:
    """Stop where the profile asks for what the plain script does not do: the comparison would not be one."""
    network = network_of(protocol.backbone).settings
    for owner, fixed in ((protocol, FIXED_IN_THE_SCRIPT), (network, BACKBONE)):
        for field, value in fixed.items():
            if getattr(owner, field) != value:
                raise SystemExit(f"compare: the cpu profile has {field} = {getattr(owner, field)}, the script {value}")


def link_images(dataset: Dataset, folder: Path) -> None:
    """Make the tree of folders that ImageFolder reads, with links to the original files of the suite's task."""
    split = dataset.split()
    for part in ("train", "val", "test"):
        counts = split.counts(part)
        wanted = rare(MINORITY).counts(counts) if part == "train" else counts
        for label, count in zip(split.classes, wanted, strict=True):
            (folder / part / label).mkdir(parents=True)
            for name in split.parts[part][label][:count]:
                path = dataset.path(name).resolve()
                dataset.content(name)  # a missing file is one clear line, and both sides find warm files
                (folder / part / label / name.replace("/", "_")).symlink_to(path)


def run_suite(folder: Path, config: Config, turn: int) -> tuple[float, dict[str, dict[str, float]]]:
    """Return the seconds of one `imbench run` into an empty results folder, and the figures of its cells."""
    results = folder / f"results-{turn}"
    command = ["-m", "bench", "run", "--config", str(folder / "bench.toml"), "--results", str(results)]
    seconds, _ = timed(command)
    store, cells = Store(results, read_only=True), {}
    for cell in build_grid(config).cells:
        record = store.get(cell.fit)
        if record is None or record.test is None:
            raise SystemExit(f"compare: the suite left no record of {cell.method}")
        values = figures(record.test.labels, record.test.probabilities.array())
        cells[cell.method] = values | {"train_images": record.cost.train_images}
    return seconds, cells


def run_plain(folder: Path, protocol: Protocol, dataset: Dataset, flag: str) -> tuple[float, dict[str, float]]:
    """Return the seconds of one cell of the plain script, and the figures it printed."""
    images_per_epoch = 2 * max(dataset.split().counts("train"))
    command = [str(PLAIN_SCRIPT), flag]
    command += [f"--{part}={folder / part}" for part in ("train", "val", "test")]
    fields = ("image_size", "load_size", "epochs", "batch_size")
    command += [f"--{field.replace('_', '-')}={getattr(protocol, field)}" for field in fields]
    command += [f"--width={network_of(protocol.backbone).settings.identity()['width']}"]
    seconds, output = timed([*command, f"--images-per-epoch={images_per_epoch}", f"--num-workers={CORES}"])
    printed = dict(line.split("=") for line in output.splitlines() if line.count("=") == 1)
    return seconds, {name: float(value) for name, value in printed.items()}


def timed(command: list[str]) -> tuple[float, str]:
    """Run Python with these arguments; return the seconds from start to end, and what it printed."""
    environment = {name: value for name, value in os.environ.items() if name not in thread_environment(1)}
    started = time.perf_counter()
    ended = subprocess.run([sys.executable, *command], capture_output=True, text=True, env=environment)
    seconds = time.perf_counter() - started
    if ended.returncode:
        raise SystemExit(f"compare: {' '.join(command)} failed:\n{ended.stderr}")
    return seconds, ended.stdout


if __name__ == "__main__":
    main()
