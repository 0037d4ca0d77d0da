"""A worker that is killed, or a run that is interrupted, takes nothing else with it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from small_records import log_line
from small_work import busy_until, fail, failure_of, processes, states, succeed

from bench.running.executors import Inline
from bench.running.graph import Node
from bench.running.schedule import Event, run
from bench.running.work import Answer, Done


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

    nodes = [
        Node("theirs", partial(busy_until, tmp_path / "asked", 5), cost=3),
        *(Node(name, partial(die, log, name), cost=2) for name in ("first", "second")),
        *(Node(str(number), partial(linger, log, str(number))) for number in range(6)),
    ]
    run(nodes, processes, 5, watch, poll_seconds=0.01)
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


class Dying(ThreadPoolExecutor):
    """One of several executors in a row: it dies, with all that it is at, under some work, or before it takes any."""

    script: ClassVar[list[set[str] | None]] = []

    def __init__(self) -> None:
        super().__init__(2)
        self._killers, self._death = self.script.pop(0), threading.Event()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self._killers is None:
            raise BrokenExecutor
        return super().submit(self._under, fn, *args, **kwargs)

    def _under(self, fn: Callable[..., Any], work: Any) -> Any:
        if self._killers and work.args[0] in self._killers:
            self._death.set()
        if self._death.wait(0.2):
            raise BrokenExecutor
        return fn(work)


def test_a_suspect_is_tried_alone_also_where_an_idle_worker_dies_before_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    # Two die together; the next executor is dead before it has work; then one of the two would be beside the killer.
    monkeypatch.setattr(Dying, "script", [{"a", "b"}, None, *[{"killer"}] * 9])
    outcomes = run([Node(name, partial(succeed, name)) for name in ("a", "b", "killer")], Dying, 2)
    assert states(outcomes) == {"a": "done", "b": "done", "killer": "failed"}
