"""The datasets of many classes keep what their splits promise, and read the files that they say they read."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bench.data.manifest import differing, digests
from bench.dataset import Dataset
from bench.datasets import fashion_mnist
from bench.datasets.cifar10 import Cifar10
from bench.datasets.fashion_mnist import FILES, FashionMnist
from bench.datasets.infrared_solar_modules import InfraredSolarModules
from bench.errors import DataError

COUNTS = {
    Cifar10: {"train": [3800] * 10, "val": [500] * 10, "test": [1000] * 10, "annotator": [500] * 10},
    FashionMnist: {"train": [4900] * 10, "val": [500] * 10, "test": [1000] * 10, "annotator": [500] * 10},
    InfraredSolarModules: {
        "train": [9925, 1802, 1564, 1424, 1213, 981, 865, 752, 174, 171, 129, 100],
        "val": [25] * 12,
        "test": [50] * 12,
        "annotator": [0] * 12,
    },
}
SPLITS = Path(__file__).parents[2] / "datasets" / "splits"


@pytest.mark.parametrize("cls", COUNTS)
def test_splits_are_balanced_and_say_what_every_class_has(cls: type[Dataset], tmp_path: Path) -> None:
    split = cls(tmp_path / "absent").split()
    assert {part: list(split.counts(part)) for part in COUNTS[cls]} == COUNTS[cls]
    assert split.classes == cls.classes and len(set(split.names())) == len(split.names())
    assert set(cls(tmp_path / "absent").pinned.sums) >= {"train", "val", "test"}
    for path in SPLITS.glob(f"{cls.name}.*"):
        assert path.stat().st_size < 1_500_000


@pytest.mark.parametrize("cls", [Cifar10, FashionMnist])
def test_the_official_test_part_is_the_test_part_and_nothing_else(cls: type[Dataset], tmp_path: Path) -> None:
    split = cls(tmp_path / "absent").split()
    assert all(name.startswith("test/") for name in split.names("test"))
    assert all(name.startswith("train/") for name in split.names("train", "val", "annotator", "spare"))


@pytest.mark.parametrize("cls", [Cifar10, FashionMnist])
def test_tails_are_those_of_the_field(cls: type[Dataset], tmp_path: Path) -> None:
    split = cls(tmp_path / "absent").split()
    most = split.counts("train")[0]
    by_place = {
        imbalance.label(split.counts("train")): imbalance.counts(split.counts("train")) for imbalance in cls.imbalances
    }
    assert [place for place in by_place if place != "exp 1"] == ["exp 100", "exp 10", "BAGAN-GP"]
    assert ("exp 1" in by_place) == (cls is Cifar10), "the class-balancing GAN's third ratio"
    assert by_place["exp 100"][0] == most and by_place["exp 100"][-1] == round(most / 100)


def written(root: Path, count: int = 3) -> FashionMnist:
    root.mkdir()
    for file in FILES.values():
        pixels = bytes(i % 251 for i in range(count * 784))
        header = (0x803).to_bytes(4, "big") + count.to_bytes(4, "big") + (28).to_bytes(4, "big") * 2
        (root / f"{file}-images-idx3-ubyte.gz").write_bytes(gzip.compress(header + pixels))
    return FashionMnist(root)


def test_idx_files_are_read_by_number(tmp_path: Path) -> None:
    dataset = written(tmp_path / "fashion_mnist")
    image = np.asarray(dataset.read("train/00002"))
    assert image.shape == (28, 28, 3) and image[0, :3, 0].tolist() == [(1568 + i) % 251 for i in range(3)]
    assert dataset.content("test/00001") == bytes(i % 251 for i in range(784, 1568))
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz: has 3 images, no number 3"):
        dataset.read("train/00003")


@pytest.mark.parametrize("damage", ["cut", "kind", "text"])
def test_a_damaged_idx_file_is_one_line_with_its_name(damage: str, tmp_path: Path) -> None:
    dataset = written(tmp_path / "fashion_mnist")
    path = dataset.path("train/0")
    raw = gzip.decompress(path.read_bytes())
    path.write_bytes({"cut": path.read_bytes()[:-30], "kind": gzip.compress(b"\0" * 999), "text": b"none"}[damage])
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz"):
        dataset.read("train/00000")
    path.write_bytes(gzip.compress(raw[:-1]))
    with pytest.raises(DataError, match="not an idx file of 28x28 images"):
        dataset.read("train/00000")


@pytest.mark.parametrize("kind", ["a pipe", "a bomb"])
def test_an_idx_file_that_is_none_is_neither_waited_for_nor_unpacked_without_end(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = written(tmp_path / "fashion_mnist")
    (path := dataset.path("train/0")).unlink()
    if kind == "a pipe":
        os.mkfifo(path)
    else:
        monkeypatch.setattr(fashion_mnist, "MOST_BYTES", 100_000)
        path.write_bytes(gzip.compress(b"\0" * 50_000_000))
    tracemalloc.start()
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz: (a pipe|not an idx file)"):
        dataset.read("train/00000")
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_missing_idx_files_name_the_command(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="imbench data prepare fashion_mnist"):
        FashionMnist(tmp_path / "fashion_mnist").read("train/00000")


@pytest.mark.needs_data
@pytest.mark.parametrize(
    "cls",
    [
        pytest.param(Cifar10, marks=pytest.mark.long),
        pytest.param(FashionMnist, marks=pytest.mark.long),
        InfraredSolarModules,
    ],
)
def test_real_images_have_the_sums_of_the_published_edition(
    cls: type[Dataset], real: Callable[[type[Dataset]], Dataset]
) -> None:
    dataset = real(cls)
    assert dataset.pinned.sums and not differing(dataset.pinned, digests(dataset, dataset.split().names()))
