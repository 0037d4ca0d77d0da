"""Executors: three ways to run work - in this thread, in local processes (loky), on a dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from bench.errors import ConfigError
from bench.running.cluster import Dask, Health, ask_workers, cluster, threads_of
from bench.running.processes import Loky

Kind = Literal["inline", "loky", "dask"]
Asked = Callable[[], object]


def _nobody(question: Asked) -> Mapping[str, object]:
    return {}


def _well() -> None:
    """Have nothing to complain about."""


@dataclass(frozen=True)
class Workers:
    """A way to make executors. `window` is how many pieces of work one of them should hold at a time.

    `elsewhere` says whether they may be on other machines, with another copy of the suite or another disk; `ask` calls
    a function in each of these and returns the answers, errors too, by the worker's name. `check` raises where the
    workers are gone for good.
    """

    make: Callable[[], Executor]
    count: int
    window: int
    elsewhere: bool = False
    ask: Callable[[Asked], Mapping[str, object]] = _nobody
    check: Callable[[], None] = _well


@contextmanager
def open_workers(kind: Kind, workers: int, threads: int = 1, address: str = "", mark: str = "") -> Iterator[Workers]:
    """Give the workers of a run for the duration of the block.

    Parameters
    ----------
    workers
        Processes; not used with an address, whose cluster has its own.
    threads
        CPU threads of each worker's numerical libraries.
    address
        Of a running dask scheduler, such as tcp://host:8786; empty: a cluster of local processes.
    mark
        Of this run among others that such a cluster may work for.

    Raises
    ------
    ConfigError
        dask is not installed, no scheduler answers at the address, or no worker joins it.
    """
    if address and kind != "dask":
        raise ConfigError(f"a scheduler address needs the executor dask, not {kind}")
    if kind == "inline":
        yield Workers(Inline, 1, 1)
    elif kind == "loky":
        # loky hands a worker its next task in advance; a window below this leaves workers idle between short ones.
        yield Workers(lambda: Loky(workers, threads), workers, 2 * workers + 1)
    else:
        with cluster(workers, threads, address) as client:
            count = max(1, sum(threads_of(client, address).values()))
            ask, check = partial(ask_workers, client, address=address), Health(client, address).check
            yield Workers(lambda: Dask(client, mark, address), count, 2 * count + 1, True, ask, check)


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
