"""A disk that is full or forbidden is one clear line, and loses nothing."""

from __future__ import annotations

import multiprocessing
import os
import resource
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from patience import PATIENCE
from small_records import files_under, only_file_of, small_record

from bench.errors import StoreError
from bench.store.atomic import write_atomically
from bench.store.store import Store

FORK = multiprocessing.get_context("fork")


def fails_with_store_error(work: Callable[[], None]) -> str:
    """Run in a forked process whose limits and rights may be spoiled; return the error's text."""
    receiver, sender = FORK.Pipe(duplex=False)

    def child() -> None:
        try:
            work()
            sender.send("no error")
        except StoreError as error:
            sender.send(str(error))

    process = FORK.Process(target=child)
    process.start()
    assert receiver.poll(PATIENCE), "the work neither ended nor failed"
    message: str = receiver.recv()
    process.join(PATIENCE)
    return message


def test_full_disk_is_one_clear_line_and_leaves_no_rest(tmp_path: Path) -> None:
    Store(tmp_path).save(small_record(0))
    before = files_under(tmp_path)

    def save_too_much() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        Store(tmp_path).save(small_record(1, error="x" * 100_000))

    message = fails_with_store_error(save_too_much)
    assert message.startswith(f"cannot write in {tmp_path / 'records'}")
    assert "\n" not in message
    assert files_under(tmp_path) == before


@contextmanager
def tiny_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a small disk here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_records_before_a_full_disk_survive_and_status_still_answers(tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "disk") as root:
        store, saved = Store(root), 0
        message = ""
        while not message:
            try:
                store.save(small_record(saved))
                saved += 1
            except StoreError as error:
                message = str(error)
        assert message.startswith("cannot write in") and "No space left" in message
        assert len(store.summaries()) == saved > 0
        assert not list(root.rglob("*.tmp"))


def test_folder_without_permission_is_one_clear_line() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        Store(root).save(small_record(0))
        only_file_of(root, 1).parent.mkdir(exist_ok=True)
        for path in (root, *root.rglob("*")):
            path.chmod(path.stat().st_mode & ~stat.S_IWUSR & ~stat.S_IWGRP & ~stat.S_IWOTH | 0o555)

        def as_nobody(work: Callable[[], None]) -> None:
            if os.geteuid() == 0:
                os.setuid(65534)
            work()

        def claim_one() -> None:
            with Store(root).claim("ab"):
                pass

        for work in (Store(root).prepare, lambda: Store(root).save(small_record(1)), claim_one):
            message = fails_with_store_error(partial(as_nobody, work))
            assert message.startswith("cannot write in") and "Permission denied" in message
        for path in (root, *root.rglob("*")):
            path.chmod(0o755)


def test_root_that_is_a_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("I am a file")
    with pytest.raises(StoreError, match="cannot write in"):
        Store(tmp_path / "results").prepare()
    with pytest.raises(StoreError, match="cannot write in"), Store(tmp_path / "results").claim("ab"):
        pass


@pytest.mark.parametrize("kind", ["device", "pipe", "folder"])
def test_what_is_no_regular_file_is_never_replaced(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "target"
    make: dict[str, Callable[[], None]] = {
        "device": lambda: path.symlink_to("/dev/full"),
        "pipe": lambda: os.mkfifo(path),
        "folder": path.mkdir,
    }
    make[kind]()
    before = path.lstat()
    with pytest.raises(StoreError, match="target is not a regular file: nothing is written there"):
        write_atomically(path, b"content")
    assert path.lstat() == before and [*tmp_path.iterdir()] == [path]
