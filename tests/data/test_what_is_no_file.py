"""Pipes, devices and terabytes among a user's images, tables, lists and splits: named in one line, and nobody waits."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from builders import as_on_a_fresh_machine, imbench, refused
from PIL import Image

from bench.claims.files import load_claims
from bench.data.manifest import digests
from bench.data.splits import keep_split
from bench.datasets.folder import FolderDataset
from bench.errors import DataError, UserError
from bench.plan.lasting import LIST, listed
from bench.report.verification.printed import read_printed


def terabyte(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


KINDS: dict[str, tuple[Callable[[Path], None], str]] = {
    "a pipe": (os.mkfifo, "a pipe"),
    "a folder": (Path.mkdir, "a folder"),
    "a device": (device, "a device"),
    "a terabyte": (terabyte, "it has 1048576 MB"),
}
kinds = pytest.mark.parametrize("kind", KINDS)


def pictures(root: Path) -> Path:
    """Make two classes of twelve pictures, a table and a list of each class, and return the folder."""
    lines = {label: [f"{label}/{i}.png" for i in range(12)] for label in ("a", "b")}
    for label, names in lines.items():
        (root / label).mkdir(parents=True)
        for i, name in enumerate(names):
            noise = np.random.default_rng([ord(label), i]).integers(0, 256, (12, 12, 3), dtype=np.uint8)
            Image.fromarray(noise).save(root / name)
        (root / f"{label}.txt").write_text("\n".join(names))
    rows = [f"{name},{label}" for label, names in lines.items() for name in names]
    (root / "labels.csv").write_text("\n".join(["file,label", *rows]))
    return root


def put(kind: str, path: Path) -> str:
    """Put something else in a file's place, and return what is said of it."""
    path.unlink(missing_ok=True)
    KINDS[kind][0](path)
    return rf"{path.name}: {KINDS[kind][1]}"


@kinds
@pytest.mark.parametrize("name", ["labels.csv", "b.txt"])
def test_a_table_or_list_that_is_no_file_is_named(tmp_path: Path, kind: str, name: str) -> None:
    root = pictures(tmp_path / "own")
    said = put(kind, root / name)
    lists = {label: root / f"{label}.txt" for label in ("a", "b")}
    options = {"labels": root / name} if name == "labels.csv" else {"lists": lists}
    with pytest.raises(DataError, match=said):
        FolderDataset("mine", root, **options).split()  # type: ignore[arg-type]


@kinds
@pytest.mark.parametrize("suffix", [".json", ".sha256"])
def test_a_kept_split_that_is_no_file_is_named_itself(tmp_path: Path, kind: str, suffix: str) -> None:
    root, file = pictures(tmp_path / "own"), tmp_path / "split.json"
    keep_split(FolderDataset("mine", root, split_file=file))
    said = put(kind, file.with_suffix(suffix))
    with pytest.raises(DataError, match=said):
        FolderDataset("mine", root, split_file=file).split()


@kinds
def test_a_split_that_never_was_one_is_named_itself(tmp_path: Path, kind: str) -> None:
    root, file = pictures(tmp_path / "own"), tmp_path / "split"
    said = put(kind, file)
    with pytest.raises(DataError, match=said):
        FolderDataset("mine", root, split_file=file).split()


@kinds
@pytest.mark.parametrize("reader", [lambda it: load_claims([it]), read_printed, lambda it: listed(it.parent)])
def test_what_is_read_beside_images_is_named_as_well(
    tmp_path: Path, kind: str, reader: Callable[[Path], object]
) -> None:
    said = put(kind, tmp_path / LIST)
    with pytest.raises(UserError, match=f"{LIST}: .*{said.partition(': ')[2]}"):
        reader(tmp_path / LIST)


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("near", ["on", "off"])
@pytest.mark.parametrize("damaged", ["refuse", "skip"])
def test_a_picture_of_a_terabyte_is_named_or_left_out_as_a_damaged_one(
    tmp_path: Path, damaged: str, near: str, kept: bool
) -> None:
    root = pictures(tmp_path / "own")
    options = {"damaged": damaged, "near_duplicates": near, "split_file": tmp_path / "split.json"}
    if kept:
        keep_split(FolderDataset("mine", root, **options))  # type: ignore[arg-type]
    large = root / "a" / ("3.png" if kept else "large.png")
    large.write_bytes((root / "a" / "3.png").read_bytes())
    os.truncate(large, 1 << 40)
    dataset = FolderDataset("mine", root, **options)  # type: ignore[arg-type]
    if damaged == "skip" and not kept:
        assert "1 damaged images are left out: a/large.png" in dataset.split().note
        assert len(dataset.split().names()) == 24
        return
    with pytest.raises(DataError, match=rf"a/{large.name}\b.*(more than|it has)"):
        digests(dataset, dataset.split().names())


def test_a_run_and_a_check_name_the_picture_and_speak_of_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    root = pictures(tmp_path / "own")
    os.truncate(root / "a" / "3.png", 1 << 40)
    (tmp_path / "bench.toml").write_text(f'[datasets.mine]\nfolder = "{root}"\n')
    refused(imbench("run", "--dataset", "mine"), "a/3.png", "1048576 MB")
    said = imbench("data", "check", "mine")
    assert said.status == 1 and "a/3.png" in said.out and "1048576 MB" in said.out
