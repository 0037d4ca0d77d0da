"""The schedule ends every node one way or another, and no node's trouble becomes another's."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_work import busy_until, fail, failure_of, processes, states, succeed

from bench.errors import ConfigError, StoreError, TrainingDiverged
from bench.running.executors import Inline
from bench.running.graph import Graph, Node
from bench.running.schedule import Event, run
from bench.running.work import Answer, Done, Reused


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


def test_seconds_are_what_the_work_says_it_took_and_else_its_time_in_the_worker() -> None:
    outcomes = run([Node("told", lambda: Done(seconds=0.25)), Node("not", Done)], Inline, 1)
    assert outcomes["told"].seconds == 0.25 and 0 < outcomes["not"].seconds < 0.25


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
    told = failure_of(outcomes["stage"])
    assert re.fullmatch(r"small_work\.py:\d+", told.place), "the line that a user looks for, and no path"
    assert str(told) == f"ValueError: no convergence ({told.place})"
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
    assert str(failure_of(outcomes["a"])).partition(" (test")[0] == text
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
    assert str(outcomes["error"].failure).startswith("Unpicklable: 1 and 2 (test_schedule.py:")


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


def test_a_node_that_wants_to_be_alone_runs_with_nothing_beside_it_and_after_all_others() -> None:
    running: set[str] = set()
    beside: dict[str, set[str]] = {}

    def follow(event: Event) -> None:
        if event.kind == "submitted":
            running.add(event.node.id)
            for id in running:
                beside.setdefault(id, set()).update(running - {id})
        elif event.kind == "ended":
            running.discard(event.node.id)

    nodes = [
        Node("wide", partial(succeed, 1), cost=99, alone=True),
        Node("wider", partial(succeed, 1), cost=9, alone=True),
        *(Node(str(number), partial(succeed, number)) for number in range(5)),
        Node("after", partial(succeed, 1), needs=("wide",)),
    ]
    outcomes = run(nodes, partial(ThreadPoolExecutor, 2), 3, follow)
    assert {it.state for it in outcomes.values()} == {"done"}
    assert beside["wide"] == beside["wider"] == set()
    assert order_of(nodes)[5:] == ["wide", "after", "wider"]
