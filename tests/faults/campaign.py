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
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from os import environ
from pathlib import Path
from typing import Any

from kills import kills
from others import damage, full_disks, jumping_clocks, several_runners, stops
from trials import ROOT, Bench, Tally

DOCS = ROOT / "docs" / "reliability.md"
UNDISTURBED = "undisturbed"
# How many faults of each kind a round tries, and examples of each property of random input. The short form is a round,
# the long one ten of them, each with faults of its own.
SIZES = {"kills": 20, "stops": 4, "full": 6, "several": 2, "clocks": 1, "damage": 6}
EXAMPLES, LONG_EXAMPLES, ROUNDS = 300, 1000, 10
CLUSTER = ["tests/running/test_handshake.py", "tests/running/test_cluster.py"]
CLUSTER_KIND = "a Dask cluster of separate processes"
MACHINES_KIND = "hypothesis: store, claims, parsers, readers"
MACHINES = [f"tests/faults/test_{name}.py" for name in ("machines", "readers", "folder_readers")]
Kinds = dict[str, Callable[[Path, random.Random], Tally]]


def campaign(whole: Bench, examples: int) -> Kinds:
    """Return what tries each kind of fault in a folder, by the kind's word; first comes a run that nothing disturbs."""

    def undisturbed(folder: Path, rng: random.Random) -> Tally:
        tally = Tally("the undisturbed run")
        if (run := whole.run()).status != 0:
            tally.escape(run.said)
        return tally

    return {
        UNDISTURBED: undisturbed,
        "machines": lambda folder, rng: of_tests(MACHINES_KIND, MACHINES, folder, rng, examples),
        "damage": lambda folder, rng: damage(SIZES["damage"], whole, folder, rng),
        "clocks": lambda folder, rng: jumping_clocks(SIZES["clocks"], whole, folder, rng),
        "full": lambda folder, rng: full_disks(SIZES["full"], whole, folder, rng),
        "several": lambda folder, rng: several_runners(SIZES["several"], whole, folder, rng),
        "stops": lambda folder, rng: stops(SIZES["stops"], whole, folder, rng),
        "kills": lambda folder, rng: kills(SIZES["kills"], whole, folder, rng),
        "cluster": lambda folder, rng: of_tests(CLUSTER_KIND, CLUSTER, folder, rng, 1),
    }


def of_tests(kind: str, files: list[str], folder: Path, rng: random.Random, examples: int) -> Tally:
    """Run tests in which every fault is one; those of random input with so many examples each.

    What they said is in the folder, where the one that failed stands with the input that it failed with.
    """
    tally = Tally(kind)
    seed = f"--hypothesis-seed={rng.randrange(1 << 32)}"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", seed, *files]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environ | {"EXAMPLES_OF_FAULTS": str(examples)},
        capture_output=True,
        text=True,
        check=False,
    )
    (folder / "said.txt").write_text(done.stdout + done.stderr, encoding="utf8")
    counts = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|error)", done.stdout.splitlines()[-1])}
    tally.tried = sum(counts.values()) * examples
    for line in done.stdout.splitlines():
        if line.startswith(("FAILED", "ERROR")):
            tally.escape(line)
    if not counts or (done.returncode and tally.clean):
        tally.escape(done.stdout[-400:])
    return tally


def report(tallies: Sequence[Tally], long: bool, seed: int, seconds: float, left: Mapping[str, int]) -> str:
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
    rounds = [f"{word} ({count} of {ROUNDS} rounds)" if long else word for word, count in left.items()]
    rest = f"\n\nNot tried yet when this was written: {', '.join(rounds)}." if left else ""
    seen = f"\n\nWhat was seen:\n\n{chr(10).join(notes)}" if notes else ""
    return head + "\n".join(rows) + rest + seen + "\n"


def main() -> None:
    """Run the campaign; exit status 1 where anything suffered."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--long", action="store_true", help="hours instead of minutes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="the words of some kinds, by commas; then the docs stay as they are")
    parser.add_argument("--folder", type=Path, default=None, help="where to work, and to go on if it was cut short")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="faults-"))
    kinds = campaign(Bench(folder / "whole", executor="inline", keep=True), LONG_EXAMPLES if asked.long else EXAMPLES)
    only = [word for word in asked.only.split(",") if word] or [*kinds]
    wanted = [UNDISTURBED, *(word for word in kinds if word in only and word != UNDISTURBED)]
    rounds = ROUNDS if asked.long else 1
    plan = [(number, word) for number in range(1, rounds + 1) for word in wanted if word != UNDISTURBED or number == 1]
    kept = folder / f"tallies-{asked.seed}-{asked.long}.json"
    known: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {"seconds": 0.0}
    started, done = time.monotonic() - known.pop("seconds"), []
    for number, word in plan:
        name = f"{word} {number}"
        if name in known:
            tally = Tally(**known[name])
        else:
            place = folder / name
            shutil.rmtree(place, ignore_errors=True)  # where one was cut short before
            place.mkdir(parents=True)
            tally = kinds[word](place, random.Random(f"{asked.seed} {name}"))
            if tally.clean:
                shutil.rmtree(place, ignore_errors=True)
        done.append((word, tally))
        print(f"round {number} of {rounds}, {tally.line()}", flush=True)
        for note in tally.notes:
            print(f"  {note}", flush=True)
        # After each, for hours may be cut short, and the same folder goes on.
        known[name], seconds = asdict(tally), time.monotonic() - started
        kept.write_text(json.dumps(known | {"seconds": seconds}))
        if not asked.only:
            left = Counter(word for _, word in plan[len(done) :])
            DOCS.write_text(report(summed(done), asked.long, asked.seed, seconds, left), encoding="utf8")
    if asked.folder is None and all(tally.clean for _, tally in done):
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if all(tally.clean for _, tally in done) else 1)


def summed(done: Sequence[tuple[str, Tally]]) -> list[Tally]:
    """Return what came of each kind of fault, over all rounds."""
    words = dict.fromkeys(word for word, _ in done if word != UNDISTURBED)
    return [sum((tally for it, tally in done if it == word), Tally("")) for word in words]


if __name__ == "__main__":
    main()
