"""What a run makes before its first fit is said beforehand, and how far it has come."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench

from bench.running import progress
from bench.running.progress import counting

FROZEN = """
[profiles.frozen]
image_size = 32
load_size = 32
backbone = "efficientnet_lite0(train=head, views=2)"
epochs = 1
epoch = "equal"
batch_size = 8
majority_count = 12
eval_per_class = 4
"""


def test_features_that_are_missing_are_counted_with_their_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("efficientnet_lite_pytorch")
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    path = bench_toml(tmp_path, FROZEN, profile="frozen", methods=["Vanilla"])
    beforehand = imbench("run", "--dry-run", "--config", path)
    # Two views of 12 + 6 training images, one of 4 + 4 for validation and for the test.
    assert beforehand.status == 0 and "features of 52 views of images are made once: about" in beforehand.err
    assert imbench("run", "--config", path).status == 0
    again = imbench("run", "--dry-run", "--seeds", 2, "--config", path)
    assert "1 fit to do" in again.err and "features of" not in again.err


def test_a_pipe_among_the_features_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    path = bench_toml(tmp_path, FROZEN.replace("efficientnet_lite0", "small"), profile="frozen", methods=["Vanilla"])
    (tmp_path / "cache").mkdir()
    os.mkfifo(pipe := tmp_path / "cache" / "stripes-train-32-0-features-0.npy")
    writer = os.open(pipe, os.O_RDWR)  # else who opens it waits for ever
    (tmp_path / "cache" / "stripes-val-32-0-features-0.npy").write_bytes(b"\x93NUMPY\x01\x00\x01\x00(")
    said = imbench("run", "--dry-run", "--config", path)
    os.close(writer)
    assert said.status == 0 and "features of 52 views of images are made once: about" in said.err


def test_without_a_frozen_body_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    assert "features" not in imbench("run", "--dry-run", "--config", bench_toml(tmp_path)).err


def test_a_log_hears_of_a_long_preparation_and_of_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with counting("mine: features") as count:
        for done in range(100, 1001, 100):  # of an earlier run 100 were done
            count(done, 1000)
            now[0] += 12.0
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["mine: features 300/1000, 84 s left", "mine: features 800/1000, 24 s left"]
