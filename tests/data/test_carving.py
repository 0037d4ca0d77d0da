"""Splits are drawn so that near duplicates stay together, and what could not be kept is said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.data.carving import BEND, carve, carve_what_can_be
from bench.dataset import PARTS
from bench.errors import DataError

Parts = dict[str, dict[str, tuple[str, ...]]]


def homes(parts: Parts) -> dict[str, str]:
    return {name: part for part in PARTS for found in parts[part].values() for name in found}


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 12), st.integers(1, 4))
def test_carving_never_parts_near_duplicates(seed: int, n_groups: int, size: int) -> None:
    names = {"a": [f"a{i}" for i in range(60)], "b": [f"b{i}" for i in range(60)]}
    rng = np.random.default_rng(seed)
    pool = rng.permutation([*names["a"], *names["b"]]).tolist()
    together = [pool[i * size : (i + 1) * size] for i in range(n_groups)]
    sizes = {"train": {"a": 20, "b": 10}, "val": {"a": 3, "b": 3}, "test": {"a": 5, "b": 5}}
    parts = carve(names, sizes, together, seed)
    home = homes(parts)
    assert sorted(home) == sorted(pool)
    assert all(len({home[name] for name in group}) == 1 for group in together if group)
    assert {part: {k: len(v) for k, v in parts[part].items()} for part in sizes} == sizes
    assert carve(names, sizes, together, seed) == parts


def test_carving_uses_every_image_where_it_must_and_says_when_it_cannot() -> None:
    names = {"a": [f"a{i}" for i in range(10)], "b": [f"b{i}" for i in range(10)]}
    sizes = {"train": {"a": 6, "b": 6}, "val": {"a": 2, "b": 2}, "test": {"a": 2, "b": 2}}
    parts = carve(names, sizes, [["a0", "a1", "a2", "b3"]], seed=0)
    assert {"a0", "a1", "a2"} < set(parts["train"]["a"]) and "b3" in parts["train"]["b"]
    with pytest.raises(DataError, match="near duplicates"):
        carve(names, sizes, [names["a"]], seed=0)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(0, 6))
def test_pairs_are_kept_together_where_there_are_few_other_images(seed: int, n_pairs: int, n_singles: int) -> None:
    n_pairs += 12
    names = {k: [f"{k}{i}" for i in range(2 * n_pairs + n_singles)] for k in "ab"}
    pairs = [(f"{k}{2 * i}", f"{k}{2 * i + 1}") for k in "ab" for i in range(n_pairs)]
    val, test = round(0.2 * len(names["a"])), round(0.3 * len(names["a"]))
    sizes = {"val": dict.fromkeys("ab", val), "test": dict.fromkeys("ab", test)}
    sizes["train"] = dict.fromkeys("ab", len(names["a"]) - val - test)
    parts, given_up = carve_what_can_be(names, sizes, pairs, [], seed)
    home = homes(parts)
    assert given_up == () and all(home[a] == home[b] for a, b in pairs)
    for part in ("val", "test"):
        assert all(abs(len(parts[part][k]) - sizes[part][k]) <= BEND for k in "ab")


def test_a_class_whose_duplicates_do_not_fit_is_named_and_the_others_keep_theirs() -> None:
    names = {k: [f"{k}{i}" for i in range(20)] for k in "ab"}
    near = [names["a"], ["b0", "b1", "b2"], ["b3", "b4"]]
    sizes = {part: dict.fromkeys("ab", n) for part, n in (("train", 10), ("val", 4), ("test", 6))}
    parts, given_up = carve_what_can_be(names, sizes, near, [["a0", "a1"]], seed=0)
    home = homes(parts)
    assert given_up == ("a",)
    assert all(len({home[name] for name in group}) == 1 for group in [*near[1:], ["a0", "a1"]])
    with pytest.raises(DataError, match="near duplicates"):
        carve_what_can_be(names, sizes, near, [names["a"]], seed=0)
