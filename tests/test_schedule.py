"""The schedule ends every node one way or another, and no node's trouble becomes another's."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_records import log_line

from bench.errors import ConfigError, StoreError, TrainingDiverged
from bench.executors import Inline
from bench.graph import Graph, Node
from bench.schedule import Event, Outcome, run
from bench.work import Answer, Busy, Done, Failure, Reused


def succeed(value: object = None) -> Answer:
    return Done(value)


def fail(error: Exception) -> Answer:
    raise error


def processes() -> ProcessPoolExecutor:
    # A class of the standard library: the schedule asks nothing more of an executor than the interface.
    return ProcessPoolExecutor(2, mp_context=get_context("fork"))


def states(outcomes: dict[str, Outcome]) -> dict[str, str]:
    return {id: outcome.state for id, outcome in outcomes.items()}


def failure_of(outcome: Outcome) -> Failure:
    assert outcome.failure is not None
    return outcome.failure


def order_of(nodes: list[Node]) -> list[str]:
    seen: list[str] = []
    run(nodes, Inline, 1, lambda event: seen.append(event.node.id) if event.kind == "submitted" else None)
    return seen


@pytest.mark.parametrize("make_executor", [Inline, partial(ThreadPoolExecutor, 2), processes])
def test_every_node_runs_and_its_value_comes_back(make_executor: Callable[[], Executor]) -> None:
    nodes = [Node(str(number), partial(succeed, number)) for number in range(10)]
    outcomes = run(nodes, make_executor, 3)
    assert [outcome.value for outcome in outcomes.values()] == list(range(10))
    assert list(outcomes) == [node.id for node in nodes]


def test_reused_is_told_from_done() -> None:
    outcomes = run([Node("a", Reused), Node("b", Done, needs=("a",))], Inline, 1)
    assert states(outcomes) == {"a": "reused", "b": "done"}


def test_nothing_to_do_is_done_at_once() -> None:
    assert run([], Inline, 1) == {}


def test_needs_come_first_and_stages_before_fits_that_wait_for_nothing() -> None:
    nodes = [
        Node("plain", succeed, cost=3),
        Node("fit", succeed, ("stage",), cost=3),
        Node("stage", succeed, cost=1),
        Node("long", succeed, cost=9),
    ]
    assert order_of(nodes) == ["long", "stage", "plain", "fit"]


def test_equal_nodes_keep_their_order() -> None:
    ids = list("hgfedcba")
    assert order_of([Node(id, succeed) for id in ids]) == ids


@given(st.data(), st.integers(1, 12), st.integers(1, 4))
@settings(deadline=None, max_examples=60)
def test_any_graph_runs_in_an_order_that_respects_its_needs(data: st.DataObject, count: int, window: int) -> None:
    needs = {n: data.draw(st.sets(st.integers(0, n - 1), max_size=3)) if n else set() for n in range(count)}
    bad = data.draw(st.sets(st.integers(0, count - 1), max_size=2))
    seen: list[str] = []

    def work(number: int) -> Answer:
        seen.append(str(number))
        return fail(ValueError("no")) if number in bad else Done()

    nodes = [
        Node(str(n), partial(work, n), tuple(map(str, needs[n]))) for n in data.draw(st.permutations(range(count)))
    ]
    outcomes = run(nodes, Inline, window)
    lost = set(bad)
    for number in range(count):
        if needs[number] & lost:
            lost.add(number)
        expected = "failed" if str(number) in seen and number in bad else "blocked" if number in lost else "done"
        assert outcomes[str(number)].state == expected
        if expected == "done":
            assert all(seen.index(str(need)) < seen.index(str(number)) for need in needs[number])
        assert seen.count(str(number)) == (expected != "blocked")


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([Node("a", succeed, ("b",), label="fit a")], "fit a needs 'b'"),
        ([Node("a", succeed), Node("a", succeed)], "have the id 'a'"),
        ([Node("a", succeed, ("b",)), Node("b", succeed, ("a",))], "in a circle: "),
        ([Node("a", succeed, ("a",), label="fit a")], "in a circle: fit a -> fit a"),
    ],
)
def test_a_graph_that_cannot_run_is_refused_with_its_reason(nodes: list[Node], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Graph(nodes)


@pytest.mark.parametrize("make_executor", [Inline, processes])
def test_failure_blocks_what_needs_it_and_nothing_else(make_executor: Callable[[], Executor]) -> None:
    nodes = [
        Node("stage", partial(fail, ValueError("no convergence")), label="translator"),
        Node("fit", succeed, ("stage",)),
        Node("table", succeed, ("fit",)),
        Node("other", succeed),
    ]
    outcomes = run(nodes, make_executor, 2)
    assert states(outcomes) == {"stage": "failed", "fit": "blocked", "table": "blocked", "other": "done"}
    assert str(outcomes["stage"].failure) == "ValueError: no convergence"
    assert "in fail" in failure_of(outcomes["stage"]).traceback
    assert "needs translator" in failure_of(outcomes["table"]).message


class Unpicklable(Exception):
    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"{first} and {second}")
        self.handle = lambda: None


@pytest.mark.parametrize(
    ("error", "text", "epoch"),
    [
        (TrainingDiverged(3, float("nan")), "TrainingDiverged: the loss became nan in epoch 3", 3),
        (MemoryError(), "MemoryError", None),
    ],
)
def test_errors_come_back_from_a_process_as_text(error: Exception, text: str, epoch: int | None) -> None:
    # A TrainingDiverged does not unpickle: its class wants two arguments. So it is made by the worker, not sent there.
    outcomes = run([Node("a", partial(raise_like, type(error).__name__)), Node("b", succeed)], processes, 2)
    assert str(failure_of(outcomes["a"])) == text
    assert failure_of(outcomes["a"]).epoch == epoch
    assert outcomes["b"].state == "done"


def raise_like(kind: str) -> Answer:
    raise TrainingDiverged(3, float("nan")) if kind == "TrainingDiverged" else MemoryError


def raise_unpicklable() -> Answer:
    raise Unpicklable(1, 2)


def return_unpicklable() -> Answer:
    return Done(lambda: None)


def test_what_does_not_pickle_fails_alone() -> None:
    nodes = [
        Node("error", raise_unpicklable),
        Node("value", return_unpicklable),
        Node("work", lambda: Done()),
        Node("fine", succeed),
    ]
    outcomes = run(nodes, processes, 2)
    assert states(outcomes) == {"error": "failed", "value": "failed", "work": "failed", "fine": "done"}
    assert str(outcomes["error"].failure) == "Unpicklable: 1 and 2"


class OwnStoreError(StoreError):
    """A plugin's subclass: the run's own process need not know it."""

    def __init__(self) -> None:
        super().__init__("cannot write in /full: No space left on device")


def disk_full() -> Answer:
    raise OwnStoreError


@pytest.mark.parametrize("make_executor", [Inline, processes])
def test_error_that_the_user_must_mend_stops_the_run(make_executor: Callable[[], Executor]) -> None:
    started: list[Event] = []
    nodes = [Node("full", disk_full, cost=2), *(Node(str(number), succeed) for number in range(100))]
    with pytest.raises(StoreError, match=r"^cannot write in /full: No space left on device$"):
        run(nodes, make_executor, 2, started.append)
    assert len(started) < 100


def busy_until(log: Path, asked: int) -> Answer:
    log_line(log, "asked")
    return Done() if len(log.read_text().splitlines()) >= asked else Busy()


def test_busy_work_is_asked_again_and_holds_up_nobody(tmp_path: Path) -> None:
    events: list[tuple[str, str]] = []
    nodes = [
        Node("theirs", partial(busy_until, tmp_path / "log", 4), cost=9),
        Node("fit", succeed, ("theirs",)),
        *(Node(str(number), succeed) for number in range(5)),
    ]
    run(nodes, Inline, 1, lambda event: events.append((event.kind, event.node.id)), poll_seconds=0.01)
    ended = [id for kind, id in events if kind == "ended"]
    assert ended[-2:] == ["theirs", "fit"]
    assert events.count(("busy", "theirs")) == 3


def die(log: Path, name: str, times: int = 1000) -> Answer:
    log_line(log, name)
    if log.read_text().splitlines().count(name) <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    return Done()


def linger(log: Path, name: str) -> Answer:
    log_line(log, name)
    time.sleep(0.05)
    return Done()


def test_suspects_are_tried_again_one_at_a_time(tmp_path: Path) -> None:
    log = tmp_path / "log"
    running: set[str] = set()
    suspects: set[str] = set()
    beside: list[int] = []

    def watch(event: Event) -> None:
        if event.kind == "submitted":
            running.add(event.node.id)
            if suspects:
                beside.append(len(running) - 1)
        else:
            running.discard(event.node.id)
            suspects.discard(event.node.id)
        if event.kind == "again":
            suspects.add(event.node.id)

    killers = [Node(name, partial(die, log, name), cost=2) for name in ("first", "second")]
    run([*killers, *(Node(str(n), partial(linger, log, str(n))) for n in range(6))], processes, 5, watch)
    assert len(beside) >= 2 and set(beside) == {0}


@pytest.mark.parametrize("window", [1, 2, 5])
def test_worker_that_is_killed_again_and_again_costs_only_its_own_node(tmp_path: Path, window: int) -> None:
    log = tmp_path / "log"
    nodes = [
        *(Node(str(number), partial(linger, log, str(number))) for number in range(8)),
        Node("killer", partial(die, log, "killer"), cost=2),
        Node("dependent", succeed, ("killer",)),
    ]
    outcomes = run(nodes, processes, window)
    assert failure_of(outcomes.pop("killer")).message == "worker was killed (out of memory?)"
    assert outcomes.pop("dependent").state == "blocked"
    assert set(states(outcomes).values()) == {"done"}
    assert log.read_text().splitlines().count("killer") == 2


def test_worker_that_is_killed_once_does_its_work_the_second_time(tmp_path: Path) -> None:
    log = tmp_path / "log"
    nodes = [
        Node("victim", partial(die, log, "victim", 1)),
        *(Node(str(n), partial(linger, log, str(n))) for n in "ab"),
    ]
    assert set(states(run(nodes, processes, 3)).values()) == {"done"}


def test_two_nodes_that_kill_are_both_found(tmp_path: Path) -> None:
    log = tmp_path / "log"
    nodes = [
        *(Node(name, partial(die, log, name), cost=2) for name in ("first", "second")),
        *(Node(str(number), partial(linger, log, str(number))) for number in range(4)),
    ]
    outcomes = run(nodes, processes, 4)
    assert {id for id, outcome in outcomes.items() if outcome.state == "failed"} == {"first", "second"}


class Recorded(Inline):
    """An executor that tells what was asked of it, and breaks when it is told to."""

    made: ClassVar[list[Recorded]] = []

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.broken = not Recorded.made
        Recorded.made.append(self)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self.broken:
            raise BrokenExecutor
        return super().submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.calls.append("cancelled" if cancel_futures else "ended")


@pytest.fixture
def recorded() -> type[Recorded]:
    Recorded.made = []
    return Recorded


def test_executor_found_broken_before_any_work_is_made_anew(recorded: type[Recorded]) -> None:
    outcomes = run([Node("a", succeed), Node("b", succeed)], recorded, 2)
    assert set(states(outcomes).values()) == {"done"}
    assert [executor.calls for executor in recorded.made] == [["cancelled"], ["ended"]]


def interrupt() -> Answer:
    raise KeyboardInterrupt


def test_interrupt_cancels_the_executor_and_goes_on_to_the_caller(recorded: type[Recorded]) -> None:
    with pytest.raises(KeyboardInterrupt):
        run([Node("a", interrupt), Node("b", succeed)], recorded, 1)
    assert recorded.made[-1].calls == ["cancelled"]


def test_error_of_the_display_ends_the_run_and_its_workers(recorded: type[Recorded]) -> None:
    def broken_display(event: Event) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run([Node("a", succeed)], recorded, 1, broken_display)
    assert recorded.made[-1].calls == ["cancelled"]


def test_every_node_is_announced_once_at_its_end(tmp_path: Path) -> None:
    ended: list[str] = []
    nodes = [
        Node("bad", partial(fail, ValueError("no"))),
        Node("blocked", succeed, ("bad",)),
        Node("killer", partial(die, tmp_path / "log", "killer")),
        Node("good", succeed),
    ]
    run(nodes, processes, 3, lambda event: ended.append(event.node.id) if event.kind == "ended" else None)
    assert sorted(ended) == ["bad", "blocked", "good", "killer"]
