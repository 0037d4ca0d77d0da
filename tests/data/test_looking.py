"""Commands that only look write nothing; the split of a user's folder is kept where bench.toml says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused
from PIL import Image


def folder(root: Path) -> Path:
    for label in ("cat", "dog"):
        for i in range(12):
            path = root / label / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            noise = np.random.default_rng([i, *label.encode()]).integers(0, 256, (12, 12, 3), dtype=np.uint8)
            Image.fromarray(noise).save(path)
    return root


def everything(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*")}


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("run", "--dry-run"),
        ("doctor",),
        ("list", "datasets"),
        ("data", "check", "mine"),
        ("data", "show", "mine"),
    ],
)
def test_looking_at_a_fresh_folder_leaves_no_trace(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    folder(tmp_path / "images")
    bench_toml(tmp_path, '[datasets.mine]\nfolder = "images"\n', datasets=["mine"], minority=[2])
    before = everything(tmp_path)
    said = imbench(*command)
    assert said.status in (0, 1) and "Traceback" not in said.err, said
    after = {name for name in everything(tmp_path) if not name.startswith("cache")}
    assert after == before, "counted operations may be remembered in the cache"


@pytest.mark.parametrize(
    ("more", "file"), [("", "results/splits/mine-0.json"), ('split = "kept/it.json"\nseed = 0\n', "kept/it.json")]
)
def test_preparing_keeps_the_split_outside_of_the_folder(
    more: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    images = everything(folder(tmp_path / "images"))
    bench_toml(tmp_path, f'[datasets.mine]\nfolder = "images"\n{more}', datasets=["mine"], minority=[2])
    said = imbench("data", "prepare", "mine")
    assert said.status == 0 and "the split was drawn and is kept in" in said.err + said.out, said
    assert (tmp_path / file).is_file() and (tmp_path / file).with_suffix(".sha256").is_file()
    assert everything(tmp_path / "images") == images


def test_what_a_folder_may_say_a_shipped_dataset_may_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    bench_toml(tmp_path, '[datasets.digits]\nshape = "pad"\n', datasets=["digits"])
    refused(imbench("status"), "datasets.digits.shape", "published as they are")
    bench_toml(tmp_path, '[datasets.mine]\nfolder = "images"\nnear_duplicates = "no"\n', datasets=["mine"])
    refused(imbench("status"), "datasets.mine.near_duplicates", "'on' or 'off'")
