"""Duplicates are found whatever was done to the copy, and strangers are left alone."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from bench.data.duplicates import Pair, exact_pairs, groups, near_pairs, thumbnail


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
    forward = {frozenset((int(p.first), int(p.second))): p.similarity for p in pairs_of(images, 0.0)}
    backward = {frozenset((19 - int(p.first), 19 - int(p.second))): p.similarity for p in pairs_of(images[::-1], 0.0)}
    assert forward.keys() == backward.keys()
    assert all(forward[key] == pytest.approx(backward[key], abs=2e-4) for key in forward)


def test_pairs_are_found_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.data.duplicates._BLOCK", 4)
    images = [scene(seed) for seed in range(11)]
    pairs = pairs_of([*images, recompressed(images[1]), recompressed(images[9])])
    assert {(pair.first, pair.second) for pair in pairs} == {("1", "11"), ("9", "12")}


def test_empty_pictures_are_like_nothing() -> None:
    assert pairs_of([Image.new("RGB", (50, 50), "white"), Image.new("RGB", (50, 50), "black"), scene(0)]) == []


def test_equal_digests_are_exact_pairs_and_groups_are_transitive() -> None:
    pairs = exact_pairs({"a": "1", "b": "2", "c": "1", "d": "1", "e": "3"})
    assert {(pair.first, pair.second) for pair in pairs} == {("a", "c"), ("a", "d"), ("c", "d")}
    assert groups([*pairs, Pair("b", "d", 0.9), Pair("x", "y", 0.8)]) == [("a", "b", "c", "d"), ("x", "y")]
