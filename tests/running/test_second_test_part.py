"""A split with images for judges and a second test part: fits are asked about both, judges see their own alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders import as_on_a_fresh_machine, bench_toml, forget_plugins, imbench
from small_stages import STAGES

from bench.store.store import Store

DIVIDED = """
from dataclasses import replace
from bench.dataset import Split
from bench.datasets.stripes import Stripes
from bench.registry import register_dataset

@register_dataset("divided")
class Divided(Stripes):
    name = "divided"

    def pin(self):
        whole = super().pin()
        parts = dict(whole.split.parts)
        for part, size in (("spare", 0), ("judging", 12), ("extended", 7)):
            parts[part] = {label: tuple(f"{part}/{label}/{i:03d}" for i in range(size)) for label in self.classes}
        return replace(whole, edition="divided", split=Split(self.classes, parts))
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    forget_plugins(monkeypatch)
    (tmp_path / "divided.py").write_text(DIVIDED)
    more = STAGES.format(more="").replace('network = "small"\n', 'network = "small"\nspare_minimum = 10\n')
    plugins = [tmp_path / "divided.py"]
    bench_toml(tmp_path, more, plugins, datasets=["divided"], methods=["Vanilla", "AUG"], translators=1)
    assert imbench("run").status == 0
    return Store(tmp_path / "results")


def test_every_fit_is_asked_about_the_second_test_part_and_no_judge_sees_it(store: Store, tmp_path: Path) -> None:
    records = [*store.records()]
    fits = [record for record in records if record.kind == "fit"]
    assert len(fits) == 2 and all(it.extended and it.extended.counts == (4, 4) for it in fits), "cut as the test is"
    judge = next(record for record in records if record.identity.get("stage") == "Evaluator")
    assert judge.history[-1]["from_spare_images"] == 1.0
    measured = next(record for record in records if record.kind == "measurement")
    assert measured.figures["n_to_0"] == 8, "of 8 translated images, 8 real ones and 12 to compare with"
    held = {}
    for path in (tmp_path / "cache").glob("divided-*.npy"):
        _, part, size, *_ = path.name.split("-")
        held[part, size] = len(np.load(path, mmap_mode="r"))
    assert held[("judging", "32")] == 24 and held[("extended", "32")] == 14
    assert not any(part == "spare" for part, _ in held)


def test_a_second_test_part_is_decoded_no_further_than_the_profile_cuts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    forget_plugins(monkeypatch)
    (tmp_path / "divided.py").write_text(DIVIDED)
    bench_toml(tmp_path, "", [tmp_path / "divided.py"], datasets=["divided"], methods=["Vanilla"])
    assert imbench("run").status == 0
    held = {p.name.split("-")[1]: len(np.load(p, mmap_mode="r")) for p in (tmp_path / "cache").glob("divided-*.npy")}
    assert held == {"train": 18, "val": 8, "test": 8, "extended": 8}
