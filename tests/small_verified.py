"""Verifying a small report, see the fixtures `written` and `report`."""

from __future__ import annotations

import hashlib
from pathlib import Path
from unittest import mock

from bench.analysis.lone import Labels
from bench.plan.config import Config, load_config
from bench.report import verify as module
from bench.report.report import Report
from bench.report.verification.printed import Printed
from bench.report.verify import Verification, verify
from bench.store.store import Store

MADE: dict[str, Report] = {}  # most tests edit a file of the report alone, which is built again of the same records
ANEW = module.built_again


def again(printed: Printed, config: Config, store: Store, labels: Labels) -> Report:
    """Build the report again, once for each kind of all that it is made of: options, settings, labels and records."""
    made_of = hashlib.sha256()
    for part in (printed.profile, printed.banner, printed.made_with, config, sorted(labels.items())):
        made_of.update(repr(part).encode())
    for path in sorted(store.root.rglob("*.jsonl")):
        made_of.update(str(path.relative_to(store.root)).encode() + path.read_bytes())
    key = made_of.hexdigest()
    if key not in MADE:
        MADE[key] = ANEW(printed, config, store, labels)
    return MADE[key]


def verified(report: Path, written: Path) -> Verification:
    config = load_config(written / "bench.toml")
    with mock.patch.object(module, "built_again", again):
        return verify(report, config, [Store(written / "results", read_only=True)])
