"""A runner to be killed: python run_small_grid.py ROOT LOG COUNT QUICK KIND; the first QUICK pieces of its work end."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from small_records import grid_of

from bench.running.executors import open_workers
from bench.running.schedule import run

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would ignore it
    root, log, count, quick, kind = sys.argv[1:]
    with open_workers(kind, workers=2) as workers:  # type: ignore[arg-type]
        run(grid_of(Path(root), Path(log), int(count), int(quick)), workers.make, workers.window, poll_seconds=0.05)
