"""No worker works for a run whose code, versions or results folder are not its own; it is named before any work."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused
from small_cluster import ROOT, scheduler, worker

from bench import registry
from bench.data.cache import open_cache
from bench.errors import ConfigError, StoreError
from bench.plan.config import load_config
from bench.plan.grid import build_grid
from bench.running import handshake
from bench.running.handshake import Greeting, answer, differences, greet, of_worker, own_copy
from bench.running.work import Done, Reused
from bench.running.worker import Bench, Order, work
from bench.store.store import Store

needs_dask = pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="dask is not installed")


def test_equal_copies_do_not_differ_and_every_difference_is_named() -> None:
    ours = own_copy()
    assert differences(ours, own_copy()) == ""
    assert {"running/worker.py", "datasets/splits/cub.json", "methods/cost_sensitive.py"} <= ours.files.keys()
    other = replace(ours, files=ours.files | {"running/worker.py": "x"}, versions=ours.versions | {"torch": "1.0"})
    assert differences(ours, other) == (f"its running/worker.py is not ours; torch 1.0, here {ours.versions['torch']}")
    less = {name: digest for name, digest in ours.files.items() if not name.startswith("store/")}
    told = differences(ours, replace(ours, files=less))
    assert told.startswith("its store/") and told.endswith("more are not ours")


def test_a_worker_that_does_not_see_the_mark_of_its_runner_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake, "PATIENCE_SECONDS", 0.1)
    with Store(tmp_path).claim("runner-1"):
        assert answer(Greeting(tmp_path, "runner-1")) == ""
        elsewhere = Greeting(tmp_path / "other", "runner-1")
        assert f"does not see the results folder {tmp_path / 'other'} of this run" in answer(elsewhere)
        with pytest.raises(ConfigError, match=r"^worker .*, process \d+: it does not see the results folder"):
            greet(elsewhere)
    assert "install the same copy" in answer(Greeting(tmp_path, "", replace(own_copy(), versions={"torch": "1"})))


@pytest.mark.parametrize("answered", [Done("done"), Reused("done")])
def test_a_job_whose_record_cannot_be_read_back_is_failed_and_what_needs_it_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answered: object
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    monkeypatch.setattr("bench.running.receipts.PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr("bench.running.run.work", lambda *_: answered)
    bench_toml(tmp_path, methods=["CS"])
    said = imbench("run")
    assert said.status == 1 and "0 fits done now, 0 before, 1 failed" in said.err
    assert "its worker said that it is done, but" in said.err


@needs_dask
@pytest.mark.parametrize("changed", ["bench/running/worker.py", "methods/cost_sensitive.py"])
def test_a_remote_worker_with_another_copy_is_refused_by_its_name_and_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    for name in ("bench", "methods", "datasets"):
        shutil.copytree(ROOT / name, tmp_path / "copy" / name, symlinks=True)
    file = tmp_path / "copy" / changed
    file.write_text(file.read_text() + "\nOTHER = True\n")
    with scheduler(tmp_path) as address, worker(address, tmp_path / "copy"):
        bench_toml(tmp_path, executor="dask", scheduler=address)
        line = refused(imbench("run"), "worker tcp://", changed.removeprefix("bench/"), "install the same copy")
    assert "Traceback" not in line and not [*Store(tmp_path / "results").records()]


@needs_dask
def test_a_remote_worker_without_the_results_folder_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    results = tmp_path / "results"
    results.mkdir()
    hide = ["unshare", "-m", "sh", "-c", f'mount -t tmpfs tmpfs "{results}" && exec "$@"', "sh"]
    if os.geteuid() or subprocess.run([*hide, "true"], capture_output=True, check=False).returncode:
        pytest.skip("cannot hide a folder from a process here")
    with scheduler(tmp_path) as address, worker(address, before=hide):
        bench_toml(tmp_path, executor="dask", scheduler=address)
        refused(imbench("run"), "worker tcp://", f"does not see the results folder {results}", "must share it")
    assert not [*Store(results).records()] and list((results / "claims").iterdir()) == []


def test_a_file_that_only_the_runner_sees_is_named_with_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    monkeypatch.setattr(handshake, "PATIENCE_SECONDS", 0.1)
    registry.load()
    (job,) = build_grid(load_config(bench_toml(tmp_path, methods=["CS"]))).jobs
    gone = tmp_path / "cache" / "gone.npy"
    order = Order(job, {"train": gone}, {}, {})
    store = Store(tmp_path / "results")
    with store.claim("here"), pytest.raises(ConfigError, match=rf"^worker .*: it does not see {gone} of this run"):
        work(Bench(store.root, (), Greeting(store.root, "here", own_copy())), order)
    with pytest.raises(StoreError, match=r"gone\.npy: no such image cache; run the same command again"):
        open_cache(gone)


def test_an_error_about_code_names_a_worker_that_the_runner_did_not_start() -> None:
    error = ConfigError("plugin mine: its file has changed since this process began; run the same command again")
    assert of_worker(None, error) is of_worker(Greeting(Path(), ""), error) is error
    told = str(of_worker(Greeting(Path(), "", own_copy()), error))
    assert told.startswith("worker ") and "plugin mine: its file has changed" in told
    assert told.endswith("; restart this worker, then run the same command again")


@pytest.mark.long
@needs_dask
def test_a_long_lived_worker_with_an_old_plugin_is_named_and_to_be_restarted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    plugin = tmp_path / "mine.py"
    plugin.write_text(MINE.format(what="counts / counts"))
    with scheduler(tmp_path) as address:
        path = bench_toml(tmp_path, plugins=[plugin], methods=["Mine"], executor="dask", scheduler=address)
        command = [sys.executable, "-m", "bench", "run", "--redo-stale", "--config", str(path)]
        said = []
        with worker(address):
            said.append(ran(command))
            plugin.write_text(MINE.format(what="50.0 / counts"))
            said.append(ran(command))
        with worker(address):
            said.append(ran(command))
    assert [it.returncode for it in said] == [0, 2, 0], said
    last = said[1].stderr.strip().splitlines()[-1]
    assert "worker tcp://" in last and "plugin mine: its file has changed" in last and "restart this worker" in last


MINE = """
from bench.method import Method
from bench.registry import register

@register("Mine")
class Mine(Method):
    def class_weights(self, counts, progress):
        return {what}
"""


def ran(command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
