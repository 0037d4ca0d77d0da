"""Random kills: a worker, the runner or both, at named points or by a timer; the run that follows loses nothing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from pathlib import Path
from typing import Any

from trials import Bench, Tally, at_some_point, compare, ended, judge

AT = (
    "bench.store.atomic:write_atomically",
    "bench.store.atomic:_flush_folder",
    "bench.store.store:Store.save",
    "bench.store.store:Store.get",
    "bench.store.artifacts:Weights.save",
    "bench.store.artifacts:FileCheckpoint.save",
    "bench.store.artifacts:FileCheckpoint.load",
    "bench.store.artifacts:FileCheckpoint.remove",
    "bench.store.lock:_lock",
    "bench.running.worker:perform",
    "bench.running.receipts:Receipts.missing",
    "bench.methods.translators.training:GanTraining._crops",
    "bench.methods.generators.training:GeneratorTraining._step",
    "bench.judging.measurement:measure",
)
OFTEN = ("_crops", "_step", "write_atomically", "_lock")  # called many times in a run
AT_MOST = 3  # kills of one run, which goes on after that of a worker
VICTIMS = ("kill", "kill runner", "kill both")
AT_ONCE = {"at": "bench.store.artifacts:CHECKPOINT_SECONDS", "set": 0.0}  # states are kept at every step


def kills(count: int, whole: Bench, folder: Path, rng: random.Random) -> Tally:
    """Kill so many times; a store is gone on with until it is done, then the next is begun."""
    tally = Tally("kills of worker, runner and both")
    number = 0
    while tally.tried < count:
        number += 1
        bench = Bench(folder / f"killed {number}", rng.choice(("loky", "loky", "inline")), rng.choice((1, 2)))
        for attempt in range(8):
            last = tally.tried >= count or attempt == 7
            if _one(bench, tally, rng, folder / f"fired {number} {attempt}", quiet=last):
                break
        compare(tally, bench, whole)
    return tally


def _one(bench: Bench, tally: Tally, rng: random.Random, mark: Path, quiet: bool) -> bool:
    """Run once, with a kill on the way unless it is to be quiet; return whether the run came to its end."""
    if quiet:
        run = bench.run([AT_ONCE])
        judge(tally, run)
        if run.status != 0:
            tally.escape(f"an undisturbed run after kills ended with {run.status}: {run.said.strip()[-400:]}")
        return True
    marks = [mark.with_name(f"{mark.name} {number}") for number in range(AT_MOST)]
    if rng.random() < 0.25:
        runner = bench.start([AT_ONCE])
        tally.tried += at_some_point(runner, bench, rng) and _by_timer(runner, rng)
    else:
        runner = bench.start([AT_ONCE, *(_point(rng, mark) for mark in marks)])
    run = ended(runner)
    tally.tried += sum(mark.exists() for mark in marks)
    judge(tally, run, killed=True)
    return run.status == 0


def _point(rng: random.Random, mark: Path) -> dict[str, Any]:
    at = rng.choice(AT)
    call = rng.randint(1, 12 if at.endswith(OFTEN) else 2)
    when = rng.choice(("before", "after"))
    return {"at": at, "call": call, "when": when, "act": rng.choice(VICTIMS), "file": str(mark)}


def _by_timer(runner: subprocess.Popen[str], rng: random.Random) -> bool:
    """Kill the runner, one of its workers or all of its processes; return whether there was anybody to kill."""
    if runner.poll() is not None:
        return False
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(runner.pid)], capture_output=True, text=True, check=False
    )
    # Not the process that tidies up behind workers: it is joblib's, works on nothing, and tells its own losses.
    children = [int(line.split()[0]) for line in listed.stdout.splitlines() if "LokyProcess" in line]
    victim = rng.choice(VICTIMS)
    try:
        if victim == "kill both":
            os.killpg(runner.pid, signal.SIGKILL)
        else:
            os.kill(rng.choice(children) if victim == "kill" and children else runner.pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
