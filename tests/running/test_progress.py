"""The display of a run speaks also while nothing ends."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from builders import bench_toml
from patience import PATIENCE

from bench import registry
from bench.plan.config import load_config
from bench.plan.estimate import Estimate
from bench.plan.grid import build_grid
from bench.running.graph import Node
from bench.running.progress import PlainProgress, Progress
from bench.running.schedule import Event


class Heard(PlainProgress):
    """Keeps its lines that tell of a job, and tells when there is a second one."""

    label: str
    lines: list[str]
    second: threading.Event

    def say(self, text: str) -> None:
        if self.label in text:  # the clock may speak before the job begins
            self.lines.append(text)
        if len(self.lines) > 1:
            self.second.set()


def test_a_log_goes_on_while_nothing_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.running.progress.PLAIN_SECONDS", 0.0)
    registry.load()
    (job, *_) = todo = build_grid(load_config(bench_toml(tmp_path))).jobs
    display = Heard(todo, Estimate(workers=1), quiet_seconds=0.01)
    display.label, display.lines, display.second = job.label, [], threading.Event()
    with display:
        display.follow(Event("submitted", Node(job.id, lambda: None)))
        assert display.second.wait(PATIENCE), "one line is of the event, the next of the clock"
    assert all(f"0/{len(todo)} fits" in line for line in display.lines)
    threads = [it for it in threading.enumerate() if it.name == "progress"]
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "silent when the run is over"


def test_a_fit_begins_when_a_worker_is_free_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("bench.running.progress.time", SimpleNamespace(monotonic=lambda: clock[0]))
    registry.load()
    first, second, *_ = todo = build_grid(load_config(bench_toml(tmp_path))).jobs
    display = Progress(todo, Estimate(workers=1))
    for job in (first, second):
        display.follow(Event("submitted", Node(job.id, lambda: None)))
    clock[0] = 100.0
    assert display.running() == [(first, 100.0)]
    display.follow(Event("busy", Node(first.id, lambda: None)))
    clock[0] = 130.0
    assert display.running() == [(second, 30.0)]
