"""Duplicates are found whatever was done to the copy, and strangers are left alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from io import BytesIO
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from bench.data.duplicates import Pair, exact_pairs, groups, near_pairs
from bench.data.resemblance import SHIFT, SIDE, Spectra, local_contrast
from bench.data.survey import survey, thumbnail
from bench.dataset import PARTS
from bench.datasets.cub import Cub


def scene(seed: int) -> Image.Image:
    """A smooth random picture with some structure, 128x128."""
    small = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((128, 128), Image.Resampling.BICUBIC)


def recompressed(image: Image.Image) -> Image.Image:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=30)
    return Image.open(buffer)


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "recompressed": recompressed,
    "mirrored": ImageOps.mirror,
    "grey": ImageOps.grayscale,
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.6),
    "cropped": lambda image: image.crop((4, 4, 124, 126)),
    "resized": lambda image: image.resize((57, 43)),
}


def pairs_of(images: list[Image.Image], threshold: float = 0.55) -> list[Pair]:
    return near_pairs([str(i) for i in range(len(images))], np.stack([thumbnail(i) for i in images]), threshold)


@pytest.mark.parametrize("change", COPIES)
def test_altered_copy_is_found_among_strangers(change: str) -> None:
    images = [scene(seed) for seed in range(40)]
    pairs = pairs_of([*images, COPIES[change](images[7])])
    assert [(pair.first, pair.second) for pair in pairs] == [("7", "40")]
    assert pairs[0].mirrored == (change == "mirrored")


def test_order_of_the_images_does_not_matter() -> None:
    images = [scene(seed) for seed in range(20)]
    forward = {frozenset((int(p.first), int(p.second))): p.similarity for p in pairs_of(images, -1.0)}
    backward = {frozenset((19 - int(p.first), 19 - int(p.second))): p.similarity for p in pairs_of(images[::-1], -1.0)}
    assert forward.keys() == backward.keys()
    assert all(forward[key] == pytest.approx(backward[key], abs=2e-4) for key in forward)


def test_pairs_are_found_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.data.resemblance._BLOCK", 4)
    monkeypatch.setattr("bench.data.duplicates._CHUNK", 3)
    images = [scene(seed) for seed in range(11)]
    pairs = pairs_of([*images, recompressed(images[1]), recompressed(images[9])])
    assert {(pair.first, pair.second) for pair in pairs} == {("1", "11"), ("9", "12")}


def test_empty_pictures_are_like_nothing() -> None:
    assert pairs_of([Image.new("RGB", (50, 50), "white"), Image.new("RGB", (50, 50), "black"), scene(0)]) == []


def test_equal_digests_are_exact_pairs_and_groups_are_transitive() -> None:
    pairs = exact_pairs({"a": "1", "b": "2", "c": "1", "d": "1", "e": "3"})
    assert {(pair.first, pair.second) for pair in pairs} == {("a", "c"), ("c", "d")}
    assert groups([*pairs, Pair("b", "d", 0.9), Pair("x", "y", 0.8)]) == [("a", "b", "c", "d"), ("x", "y")]


def test_similarity_is_the_best_correlation_of_any_window() -> None:
    small = np.stack([thumbnail(scene(seed)) for seed in range(6)])
    flat = local_contrast(small)

    def slow(a: np.ndarray, b: np.ndarray) -> float:
        best = -1.0
        for one, other in ((a, b), (b, a)):
            for y, x in product(range(2 * SHIFT + 1), repeat=2):
                window = other[y : y + SIDE - 2 * SHIFT, x : x + SIDE - 2 * SHIFT]
                best = max(best, np.corrcoef(one[SHIFT:-SHIFT, SHIFT:-SHIFT].ravel(), window.ravel())[0, 1])
        return best

    first, second = map(np.array, zip(*combinations(range(6), 2), strict=True))
    alike, mirrored = Spectra.of(small).similarities(first, second)
    for i, j, found, turned in zip(first, second, alike, mirrored, strict=True):
        plain, mirror = slow(flat[i], flat[j]), slow(flat[i], flat[j][:, ::-1])
        assert found == pytest.approx(max(plain, mirror), abs=1e-4) and turned == (mirror > plain)


def test_many_pictures_that_are_all_alike_are_one_group_without_all_their_pairs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bench.data.duplicates.CROWD", 20)
    monkeypatch.setattr("bench.data.duplicates._CHUNK", 16)
    base = thumbnail(scene(0))
    alike = [base.copy() for _ in range(300)]
    for i, picture in enumerate(alike):
        picture[i % 32, i // 32] ^= 8
    names = [f"{i:03d}" for i in range(301)]
    pairs = near_pairs(names, np.stack([*alike, thumbnail(scene(1))]), 0.9)
    assert groups(pairs) == [tuple(names[:300])]
    assert len(pairs) < 2000


def test_thousands_of_equal_files_are_grouped_in_linear_time() -> None:
    pairs = exact_pairs({f"{i:06d}": str(i % 2) for i in range(100_000)})
    assert len(pairs) == 99_998
    assert [len(group) for group in groups(pairs)] == [50_000, 50_000]


@pytest.mark.needs_data
def test_the_coarse_look_misses_no_pair_of_real_photographs() -> None:
    root = Path(os.environ.get("IMBENCH_DATA", "")) / "cub"
    if not root.is_dir():
        pytest.skip("IMBENCH_DATA does not name a folder with these images")
    dataset = Cub(root)
    names = [name for part in PARTS for name in dataset.split().names(part)]
    small = survey(dataset, names).small
    spectra, rows = Spectra.of(small), np.arange(len(names))
    every = set()
    for i in rows[:-1]:
        alike, _ = spectra.similarities(np.full(len(names) - 1 - i, i), rows[i + 1 :])
        every |= {(names[i], names[i + 1 + k]) for k in np.flatnonzero(alike >= 0.5)}
    assert {(pair.first, pair.second) for pair in near_pairs(names, small, 0.5)} == every
