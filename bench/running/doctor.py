"""The doctor: looks at everything outside the code that could make a run fail, or its figures differ."""

from __future__ import annotations

import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Literal

import torch

from bench.dataset import Dataset
from bench.errors import StoreError, UserError
from bench.plan.config import DATA_VARIABLE, Config
from bench.plan.grid import dataset_named
from bench.registry import shipped_datasets
from bench.store.lock import claim
from bench.training.device import processor
from bench.training.rounded import has_instructions

ROOT = Path(__file__).resolve().parent.parent
GIB = 2**30
LITTLE_MEMORY, LITTLE_DISK = 2 * GIB, 2 * GIB


@dataclass(frozen=True)
class Check:
    """One finding, in one line. `warn` is worth knowing; with `fail` a run cannot be trusted, or cannot be."""

    name: str
    status: Literal["ok", "warn", "fail"]
    line: str


def examine(config: Config) -> list[Check]:
    """Return every finding about this machine and this Config; the shipped datasets must be registered.

    Nothing is written but a probe file, removed at once, in folders that exist.
    """
    folders = {name: getattr(config.paths, name) for name in ("results", "reports", "cache")}
    return [
        packages(ROOT / "constraints.txt"),
        cpu(),
        gpu(),
        memory(),
        *(disk(name, folders[name]) for name in ("results", "cache")),
        *(writable(name, folder) for name, folder in folders.items()),
        locking(config.paths.results),
        data_root(config.paths.data_root),
        *datasets(config),
    ]


def packages(constraints: Path) -> Check:
    """Compare what is installed with the exact versions of a constraints file."""
    python = f"Python {platform.python_version()}"
    if not constraints.is_file():
        return Check("packages", "warn", f"{python}; no constraints.txt to compare with: this is not a clone")
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)$", constraints.read_text(encoding="utf8"), re.MULTILINE))
    installed = {_canonical(package.name): package.version.split("+")[0] for package in distributions()}
    other = [f"{name} {installed[name]} (not {pin})" for name, pin in pins.items() if installed.get(name, pin) != pin]
    if other:
        return Check("packages", "warn", f"{python}; differs from constraints.txt: {', '.join(other)}")
    return Check("packages", "ok", f"{python}; versions are those of constraints.txt")


def cpu() -> Check:
    """Name the processor, the cores this process may use, and whether it computes bfloat16 in hardware."""
    info = Path("/proc/cpuinfo")
    words = set(info.read_text().split()) if info.exists() else set()
    bf16 = sorted(words & {"avx512_bf16", "amx_bf16", "bf16"})
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    line = f"{processor()}, {cores} cores, {torch.get_num_threads()} torch threads"
    if not has_instructions():
        return Check("cpu", "ok", f"{line}, no instructions for bfloat16: made in float32 and rounded")
    return Check("cpu", "ok", f"{line}, bfloat16: {', '.join(bf16) or 'by torch'}")


def gpu() -> Check:
    """Name the CUDA devices; to have none is fine."""
    if not torch.cuda.is_available():
        return Check("gpu", "ok", "no CUDA device: runs on the CPU")
    names = [torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count())]
    return Check("gpu", "ok", f"CUDA {torch.version.cuda}: {', '.join(names)}")


def memory() -> Check:
    """Tell how much memory is free, where the system says so, else how much there is."""
    info = Path("/proc/meminfo")
    free = re.search(r"^MemAvailable:\s+(\d+) kB", info.read_text(), re.MULTILINE) if info.exists() else None
    size = int(free[1]) * 1024 if free else os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    status: Literal["ok", "warn"] = "ok" if size >= LITTLE_MEMORY else "warn"
    return Check("memory", status, f"{size / GIB:.1f} GiB {'free' if free else 'in all'}")


def disk(name: str, folder: Path) -> Check:
    """Tell how much room there is for a folder."""
    free = shutil.disk_usage(_nearest(folder)).free
    return Check(f"disk {name}", "ok" if free >= LITTLE_DISK else "warn", f"{free / GIB:.1f} GiB free for {folder}")


def writable(name: str, folder: Path) -> Check:
    """Try to write in a folder, or in the nearest one above it that exists."""
    nearest = _nearest(folder)
    try:
        with tempfile.TemporaryFile(dir=nearest) as file:
            file.write(b"probe")
    except OSError as error:
        return Check(f"write {name}", "fail", f"cannot write in {nearest}: {error.strerror or error}")
    return Check(f"write {name}", "ok", f"{folder} can be {'written' if nearest == folder else 'made'}")


def locking(folder: Path) -> Check:
    """Try whether the file system refuses a lock that is already held; some network file systems do not."""
    try:
        with tempfile.TemporaryDirectory(dir=_nearest(folder), prefix=".doctor-") as probe:
            path = Path(probe) / "lock"
            with claim(path) as first, claim(path) as second:
                works = first and not second
    except (OSError, StoreError) as error:
        return Check("locking", "fail", f"no file can be locked for {folder}: {error}")
    if not works:
        return Check("locking", "fail", f"the file system of {folder} does not lock files: use one runner at a time")
    return Check("locking", "ok", f"two runners can share {folder}")


def data_root(folder: Path) -> Check:
    """Tell where images are looked for."""
    source = DATA_VARIABLE if os.environ.get(DATA_VARIABLE) else "[paths] data"
    if not folder.is_dir():
        return Check("data", "warn", f"{folder} ({source}) does not exist; only embedded datasets can run")
    return Check("data", "ok", f"{folder} ({source})")


def datasets(config: Config) -> Iterator[Check]:
    """Tell of every dataset whether its files are there: the registered ones, then the user's own folders."""
    for entry in shipped_datasets():
        yield _dataset(entry.name, dataset_named(entry.name, config))
    for name, own in config.datasets.items():
        if own.root is None:
            continue
        status: Literal["ok", "warn"] = "ok" if own.root.is_dir() else "warn"
        yield Check(f"dataset {name}", status, f"{own.root} {'is there' if status == 'ok' else 'does not exist'}")


def _dataset(name: str, dataset: Dataset) -> Check:
    if not dataset.has_files:
        return Check(f"dataset {name}", "ok", "needs no files")
    try:
        split = dataset.split()
    except UserError as error:
        return Check(f"dataset {name}", "warn", str(error))
    names = [image for part in ("train", "val", "test") for image in split.names(part)]
    absent = sum(not dataset.path(image).is_file() for image in names)
    if absent:
        advice = f"`imbench data prepare {name}` gets them, or says how"
        return Check(f"dataset {name}", "warn", f"{absent} of {len(names)} files are not in {dataset.root}; {advice}")
    return Check(f"dataset {name}", "ok", f"{len(names)} files in {dataset.root}")


def _nearest(folder: Path) -> Path:
    """Return the folder itself if it exists, else the nearest above it that does."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
