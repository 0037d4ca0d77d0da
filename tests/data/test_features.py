"""Features of a frozen body are made once, are those of the stated views, and survive a kill."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import torch
from builders import CPU, tiny
from patience import PATIENCE
from torch import Tensor

from bench import registry
from bench.data import features
from bench.data.cache import open_cache
from bench.data.features import CROPS, VIEWS, FrozenBody, frozen_body, part_features, prepare_features, view
from bench.errors import ConfigError, StoreError
from bench.networks.layers.body import Body
from bench.networks.pretrained import pretrained_named

registry.load()


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "CHUNK", 4)


def stored(folder: Path, n: int = 10, side: int = 40, seed: int = 0, name: str = "x-train-40-abc.npy") -> Path:
    pixels = np.random.default_rng(seed).integers(0, 256, (n, 3, side, side), dtype=np.uint8)
    np.save(folder / name, pixels)
    return folder / name


def frozen(backbone: str = "small(train=head, views=2)", **fields: Any) -> FrozenBody:
    return frozen_body(tiny(backbone=backbone, **({"load_size": 40} | fields)), CPU)


def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note how many images go through a body from now on."""
    seen: list[int] = []
    forward = Body.forward

    def noted(body: Body, images: Tensor) -> tuple[Tensor, ...]:
        seen.append(len(images))
        return forward(body, images)

    monkeypatch.setattr(Body, "forward", noted)
    return seen


def test_they_are_the_bodys_of_every_view_of_every_image(tmp_path: Path) -> None:
    images = stored(tmp_path)
    found = open_cache(prepare_features(images, frozen(f"small(train=head, views={len(VIEWS)})"), 12, tmp_path))
    assert found.shape == (10, 12, 64) and found.dtype == torch.float32
    body, pixels = pretrained_named("small").body().eval(), CPU.images(open_cache(images))
    crop = pixels[:, :, 4:36, 4:36]  # 32 of 40
    expected = {0: pixels, 1: pixels.flip(-1), 2: crop, 7: crop.flip(-1), 6: pixels[:, :, 8:, 8:]}
    for k, seen in expected.items():
        torch.testing.assert_close(found[:, k], body(seen)[0].detach())


def test_crops_lie_where_their_names_say() -> None:
    places = torch.arange(36).view(1, 1, 6, 6)
    corners = {name: int(view(places, name, 3)[0, 0, 0, 0]) for name in CROPS}
    assert corners == {"centre": 7, "top left": 0, "top right": 3, "bottom left": 18, "bottom right": 21}
    assert view(places, "top right mirrored", 3)[0, 0, 0].tolist() == [5, 4, 3]
    assert VIEWS[:3] == ("whole", "whole mirrored", "centre") and len(set(VIEWS)) == 12


def test_training_images_have_all_views_others_the_whole_image(tmp_path: Path) -> None:
    parts = ("train", "val", "test", "spare")
    caches = {part: stored(tmp_path, 5, seed=k, name=f"x-{part}-40-{k}.npy") for k, part in enumerate(parts)}
    found = {part: open_cache(path) for part, path in part_features(caches, frozen(), tmp_path).items()}
    assert {part: it.shape[1] for part, it in found.items()} == {"train": 2, "val": 1, "test": 1}


def test_they_are_made_once_and_again_where_the_file_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, seen = stored(tmp_path), looks(monkeypatch)
    path = prepare_features(images, frozen(), 2, tmp_path)
    before, made = path.read_bytes(), sum(seen)
    assert made == 20
    assert prepare_features(images, frozen(), 2, tmp_path) == path and sum(seen) == made
    path.write_bytes(before[:-4] + b"\0\0\0\0")
    assert prepare_features(images, frozen(), 2, tmp_path).read_bytes() == before and sum(seen) == 2 * made


def test_another_body_view_or_picture_is_another_file(tmp_path: Path) -> None:
    class Other(type(pretrained_named("small"))):  # type: ignore[misc]
        def body_weights(self, rng: torch.Generator | None = None) -> dict[str, Tensor]:
            return {name: value + 1 for name, value in super().body_weights(rng).items()}

    images, here = stored(tmp_path), frozen()
    other = FrozenBody(Other(here.network.settings), here.image_size, here.threads, CPU)
    paths = {prepare_features(images, body, n, tmp_path) for body, n in ((here, 2), (here, 1), (other, 2))}
    paths.add(prepare_features(stored(tmp_path, seed=1, name="x-train-40-abd.npy"), here, 2, tmp_path))
    assert len(paths) == 4
    assert prepare_features(images, frozen("small(train=head, init_std=0.5)"), 2, tmp_path) in paths


class Killed(Exception):
    """Stands for a signal."""


def killed(folder: Path, images: Path, after: int) -> Path:
    """Make features until so many images are done; return the file that is left."""

    def stop(done: int, total: int) -> None:
        assert total == 10
        if done >= after:
            raise Killed

    with pytest.raises(Killed):
        prepare_features(images, frozen(), 2, folder, stop)
    (left,) = folder.glob("*.partial")
    return left


@pytest.mark.parametrize(("torn", "again"), [(False, 4), (True, 20)])
def test_a_killed_preparation_goes_on_behind_what_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torn: bool, again: int
) -> None:
    images = stored(tmp_path)
    expected = prepare_features(images, frozen(), 2, tmp_path).read_bytes()
    other = tmp_path / "again"
    other.mkdir()
    left = killed(other, images, 8)
    if torn:
        data = bytearray(left.read_bytes())
        data[200] ^= 1  # in the first chunk
        left.write_bytes(data)
    seen = looks(monkeypatch)
    assert prepare_features(images, frozen(), 2, other).read_bytes() == expected
    assert sum(seen) == again
    assert not [*other.glob("*.partial"), *other.glob("*.chunks")]


@pytest.mark.parametrize("suffix", [".npy", ".sha256", ".partial", ".chunks"])
def test_a_pipe_in_the_way_of_their_files_is_renamed_and_nobody_waits(suffix: str, tmp_path: Path) -> None:
    images = stored(tmp_path)
    path = prepare_features(images, frozen(), 2, tmp_path)
    made = path.read_bytes()
    if suffix == ".chunks":
        path.with_suffix(".partial").touch()  # by who was killed: then its journal is read
    path.unlink()
    path.with_suffix(suffix).unlink(missing_ok=True)
    os.mkfifo(path.with_suffix(suffix))
    again = Thread(target=prepare_features, args=(images, frozen(), 2, tmp_path), daemon=True)
    again.start()
    again.join(PATIENCE)
    assert not again.is_alive() and path.read_bytes() == made


def test_crops_of_images_without_room_are_refused() -> None:
    with pytest.raises(ConfigError, match="views = 3 takes crops, so load_size must be larger than image_size = 32"):
        frozen("small(train=head, views=3)", load_size=32)
    with pytest.raises(ConfigError, match="small has no frozen body"):
        frozen("small")


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    images = stored(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot write"):
        prepare_features(images, frozen(), 2, tmp_path / "file")


def test_more_hands_give_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images, found = stored(tmp_path), []
    for hands in (1, 3):
        (tmp_path / str(hands)).mkdir()
        monkeypatch.setattr(features.os, "sched_getaffinity", lambda _, hands=hands: set(range(hands)))
        threads = torch.get_num_threads()
        found.append(prepare_features(images, frozen(), 2, tmp_path / str(hands)).read_bytes())
        assert torch.get_num_threads() == threads
    assert found[0] == found[1]
