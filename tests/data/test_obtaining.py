"""A dataset is obtained as a whole, or said how to be; what another process gets meanwhile is found there."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from test_download import Server, serving

from bench.data.download import obtain
from bench.dataset import Dataset, Pinned, Source, Split
from bench.datasets.celeba import CelebA
from bench.datasets.cub import Cub
from bench.datasets.digits import Digits
from bench.errors import DataError
from bench.store.lock import waiting_for


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def contents(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


FILES = {"a0": b"zero", "b0": b"one"}


class Remote(Dataset):
    """Two files that have to be downloaded."""

    name = "remote"
    classes = ("a", "b")
    minority_counts = (1,)

    def pin(self) -> Pinned:
        empty: dict[str, tuple[str, ...]] = dict.fromkeys(self.classes, ())
        train: dict[str, tuple[str, ...]] = {"a": ("a0",), "b": ("b0",)}
        parts = {"train": train, "val": empty, "test": empty, "spare": empty}
        return Pinned("1", Split(self.classes, parts), {name: sha256(text).hexdigest() for name, text in FILES.items()})


def remote(root: Path, url: str, packed: bool = True) -> Remote:
    class Served(Remote):
        source = Source(url, files=() if packed else tuple(Source(url.replace("set.zip", name)) for name in FILES))

    return Served(root / "remote")


def test_obtain_downloads_unpacks_and_verifies(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "set.zip", {f"remote/{name}": text for name, text in FILES.items()})
    with serving(Server(archive.read_bytes())) as server:
        dataset = remote(tmp_path / "data", server.url)
        assert "downloaded and verified" in obtain(dataset)
        assert contents(dataset.root) == set(FILES)
        assert "all 2 images" in obtain(dataset)
        assert len(server.asked) == 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("packed", [True, False])
def test_who_obtains_a_dataset_that_another_process_gets_meanwhile_finds_it_there(
    packed: bool, when: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FILES, "b0", FILES["a0"])  # the server has one content
    served = zipped(tmp_path / "set.zip", FILES).read_bytes() if packed else FILES["a0"]
    others = [when]

    def race() -> None:
        if when in others:
            others.remove(when)
            assert "2 images of edition 1" in obtain(remote(tmp_path / "data", server.url, packed))

    @contextmanager
    def beaten(path: Path) -> Iterator[None]:
        if when == "before":
            race()
        with waiting_for(path):
            yield
        if when == "after":
            race()

    monkeypatch.setattr("bench.data.download.waiting_for", beaten)
    with serving(Server(served)) as server:
        dataset = remote(tmp_path / "data", server.url, packed)
        assert "downloaded and verified" in obtain(dataset)
        assert len(server.asked) == (1 if packed else 2) and others == []
    assert contents(dataset.root) == set(FILES)
    assert [path.suffix for path in (tmp_path / "data" / ".downloads").iterdir()] == [".lock"] * len(server.asked)


def test_obtain_refuses_files_that_are_not_the_edition(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "set.zip", {"a0": b"zero", "b0": b"altered"})
    refusal = pytest.raises(DataError, match="1 files are not those of edition '1', such as b0")
    with serving(Server(archive.read_bytes())) as server, refusal:
        obtain(remote(tmp_path / "data", server.url))


@pytest.mark.parametrize("cls", [CelebA, Cub])
def test_manual_download_says_what_to_do_and_where(cls: type[Dataset], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="manual download") as caught:
        obtain(cls(tmp_path / cls.name))
    assert str(tmp_path / cls.name) in str(caught.value) and "https://" in str(caught.value)
    assert not {"{", "\n"} & {*str(caught.value)}


def test_bundled_dataset_needs_nothing(tmp_path: Path) -> None:
    assert "nothing to get" in obtain(Digits(tmp_path))
