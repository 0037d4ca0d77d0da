"""A small report with its records, written once for a module, and a copy of it that a test may spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with records, and their report, of three cells with two seeds."""
    folder = tmp_path_factory.mktemp("verify")
    with pytest.MonkeyPatch.context() as patch:
        as_on_a_fresh_machine(patch, folder)
        bench_toml(folder, datasets=["digits"], seeds=2)
        assert imbench("run").status == 0
        assert imbench("report").status == 0
    return folder


@pytest.fixture
def report(written: Path, tmp_path: Path) -> Path:
    """Return a copy of the report that a test may spoil."""
    return Path(shutil.copytree(written / "reports" / "tiny", tmp_path / "tiny"))
