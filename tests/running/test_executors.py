"""The three executors give the same records, and a run that is stopped in any way goes on where it was."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from patience import PATIENCE, wait_for
from small_records import grid_of, log_line, small_record

from bench.errors import ConfigError
from bench.record import Record
from bench.running.executors import Kind, open_workers
from bench.running.graph import Node
from bench.running.schedule import KILLED, Outcome, run
from bench.running.work import Answer, Done
from bench.store.store import Store

TESTS = Path(__file__).parents[1]
QUICK = 6  # pieces of work that end by themselves, in a run that is to be stopped
needs_dask = pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="dask is not installed")
KINDS = ["inline", "loky", pytest.param("dask", marks=needs_dask)]


def run_with(kind: Kind, nodes: list[Node], address: str = "") -> dict[str, Outcome]:
    with open_workers(kind, workers=2, address=address) as workers:
        return run(nodes, workers.make, workers.window, poll_seconds=0.05)


def start_runner(root: Path, count: int, kind: str = "loky", quick: int | None = None) -> subprocess.Popen[bytes]:
    """Start a run of which `quick` pieces of work end by themselves: all, where none is stated."""
    numbers = [str(count), str(count if quick is None else quick)]
    command = [sys.executable, str(TESTS / "run_small_grid.py"), str(root), str(root / "log"), *numbers, kind]
    environment = os.environ | {"PYTHONPATH": str(TESTS.parent)}
    return subprocess.Popen(command, env=environment, start_new_session=True, stderr=subprocess.PIPE)


def records_of(root: Path) -> dict[str, Record]:
    store = Store(root)
    found = {record.id: record for record in store.records()}
    assert store.set_aside == []
    return found


def lines_of(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def at_work(log: Path) -> int:
    """Return how many workers have come to the work that never ends, in a run whose first pieces do."""
    return sum(int(number) >= QUICK for number in lines_of(log))


def processes_of_session(session: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=,stat=", "-s", str(session)], capture_output=True, text=True, check=False)
    rows = [line.split() for line in found.stdout.splitlines()]
    return [int(pid) for pid, state in rows if not state.startswith("Z")]


def tell(log: Path) -> Answer:
    log_line(log, str(os.getpid()))
    return Done(os.environ.get("OMP_NUM_THREADS"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_executor_leaves_the_same_records(kind: Kind, tmp_path: Path) -> None:
    outcomes = run_with(kind, grid_of(tmp_path, tmp_path / "log", 12))
    assert {outcome.state for outcome in outcomes.values()} == {"done"}
    assert records_of(tmp_path) == {small_record(n).id: small_record(n) for n in range(12)}
    again = run_with(kind, grid_of(tmp_path, tmp_path / "log", 12)) if kind == "inline" else {}
    assert {outcome.state for outcome in again.values()} <= {"reused"}


@pytest.mark.parametrize("kind", ["loky", pytest.param("dask", marks=needs_dask)])
def test_workers_are_processes_with_the_threads_they_were_given(kind: Kind, tmp_path: Path) -> None:
    with open_workers(kind, workers=2, threads=3) as workers:
        outcomes = run([Node(str(n), partial(tell, tmp_path / "log")) for n in range(8)], workers.make, workers.window)
    assert {outcome.value for outcome in outcomes.values()} == {"3"}
    pids = {int(line) for line in lines_of(tmp_path / "log")}
    assert os.getpid() not in pids
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def die(log: Path) -> Answer:
    log_line(log, "killer")
    os.kill(os.getpid(), signal.SIGKILL)
    return Done()


@pytest.mark.parametrize("kind", ["loky", pytest.param("dask", marks=needs_dask)])
def test_killed_worker_costs_only_its_own_cell(kind: Kind, tmp_path: Path) -> None:
    killer = Node("killer", partial(die, tmp_path / "deaths"), cost=2)
    outcomes = run_with(kind, [*grid_of(tmp_path, tmp_path / "log", 10), killer])
    assert outcomes.pop("killer").failure == KILLED
    assert {outcome.state for outcome in outcomes.values()} <= {"done", "reused"}
    assert len(records_of(tmp_path)) == 10
    assert len(lines_of(tmp_path / "deaths")) == 2


def test_dask_cluster_at_a_given_address(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster:
        for count in (6, 9):  # the cluster outlives a run
            run_with("dask", grid_of(tmp_path, tmp_path / "log", count), cluster.scheduler_address)
            assert len(records_of(tmp_path)) == count
    assert len(lines_of(tmp_path / "log")) == 9


@needs_dask
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x", "no address"])
def test_unreachable_scheduler_is_one_clear_line(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.running.cluster.CONNECT_SECONDS", 0.5)
    with (
        pytest.raises(ConfigError, match=f"^no dask scheduler answers at {address}$"),
        open_workers("dask", 2, 1, address),
    ):
        pass


def test_missing_dask_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError, match="pip install distributed"), open_workers("dask", 2):
        pass


@pytest.mark.parametrize("kind", ["inline", "loky"])
def test_address_without_dask_is_refused(kind: Kind) -> None:
    with pytest.raises(ConfigError, match="needs the executor dask"), open_workers(kind, 2, address="tcp://host:1"):
        pass


@pytest.mark.parametrize("kind", ["loky", "inline"])
def test_killed_run_loses_at_most_one_cell_a_worker(kind: str, tmp_path: Path) -> None:
    in_work = 2 if kind == "loky" else 1
    killed = start_runner(tmp_path, 20, kind, QUICK)
    wait_for(lambda: at_work(tmp_path / "log") == in_work)
    killed.kill()
    killed.wait()
    resumed = start_runner(tmp_path, 20, kind)
    assert resumed.wait(PATIENCE) == 0
    worked_on = lines_of(tmp_path / "log")
    assert set(worked_on) == {str(number) for number in range(20)}
    assert len(worked_on) == 20 + in_work
    assert records_of(tmp_path) == {small_record(n).id: small_record(n) for n in range(20)}


def test_workers_of_a_killed_run_end_too(tmp_path: Path) -> None:
    runner = start_runner(tmp_path, 20, quick=0)
    wait_for(lambda: len(lines_of(tmp_path / "log")) == 2)
    assert len(processes_of_session(runner.pid)) >= 3
    runner.kill()
    runner.wait()
    wait_for(lambda: not processes_of_session(runner.pid))
    assert len(lines_of(tmp_path / "log")) == 2


@pytest.mark.parametrize("kind", ["loky", pytest.param("dask", marks=needs_dask)])
def test_ctrl_c_ends_the_run_and_its_workers_and_a_second_run_goes_on(kind: str, tmp_path: Path) -> None:
    runner = start_runner(tmp_path, 20, kind, QUICK)
    wait_for(lambda: at_work(tmp_path / "log") == 2)
    os.killpg(runner.pid, signal.SIGINT)  # as a terminal does: to the run and to its workers
    _, errors = runner.communicate(timeout=PATIENCE)
    assert runner.returncode != 0
    assert errors.decode().strip().endswith("KeyboardInterrupt")
    assert errors.decode().count("Traceback") == 1
    wait_for(lambda: not processes_of_session(runner.pid))
    assert len(records_of(tmp_path)) == len(lines_of(tmp_path / "log")) - 2

    assert start_runner(tmp_path, 20).wait(PATIENCE) == 0
    assert len(lines_of(tmp_path / "log")) == 20 + 2
    assert records_of(tmp_path) == {small_record(n).id: small_record(n) for n in range(20)}


@pytest.mark.parametrize("kind", ["inline", "loky", pytest.param("dask", marks=needs_dask)])
def test_ctrl_c_does_not_wait_for_training(kind: str, tmp_path: Path) -> None:
    runner = start_runner(tmp_path, 2, kind, quick=0)
    wait_for(lambda: lines_of(tmp_path / "log") != [])
    os.killpg(runner.pid, signal.SIGINT)
    runner.communicate(timeout=PATIENCE)
    wait_for(lambda: not processes_of_session(runner.pid))
    assert records_of(tmp_path) == {}


def test_two_runners_on_one_store_do_each_cell_once(tmp_path: Path) -> None:
    runners = [start_runner(tmp_path, 60) for _ in range(2)]
    assert [runner.wait(PATIENCE) for runner in runners] == [0, 0]
    assert sorted(lines_of(tmp_path / "log")) == sorted(str(number) for number in range(60))
    assert len(records_of(tmp_path)) == 60
    assert list((tmp_path / "claims").iterdir()) == []
