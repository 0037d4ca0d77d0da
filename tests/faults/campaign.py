"""The campaign: faults of every kind against a small benchmark, and what came of them, in a line each and in the docs.

Usage: make faults ARGS="[--long] [--seed N] [--only WORD] [--folder PATH]"
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from os import environ
from pathlib import Path
from typing import Any

from kills import kills
from others import damage, full_disks, jumping_clocks, several_runners, stops
from trials import ROOT, Bench, Tally

DOCS = ROOT / "docs" / "reliability.md"
# What is tried, in the short form and in the long one.
SIZES = {
    "kills": (20, 200),
    "stops": (4, 40),
    "full": (6, 60),
    "several": (2, 12),
    "clocks": (1, 6),
    "damage": (6, 40),
    "examples": (300, 10_000),
}
CLUSTER = ["tests/running/test_handshake.py", "tests/running/test_cluster.py"]
MACHINES = ["tests/faults/test_machines.py", "tests/faults/test_readers.py"]
Campaign = Iterator[tuple[str, Callable[[], Tally]]]


def campaign(long: bool, seed: int, folder: Path) -> Campaign:
    """Give each kind of fault by its word, with what tries it."""
    size = {name: pair[long] for name, pair in SIZES.items()}
    rng = random.Random(seed)
    whole = Bench(folder / "whole", executor="inline", keep=True)

    def undisturbed() -> Tally:
        tally = Tally("the undisturbed run")
        if (run := whole.run()).status != 0:
            tally.escape(run.said)
        return tally

    yield "undisturbed", undisturbed
    yield "machines", lambda: tests("hypothesis: store, claims, parsers, readers", MACHINES, size["examples"], seed)
    yield "damage", lambda: damage(size["damage"], whole, folder, rng)
    yield "clocks", lambda: jumping_clocks(size["clocks"], whole, folder)
    yield "full", lambda: full_disks(size["full"], whole, folder)
    yield "several", lambda: several_runners(size["several"], whole, folder, rng)
    yield "stops", lambda: stops(size["stops"], whole, folder, rng)
    yield "kills", lambda: kills(size["kills"], whole, folder, rng)
    yield "cluster", lambda: tests("a Dask cluster of separate processes", CLUSTER, size["examples"], seed)


def tests(kind: str, files: list[str], examples: int, seed: int) -> Tally:
    """Run tests in which every fault is one; those of random input with so many examples each."""
    tally = Tally(kind)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--hypothesis-seed={seed}", *files]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environ | {"EXAMPLES_OF_FAULTS": str(examples)},
        capture_output=True,
        text=True,
        check=False,
    )
    counts = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|error)", done.stdout.splitlines()[-1])}
    machines = files is MACHINES
    tally.tried = sum(counts.values()) * (examples if machines else 1)
    for line in done.stdout.splitlines():
        if line.startswith(("FAILED", "ERROR")):
            tally.escape(line)
    if not counts or (done.returncode and tally.clean):
        tally.escape(done.stdout[-400:])
    return tally


def report(tallies: list[Tally], long: bool, seed: int, seconds: float, rest: Sequence[str] = ()) -> str:
    """Return what was measured as a document."""
    rows = [f"| {it.kind} | {it.tried} | {it.lost} | {it.doubled} | {it.wrong} | {it.escaped} |" for it in tallies]
    notes = [f"- {it.kind}: {' '.join(note.split())[:300]}" for it in tallies for note in it.notes]
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    form = "--long" if long else "the short form"
    head = f"""# Reliability

Written by `make faults` ({form}, seed {seed}; {seconds / 60:.0f} minutes on {system}).
It runs a small benchmark - classical fits, a CycleGAN with its judges, joint training, a generator - and disturbs it;
every record and artifact is compared, bit for bit, with those of a run that nothing has disturbed.

- **tried**: faults that really happened; of random input the examples
- **lost**: records that are missing when a run has ended well
- **doubled**: records that exist twice, and work that two runners did at once
- **wrong**: records or artifacts that differ in any bit of their outcome, or in the code they name
- **escaped**: tracebacks, endings without a line, runs that hang, success that was none

| faults | tried | lost | doubled | wrong | escaped |
| --- | ---: | ---: | ---: | ---: | ---: |
"""
    left = f"\n\nNot tried yet when this was written: {', '.join(rest)}." if rest else ""
    seen = f"\n\nWhat was seen:\n\n{chr(10).join(notes)}" if notes else ""
    return head + "\n".join(rows) + left + seen + "\n"


def main() -> None:
    """Run the campaign; exit status 1 where anything suffered."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--long", action="store_true", help="hours instead of minutes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--only", default="", help="the words of some kinds, separated by commas; then nothing is written"
    )
    parser.add_argument("--folder", type=Path, default=None, help="where to work, and to go on if it was cut short")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="faults-"))
    only, kept = [word for word in asked.only.split(",") if word], folder / f"tallies-{asked.seed}-{asked.long}.json"
    known: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {"seconds": 0.0}
    started, tallies = time.monotonic() - known.pop("seconds"), []
    kinds = [*campaign(asked.long, asked.seed, folder)]
    for number, (word, attempt) in enumerate(kinds, 1):
        if only and word not in only and not (word == "undisturbed" and set(only) - {"cluster", "machines"}):
            continue
        tallies.append(Tally(**known[word]) if word in known else attempt())
        print(tallies[-1].line(), flush=True)
        for note in tallies[-1].notes:
            print(f"  {note}", flush=True)
        if not only:  # after each, for hours may be cut short, and the same folder goes on
            known[word], seconds = asdict(tallies[-1]), time.monotonic() - started
            kept.write_text(json.dumps(known | {"seconds": seconds}))
            rest = [word for word, _ in kinds[number:]]
            DOCS.write_text(report(tallies[1:], asked.long, asked.seed, seconds, rest), encoding="utf8")
    if asked.folder is None and all(tally.clean for tally in tallies):
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if all(tally.clean for tally in tallies) else 1)


if __name__ == "__main__":
    main()
