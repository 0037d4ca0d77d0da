"""What a killed process leaves is swept away; what a living one is writing is not, whatever its clock says."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import NoReturn

import pytest
import torch
from patience import PATIENCE

from bench.store import atomic
from bench.store.artifacts import Weights
from bench.store.atomic import write_atomically
from bench.store.leftovers import sweep, write_anew
from bench.store.store import Store

FORK = multiprocessing.get_context("fork")


def write_forever(root: Path, began: Event) -> None:
    """Be a writer in the middle of its file, with a clock that is years behind."""

    def stay(descriptor: int) -> NoReturn:
        os.utime(descriptor, (1, 1))
        began.set()
        signal.pause()
        raise AssertionError

    atomic.os.fsync = stay  # type: ignore[assignment]
    Weights(root).save("ab", {"a": torch.ones(3)})


@pytest.mark.parametrize("alive", [True, False])
def test_a_temporary_file_is_swept_exactly_when_its_writer_is_dead(tmp_path: Path, alive: bool) -> None:
    began = FORK.Event()
    writer = FORK.Process(target=write_forever, args=(tmp_path, began))
    writer.start()
    assert began.wait(PATIENCE)
    (temporary,) = (tmp_path / "stages" / "ab").iterdir()
    if not alive:
        writer.kill()
        writer.join()
    Store(tmp_path).prepare()
    assert temporary.exists() == alive
    writer.kill()
    writer.join()


def test_what_is_written_while_others_sweep_arrives(tmp_path: Path) -> None:
    stop = FORK.Event()

    def sweeping() -> None:
        while not stop.is_set():
            sweep(tmp_path)

    sweepers = [FORK.Process(target=sweeping) for _ in range(2)]
    for sweeper in sweepers:
        sweeper.start()
    try:
        for number in range(300):
            write_atomically(tmp_path / f"{number}", b"content", durable=False)
    finally:
        stop.set()
        for sweeper in sweepers:
            sweeper.join()
    assert {path.name for path in tmp_path.iterdir()} == {str(number) for number in range(300)}
    assert all(path.read_bytes() == b"content" for path in tmp_path.iterdir())


def test_claims_of_the_dead_are_released_and_those_of_the_living_are_not(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.claim("living"):
        (tmp_path / "claims" / "dead").touch()
        store.prepare()
        assert [path.name for path in (tmp_path / "claims").iterdir()] == ["living"]


def test_other_files_and_links_are_left_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    root = tmp_path / "results"
    (root / "stages" / ".folder.tmp").mkdir(parents=True)
    (root / ".link.tmp").symlink_to(outside)
    (root / "mine.tmp").touch()
    os.mkfifo(root / ".pipe.tmp")
    sweep(root)
    assert outside.read_text() == "mine" and (root / "mine.tmp").exists() and (root / ".link.tmp").is_symlink()


def test_what_died_on_a_disk_that_a_room_is_linked_to_is_swept(tmp_path: Path) -> None:
    disk, root = tmp_path / "disk", tmp_path / "results"
    (disk / "ab").mkdir(parents=True)
    root.mkdir()
    (root / "stages").symlink_to(disk)
    (root / "own").symlink_to(tmp_path / "own")
    left, theirs = disk / "ab" / ".artifact.01234567.tmp", tmp_path / "own" / ".mine.01234567.tmp"
    theirs.parent.mkdir()
    for path in (left, theirs):
        path.touch()
    Store(root).prepare()
    assert not left.exists() and theirs.exists()


@pytest.mark.parametrize("alive", [True, False])
def test_a_file_written_anew_sweeps_what_died_on_it_and_nothing_else(tmp_path: Path, alive: bool) -> None:
    target = tmp_path / "table[1].csv"
    left = tmp_path / ".table[1].csv.01234567.tmp"
    others = [tmp_path / name for name in (".table1.csv.01234567.tmp", ".tables.csv.01234567.tmp", ".table[1].csv.tmp")]
    for path in (left, *others):
        path.touch()
    with left.open() as file:
        if alive:
            fcntl.flock(file, fcntl.LOCK_EX)
        write_anew(target, b"new")
    assert target.read_bytes() == b"new" and left.exists() == alive and all(path.exists() for path in others)


def test_files_of_others_that_are_called_temporary_stay(tmp_path: Path) -> None:
    theirs = [tmp_path / name for name in (".notes.tmp", ".x.0123456.tmp", "x.01234567.tmp")]
    ours = tmp_path / ".record.json.01234567.tmp"
    for path in (*theirs, ours):
        path.touch()
    assert sweep(tmp_path) == [ours] and all(path.exists() for path in theirs)
