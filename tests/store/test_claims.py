"""A claim belongs to one living process."""

from __future__ import annotations

import multiprocessing
import signal
from multiprocessing.synchronize import Event
from pathlib import Path

from patience import PATIENCE

from bench.store.store import Store

FORK = multiprocessing.get_context("fork")


def test_claim_is_exclusive_and_free_after_use(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.claim("ab") as first, Store(tmp_path).claim("ab") as second, store.claim("cd") as other:
        assert (first, second, other) == (True, False, True)
    with store.claim("ab") as again:
        assert again
    assert list((tmp_path / "claims").iterdir()) == []


def hold_claim(root: Path, held: Event) -> None:
    with Store(root).claim("ab"):
        held.set()
        signal.pause()


def test_claim_dies_with_its_process(tmp_path: Path) -> None:
    held = FORK.Event()
    holder = FORK.Process(target=hold_claim, args=(tmp_path, held))
    holder.start()
    assert held.wait(PATIENCE)
    with Store(tmp_path).claim("ab") as mine:
        assert not mine
    holder.kill()
    holder.join()
    with Store(tmp_path).claim("ab") as mine:
        assert mine


def contend(root: Path, rounds: int) -> None:
    counter = root / "counter"
    done = 0
    while done < rounds:
        with Store(root).claim("ab") as mine:
            if mine:
                counter.write_text(str(int(counter.read_text()) + 1))
                done += 1


def test_no_two_processes_ever_hold_one_claim(tmp_path: Path) -> None:
    (tmp_path / "counter").write_text("0")
    processes = [FORK.Process(target=contend, args=(tmp_path, 200)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(PATIENCE)
        assert process.exitcode == 0
    assert (tmp_path / "counter").read_text() == "600"
