"""A small benchmark that is disturbed: how it is run, and what is lost, doubled or wrong against one that was not."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from small_stages import toml

from bench.record import Record
from bench.store.store import Store

ROOT = Path(__file__).resolve().parents[2]
POINTS = Path(__file__).resolve().parent / "points"
METHODS = ("CS", "OS", "AUG", "ALT", "cGAN")  # classical, a CycleGAN with its measurement, joint training, a generator
OUTCOME = ("status", "validation", "test", "extended", "figures", "answers", "selected_epoch", "chosen", "code")
FILES = 12  # that a fault waits for, at most; a run writes some more
PATIENCE = 900.0  # seconds after which a run hangs
ENDINGS = {0, 1, 2, 130, 143}  # what a run may end with; a signal that we sent may end it too


@dataclass
class Tally:
    """What came of the faults of one kind: how many were tried, and the records that suffered.

    `escaped` counts tracebacks, endings that are none, runs that hang, and success that was said and was none.
    """

    kind: str
    tried: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    escaped: int = 0
    notes: list[str] = field(default_factory=list)

    def line(self) -> str:
        """Return the numbers in a line."""
        numbers = ", ".join(
            f"{name} {getattr(self, name)}" for name in ("tried", "lost", "doubled", "wrong", "escaped")
        )
        return f"{self.kind}: {numbers}"

    def __add__(self, other: Tally) -> Tally:
        names = ("tried", "lost", "doubled", "wrong", "escaped")
        both = {name: getattr(self, name) + getattr(other, name) for name in names}
        return Tally(other.kind, **both, notes=[*self.notes, *other.notes])

    @property
    def clean(self) -> bool:
        """Whether nothing suffered."""
        return not (self.lost or self.doubled or self.wrong or self.escaped)

    def escape(self, note: str) -> None:
        """Count what should not have been seen."""
        self.escaped += 1
        self.notes.append(note)


@dataclass(frozen=True)
class Ended:
    """A run that has ended: its status (negative: the signal) and what it said."""

    status: int
    said: str


class Bench:
    """A folder with the configuration of the small benchmark, run as a user does."""

    def __init__(self, folder: Path, executor: str = "loky", workers: int = 2, keep: bool = False) -> None:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.results = folder, folder / "results"
        self.file = toml(folder, methods=list(METHODS), executor=executor, workers=workers)
        text = self.file.read_text()
        self.file.write_text(text.replace("compared_epochs = [3]", "compared_epochs = []"))

    def start(self, points: Sequence[Mapping[str, Any]] = (), **environment: str) -> subprocess.Popen[str]:
        """Start a run in a process group of its own, with points at which something happens to it."""
        variables = {"PYTHONPATH": f"{POINTS}{os.pathsep}{ROOT}", "POINTS_OF_FAULT": json.dumps([*points])}
        variables |= {"OMP_NUM_THREADS": "1"} | environment
        return subprocess.Popen(
            [sys.executable, "-m", "bench", "run", "--config", str(self.file)],
            env=os.environ | variables,
            start_new_session=True,
            preexec_fn=_hears_sighup,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, points: Sequence[Mapping[str, Any]] = (), **environment: str) -> Ended:
        """Run to the end."""
        return ended(self.start(points, **environment))


def _hears_sighup() -> None:
    """Whatever the campaign was started by: under `nohup` SIGHUP is ignored, also by all that it starts."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def ended(runner: subprocess.Popen[str], patience: float = PATIENCE) -> Ended:
    """Wait for a run's end, and for that of its workers."""
    try:
        _, said = runner.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        os.killpg(runner.pid, signal.SIGKILL)
        _, said = runner.communicate()
        return Ended(-999, f"{said}\nit hangs")
    end = time.monotonic() + 30
    while time.monotonic() < end and _alive(runner.pid):
        time.sleep(0.1)
    return Ended(runner.returncode, said)


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def at_some_point(runner: subprocess.Popen[str], bench: Bench, rng: random.Random) -> bool:
    """Wait until a run has written so many files, and a moment more; return whether it still goes on.

    So that a fault comes at any time of a run, however slow the machine.
    """
    files = rng.randrange(FILES)
    before = len(_written(bench))
    while runner.poll() is None and len(_written(bench)) < before + files:
        time.sleep(0.05)
    end = time.monotonic() + rng.uniform(0, 3)
    while runner.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    return runner.poll() is None


def _written(bench: Bench) -> list[Path]:
    return [*bench.results.glob("records/*/*.json"), *bench.results.glob("stages/*/*-*.safetensors")]


def judge(tally: Tally, run: Ended, killed: bool = False) -> None:
    """Count what a run said that nobody should see."""
    if "Traceback" in run.said or "Error ignored" in run.said or "Exception ignored" in run.said:
        tally.escape(f"traceback: {run.said.strip()[-400:]}")
    elif run.status not in ENDINGS and not (killed and run.status == -signal.SIGKILL):
        tally.escape(f"it ended with {run.status}: {run.said.strip()[-400:]}")


def compare(tally: Tally, bench: Bench, whole: Bench, said_done: bool = True) -> None:
    """Hold every record and artifact against those of a run that nothing has disturbed, bit for bit."""
    ours, theirs = _records(whole), _records(bench)
    lost = [id for id in ours if id not in theirs]
    tally.lost += len(lost)
    tally.doubled += len([id for id in theirs if id not in ours]) + _twice(bench)
    for id in ours.keys() & theirs.keys():
        if any(getattr(ours[id], name) != getattr(theirs[id], name) for name in OUTCOME):
            tally.wrong += 1
            tally.notes.append(f"record {id} differs")
    there = _artifacts(bench)
    for name, content in _artifacts(whole).items():
        if there.get(name) != content:
            tally.wrong += 1
            tally.notes.append(f"artifact {name} is missing or differs")
    if lost and said_done:
        tally.escape(f"success was said and {len(lost)} records are missing")


def _records(bench: Bench) -> dict[str, Record]:
    return {record.id: record for record in Store(bench.results, read_only=True).records()}


def _twice(bench: Bench) -> int:
    names = [path.name for path in bench.results.glob("records/*/*.json")]
    return len(names) - len(set(names))


def _artifacts(bench: Bench) -> dict[str, str]:
    files = bench.results.glob("stages/*/*-*.safetensors")
    return {f"{path.parent.name}/{path.name}": sha256(path.read_bytes()).hexdigest() for path in files}
