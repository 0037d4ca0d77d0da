"""SIGTERM and SIGHUP end a run in one line; a stage keeps its state, and the next run goes on from it."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest
from builders import as_on_a_fresh_machine, imbench
from patience import PATIENCE, wait_for
from small_cluster import ROOT
from small_stages import artifacts, toml

from bench.errors import Terminated
from bench.running.stopping import GRACE_SECONDS, LAST_SECONDS, ask, interruptible
from bench.store.store import Store

needs_dask = pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="dask is not installed")
LONG = {
    "\nepochs = 2\ncompared_epochs = [3]\nconstant": "\nepochs = 6\ncompared_epochs = []\nconstant",
    "constant_epochs = 2": "constant_epochs = 6",
}
POINTS = ROOT / "tests" / "faults" / "points"


def configured(folder: Path, executor: str, name: str) -> Path:
    """Return a run of one CycleGAN that takes some seconds, and of what needs it."""
    (folder / name).mkdir()
    path = toml(folder / name, methods=["AUG"], executor=executor, workers=1)
    text = path.read_text()
    for short, long in LONG.items():
        assert short in text
        text = text.replace(short, long)
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that nothing has disturbed."""
    path = configured(tmp_path_factory.mktemp("undisturbed"), "inline", "whole")
    assert imbench("run", "--config", path).status == 0
    return path.parent


def begun(path: Path) -> subprocess.Popen[str]:
    """Start a run in a process group of its own and return it in a step of its stage, which waits for its signal."""
    assert imbench("run", "--config", path, "--dry-run").status == 0  # measures how fast such steps are, and keeps it
    mark = path.parent / "at a step"
    step = "bench.methods.translators.training:GanTraining._crops"
    point = json.dumps([{"at": step, "call": 12, "act": "hold", "file": str(mark)}])
    environment = {"PYTHONPATH": f"{POINTS}{os.pathsep}{ROOT}", "POINTS_OF_FAULT": point}
    command = [sys.executable, "-m", "bench", "run", "--config", str(path)]
    runner = subprocess.Popen(
        command, env=os.environ | environment, start_new_session=True, stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: mark.exists() or runner.poll() is not None, "the step")
    assert runner.poll() is None, runner.communicate()[1]
    return runner


def ended(runner: subprocess.Popen[str], number: int, group: bool = False) -> str:
    """Send a signal; return what was said until the end."""
    (os.killpg if group else os.kill)(runner.pid, number)
    _, said = runner.communicate(timeout=PATIENCE)
    assert runner.returncode == 143, said
    assert "Traceback" not in said and said.count("imbench: ended by the system; what was finished is stored") == 1
    return said


class Kept:
    """A checkpoint in memory that is never due."""

    due = False
    states: ClassVar[list[object]] = []

    def load(self) -> None:
        return None

    def save(self, state: object) -> None:
        self.states.append(state)


def test_a_stage_is_told_to_keep_its_state_when_its_own_run_is_to_end_and_no_other() -> None:
    with interruptible(Kept(), "mine") as mine, interruptible(Kept(), "other") as other:
        assert not mine.due and not other.due
        ask("mine")
        assert mine.due and not other.due
        other.save({})
        with pytest.raises(Terminated):
            mine.save({})
    assert GRACE_SECONDS < LAST_SECONDS < 20, "what is at other work leaves by then, whatever it does"
    assert len(Kept.states) == 2, "the state is kept before the stage ends"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("executor", "number"),
    [
        pytest.param("inline", signal.SIGTERM, marks=pytest.mark.long),
        ("loky", signal.SIGTERM),
        pytest.param("loky", signal.SIGHUP, marks=pytest.mark.long),
        pytest.param("dask", signal.SIGTERM, marks=[needs_dask, pytest.mark.long]),
    ],
)
def test_a_translator_that_was_stopped_goes_on_from_there_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: Path, executor: str, number: int
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    path = configured(tmp_path, executor, "stopped")
    results = path.parent / "results"
    ended(begun(path), number, group=number == signal.SIGHUP)  # a closed terminal tells all its processes
    (kept,) = results.glob("stages/*/checkpoint.*.safetensors")
    assert [*(results / "claims").iterdir()] == []
    path.write_text(path.read_text().replace(f'executor = "{executor}"', 'executor = "inline"'))
    said = imbench("run", "--config", path)
    assert said.status == 0 and "set aside" not in said.err and not kept.exists()
    assert artifacts(path.parent) == artifacts(whole)
    for ours in Store(whole / "results").records():
        theirs = Store(results).get(ours.id)
        assert theirs is not None and (theirs.validation, theirs.test) == (ours.validation, ours.test)


@pytest.mark.slow
def test_a_worker_alone_that_is_stopped_is_replaced_and_the_stage_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: Path
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    path = configured(tmp_path, "loky", "stopped")
    runner = begun(path)
    children = ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(runner.pid)]
    found = subprocess.run(children, capture_output=True, text=True, check=True)
    (worker,) = [int(line.split()[0]) for line in found.stdout.splitlines() if "popen_loky_posix" in line]
    os.kill(worker, signal.SIGTERM)
    _, said = runner.communicate(timeout=PATIENCE)
    assert runner.returncode == 0 and "a worker died during" in said and "Traceback" not in said
    assert artifacts(path.parent) == artifacts(whole)
