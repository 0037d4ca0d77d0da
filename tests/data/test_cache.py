"""The cache holds exactly the resized images, in the split's order, whatever happens while it is built."""

from __future__ import annotations

import errno
import os
import time
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
import torch
from patience import PATIENCE
from PIL import Image

from bench.data import cache
from bench.data.cache import open_cache, prepare
from bench.data.manifest import digests
from bench.dataset import Dataset, Pinned, Split, rare
from bench.errors import DataError, StoreError


class Tiny(Dataset):
    """Six pictures in a folder."""

    name = "tiny"
    classes = ("a", "b")
    imbalances = (rare(1),)

    def pin(self) -> Pinned:
        names = {label: tuple(f"{label}{i}.png" for i in (2, 0, 1)) for label in self.classes}
        empty = dict.fromkeys(self.classes, ())
        return Pinned("tiny-1", Split(self.classes, {"train": names, "val": empty, "test": empty, "spare": empty}))


def tiny(root: Path) -> Tiny:
    root.mkdir(exist_ok=True)
    dataset = Tiny(root)
    for i, name in enumerate(dataset.split().names("train")):
        noise = np.random.default_rng(i).integers(0, 256, (30, 50, 3), dtype=np.uint8)
        Image.fromarray(noise).save(root / name)
    return dataset


def build(dataset: Tiny, folder: Path, size: int = 16) -> Path:
    return prepare(dataset, dataset.split(), "train", size, folder)


def wait_and_build(root: Path, folder: Path, barrier: object) -> None:
    barrier.wait()  # type: ignore[attr-defined]
    build(Tiny(root), folder)


def test_rows_are_the_resized_images_in_the_order_of_the_split(tmp_path: Path) -> None:
    dataset = tiny(tmp_path / "tiny")
    pixels = open_cache(build(dataset, tmp_path / "cache"))
    assert pixels.shape == (6, 3, 16, 16) and pixels.dtype == torch.uint8
    for row, name in zip(pixels, dataset.split().names("train"), strict=True):
        expected = Image.open(dataset.path(name)).resize((16, 16), Image.Resampling.BICUBIC)
        assert np.array_equal(row.permute(1, 2, 0).numpy(), np.asarray(expected))


@pytest.mark.filterwarnings("error")
def test_writing_to_an_open_cache_does_not_reach_the_file(tmp_path: Path) -> None:
    path = build(tiny(tmp_path / "tiny"), tmp_path / "cache")
    before = path.read_bytes()
    pixels = open_cache(path)
    pixels.zero_()
    assert path.read_bytes() == before and open_cache(path).any()


def test_images_are_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = tiny(tmp_path / "tiny")
    first = build(dataset, tmp_path / "cache")

    def refuse(self: Dataset, name: str) -> Image.Image:
        raise AssertionError(f"{name} was decoded again")

    monkeypatch.setattr(Dataset, "read", refuse)
    assert build(dataset, tmp_path / "cache") == first


def test_another_size_or_another_image_is_another_file(tmp_path: Path) -> None:
    dataset = tiny(tmp_path / "tiny")
    first = build(dataset, tmp_path / "cache")
    assert build(dataset, tmp_path / "cache", size=8) != first
    Image.new("RGB", (50, 30), "red").save(dataset.path("a0.png"))
    second = build(dataset, tmp_path / "cache")
    assert second != first
    assert not torch.equal(open_cache(second)[1], open_cache(first)[1])
    assert torch.equal(open_cache(second)[2:], open_cache(first)[2:])


def test_another_shape_is_another_file_and_keeps_the_aspect(tmp_path: Path) -> None:
    dataset = tiny(tmp_path / "tiny")
    squashed = build(dataset, tmp_path / "cache")
    dataset.shape = "pad"
    padded = build(dataset, tmp_path / "cache")
    assert padded != squashed
    assert open_cache(padded)[:, :, 0].max() == 0 and open_cache(squashed)[:, :, 0].max() > 0


@pytest.mark.parametrize("damage", ["flip", "cut", "no digest", "header"])
def test_damaged_cache_is_built_again(damage: str, tmp_path: Path) -> None:
    dataset = tiny(tmp_path / "tiny")
    path = build(dataset, tmp_path / "cache")
    good = path.read_bytes()
    if damage == "flip":
        path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    elif damage == "cut":
        path.write_bytes(good[:-7])
        with pytest.raises(StoreError, match="not a whole image cache"):
            open_cache(path)
    elif damage == "header":
        path.write_bytes(good.replace(b"}", b" ", 1))  # a bracket that is never closed
        with pytest.raises(StoreError, match="not a whole image cache"):
            open_cache(path)
    else:
        path.with_suffix(".sha256").unlink()
    assert build(dataset, tmp_path / "cache") == path
    assert path.read_bytes() == good


def test_two_processes_that_build_at_once_end_with_one_whole_file(tmp_path: Path) -> None:
    dataset = tiny(tmp_path / "tiny")
    context = get_context("fork")
    barrier = context.Barrier(3)
    args = (dataset.root, tmp_path / "cache", barrier)
    processes = [context.Process(target=wait_and_build, args=args) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(PATIENCE)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert len(list((tmp_path / "cache").glob("*.npy"))) == 1
    assert open_cache(build(dataset, tmp_path / "cache")).shape == (6, 3, 16, 16)


def test_leftovers_of_a_killed_build_are_removed_but_not_those_of_a_living_one(tmp_path: Path) -> None:
    dataset = tiny(tmp_path / "tiny")
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "tiny-train-8-dead.part").write_bytes(b"half")
    living = folder / "tiny-train-8-living.npy"
    with cache.locked(living):
        living.with_suffix(".part").write_bytes(b"half")
        build(dataset, folder)
        assert [path.name for path in folder.glob("*.part")] == ["tiny-train-8-living.part"]


def test_damaged_image_is_named_and_leaves_no_half_file(tmp_path: Path) -> None:
    dataset = tiny(tmp_path / "tiny")
    whole = dataset.path("b1.png").read_bytes()
    dataset.path("b1.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"b1\.png"):
        build(dataset, tmp_path / "cache")
    assert not [*(tmp_path / "cache").glob("*.npy"), *(tmp_path / "cache").glob("*.part")]


def test_missing_image_is_named(tmp_path: Path) -> None:
    dataset = tiny(tmp_path / "tiny")
    dataset.path("b1.png").unlink()
    with pytest.raises(DataError, match=r"b1\.png.*imbench data prepare tiny"):
        build(dataset, tmp_path / "cache")


def test_image_that_the_manifest_does_not_know_is_refused(tmp_path: Path) -> None:
    dataset = tiny(tmp_path / "tiny")
    split = dataset.split()
    manifest = digests(dataset, split.names("train"))
    dataset.__dict__["pinned"] = Pinned("tiny-1", split, manifest | {"a1.png": "0" * 64})
    with pytest.raises(DataError, match=r"a1\.png is not the image of edition 'tiny-1'"):
        build(dataset, tmp_path / "cache")


def test_full_disk_is_one_clear_line_and_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = tiny(tmp_path / "tiny")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("bench.data.cache.os.fsync", full)
    with pytest.raises(StoreError, match="disk full"):
        build(dataset, tmp_path / "cache")
    assert not [*(tmp_path / "cache").glob("*.npy"), *(tmp_path / "cache").glob("*.part")]


def test_cache_folder_that_is_a_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises((StoreError, DataError), match="cache"):
        build(tiny(tmp_path / "tiny"), tmp_path / "cache")


def test_digests_are_remembered_until_the_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = tiny(tmp_path / "tiny")
    names, memo = dataset.split().names("train"), tmp_path / "memo.json"
    first = digests(dataset, names, memo)
    Image.new("RGB", (9, 9)).save(dataset.path("a0.png"))
    os.utime(dataset.path("a0.png"), ns=(time.time_ns(), time.time_ns()))
    read: list[str] = []
    content = Dataset.content

    def watched(self: Dataset, name: str) -> bytes:
        read.append(name)
        return content(self, name)

    monkeypatch.setattr(Dataset, "content", watched)
    second = digests(dataset, names, memo)
    assert read == ["a0.png"]
    assert {name for name in names if first[name] != second[name]} == {"a0.png"}
    memo.write_text("{damaged")
    assert digests(dataset, names, memo) == second


def test_progress_counts_the_images(tmp_path: Path) -> None:
    dataset = tiny(tmp_path / "tiny")
    seen: list[tuple[int, int]] = []
    prepare(dataset, dataset.split(), "train", 8, tmp_path / "cache", lambda done, total: seen.append((done, total)))
    assert seen == [(i, 6) for i in range(1, 7)]


def test_an_image_that_is_replaced_while_others_are_decoded_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = tiny(tmp_path / "tiny")
    first, *_, last = dataset.split().names("train")
    make = cache._build

    def replaced_meanwhile(*arguments: object) -> None:
        before = dataset.path(last).read_bytes()
        dataset.path(last).write_bytes(dataset.path(first).read_bytes())
        try:
            make(*arguments)  # type: ignore[arg-type]
        finally:
            dataset.path(last).write_bytes(before)

    with monkeypatch.context() as patch:
        patch.setattr(cache, "_build", replaced_meanwhile)
        with pytest.raises(DataError, match=f"{last} changed while the images were decoded"):
            build(dataset, tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*.npy"))
    assert not torch.equal(*open_cache(build(dataset, tmp_path / "cache"))[[0, -1]])
