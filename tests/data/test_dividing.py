"""Spare images are divided once: what has been looked at judges, and the second test part resembles nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.data.carving import SplitError
from bench.data.check import check
from bench.data.dividing import divide_spare
from bench.data.duplicates import near_groups
from bench.dataset import Dataset, Split
from bench.datasets.horse2zebra import JUDGING, TRIED, Horse2Zebra
from bench.datasets.stripes import Stripes


def digest_of(lists: list[Any]) -> str:
    return sha256(json.dumps(lists).encode()).hexdigest()[:16]


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 30), st.integers(0, 15), st.integers(10, 30))
def test_a_second_test_part_is_balanced_unseen_and_resembles_nothing(
    seed: int, n_pairs: int, known: int, fewest: int
) -> None:
    rng = np.random.default_rng(seed)
    spare = {"a": [f"a{i}" for i in rng.permutation(100)], "b": [f"b{i}" for i in rng.permutation(140)]}
    pool = rng.permutation([*spare["a"], *spare["b"], *(f"train{i}" for i in range(50))]).tolist()
    pairs = [pool[2 * i : 2 * i + 2] for i in range(n_pairs)]
    parts = divide_spare(spare, pairs, known, fewest)
    extended = {name for names in parts["extended"].values() for name in names}
    assert len(parts["extended"]["a"]) == len(parts["extended"]["b"]) > 0
    assert not any(extended & {*pair} for pair in pairs)
    for label, names in spare.items():
        assert sorted(parts["judging"][label] + parts["extended"][label]) == sorted(names)
        assert parts["spare"][label] == () and parts["judging"][label][:known] == tuple(names[:known])
        assert len(parts["judging"][label]) >= fewest
        for part in ("judging", "extended"):  # in the split's order
            assert [name for name in names if name in parts[part][label]] == [*parts[part][label]]


def test_where_judges_need_all_there_is_no_second_test_part() -> None:
    spare = {"a": ["a1", "a2", "a3"], "b": ["b1", "b2"]}
    with pytest.raises(SplitError, match="class b: no spare image is left"):
        divide_spare(spare, [], 0, 2)
    with pytest.raises(SplitError, match="class a"):
        divide_spare(spare, [["a2", "x"], ["a3", "y"]], 1, 1)


def test_horses_and_zebras_train_validate_and_test_on_what_they_did_before_spare_ones_were_divided() -> None:
    split = Horse2Zebra(Path("absent")).split()
    lists = [[split.parts[part][label] for label in split.classes] for part in ("train", "val", "test")]
    assert digest_of(lists) == "23297c81fc778140"


def test_spare_horses_and_zebras_that_trials_looked_at_judge_in_the_order_they_had() -> None:
    split = Horse2Zebra(Path("absent")).split()
    first = [split.parts["judging"][label][:TRIED] for label in split.classes]
    assert digest_of(first) == "09b9a1d183a2e091"
    assert min(split.counts("judging")) >= JUDGING and split.counts("extended") == (272, 272)


@pytest.mark.long
@pytest.mark.needs_data
def test_the_second_test_part_of_horses_and_zebras_holds_no_near_duplicate(
    real: Callable[[type[Dataset]], Dataset],
) -> None:
    dataset = real(Horse2Zebra)
    split: Split = dataset.split()
    grouped = {name for group in near_groups(dataset, split.names(), 0.5) for name in group}
    assert len(grouped) == 126 and grouped <= {*split.names("judging")}
    assert {finding.level for finding in check(dataset, split)} == {"ok"}


def test_a_second_test_part_that_is_not_balanced_is_an_error_of_the_check(tmp_path: Path) -> None:
    dataset = Stripes(tmp_path)
    parts = dict(dataset.split().parts)
    for sizes, errors in (((5, 5), 0), ((5, 4), 1)):
        parts["extended"] = {
            label: tuple(f"extended/{label}/{i}" for i in range(size))
            for label, size in zip(dataset.classes, sizes, strict=True)
        }
        found = check(dataset, Split(dataset.classes, parts))
        wrong = [finding.text for finding in found if finding.level == "error" and finding.subject == "counts"]
        assert len(wrong) == errors and all("extended is not balanced: (5, 4)" in text for text in wrong)
        assert any(f"extended {sizes[0]} vertical, {sizes[1]} horizontal" in finding.text for finding in found)
