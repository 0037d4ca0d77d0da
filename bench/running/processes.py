"""Processes of this machine that work (loky), and how they leave with the run that they belong to."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from contextlib import suppress
from importlib import import_module
from secrets import token_hex
from typing import Any

from bench.errors import ConfigError
from bench.running.stopping import GRACE_SECONDS, asked, listen_in_worker


class Loky(Executor):
    """Processes of this machine. Cancelling kills them, for training does not listen."""

    def __init__(self, workers: int, threads: int) -> None:
        from joblib.externals.loky import ProcessPoolExecutor

        # A worker that has grown is replaced between two tasks; loky suspects a leak, but it is the page cache.
        warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given", category=UserWarning)
        try:
            _try_a_semaphore()
            _track_resources()
            self._pool = ProcessPoolExecutor(
                max_workers=workers, initializer=_settle_in, initargs=(os.getpid(),), env=thread_environment(threads)
            )
        except OSError as error:
            raise _no_processes(error) from error

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Hand the work to a process.

        Raises
        ------
        ConfigError
            No process can be started.
        """
        try:
            future: Future[Any] = self._pool.submit(fn, *args, **kwargs)
        except OSError as error:
            raise _no_processes(error) from error
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes: after their work, or at once where it is cancelled.

        Where the system ends the run, stages have time to keep their state.
        """
        if cancel_futures and asked():
            _tell(self._pool._processes or {})
        self._pool.shutdown(wait=wait, kill_workers=cancel_futures)


def thread_environment(threads: int) -> dict[str, str]:
    """Return the variables that numerical libraries read their number of threads from, when they are imported."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    return dict.fromkeys(names, str(threads))


def leave_interrupts_to_the_run() -> None:
    # Ctrl-C reaches every process of the terminal; the run's own process decides what becomes of the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _try_a_semaphore() -> None:
    """Make and remove what every pool needs, before any process is started: in shared memory, which may be full."""
    import_module("_multiprocessing").SemLock(1, 1, 1, f"/imbench-{os.getpid()}-{token_hex(4)}", True)


def _track_resources() -> None:
    """Start loky's tracker, which ignores SIGTERM, so that it outlives a closed terminal too and tidies up in peace."""
    from joblib.externals.loky.backend.resource_tracker import ensure_running

    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _no_processes(error: OSError) -> ConfigError:
    reason = error.strerror or error
    return ConfigError(f"no worker process can be started ({reason}; is /dev/shm full?): try --executor inline")


def _tell(processes: Mapping[int, Any]) -> None:
    """Ask processes to end, and wait until they have."""
    told = [*processes.values()]
    for process in told:
        with suppress(OSError, ValueError):
            os.kill(process.pid, signal.SIGTERM)
    end = time.monotonic() + GRACE_SECONDS + 1
    while any(process.is_alive() for process in told) and time.monotonic() < end:
        time.sleep(0.05)


def _settle_in(parent: int) -> None:
    leave_interrupts_to_the_run()
    listen_in_worker()
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: int) -> None:
    # A run that was killed cannot end its workers, and loky's would go on with what they were given in advance.
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
