"""Fits per hour of the `pretrained` profile beside plain scripts: one runs the body in every epoch, one keeps features.

All sides train the same head on the same images of CelebA with the same batches, epochs, optimiser and checks, and are
timed from the start of their process to its end, features apart. The first script takes long: it trains `--epochs` of
its epochs, and the others are taken to last as long as those. Ends with one line per figure, `name=value`.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

from compare import CORES, MINORITY, keep_to_cores, link_images, timed

from bench import registry
from bench.dataset import Dataset
from bench.errors import UserError
from bench.networks.network import network_of
from bench.plan.config import Config, load_config
from bench.plan.grid import build_grid, dataset_named
from bench.protocol import Protocol
from bench.running.planning import make_plan
from bench.running.run import make_orders
from bench.store.store import Store

Result = TypeVar("Result")
SCRIPT = Path(__file__).with_name("plain_frozen.py")
DATASET, METHODS = "celeba", ("Vanilla", "CS", "OS")
FIXED_IN_THE_SCRIPT: dict[str, object] = {
    "image_size": 224,
    "load_size": 224,
    "epoch": "equal",
    "optimiser": "adam",
    "beta1": 0.9,
    "beta2": 0.999,
    "schedule": "cosine",
    "warmup": 0.0,
    "selection": "last",
    "eval_per_class": None,
}


class Took(NamedTuple):
    """Seconds on the clock, and of processor time; of a script also the images of its epochs."""

    clock: float
    processor: float
    images: float = 0.0


def main() -> None:
    """Let the three sides run one after the other and print what each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=1, help="measured epochs of the script that runs the body")
    parser.add_argument("--seeds", type=int, default=20, help="seeds of each of the suite's rows")
    options = parser.parse_args()
    registry.load()
    keep_to_cores()
    with tempfile.TemporaryDirectory() as folder:
        try:
            compare(Path(folder), options.epochs, options.seeds)
        except UserError as error:
            raise SystemExit(f"compare: {error}") from None


def compare(folder: Path, epochs: int, seeds: int) -> None:
    """Measure all sides in an empty folder and print."""
    config = write_config(folder, seeds)
    dataset = dataset_named(DATASET, config)
    protocol = config.profile.protocol(DATASET)
    refuse_other_work(protocol)
    link_images(dataset, folder / "plain")
    making, fits = spent(lambda: features(config, folder / "results"))
    print(
        f"the suite makes its features once: {making.clock:.1f} s ({making.processor:.1f} s of processor)", flush=True
    )
    suite = spent(lambda: run_suite(folder))[0]
    print(f"suite: {fits} fits in {suite.clock:.1f} s ({suite.processor:.1f} s of processor)", flush=True)
    body = run_body(folder / "plain", protocol, dataset, epochs)
    cached = run_cached(folder, protocol, dataset)
    refuse_other_length(folder / "results", protocol, (body, cached))
    per_fit = Took(suite.clock / fits, suite.processor / fits)
    shared = making.clock / len(build_grid(load_config(profile="pretrained", datasets=[DATASET])).jobs)
    print(f"with features, shared by the fits of {DATASET}'s grid ({shared:.3f} s each): ", end="")
    print(f"ratios {body.clock / (per_fit.clock + shared):.1f} and {cached.clock / (per_fit.clock + shared):.1f}")
    print(f"by processor time: ratios {body.processor / per_fit.processor:.1f}", end=" ")
    print(f"and {cached.processor / per_fit.processor:.1f}")
    print(
        f"the script that runs the body trained {epochs} of {protocol.epochs} epochs, the rest is taken to last as long"
    )
    print(f"pretrained_body_seconds_per_cell={body.clock:.2f}")
    print(f"pretrained_cached_seconds_per_cell={cached.clock:.2f}")
    print(f"pretrained_suite_seconds_per_cell={per_fit.clock:.3f}")
    print(f"pretrained_feature_seconds={making.clock:.2f}")
    print(f"pretrained_cells_per_hour_ratio={body.clock / per_fit.clock:.2f}")
    print(f"pretrained_cached_ratio={cached.clock / per_fit.clock:.2f}")


def spent(work: Callable[[], Result]) -> tuple[Took, Result]:
    """Return what a piece of work took, processes that it waited for included, and its result."""
    clock, before = time.perf_counter(), _processor()
    result = work()
    return Took(time.perf_counter() - clock, _processor() - before), result


def _processor() -> float:
    each = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(it.ru_utime + it.ru_stime for it in each)


def write_config(folder: Path, seeds: int) -> Config:
    """Write a bench.toml for the suite's side: the shipped one with other folders and rows, and return it read."""
    shipped = load_config(profile="pretrained")
    paths = {"data": str(shipped.paths.data_root.resolve()), "cache": str(folder / "cache")}
    fields = shipped.profile.protocol(DATASET).model_dump(mode="json", exclude_none=True)
    run = {"datasets": [DATASET], "methods": METHODS, "minority": [MINORITY], "profile": "pretrained"}
    whole = {"seed_draws_subset": shipped.profile.seed_draws_subset}
    sections: dict[str, Mapping[str, object]] = {
        "run": run | {"workers": CORES, "seeds": seeds},
        "paths": paths,
        "profiles.pretrained": fields | whole,
    }
    text = ""
    for name, keys in sections.items():  # JSON's numbers, strings and lists are TOML's as well
        lines = (f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
        text += f"[{name}]\n{''.join(lines)}"
    (folder / "bench.toml").write_text(text, encoding="utf8")
    return load_config(folder / "bench.toml")


def refuse_other_work(protocol: Protocol) -> None:
    """Stop where the profile asks for what the plain script does not do: the comparison would not be one."""
    for field, value in FIXED_IN_THE_SCRIPT.items():
        if getattr(protocol, field) != value:
            raise SystemExit(f"compare: the pretrained profile has {field} = {getattr(protocol, field)}, not {value}")
    if protocol.backbone.name != "efficientnet_lite0" or network_of(protocol.backbone).views != 2:
        raise SystemExit(f"compare: the pretrained profile has backbone = {protocol.backbone}, the script another")


def features(config: Config, results: Path) -> int:
    """Decode images and make features, as a run begins; return the number of fits that are to be done."""
    store = Store(results)
    return len(make_orders(config, make_plan(config, store)))


def run_suite(folder: Path) -> None:
    """Let `imbench run` do all fits, with the features that are there."""
    timed(["-m", "bench", "run", "--config", str(folder / "bench.toml"), "--results", str(folder / "results")])


def refuse_other_length(results: Path, protocol: Protocol, scripts: tuple[Took, ...]) -> None:
    """Stop where a fit of the suite did not train on as many images as the scripts, epoch for epoch."""
    fits = {record.cost.train_images / protocol.epochs for record in Store(results, read_only=True).records()}
    if fits != {it.images for it in scripts}:
        raise SystemExit(f"compare: images of an epoch: the suite {fits}, the scripts {[it.images for it in scripts]}")


def printed_by(output: str) -> dict[str, float]:
    """Return the figures that a script printed."""
    pairs = (line.split("=") for line in output.splitlines() if line.count("=") == 1)
    return {name: float(value) for name, value in pairs}


def run_body(folder: Path, protocol: Protocol, dataset: Dataset, epochs: int) -> Took:
    """Return what a cell of the script takes that runs the body in every epoch; epochs not made are added."""
    command = [*options(folder, protocol, dataset), "--class-weights", f"--epochs={epochs}"]
    took, (_, output) = spent(lambda: timed(command))
    printed = printed_by(output)
    more = printed["epoch_seconds"] * (protocol.epochs - epochs)
    print(f"script that runs the body: {epochs} epochs in {took.clock:.1f} s ({took.processor:.1f} s of processor)")
    share = 1 + more / took.clock  # processor time is taken to grow as the clock does
    return Took(took.clock + more, took.processor * share, printed["train_images"] / epochs)


def run_cached(folder: Path, protocol: Protocol, dataset: Dataset) -> Took:
    """Return what a cell of the script takes whose features are there; a first run makes them."""
    kept = [*options(folder / "plain", protocol, dataset), f"--features={folder / 'features.pt'}"]
    timed([*kept, "--epochs=1"])
    took, (_, output) = spent(lambda: timed([*kept, "--oversample", f"--epochs={protocol.epochs}"]))
    print(f"script that keeps features: one fit in {took.clock:.1f} s ({took.processor:.1f} s of processor)")
    return took._replace(images=printed_by(output)["train_images"] / protocol.epochs)


def options(folder: Path, protocol: Protocol, dataset: Dataset) -> list[str]:
    """Return the plain script with what both ways to use it share."""
    images = protocol.epoch_images(tuple(max(dataset.split().counts("train")) for _ in range(2)), 0)
    parts = [f"--{part}={folder / part}" for part in ("train", "val", "test")]
    fields = [
        f"--{name.replace('_', '-')}={getattr(protocol, name)}"
        for name in ("batch_size", "learning_rate", "weight_decay")
    ]
    return [str(SCRIPT), *parts, *fields, f"--images-per-epoch={images}"]


if __name__ == "__main__":
    main()
