"""Pairs per second of CycleGAN training on two cores: the suite's step beside the usual way to write it, in turns.

Both sides: the same shapes and batch, random pixels, Adam, pools. The usual way (plain_cyclegan.py) calls the networks
separately for fake, cycle and identity, in float32, contiguous. Each is measured as one training on two threads and as
two trainings side by side on one thread each. Ends with one line per figure, `name=value`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

from tabulate import tabulate

from bench.running.processes import thread_environment

HERE = Path(__file__).parent
SIDES = {"usual": HERE / "plain_cyclegan.py", "suite": HERE / "suite_cyclegan.py"}
WAYS = {"one on two threads": (1, 2), "two side by side": (2, 1)}  # processes, threads of each


def main() -> None:
    """Let all ways run in turns and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each way")
    parser.add_argument("--steps", type=int, default=15, help="timed steps of a turn")
    options = parser.parse_args()
    rates: dict[tuple[str, str], list[float]] = {(side, way): [] for side in SIDES for way in WAYS}
    for turn in range(options.rounds):
        for side, way in rates:
            rates[side, way].append(pairs_per_second(side, *WAYS[way], options.steps))
        shown = ", ".join(f"{side} {way} {found[-1]:.1f}" for (side, way), found in rates.items())
        print(f"round {turn + 1}: {shown}", flush=True)
    middle = {key: median(found) for key, found in rates.items()}
    rows = [[side, way, middle[side, way], min(found), max(found)] for (side, way), found in rates.items()]
    print(tabulate(rows, ["side", "way", "pairs/s, median", "least", "most"], floatfmt=".2f"))
    subprocess.run([sys.executable, str(SIDES["suite"]), "--profile", "--steps", "10"], check=True)
    one, two = WAYS
    best_usual = max(middle["usual", way] for way in WAYS)
    print(f"pairs_per_second_ratio={middle['suite', one] / middle['usual', one]:.2f}")
    print(f"side_by_side_ratio={middle['suite', two] / middle['usual', two]:.2f}")
    print(f"strictest_ratio={middle['suite', one] / best_usual:.2f}")
    print(f"two_against_one={middle['suite', two] / middle['suite', one]:.2f}")


def pairs_per_second(side: str, processes: int, threads: int, steps: int) -> float:
    """Run one side's script so many times at once; return the sum of their rates."""
    command = [sys.executable, str(SIDES[side]), "--threads", str(threads), "--steps", str(steps)]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **thread_environment(threads)})
        for _ in range(processes)
    ]
    texts = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        raise SystemExit(f"compare_gan: {SIDES[side].name} failed")
    lines = [line for text in texts for line in text.splitlines() if line.startswith("pairs_per_second=")]
    return sum(float(line.partition("=")[2]) for line in lines)


if __name__ == "__main__":
    main()
