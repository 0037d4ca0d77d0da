"""Workers of a dask cluster: our own processes, or those of a scheduler at an address."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from concurrent.futures import wait as wait_for
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from importlib import import_module
from typing import Any

from bench.errors import ConfigError, told
from bench.running.processes import leave_interrupts_to_the_run, thread_environment
from bench.running.stopping import GRACE_SECONDS, ask, asked, listen_in_worker

CONNECT_SECONDS = 10.0
WORKERS_SECONDS = 30.0  # a cluster without any worker, or a scheduler that is silent for so long, is given up
BEGIN_SECONDS = 120.0  # that workers have for an answer: the first one makes them import torch, from a slow disk say
ASK_SECONDS = 5.0  # of silence of a scheduler in which a look at it ends; the question stays
LEAVE_SECONDS = 2.0  # that a scheduler has to let go of a run
LOOPBACK = "127.0.0.1:0"  # of the dashboard, which shows and tells everything to whoever reaches it


class Dask(Executor):
    """Workers of a dask cluster, which outlives this executor."""

    def __init__(self, client: Any, mark: str, address: str = "") -> None:
        if client.status != "running":
            raise _lost(address)
        # Not pure: dask would answer a second try of the same work with the first one's failure.
        self._executor = client.get_executor(pure=False)
        self._client, self._mark = client, mark
        self._running: set[Future[Any]] = set()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Hand the work to the cluster."""
        future: Future[Any] = self._executor.submit(fn, *args, **kwargs)
        self._running = {it for it in self._running if not it.done()} | {future}
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let go of the work: after it has ended, or at once where it is cancelled.

        Where the system ends the run, stages have time to keep their state; other work that began goes on in workers of
        a cluster that is not ours.
        """
        if cancel_futures and asked():
            with suppress(Exception):  # workers, or the scheduler, may be gone
                tell = partial(self._client.run, partial(ask, self._mark), on_error="ignore")
                within(ASK_SECONDS, tell)
                wait_for(self._running, GRACE_SECONDS)
        if not cancel_futures:
            self._executor.shutdown(wait=wait)
            return
        with suppress(TimeoutError):
            within(LEAVE_SECONDS, partial(self._executor.shutdown, wait=False))


def dask_setup(worker: object) -> None:
    """Prepare a worker of our own dask cluster, which preloads this module; dask calls this function by its name."""
    leave_interrupts_to_the_run()
    listen_in_worker()
    logging.disable(logging.CRITICAL)  # what it would say of a run that ends, the run says


@contextmanager
def cluster(workers: int, threads: int, address: str) -> Iterator[Any]:
    """Give a client of a dask cluster that has a worker.

    Raises
    ------
    ConfigError
        dask is not installed or does not start, no scheduler answers, or it has no worker within half a minute.
    """
    with ExitStack() as opened:
        with _started():
            client = _client(opened, workers, threads, address)
        yield client


@contextmanager
def _started() -> Iterator[None]:
    """Turn whatever dask raises as it is imported and started, a mistake in its own settings say, into one line."""
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:
        cause: BaseException = error
        while cause.__cause__:  # its own words are of little help: "Scheduler failed to start."
            cause = cause.__cause__
        why = told(str(cause) or type(cause).__name__)
        raise ConfigError(f"dask does not start ({why}); its settings are in yaml files and DASK_ variables") from error


def _client(opened: ExitStack, workers: int, threads: int, address: str) -> Any:
    try:
        dask, distributed = import_module("dask"), import_module("distributed")
    except ModuleNotFoundError as error:
        raise ConfigError("the executor dask needs: pip install distributed") from error
    # The schedule finds out who kills workers; dask need not try first.
    opened.enter_context(dask.config.set({"distributed.scheduler.allowed-failures": 0}))
    opened.enter_context(_quiet())
    if address:
        return opened.enter_context(_connected(distributed, address))
    ours = distributed.LocalCluster(
        workers,
        threads_per_worker=1,
        processes=True,
        env=thread_environment(threads),  # the option, for dask's setting yields to our own environment
        preload=[__name__],
        dashboard_address=LOOPBACK,
        silence_logs=logging.CRITICAL,  # of a worker that cannot be made
    )
    return opened.enter_context(distributed.Client(opened.enter_context(ours)))


def within(seconds: float, call: Callable[[], Any]) -> Any:
    """Return what a call returns, raise what it raises; one that takes longer is left behind in a thread of its own.

    Raises
    ------
    TimeoutError
        It has not ended; dask's own limits do not hold where a scheduler is silent.
    """
    return _asked(call).result(seconds)


def _asked(call: Callable[[], Any]) -> Future[Any]:
    found: Future[Any] = Future()

    def answer() -> None:
        try:
            found.set_result(call())
        except BaseException as error:  # the asker's to hear
            found.set_exception(error)

    threading.Thread(target=answer, name="dask call", daemon=True).start()
    return found


def ask_workers(client: Any, question: Callable[[], object], address: str = "") -> Mapping[str, object]:
    """Call a function in every worker; return the answers by the worker's address, its error where it fails.

    Raises
    ------
    ConfigError
        There is no answer within two minutes.
    """
    ask = partial(client.run, question, on_error="return")
    answers: Mapping[str, object] = _answered(BEGIN_SECONDS, ask, address)
    return answers


def threads_of(client: Any, address: str = "") -> Mapping[str, int]:
    """Return the threads of each worker; raises as `ask_workers`, after half a minute."""
    found: Mapping[str, int] = _answered(WORKERS_SECONDS, client.nthreads, address)
    return found


def _answered(seconds: float, call: Callable[[], Any], address: str) -> Any:
    try:
        return within(seconds, call)
    except TimeoutError:
        raise _lost(address) from None


class Health:
    """Whether a cluster still has a scheduler and workers; those that come back within some time are waited for."""

    def __init__(self, client: Any, address: str) -> None:
        self._client, self._address = client, address
        self._missed: float | None = None  # when a look first found none
        self._asked: Future[Any] | None = None  # a question that a silent scheduler has not answered yet

    def check(self) -> None:
        """Say what is wrong.

        Raises
        ------
        ConfigError
            The scheduler is gone, or has been silent or had no worker for half a minute.
        """
        if self._client.status not in ("running", "connecting"):
            raise _lost(self._address)
        since = time.monotonic()
        workers = self._workers()
        if workers:
            self._missed = None
            return
        self._missed = since if self._missed is None else self._missed
        if time.monotonic() - self._missed > WORKERS_SECONDS:
            raise _lost(self._address) if workers is None else _no_worker(self._address)

    def _workers(self) -> Mapping[str, int] | None:
        """Return the workers that the scheduler has, None where it does not answer."""
        # Not what the client remembers of its scheduler: now and then it leaves the workers out of that.
        asked, self._asked = self._asked or _asked(lambda: self._client.nthreads()), None
        try:
            found: Mapping[str, int] = asked.result(min(ASK_SECONDS, WORKERS_SECONDS))
        except Exception:  # the client may be trying to reach its scheduler again
            self._asked = None if asked.done() else asked
            return None
        return found


def _lost(address: str = "") -> ConfigError:
    at = f" ({address})" if address else ""
    return ConfigError(f"the connection to the dask scheduler is lost{at}; run the command again to go on")


def _no_worker(address: str) -> ConfigError:
    advice = f"start some with `dask worker {address}`" if address else "run the command again to go on"
    return ConfigError(f"no dask worker for {WORKERS_SECONDS:.0f} s; {advice}")


@contextmanager
def _connected(distributed: Any, address: str) -> Iterator[Any]:
    try:
        client = within(CONNECT_SECONDS, partial(distributed.Client, address, timeout=CONNECT_SECONDS))
    except Exception as error:  # no answer, no address, or what is no scheduler and so says anything
        raise ConfigError(f"no dask scheduler answers at {address}") from error
    try:
        try:
            wait_for_one = partial(client.wait_for_workers, 1, timeout=WORKERS_SECONDS)
            within(WORKERS_SECONDS + ASK_SECONDS, wait_for_one)
        except TimeoutError:
            raise _no_worker(address) from None
        yield client
    finally:
        with suppress(Exception):  # the scheduler may be gone, or silent
            within(LEAVE_SECONDS, client.close)


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out what dask and asyncio log, tracebacks too, when workers or a scheduler die: we tell it in a line."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
