"""Choose a profile by validation curves of Vanilla and OS at a dataset's smallest count; no test image is opened.

Trials are made on seeds that no table uses and kept in benchmarks/trials/, one line each, so that the same command goes
on where it was and the curves can be printed again without training. Without a candidate: print what was found of a
dataset, or of all.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import fmean as mean
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.metrics import roc_auc_score
from tabulate import tabulate

from bench import registry
from bench.data.cache import open_cache, prepare
from bench.data.features import frozen_body, part_features
from bench.data.parts import leading
from bench.method import Counts
from bench.networks.network import network_of
from bench.plan.compose import compose
from bench.plan.config import load_config
from bench.plan.grid import dataset_named, rarest_workshop
from bench.protocol import Protocol
from bench.training.device import Device
from bench.training.trainer import Trainer

SEEDS = (100, 101, 102, 103, 104)
METHODS = ("Vanilla", "OS")
TRIALS = Path(__file__).with_name("trials")
LEFT = 0.05  # balanced accuracy above chance: whoever is below has not left the constant predictor
# Whole files are digested each time they are opened, which takes longer than a head trains. A plain dict, not
# `functools.cache`: what a worker is sent cannot hold one.
PREPARED: dict[tuple[str, str, int, int, str], dict[str, Path]] = {}
FLAT = 0.01  # gain in ROC-AUC of the last quarter over the one before, below which training was long enough


def main() -> None:
    """Run trials of one candidate if one is named, then print all trials of the dataset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="cpu")
    parser.add_argument("--dataset", help="default: horse2zebra for trials, all for printing them")
    parser.add_argument(
        "--candidate", action="append", default=[], help='fields of the protocol as JSON: {"epochs": 24}'
    )
    parser.add_argument("--method", action="append", default=[], help="default: Vanilla and OS")
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="so many of the seeds from 100 on")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    registry.load()
    if not options.candidate and not options.dataset:
        for file in sorted(TRIALS.glob("*.jsonl")):
            if "acsa" in next(iter(known := list(read(file))), ()):
                print(f"\n{file.stem}\n")
                show(known)
        return
    options.dataset = options.dataset or "horse2zebra"
    # Trials of cpu go by their dataset alone; a run of another profile never meets them.
    named = options.dataset if options.profile == "cpu" else f"{options.profile}-{options.dataset}"
    file = TRIALS / f"{named}.jsonl"
    known = list(read(file))
    done = {key(trial) for trial in known}
    wanted = [
        {"dataset": options.dataset, "candidate": json.loads(text), "method": method, "seed": seed}
        for text in options.candidate
        for seed in SEEDS[: options.seeds]
        for method in options.method or METHODS
    ]
    missing = [trial for trial in wanted if key(trial) not in done]
    if missing:
        first = protocol_of(options.profile, options.dataset, missing[0]["candidate"])
        prepared(options.profile, options.dataset, first)  # decode before the clock runs
    made = Parallel(n_jobs=options.workers, return_as="generator_unordered")(
        delayed(trained)(options.profile, it) for it in missing
    )
    for trial in made:
        file.parent.mkdir(exist_ok=True)
        with file.open("a", encoding="utf8") as out:
            out.write(json.dumps(trial, sort_keys=True) + "\n")
        known.append(trial)
        print(
            f"{trial['method']} seed {trial['seed']}: {trial['seconds']:.0f} s, ACSA {trial['acsa'][-1]:.3f}",
            flush=True,
        )
    show(known)


def show(known: Sequence[dict[str, Any]]) -> None:
    """Print what trials of one dataset came to, and their mean validation curves."""
    print(tabulate(summary(known), headers="keys", floatfmt=".3f", tablefmt="pipe"))
    print("\nMean over seeds after each epoch, at most twelve of them: balanced accuracy, ROC-AUC\n")
    print(tabulate(curves(known), headers="keys", tablefmt="pipe"))


def read(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the trials in a file."""
    if file.exists():
        for line in file.read_text(encoding="utf8").splitlines():
            yield json.loads(line)


def key(trial: dict[str, Any]) -> str:
    """Return what makes two trials the same."""
    return json.dumps([trial[name] for name in ("dataset", "candidate", "method", "seed")], sort_keys=True)


def protocol_of(profile: str, dataset: str, candidate: dict[str, Any]) -> Protocol:
    """Return a profile's protocol for a dataset with a candidate's fields."""
    base = load_config(profile=profile).profile.protocol(dataset)
    return Protocol(**(base.model_dump() | candidate))


def prepared(profile: str, dataset: str, protocol: Protocol) -> dict[str, Path]:
    """Return the decoded training and validation images at a candidate's sizes, or a frozen body's features of them."""
    asked = (profile, dataset, protocol.load_size, protocol.image_size, str(protocol.backbone))
    if asked not in PREPARED:
        PREPARED[asked] = _prepared(*asked)
    return PREPARED[asked]


def _prepared(profile: str, dataset: str, load_size: int, image_size: int, backbone: str) -> dict[str, Path]:
    config = load_config(profile=profile)
    source, sizes = dataset_named(dataset, config), {"train": load_size, "val": image_size}
    files = {part: prepare(source, source.split(), part, size, config.paths.cache) for part, size in sizes.items()}
    given = {"load_size": load_size, "image_size": image_size, "backbone": backbone}
    seen = Protocol(**(config.profile.protocol(dataset).model_dump() | given))
    if not network_of(seen.backbone).views:
        return files
    return part_features(files, frozen_body(seen, Device.best()), config.paths.cache)


def trained(profile: str, trial: dict[str, Any]) -> dict[str, Any]:
    """Train one classifier, check it after every epoch, and return the curves of its validation figures."""
    registry.load()
    dataset, protocol = trial["dataset"], protocol_of(profile, trial["dataset"], trial["candidate"])
    config = load_config(profile=profile, datasets=[dataset])
    shop, caches = rarest_workshop(dataset, config), prepared(profile, dataset, protocol)
    split = dataset_named(dataset, config).split()
    counts, whole = shop.task.counts, {part: split.counts(part) for part in caches}
    streams = config.profile.streams(trial["seed"])
    train = leading(open_cache(caches["train"]), whole["train"], counts, streams)
    validation = leading(open_cache(caches["val"]), whole["val"], whole["val"])
    method, device = compose(trial["method"]), Device.best()
    with device.session(protocol):
        resampled = method.hook("resample")(train, streams.numpy("resampling"))
        known = Counts(original=train.counts, effective=resampled.counts)
        trainer = Trainer(method.for_counts(known), resampled, validation, known, protocol, streams, device)
        seen: dict[str, list[float]] = {"auc": [], "acsa": [], "cross_entropy": []}
        started, busy = time.perf_counter(), time.process_time()
        for _ in range(protocol.epochs):
            trainer.train_epoch()
            trainer.check()
            seen["acsa"].append(round(trainer.history[-1]["validation_acsa"], 4))
            seen["cross_entropy"].append(round(trainer.history[-1]["validation_cross_entropy"], 4))
            seen["auc"].append(round(auc(trainer, validation.labels.numpy()), 4))
    seconds, processor = time.perf_counter() - started, time.process_time() - busy
    took = {"seconds": round(seconds, 1), "processor_seconds": round(processor, 2)}
    return trial | seen | {"classes": len(counts)} | took


def auc(trainer: Trainer, labels: np.ndarray) -> float:
    """Return the validation ROC-AUC, of more than two classes the mean of each against the rest."""
    probabilities = trainer.predict(trainer.model, trainer.validation)
    if probabilities.shape[1] == 2:
        return float(roc_auc_score(labels, probabilities[:, 1]))
    return float(np.mean([roc_auc_score(labels == k, probabilities[:, k]) for k in range(probabilities.shape[1])]))


def summary(trials: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a row per candidate and method: when the constant predictor was left, where the curves end, how flat."""
    rows = []
    for (candidate, method), group in grouped(trials):
        area, score = (np.array([trial[name] for trial in group]) for name in ("auc", "acsa"))
        quarter = max(1, area.shape[1] // 4)
        last, before = area[:, -quarter:].mean(axis=1), area[:, -2 * quarter : -quarter].mean(axis=1)
        gain = last - before
        error = gain.std(ddof=1) / len(gain) ** 0.5 if len(gain) > 1 else float("nan")
        chance = 1 / group[0].get("classes", 2)
        left = [left_after(curve, chance) for curve in score]
        rows.append(
            {
                "candidate": candidate,
                "method": method,
                "seeds": len(group),
                "left after": "/".join("never" if at is None else str(at) for at in left),
                "best acsa": score.max(axis=1).mean(),
                "last acsa": score[:, -1].mean(),
                "last quarter's auc": last.mean(),
                "gain": f"{gain.mean():+.3f} +- {error:.3f}",
                "s a fit": np.mean([trial["seconds"] for trial in group]),
                "processor s": mean([it["processor_seconds"] for it in group if "processor_seconds" in it] or [np.nan]),
            }
        )
    return rows


def curves(trials: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the mean curves of each candidate and method: after at most twelve epochs, evenly spaced, the last too."""
    rows = []
    for (candidate, method), group in grouped(trials):
        length = len(group[0]["acsa"])
        row: dict[str, Any] = {"candidate": candidate, "method": method}
        epochs = np.unique(np.linspace(1, length, min(length, 12)).round().astype(int))
        row["epochs"] = " ".join(map(str, epochs))
        for name in ("acsa", "auc"):
            found = np.mean([trial[name] for trial in group], axis=0)[epochs - 1]
            row[name] = " ".join(f"{value:.3f}".removeprefix("0") for value in found)
        rows.append(row)
    return rows


def grouped(trials: Iterable[dict[str, Any]]) -> list[tuple[tuple[str, str], list[dict[str, Any]]]]:
    """Return the trials of each candidate, in words, and method."""
    groups: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for trial in trials:
        candidate = json.dumps(trial["candidate"], sort_keys=True)
        groups[candidate, trial["method"]].append(trial)
    words = {it: " ".join(f"{name}={value}" for name, value in json.loads(it).items()) for it, _ in groups}
    return [((words[candidate], method), group) for (candidate, method), group in sorted(groups.items())]


def left_after(acsa: np.ndarray, chance: float) -> int | None:
    """Return the epoch after which balanced accuracy stays above chance by 0.05, None if it never does."""
    below = np.flatnonzero(acsa < chance + LEFT)
    if not len(below):
        return 0
    return int(below[-1]) + 1 if below[-1] + 1 < len(acsa) else None


if __name__ == "__main__":
    main()
