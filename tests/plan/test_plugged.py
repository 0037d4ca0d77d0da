"""A method of one's own may be any class that Python lets be a method."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import plugged

from bench.plan.config import load_config
from bench.plan.grid import build_grid

MINE = """
from dataclasses import dataclass

@register("Mine")
@dataclass
class Mine(Method):
    tau: float = 1.0

    def class_weights(self, counts, progress):
        return counts ** -self.tau
"""


def test_a_method_may_be_a_dataclass_that_has_no_hash(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plugged(monkeypatch, tmp_path, MINE)
    grid = build_grid(load_config(profile="smoke", datasets=["digits"], methods=["Mine(tau=2.0)"], seeds=2))
    assert len(grid.jobs) > 1
    assert all(job.identity["method"] == [["Mine", {"tau": 2.0}]] for job in grid.jobs)
