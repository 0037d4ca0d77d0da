"""The schedule: runs a graph of work on any concurrent.futures executor, whatever happens to its workers."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass, replace
from typing import Literal

from bench.errors import Terminated, UserError
from bench.running.graph import Graph, Node
from bench.running.stopping import asked
from bench.running.work import Busy, Done, Failure, Reply, Reused, Stop, perform

CHECK_SECONDS = 5.0  # that pass without an end before the workers are looked at
KILLED = Failure("WorkerKilled", "worker was killed (out of memory?)")


@dataclass(frozen=True)
class Outcome:
    """How a node ended. `failure` is there when it failed or was blocked.

    `seconds` is what the work says it took, else its time in the worker; `notes` are lines that the worker has to say.
    """

    state: Literal["done", "reused", "failed", "blocked"]
    value: object = None
    failure: Failure | None = None
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Event:
    """Something to show. `again` means that a worker died under the node and it will be tried alone."""

    kind: Literal["submitted", "busy", "again", "ended"]
    node: Node
    outcome: Outcome | None = None


def ignore(event: Event) -> None:
    """Show nothing."""


def believe(node: Node, outcome: Outcome) -> Failure | None:
    """Take a worker at its word."""
    return None


def trust() -> None:
    """Take the workers to be there."""


def run(
    nodes: Iterable[Node],
    make_executor: Callable[[], Executor],
    window: int,
    on_event: Callable[[Event], None] = ignore,
    poll_seconds: float = 1.0,
    confirm: Callable[[Node, Outcome], Failure | None] = believe,
    check: Callable[[], None] = trust,
) -> dict[str, Outcome]:
    """Run every node after its needs and return all outcomes by node id.

    A node that raises fails alone; what needs it is blocked; the rest goes on.

    Parameters
    ----------
    make_executor
        Called at the start, and again when a killed worker has broken the executor.
    window
        How many nodes the executor holds at once: its workers and a few more, so that none waits for work.
    poll_seconds
        How often a node is asked again that another runner is busy with.
    confirm
        Asked of every node whose worker says that it is done: a failure where that is not so.
    check
        Called now and then while nothing ends; what it raises ends the run.

    Raises
    ------
    ConfigError
        The graph is not one.
    UserError
        Raised by a node's work: nobody but the user can mend it, so the run stops.
    """
    schedule = _Schedule(Graph(nodes), make_executor, window, on_event, poll_seconds, confirm, check)
    try:
        while schedule.open:
            schedule.submit()
            schedule.collect()
    except BaseException:  # Ctrl-C too: no worker may go on when the run does not
        schedule.executor.shutdown(wait=True, cancel_futures=True)
        raise
    schedule.executor.shutdown()
    return {id: schedule.outcomes[id] for id in schedule.graph.nodes}


class _Schedule:
    """One run: what is ready (graph), in the executor (running), waiting for another runner, or under suspicion."""

    def __init__(
        self,
        graph: Graph,
        make_executor: Callable[[], Executor],
        window: int,
        on_event: Callable[[Event], None],
        poll_seconds: float,
        confirm: Callable[[Node, Outcome], Failure | None],
        check: Callable[[], None],
    ) -> None:
        self.graph = graph
        self.make_executor = make_executor
        self.window = window
        self.on_event = on_event
        self.poll_seconds = poll_seconds
        self.confirm = confirm
        self.check = check
        self.executor = make_executor()
        self.outcomes: dict[str, Outcome] = {}
        self._broken = False
        self._running: dict[Future[Reply], Node] = {}
        self._waiting: deque[tuple[float, Node]] = deque()
        self._suspects: deque[Node] = deque()
        self._deaths: Counter[str] = Counter()

    @property
    def open(self) -> bool:
        """Whether any node has no outcome yet."""
        return len(self.outcomes) < len(self.graph.nodes)

    def submit(self) -> None:
        """Fill the window; a suspect, or a node that wants to be alone, runs with nothing beside it."""
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            self.graph.put_back(self._waiting.popleft()[1])
        if self._suspects:
            if not self._running:
                self._start(self._suspects.popleft())
            return
        if any(node.alone for node in self._running.values()):
            return
        while not self._broken and len(self._running) < self.window and (node := self.graph.pop()):
            if node.alone and self._running:
                self.graph.put_back(node)
                return
            self._start(node)
            if node.alone:
                return

    def collect(self) -> None:
        """Wait until something has happened, and settle it."""
        patience = max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else CHECK_SECONDS
        if self._running:
            ended = wait(self._running, min(patience, CHECK_SECONDS), FIRST_COMPLETED).done
            if not ended:
                self.check()
            dead = self._settle(ended)
            if self._broken:  # then all others have failed with it, or are about to
                dead += self._settle(wait(self._running).done)
            self._suspect(dead)
        elif self._waiting:
            time.sleep(patience)
        if self._broken:
            self.executor.shutdown(wait=True, cancel_futures=True)
            self.executor, self._broken = self.make_executor(), False

    def _start(self, node: Node) -> None:
        try:
            future = self.executor.submit(perform, node.work)
        except BrokenExecutor:  # an idle worker was killed: nobody's fault
            self._broken = True
            if self._deaths[node.id]:  # a suspect still has to be tried alone
                self._suspects.append(node)
            else:
                self.graph.put_back(node)
            return
        self._running[future] = node
        self.on_event(Event("submitted", node))

    def _settle(self, ended: Iterable[Future[Reply]]) -> list[Node]:
        """Take the answers; return the nodes whose worker died."""
        dead = []
        for future in ended:
            node = self._running.pop(future)
            try:
                self._answered(node, future.result())
            except (BrokenExecutor, CancelledError):
                self._broken = True
                dead.append(node)
            except Terminated:
                if asked():  # the run itself is to end
                    raise
                self._broken = True
                dead.append(node)
            except UserError:
                raise
            except Exception as error:  # the executor's own: work or value did not pickle, or dask's KilledWorker
                if type(error).__name__ == "KilledWorker":
                    dead.append(node)
                else:
                    self._end(node, Outcome("failed", failure=Failure(type(error).__name__, str(error))))
        return dead

    def _answered(self, node: Node, reply: Reply) -> None:
        match reply.result:
            case Stop() as stop:
                raise stop.error()
            case Failure() as failure:
                self._end(node, Outcome("failed", failure=failure, seconds=reply.seconds, notes=failure.notes))
            case Busy():
                self._waiting.append((time.monotonic() + self.poll_seconds, node))
                self.on_event(Event("busy", node))
            case Done(value, notes, took):
                seconds = reply.seconds if took is None else took
                self._succeed(node, Outcome("done", value, seconds=seconds, notes=notes))
            case Reused(value):
                self._succeed(node, Outcome("reused", value, seconds=reply.seconds))

    def _succeed(self, node: Node, outcome: Outcome) -> None:
        if failure := self.confirm(node, outcome):
            notes = (*outcome.notes, *failure.notes)
            outcome = replace(outcome, state="failed", failure=failure, notes=notes)
        self._end(node, outcome)

    def _suspect(self, dead: list[Node]) -> None:
        # Of several that died together nobody knows which one it was: each is tried again, alone. So whoever dies a
        # second time is the one.
        for node in dead:
            self._deaths[node.id] += 1
            if self._deaths[node.id] > 1:
                self._end(node, Outcome("failed", failure=KILLED))
            else:
                self._suspects.append(node)
                self.on_event(Event("again", node))

    def _end(self, node: Node, outcome: Outcome) -> None:
        self.outcomes[node.id] = outcome
        self.on_event(Event("ended", node, outcome))
        if outcome.state in ("done", "reused"):
            self.graph.succeeded(node.id)
            return
        blocked = Outcome("blocked", failure=Failure("Blocked", f"needs {node.label or node.id}, which failed"))
        for dependent in self.graph.blocked_by(node.id):
            if dependent.id not in self.outcomes:
                self.outcomes[dependent.id] = blocked
                self.on_event(Event("ended", dependent, blocked))
