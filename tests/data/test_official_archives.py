"""Official files become the published pictures: whatever their order, from the archive to the split."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from test_download import Server, serving

from bench.data.download import obtain
from bench.data.manifest import differing, digests
from bench.dataset import Dataset, Source
from bench.datasets import cifar10, fashion_mnist
from bench.datasets.cifar10 import BATCHES, BINARY, Cifar10
from bench.datasets.fashion_mnist import FILES, FashionMnist, ranked, unpacked
from bench.errors import DataError


def idx(pictures: np.ndarray) -> bytes:
    head = (0x803, len(pictures), 28, 28)
    return gzip.compress(b"".join(it.to_bytes(4, "big") for it in head) + pictures.tobytes(), 1)


def write(root: Path, pictures: dict[str, np.ndarray]) -> FashionMnist:
    root.mkdir()
    for part, found in pictures.items():
        (root / f"{FILES[part]}-images-idx3-ubyte.gz").write_bytes(idx(found))
    return FashionMnist(root)


def test_pictures_in_any_order_are_named_as_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fashion_mnist, "SPLITS", tmp_path)
    rng = np.random.default_rng(0)
    named = {part: rng.integers(0, 2, (9, 28, 28), np.uint8) for part in FILES}
    named["train"][4] = named["train"][2]  # there twice
    named["train"][3] = 0
    for part, pictures in named.items():
        np.save(tmp_path / f"fashion_mnist.order-{part}.npy", np.argsort(ranked(pictures)).astype(np.uint16))
    shuffled = {part: pictures[rng.permutation(9)] for part, pictures in named.items()}
    for folder, files in (("as-named", named), ("official", shuffled)):
        dataset = write(tmp_path / folder, files)
        for part, pictures in named.items():
            assert [dataset.content(f"{part}/{i:05d}") for i in range(9)] == [it.tobytes() for it in pictures]


@pytest.mark.needs_data
@pytest.mark.long
def test_the_real_ones_in_another_order_are_the_published_edition(
    tmp_path: Path, real: Callable[[type[Dataset]], Dataset]
) -> None:
    ours, rng = real(FashionMnist), np.random.default_rng(1)
    pictures = {part: unpacked(ours.path(f"{part}/0"), 0x803, "").reshape(-1, 28, 28) for part in FILES}
    other = write(tmp_path / "other", {part: found[rng.permutation(len(found))] for part, found in pictures.items()})
    assert ours.pinned.sums and not differing(ours.pinned, digests(other, other.split().names()))


def test_files_that_are_no_archive_come_one_by_one_and_none_is_written_over(tmp_path: Path) -> None:
    body = idx(np.zeros((3, 28, 28), np.uint8))
    with serving(Server(body, cuts=1)) as server:

        class Served(FashionMnist):
            source = Source(
                "https://example.org/about",
                files=tuple(
                    Source(server.url.replace("set.zip", f"{it}-images-idx3-ubyte.gz"), len(body), digest(body))
                    for it in FILES.values()
                ),
            )

        dataset = Served(tmp_path / "data" / "fashion_mnist")
        dataset.root.mkdir(parents=True)
        (dataset.root / "t10k-images-idx3-ubyte.gz").write_bytes(b"mine")
        with pytest.raises(DataError, match="t10k-images"):
            obtain(dataset)
        assert server.asked == [None, f"bytes={len(body) // 2}-"], "taken up again, and the other not asked for"
    assert (dataset.root / "train-images-idx3-ubyte.gz").read_bytes() == body
    assert (dataset.root / "t10k-images-idx3-ubyte.gz").read_bytes() == b"mine"


def digest(body: bytes) -> str:
    return sha256(body).hexdigest()


def official(each: int, rng: np.random.Generator) -> tuple[bytes, dict[str, np.ndarray]]:
    """Return an archive as CIFAR-10's, with so many noise pictures of each class in each file, and its rows."""
    rows, out = {}, io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as packed:
        for part, files in BATCHES.items():
            found = []
            for name in files:
                labels = rng.permutation(np.repeat(np.arange(10, dtype=np.uint8), each))
                pixels = rng.integers(0, 256, (len(labels), 3 * 32 * 32), np.uint8)
                found.append(np.concatenate([labels[:, None], pixels], axis=1))
                info = tarfile.TarInfo(f"{BINARY}/{name}")
                info.size = found[-1].size
                packed.addfile(info, io.BytesIO(found[-1].tobytes()))
            rows[part] = np.concatenate(found)
    return out.getvalue(), rows


def test_the_official_cifar10_is_downloaded_split_by_the_same_rule_and_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cifar10, "SIZES", {"val": 2, "annotator": 2, "train": 5})
    body, rows = official(2, np.random.default_rng(0))
    with serving(Server(body)) as server:

        class Served(Cifar10):
            source = Source(server.url.replace("set.zip", "cifar.tar.gz"), len(body), digest(body))

        dataset = Served(tmp_path / "data" / "cifar10")
        assert dataset.edition == "jpeg75", "where there is no file"
        assert "of edition binary-" in obtain(dataset)
    again = Served(dataset.root)
    assert again.edition == dataset.edition and again.split() == dataset.split(), "kept beside the images"
    split = again.split()
    assert {part: split.counts(part)[0] for part in ("train", "val", "annotator", "test", "spare")} == {
        **{"train": 5, "val": 2, "annotator": 2},
        **{"test": 2, "spare": 1},
    }
    for part in ("train", "test"):
        for k, label in enumerate(split.classes):
            for name in split.parts[part][label]:
                row = rows[name.split("/")[0]][int(name.split("/")[1])]
                image = again.read(name)
                assert row[0] == k and image is not None
                assert (np.asarray(image) == row[1:].reshape(3, 32, 32).transpose(1, 2, 0)).all()
                assert again.content(name) == row[1:].tobytes()


@pytest.mark.parametrize("damage", [b"", b"\0" * 3072, b"\x0b" + b"\0" * 3072, "a pipe", "a terabyte"])
def test_a_damaged_official_file_is_one_line_with_its_name(damage: bytes | str, tmp_path: Path) -> None:
    folder = tmp_path / "cifar10" / BINARY
    folder.mkdir(parents=True)
    for path in (folder / name for names in BATCHES.values() for name in names):
        if damage == "a pipe":
            os.mkfifo(path)
        else:
            path.write_bytes(damage if isinstance(damage, bytes) else b"")
            os.truncate(path, 1 << 40 if isinstance(damage, str) else len(damage))
    with pytest.raises(DataError, match=r"data_batch_1\.bin"):
        Cifar10(tmp_path / "cifar10").split()


def test_a_folder_that_lacks_images_is_not_downloaded_into(tmp_path: Path) -> None:
    (tmp_path / "cifar10" / "train" / "frog").mkdir(parents=True)
    with pytest.raises(DataError, match=r"lacks 5.* of 5.* images; move it away"):
        obtain(Cifar10(tmp_path / "cifar10"))
