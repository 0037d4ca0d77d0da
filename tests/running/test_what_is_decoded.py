"""A run under a profile that cuts a dataset decodes the images that its jobs read, and no others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders import PLUGIN, as_on_a_fresh_machine, bench_toml, imbench, refused

from bench.store.store import Store

WRITES = (
    PLUGIN
    + """
from pathlib import Path

@register("Writes")
class Writes(Method):
    def class_weights(self, counts, progress):
        path = next(Path("cache").glob("stripes-train-*.npy"))
        {how}
        return counts / counts
"""
)


def decoded(folder: Path) -> dict[str, int]:
    """Return how many images each part's files of decoded images hold."""
    files = sorted((folder / "cache").glob("stripes-*.npy"))
    return {path.name.split("-")[1]: len(np.load(path, mmap_mode="r")) for path in files}


def test_only_the_leading_images_of_each_class_are_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    bench_toml(tmp_path, methods=["Vanilla"], minority=[6, 9])
    assert imbench("run").status == 0
    assert decoded(tmp_path) == {"train": 12 + 9, "val": 8, "test": 8}


def test_the_fits_are_those_of_a_run_that_decodes_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    bench_toml(tmp_path, methods=["OS"])
    assert imbench("run").status == 0
    monkeypatch.setattr("bench.running.run.leading_split", lambda split, jobs, profile: split)
    assert imbench("run", "--results", "whole").status == 0
    assert decoded(tmp_path)["train"] == 400
    said = imbench("merge", "whole", "--json")
    assert '"same": 1' in said.out and '"collisions": 0' in said.out, said


def test_where_another_subset_is_drawn_everything_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    bench_toml(tmp_path, methods=["Vanilla"])
    assert imbench("noise", "--method", "Vanilla", "--times", 2).status == 0
    assert decoded(tmp_path)["train"] == 400


@pytest.mark.parametrize(
    ("how", "executor"),
    [
        ("path.write_bytes(path.read_bytes()[:-5000] + bytes(5000))", "inline"),
        ("file = path.open('r+b'); file.seek(5000); file.write(bytes(5000)); file.close()", "inline"),
        ("path.unlink()", "inline"),
        ("path.unlink()", "loky"),
    ],
)
def test_images_that_change_under_a_run_end_it_and_are_in_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, executor: str
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    (tmp_path / "mine.py").write_text(WRITES.format(how=how))
    bench_toml(tmp_path, plugins=[tmp_path / "mine.py"], methods=["CS", "Writes", "OS"], executor=executor, workers=1)
    refused(imbench("run"), "stripes-train-", "since this run began")
    done = [record for record in Store(tmp_path / "results").records() if record.status == "done"]
    assert "Writes" not in str([record.identity["method"] for record in done])
    after = imbench("run", "--method", "CS", "--method", "OS", "--executor", "inline")
    assert after.status == 0, "the damaged file is made again"
