"""No worker works for a run whose code, versions or results folder are not its own; it is named before any work."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused
from small_cluster import ROOT, scheduler, worker

from bench.errors import ConfigError
from bench.running import handshake
from bench.running.handshake import Greeting, answer, differences, greet, own_copy
from bench.running.work import Done, Reused
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
