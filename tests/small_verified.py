"""Verifying a small report, see the fixtures `written` and `report`."""

from __future__ import annotations

from pathlib import Path

from bench.plan.config import load_config
from bench.report.verify import Verification, verify
from bench.store.store import Store


def verified(report: Path, written: Path) -> Verification:
    return verify(report, load_config(written / "bench.toml"), [Store(written / "results", read_only=True)])
