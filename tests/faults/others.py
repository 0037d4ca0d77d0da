"""Further faults: disks that fill up, several runners at once, clocks that jump, stops by the system, damaged files."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import time
from pathlib import Path

from trials import Bench, Tally, at_some_point, compare, ended, judge

CLASSICAL = ("CS", "OS", "US", "Vanilla", "AUG")
TOLD = " jobs done now, "  # in the last line of a run that has done what it can
LEAST, AMPLE = 4 << 10, 64 << 20  # bytes of the smallest disk, and of one that holds all


def full_disks(tries: int, whole: Bench, folder: Path, rng: random.Random) -> Tally:
    """Run on disks that fill up anywhere between the first write and the last, until all is done; no record suffers."""
    tally = Tally("full disks")
    for place in ("results", "cache"):
        bench = Bench(folder / place, executor="inline")
        small, needed = bench.folder / place, _bytes(whole.folder / place)
        small.mkdir()
        sizes = sorted(rng.randrange(LEAST, needed) for _ in range(tries // 2))
        if os.geteuid() or not _mounted(small, sizes[0]):
            tally.notes.append("not tried: no small disk can be mounted here")
            return tally
        try:
            for size in [*sizes, AMPLE]:
                _mounted(small, size, "remount,")
                run = bench.run()
                judge(tally, run)
                if run.status == 0:
                    break
                tally.tried += 1
                line = run.said.strip().splitlines()[-1]
                if not re.search("cannot write.*(No space left|disk full)", line):
                    tally.escape(f"a full disk is said so: {line}")
            compare(tally, bench, whole)
        finally:
            subprocess.run(["umount", "-l", str(small)], check=False)
    return tally


def _mounted(place: Path, size: int, how: str = "") -> bool:
    """Mount a disk of so many bytes, or give the one that is there another size; return whether that is allowed."""
    command = ["mount", "-t", "tmpfs", "-o", f"{how}size={size}", "tmpfs", str(place)]
    return not subprocess.run(command, capture_output=True, check=False).returncode


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def several_runners(rounds: int, whole: Bench, folder: Path, rng: random.Random) -> Tally:
    """Let two and three runners loose on one folder, one of them killed in every second round."""
    tally = Tally("several runners at once")
    for number in range(rounds):
        bench, count = Bench(folder / f"several {number}"), 2 + number % 2
        saved = folder / f"saved {number}"
        point = {"at": "bench.store.store:Store.save", "act": "count", "file": str(saved)}
        runners = [bench.start([point]) for _ in range(count)]
        tally.tried += count
        if number % 2 and at_some_point(runners[0], bench, rng):
            os.killpg(runners[0].pid, signal.SIGKILL)
        runs = [ended(runner) for runner in runners]
        for run in runs:
            judge(tally, run, killed=True)
        if not number % 2:
            records = len([*bench.results.glob("records/*/*.json")])
            tally.doubled += len(saved.read_text().splitlines()) - records  # work that was done twice
        if all(run.status != 0 for run in runs):
            tally.escape(f"no runner came to the end: {runs[-1].said.strip()[-300:]}")
        compare(tally, bench, whole)
    return tally


def jumping_clocks(rounds: int, whole: Bench, folder: Path, rng: random.Random) -> Tally:
    """Run while the clock of the wall jumps by years."""
    tally = Tally("clocks that jump")
    for number in range(rounds):
        bench = Bench(folder / f"clock {number}", executor=rng.choice(("loky", "inline")))
        run = bench.run(CLOCK_OF_FAULTS="1")
        tally.tried += 1
        judge(tally, run)
        compare(tally, bench, whole, said_done=run.status == 0)
    return tally


def stops(count: int, whole: Bench, folder: Path, rng: random.Random) -> Tally:
    """Send SIGTERM and SIGHUP, to the runner or to all; each run ends in time with status 143, and the next goes on."""
    tally = Tally("SIGTERM and SIGHUP")
    bench = Bench(folder / "stopped")
    while tally.tried < count:
        runner = bench.start()
        if at_some_point(runner, bench, rng):
            tally.tried += 1
            number, whom = rng.choice((signal.SIGTERM, signal.SIGHUP)), rng.choice((os.kill, os.killpg))
            whom(runner.pid, number)
            started = time.monotonic()
            run = ended(runner)
            seconds = time.monotonic() - started
            if run.status == -number and TOLD in run.said:  # it had ended but for its process, which any signal ends
                compare(tally, bench, whole)
                bench = Bench(folder / f"stopped {tally.tried}")
                continue
            judge(tally, run)
            if (run.status not in (143, 0)) or seconds > 25:
                tally.escape(f"{number} ended with {run.status} after {seconds:.0f} s: {run.said[-300:]}")
        else:
            judge(tally, ended(runner))
            compare(tally, bench, whole)
            bench = Bench(folder / f"stopped {tally.tried}")
    judge(tally, bench.run())
    compare(tally, bench, whole)
    return tally


def damage(count: int, whole: Bench, folder: Path, rng: random.Random) -> Tally:
    """Flip bits in records and artifacts, or cut them; the next run names them and does the work again, the same."""
    tally = Tally("damaged files")
    bench = Bench(folder / "damaged")
    judge(tally, bench.run())
    files = sorted(path for path in bench.results.rglob("*") if path.suffix in (".json", ".safetensors"))
    damaged = rng.sample(files, min(count, len(files)))
    for path in damaged:
        content = bytearray(path.read_bytes())
        if rng.random() < 0.3:
            content = content[: rng.randrange(len(content))]
        else:
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(content)
        tally.tried += 1
    for path in bench.results.glob("records/*/*.json"):  # then the artifacts are needed again
        if b'"kind": "stage"' not in path.read_bytes() and path not in damaged:
            path.unlink()
    run = bench.run()
    judge(tally, run)
    if tally.tried and "set aside" not in run.said:
        tally.escape("damage was not said")
    compare(tally, bench, whole, said_done=run.status == 0)
    return tally
