"""The profile that trains all layers of a pretrained body runs on a processor, in the sizes of a smoke run."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench

from bench.store.store import Store

SHIPPED = Path(__file__).resolve().parents[2] / "bench.toml"
SMALL = {"majority_count": 6, "eval_per_class": 2, "epochs": 1, "batch_size": 6}


def test_finetune_ends_in_smoke_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("efficientnet_lite_pytorch")
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    shipped = tomllib.loads(SHIPPED.read_text(encoding="utf8"))["profiles"]["finetune"]
    fields = {name: value for name, value in shipped.items() if not isinstance(value, dict)} | SMALL
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in fields.items())
    more = f"[profiles.finetune]\n{lines}"
    bench_toml(tmp_path, more, datasets=["digits"], methods=["OS", "AUG"], minority=[3], profile="finetune")
    assert imbench("run").status == 0
    (record,) = Store(tmp_path / "results", read_only=True).records()
    assert record.status == "done" and len(record.history) == SMALL["epochs"]
    assert record.cost.train_images == 2 * SMALL["majority_count"]
    assert record.identity["protocol"]["backbone"]["train"] == "all"
