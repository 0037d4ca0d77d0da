"""Processor time that commands take before they do anything: of help, and of the status of the default grid.

The first call of each is left out: it writes bytecode, and counts what is remembered from then on. Ends with one line
per figure, `name=value`.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from statistics import median

COMMANDS = {
    "help": ("--help",),
    "version": ("--version",),
    "list": ("list", "methods"),
    "status": ("status",),
    "why": ("why", "digits/8/CS/0"),
}


def processor_seconds(arguments: tuple[str, ...]) -> float:
    """Return the seconds of processor time that a command takes in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "bench", *arguments], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="calls of each command that count")
    options = parser.parse_args()
    subprocess.run([sys.executable, "-m", "bench", "run", "--dry-run"], stderr=subprocess.DEVNULL, check=True)
    for name, arguments in COMMANDS.items():
        _, *seconds = (processor_seconds(arguments) for _ in range(options.times + 1))
        print(f"{name}_seconds={median(seconds):.2f}", flush=True)


if __name__ == "__main__":
    main()
