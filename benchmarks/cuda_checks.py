"""What a GPU computes, beside the CPU of the same machine: methods, bfloat16, a training that is stopped, and speed.

`fits` does a short fit of every method twice, once where no GPU can be seen, with the same first weights, batches and
crops; rows that draw all numbers on the CPU are to agree within TOLERANCE in every probability of the test. Longer
ones would not: rounding grows with every step until another epoch is selected. `draws` does longer fits, with dropout,
of the rows that draw on the GPU, where generators are others: mean ROC-AUC over seeds is to agree. `bfloat16` holds
short fits of bench.toml's rows in that precision against float32, both on the GPU. `stopped` ends the training of a
translator with SIGTERM, goes on, and holds what comes out against two trainings that nobody stopped. `speed` counts
steps a second of the paper's classifier in one and in more processes at once. Ends with one line per figure,
`name=value`; exit status 1 where a check fails.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from paper_rate import PROCESSES, print_rates
from safetensors.torch import load_file
from scipy.stats import t as student
from sklearn.metrics import roc_auc_score
from tabulate import tabulate

from bench import registry
from bench.record import Record
from bench.registry import METHODS
from bench.store.store import Store
from bench.training.device import Device

TOLERANCE = 0.01  # of a probability: what rounding may become in the few steps of these fits
BFLOAT16 = 0.1
LEVEL = 0.01  # of a false alarm among all rows that draw on the GPU
SEEDS = 5  # of rows that draw on the GPU
DRAWN_THERE = {"mixup", "Remix", "ACGAN", "BAGAN", "BAGAN-GP", "CBGAN", "cGAN", "GAMO"}
COMPOSED = ("US+CS", "OS+CS", "LDAM+DRW", "CBL(beta=0.9999)+Focal")
PROFILE = "smoke"
CHECKS = ("fits", "draws", "bfloat16", "stopped", "speed")
ONE = (("run", "translators = 1"), ("run", "subsets = 1"))
LONG = (*ONE, *(("profiles.smoke", line) for line in ("epochs = 20", "majority_count = 60", "eval_per_class = 40")))


class Suite:
    """Runs `imbench run` in a folder, with the smoke profile changed where a check wants it."""

    def __init__(self, folder: Path, base: Path) -> None:
        self.folder, self.base = folder, base
        folder.mkdir(parents=True, exist_ok=True)

    def config(self, name: str, changes: Iterable[tuple[str, str]]) -> Path:
        """Write the configuration with lines put below headings, or instead of lines of the same key there."""
        text = self.base.read_text()
        for heading, line in changes:
            start = text.index(f"[{heading}]\n") + len(heading) + 3
            end = text.find("\n[", start)
            section, key = text[start:end], line.split(" = ")[0]
            kept = [old for old in section.splitlines() if not old.startswith(f"{key} = ")]
            text = text[:start] + "\n".join([line, *kept]) + text[end:]
        path = self.folder / f"{name}.toml"
        path.write_text(text)
        return path

    def start(self, results: str, config: Path, seen: bool, *options: str) -> subprocess.Popen[str]:
        """Start a run; `seen`: whether it sees the GPU."""
        environment = os.environ | ({} if seen else {"CUDA_VISIBLE_DEVICES": ""})
        log = (self.folder / f"{results}.log").open("a")
        command = [sys.executable, "-m", "bench", "run", "--config", str(config), "--profile", PROFILE]
        command += ["--results", str(self.folder / results), *options]
        return subprocess.Popen(command, stdout=log, stderr=log, text=True, env=environment)

    def records(self, results: str) -> dict[str, Record]:
        """Return the records of a run, by id."""
        return {record.id: record for record in Store(self.folder / results).records()}


def main() -> None:
    """Do the checks that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checks", nargs="*", default=CHECKS, metavar="CHECK", help=", ".join(CHECKS))
    parser.add_argument("--folder", type=Path, default=Path(".cache/cuda-checks"), help="records and logs; emptied")
    parser.add_argument("--config", type=Path, default=Path("bench.toml"), help="what the checks change a little")
    parser.add_argument("--dataset", action="append", help="of `fits` and `bfloat16`; default: digits")
    parser.add_argument("--workers", type=int, default=0, help="of each run; 0: as the suite chooses")
    parser.add_argument("--processes", type=int, nargs="*", default=PROCESSES, help="of `speed`")
    options = parser.parse_args()
    registry.load()
    if not torch.cuda.is_available():
        raise SystemExit("cuda_checks: there is no CUDA device here")
    shutil.rmtree(options.folder, ignore_errors=True)
    suite, sizes = Suite(options.folder, options.config), ("--workers", str(options.workers))
    named = [word for name in options.dataset or ["digits"] for word in ("--dataset", name)]
    print(f"{Device.best().name}, torch {torch.__version__}; {len(os.sched_getaffinity(0))} cores", flush=True)
    well = True
    if "fits" in options.checks:
        well &= check_fits(suite, [*named, *sizes])
    if "draws" in options.checks:
        well &= check_draws(suite, [*named, *sizes])
    if "bfloat16" in options.checks:
        well &= check_bfloat16(suite, [*named, *sizes])
    if "stopped" in options.checks:
        well &= check_stopped(suite)
    if "speed" in options.checks:
        print_rates(options.processes)
    raise SystemExit(0 if well else 1)


def rows_of(names: Iterable[str]) -> list[str]:
    """Return options that name methods."""
    return [word for name in names for word in ("--method", name)]


def short(precision: str) -> list[tuple[str, str]]:
    """Return what short fits change: no dropout, which is drawn on the GPU, and no choice of an epoch."""
    return [
        *ONE,
        ("profiles.smoke", 'backbone = "paper_cnn(width=8, dropout=0)"'),
        ("profiles.smoke", 'selection = "last"'),
        ("profiles.smoke", "epochs = 3"),
        ("profiles.smoke", f'precision = "{precision}"'),
        ("profiles.smoke.stages.CycleGAN", f'precision = "{precision}"'),
    ]


def check_fits(suite: Suite, options: Sequence[str]) -> bool:
    """Compare short fits of the rows that draw nothing on a GPU."""
    every = dict.fromkeys([*(entry.name for entry in METHODS), *COMPOSED])
    words = [*options, "--seeds", "1", *rows_of(name for name in every if name not in DRAWN_THERE)]
    on_both(suite, "fits", suite.config("fits", short("float32")), words)
    return compared(suite, "fits-gpu", "fits-cpu", TOLERANCE, "fits")


def check_draws(suite: Suite, options: Sequence[str]) -> bool:
    """Compare the means of fits that draw on the GPU."""
    words = [*options, "--seeds", str(SEEDS), *rows_of(sorted(DRAWN_THERE))]
    on_both(suite, "draws", suite.config("draws", LONG), words)
    found = paired(suite, "draws-gpu", "draws-cpu").items()
    own = [(where, pairs) for where, pairs in found if where[1].partition("(")[0] in DRAWN_THERE]  # not what they need
    rows = []
    for (dataset, method), pairs in own:
        gaps = np.array([auc(one) - auc(other) for one, other in pairs])
        error = gaps.std(ddof=1) / math.sqrt(len(gaps)) if len(gaps) > 1 else math.nan
        most = student.ppf(1 - LEVEL / 2 / len(own), len(gaps) - 1) * error
        fine = len(gaps) == SEEDS and abs(gaps.mean()) <= most
        rows.append([dataset, method, len(gaps), gaps.mean(), error, "" if fine else "NOT within"])
    print(tabulate(rows, ["dataset", "drawn on the GPU", "pairs", "ROC-AUC, GPU - CPU", "SE", ""], floatfmt=".4f"))
    asked = options.count("--dataset") * len(DRAWN_THERE)
    print(f"draws_within={sum(not row[-1] for row in rows)} of {asked}", flush=True)
    return len(rows) == asked and not any(row[-1] for row in rows)


def on_both(suite: Suite, name: str, config: Path, words: Sequence[str]) -> None:
    """Do the same run with and without a GPU, at once."""
    running = [suite.start(f"{name}-{where}", config, where == "gpu", *words) for where in ("gpu", "cpu")]
    print(f"{name}: exit statuses {[process.wait() for process in running]}", flush=True)


def check_bfloat16(suite: Suite, options: Sequence[str]) -> bool:
    """Compare fits in bfloat16 with those in float32."""
    running = [
        suite.start(name, suite.config(name, short(name)), True, *options, "--seeds", "1")
        for name in ("float32", "bfloat16")
    ]
    print("bfloat16: exit statuses", [process.wait() for process in running], flush=True)
    return compared(suite, "bfloat16", "float32", BFLOAT16, "bfloat16", by_identity=False)


def compared(suite: Suite, one: str, other: str, tolerance: float, name: str, *, by_identity: bool = True) -> bool:
    """Print how far the probabilities of two runs are apart, method by method; return whether all are near enough."""
    rows, well = [], True
    for (dataset, method), pairs in paired(suite, one, other, by_identity=by_identity).items():
        apart = [np.abs(probabilities(a) - probabilities(b)) for a, b in pairs]
        most, middle = max(gap.max() for gap in apart), float(np.median(np.concatenate(apart)))
        fine = most <= tolerance  # NaN is not
        well &= bool(fine)
        rows.append([dataset, method, middle, most, "" if fine else "NOT within"])
    done = [[record.status for record in suite.records(run).values()] for run in (one, other)]
    failed = sum(found.count("failed") for found in done)
    print(tabulate(rows, ["dataset", "method", "median", "largest", ""], floatfmt=".2g"))
    print(f"{name}_within_{tolerance:g}={sum(not row[-1] for row in rows)} of {len(rows)}")
    print(f"{name}_records={len(done[0])} and {len(done[1])}, failed {failed}")
    print(f"{name}_largest={max((row[3] for row in rows), default=math.nan):.3g}", flush=True)
    return well and bool(rows) and len(done[0]) == len(done[1]) and not failed


def paired(
    suite: Suite, one: str, other: str, *, by_identity: bool = True
) -> dict[tuple[str, str], list[tuple[Record, Record]]]:
    """Return the fits that two runs have in common, by dataset and method; not by identity: in other precisions."""

    def keyed(results: str) -> Iterator[tuple[Any, Record]]:
        for id, record in suite.records(results).items():
            if record.test is not None:
                yield id if by_identity else (*named(record), str(record.identity["streams"])), record

    there = dict(keyed(other))
    found: dict[tuple[str, str], list[tuple[Record, Record]]] = {}
    for key, record in keyed(one):
        if key in there:
            found.setdefault(named(record), []).append((record, there[key]))
    return dict(sorted(found.items()))


def named(record: Record) -> tuple[str, str]:
    """Return a record's dataset and method."""
    parts = [
        name + (f"({', '.join(f'{key}={value}' for key, value in given.items())})" if given else "")
        for name, given in record.identity["method"]
    ]
    return record.identity["dataset"], "+".join(parts) or "Vanilla"


def probabilities(record: Record) -> np.ndarray:
    """Return what a fit says of test images (N, K), float32."""
    assert record.test is not None
    return record.test.probabilities.array()


def auc(record: Record) -> float:
    """Return a fit's area under the ROC curve, of the last class."""
    assert record.test is not None
    return float(roc_auc_score(record.test.labels == len(record.test.counts) - 1, probabilities(record)[:, -1]))


def check_stopped(suite: Suite) -> bool:
    """Stop the training of a translator and go on; compare with two that nobody stopped."""
    stage, length = "profiles.smoke.stages.CycleGAN", 150
    lengths = {"epochs": length, "constant_epochs": length + 1, "compared_epochs": [length + 1]}
    settings = [(stage, f"{key} = {value}") for key, value in lengths.items()]
    config = suite.config("stopped", [("run", "translators = 1"), *settings])
    words = ("--dataset", "digits", "--method", "AUG", "--seeds", "1", "--executor", "inline")
    suite.start("whole", config, True, *words).wait()
    suite.start("again", config, True, *words).wait()
    seconds = max(record.cost.seconds for record in suite.records("whole").values())
    process = suite.start("stopped", config, True, *words)
    while not any(suite.folder.glob("stopped/claims/*")) and process.poll() is None:
        time.sleep(0.05)
    time.sleep(seconds / 2)
    process.send_signal(signal.SIGTERM)
    status = process.wait()
    kept = list(suite.folder.glob("stopped/stages/*/checkpoint*"))
    resumed = suite.start("stopped", config, True, *words).wait()
    twice, after = (apart(suite.folder / "whole", suite.folder / it) for it in ("again", "stopped"))
    print(f"stopped: a translator of {seconds:.1f} s, exit status {status}, states kept {len(kept)}, then {resumed}")
    print(f"stopped_weights_apart={after:.3g}")
    print(f"unbroken_weights_apart={twice:.3g}", flush=True)
    return len(kept) > 0 and resumed == 0 and after <= max(twice * 10, 1e-6)


def apart(one: Path, other: Path) -> float:
    """Return the largest difference of any weight of the artifacts of two runs; infinite where one lacks a file."""
    files = [sorted(folder.glob("stages/*/artifact-*.safetensors")) for folder in (one, other)]
    if [path.parent.name for path in files[0]] != [path.parent.name for path in files[1]] or not files[0]:
        return math.inf
    gaps = []
    for first, second in zip(*files, strict=True):
        a, b = load_file(first), load_file(second)
        gaps += [float((a[name].float() - b[name].float()).abs().max()) for name in a if a[name].numel()]
    return max(gaps)


if __name__ == "__main__":
    main()
