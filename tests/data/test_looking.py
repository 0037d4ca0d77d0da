"""Commands that only look write nothing; the split of a user's folder is kept where bench.toml says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused
from PIL import Image

from bench.data.check import findings_of
from bench.data.duplicates import near_groups
from bench.dataset import Dataset, Pinned


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


@pytest.mark.parametrize("near", ["on", "off"])
def test_a_check_of_a_fresh_folder_names_every_damaged_file_and_goes_on(
    near: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    folder(tmp_path / "images")
    settings = f'[datasets.mine]\nfolder = "images"\nnear_duplicates = "{near}"\n'
    bench_toml(tmp_path, settings, datasets=["mine"], minority=[2])
    for name in ("cat/3.png", "dog/4.png"):
        (tmp_path / "images" / name).write_text(f"no picture {name}")
    said = imbench("data", "check", "mine")
    assert said.status == 1 and "error   decoding: 2 cannot be read as images" in said.out, said
    assert "cat/3.png" in said.out and "dog/4.png" in said.out and "all can be read" not in said.out
    assert "duplicates: 0 equal pairs" in said.out and "counts: train " in said.out


def test_damage_that_refuses_a_split_names_the_setting_that_leaves_it_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    folder(tmp_path / "images")
    bench_toml(tmp_path, '[datasets.mine]\nfolder = "images"\n', datasets=["mine"], minority=[2])
    for name in ("cat/3.png", "dog/4.png"):
        (tmp_path / "images" / name).write_text("damaged")
    setting = '[datasets.mine] damaged = "skip" in bench.toml leaves such out'
    for command in (("data", "show", "mine"), ("run",), ("fit", "mine")):
        refused(imbench(*command), "cat/3.png: cannot be read as an image", "(and 1 others)", setting)
    assert setting in imbench("data", "check", "mine").out


@pytest.mark.parametrize(("damaged", "says"), [(12, "class 'dog' would vanish"), (4, "class 'dog' has 8 images")])
def test_a_check_names_damaged_files_also_where_too_few_are_left(
    damaged: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    folder(tmp_path / "images")
    bench_toml(tmp_path)
    for i in range(damaged):
        (tmp_path / "images" / "dog" / f"{i}.png").write_text(f"no picture {i}")
    said = imbench("data", "check", "images")
    assert said.status == 1 and "split: without them" in said.out, said
    assert f"{damaged} cannot be read as images" in said.out and "dog/3.png" in said.out and says in said.out


def test_a_check_names_all_damage_also_of_a_dataset_that_is_of_use_as_a_whole_only(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_text(f"no picture {name}")

    class Whole(Dataset):
        name = "whole"

        def pin(self) -> Pinned:
            raise AssertionError(near_groups(self, ["a.png", "b.png"], 0.5))

    (found,) = findings_of(Whole(tmp_path))
    assert (found.level, found.subject, found.names) == ("error", "decoding", ("a.png", "b.png"))
    assert "skip" not in found.text


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
