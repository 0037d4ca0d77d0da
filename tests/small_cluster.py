"""A dask cluster of separate processes, as a cluster of machines has it: for tests of what may differ between them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from patience import wait_for

ROOT = Path(__file__).resolve().parents[1]
QUIET = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}


@contextmanager
def scheduler(folder: Path, protocol: str = "tcp", environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a scheduler and give its address."""
    file = folder / "scheduler.json"
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--protocol", protocol]
    with started("scheduler", [*options, "--scheduler-file", str(file)], environment or {}):
        wait_for(lambda: file.exists() and file.read_text().endswith("\n}"), "the scheduler")
        yield json.loads(file.read_text())["address"]


@contextmanager
def worker(
    address: str, copy: Path = ROOT, environment: Mapping[str, str] | None = None, before: Sequence[str] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker with a copy of the suite, after a command line prefix; the block begins when it has joined."""
    with TemporaryDirectory() as folder:
        options = [address, "--nthreads", "1", "--no-dashboard", "--no-nanny", "--local-directory", folder]
        variables = {"PYTHONPATH": str(copy)} | dict(environment or {})
        with started("worker", options, variables, before, Path(folder) / "log") as process:
            wait_for(lambda: "Registered to" in (Path(folder) / "log").read_text(), "the worker")
            yield process


@contextmanager
def started(
    what: str,
    options: Sequence[str],
    environment: Mapping[str, str],
    before: Sequence[str] = (),
    log: Path = Path(os.devnull),
) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of dask's programs until the end of the block."""
    command = [*before, sys.executable, "-m", f"distributed.cli.dask_{what}", *options]
    variables = os.environ | QUIET | dict(environment)
    with (
        log.open("wb") as said,
        subprocess.Popen(command, env=variables, start_new_session=True, stdout=said, stderr=said) as process,
    ):
        try:
            yield process
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                process.wait()
