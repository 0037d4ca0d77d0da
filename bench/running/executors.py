"""Executors: three ways to run work - in this thread, in local processes (loky), on a dask cluster."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from bench.errors import ConfigError

Kind = Literal["inline", "loky", "dask"]
CONNECT_SECONDS = 10.0


@dataclass(frozen=True)
class Workers:
    """A way to make executors. `window` is how many pieces of work one of them should hold at a time."""

    make: Callable[[], Executor]
    count: int
    window: int


@contextmanager
def open_workers(kind: Kind, workers: int, threads: int = 1, address: str = "") -> Iterator[Workers]:
    """Give the workers of a run for the duration of the block.

    Parameters
    ----------
    workers
        Processes; not used with an address, whose cluster has its own.
    threads
        CPU threads of each worker's numerical libraries.
    address
        Of a running dask scheduler, such as tcp://host:8786; empty: a cluster of local processes.

    Raises
    ------
    ConfigError
        dask is not installed, or no scheduler answers at the address.
    """
    if address and kind != "dask":
        raise ConfigError(f"a scheduler address needs the executor dask, not {kind}")
    if kind == "inline":
        yield Workers(Inline, 1, 1)
    elif kind == "loky":
        # loky hands a worker its next task in advance; a window below this leaves workers idle between short ones.
        yield Workers(lambda: Loky(workers, threads), workers, 2 * workers + 1)
    else:
        with _dask_client(workers, threads, address) as client:
            count = max(1, sum(client.nthreads().values()))
            yield Workers(lambda: Dask(client), count, 2 * count + 1)


class Inline(Executor):
    """Runs the work in the calling thread, at once."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Return a future that has ended. Ctrl-C is raised here and now: it belongs to the run, not to the work."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # an executor's contract: what the call raises is the future's to tell
            future.set_exception(error)
        return future


class Loky(Executor):
    """Processes of this machine. Cancelling kills them, for training does not listen."""

    def __init__(self, workers: int, threads: int) -> None:
        from joblib.externals.loky import ProcessPoolExecutor

        # A worker that has grown is replaced between two tasks; loky suspects a leak, but it is the page cache.
        warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given", category=UserWarning)
        self._pool = ProcessPoolExecutor(
            max_workers=workers, initializer=_settle_in, initargs=(os.getpid(),), env=thread_environment(threads)
        )

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Hand the work to a process."""
        future: Future[Any] = self._pool.submit(fn, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes: after their work, or at once where it is cancelled."""
        self._pool.shutdown(wait=wait, kill_workers=cancel_futures)


class Dask(Executor):
    """Workers of a dask cluster, which outlives this executor."""

    def __init__(self, client: Any) -> None:
        if client.status != "running":
            raise ConfigError("the connection to the dask scheduler is lost; run the command again to go on")
        # Not pure: dask would answer a second try of the same work with the first one's failure.
        self._executor = client.get_executor(pure=False)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Hand the work to the cluster."""
        future: Future[Any] = self._executor.submit(fn, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let go of the work: after it has ended, or at once where it is cancelled."""
        self._executor.shutdown(wait=wait and not cancel_futures)


def thread_environment(threads: int) -> dict[str, str]:
    """Return the variables that numerical libraries read their number of threads from, when they are imported."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    return dict.fromkeys(names, str(threads))


def dask_setup(worker: object) -> None:
    """Prepare a worker of our own dask cluster, which preloads this module; dask calls this function by its name."""
    _leave_interrupts_to_the_run()


def _leave_interrupts_to_the_run() -> None:
    # Ctrl-C reaches every process of the terminal; the run's own process decides what becomes of the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _settle_in(parent: int) -> None:
    _leave_interrupts_to_the_run()
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: int) -> None:
    # A run that was killed cannot end its workers, and loky's would go on with what they were given in advance.
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


@contextmanager
def _dask_client(workers: int, threads: int, address: str) -> Iterator[Any]:
    try:
        dask, distributed = import_module("dask"), import_module("distributed")
    except ImportError as error:
        raise ConfigError('the executor dask needs: pip install "imbalance-bench[dask]"') from error
    # The schedule finds out who kills workers; dask need not try first.
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        if address:
            with _connect(distributed, address) as client:
                yield client
            return
        environment = thread_environment(threads)  # the option, for dask's setting yields to our own environment
        with (
            distributed.LocalCluster(
                workers,
                threads_per_worker=1,
                processes=True,
                env=environment,
                preload=[__name__],
                dashboard_address=":0",
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield client


def _connect(distributed: Any, address: str) -> Any:
    try:
        return distributed.Client(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, TypeError) as error:  # no answer, or no address
        raise ConfigError(f"no dask scheduler answers at {address}") from error
