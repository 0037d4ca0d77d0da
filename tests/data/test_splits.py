"""Splits and manifests are files that mean the same wherever they were saved, and old digests stay valid."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.data.given_test import carve_beside
from bench.data.manifest import differing, read_manifest, summed
from bench.data.splits import MANY, read_split, split_text
from bench.dataset import PARTS, Dataset, Pinned, Split
from bench.datasets.celeba import CelebA
from bench.datasets.cub import Cub
from bench.datasets.digits import Digits
from bench.datasets.horse2zebra import Horse2Zebra
from bench.datasets.stripes import Stripes
from bench.errors import DataError


def split(**parts: dict[str, tuple[str, ...]]) -> Split:
    return Split(("a", "b"), {part: parts.get(part, {"a": (), "b": ()}) for part in (*PARTS, *parts)}, "why")


def test_a_further_part_that_is_empty_changes_no_digest_and_one_with_images_does() -> None:
    plain = split(train={"a": ("1", "2"), "b": ("3",)})
    by_hand = json.dumps([["a", "b"], [[["1", "2"], ["3"]], [[], []], [[], []], [[], []]]])
    assert plain.digest == sha256(by_hand.encode()).hexdigest()[:16]
    assert split(train=plain.parts["train"], annotator={"a": (), "b": ()}).digest == plain.digest
    judged = split(train=plain.parts["train"], annotator={"a": ("4",), "b": ()})
    assert judged.digest != plain.digest and judged.further == ("annotator",) and plain.further == ()
    assert judged.names() == ["1", "2", "3", "4"] and judged.names("annotator") == ["4"]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["train/a/", 'o"dd/ß ', ""]), st.sampled_from([".jpg", ""]))
def test_many_names_that_differ_in_a_number_are_written_short_and_read_back(
    tmp_path_factory: pytest.TempPathFactory, seed: int, before: str, after: str
) -> None:
    order = np.random.default_rng(seed).permutation(2 * MANY)
    names = tuple(f"{before}{i:05d}{after}" for i in order[: MANY + 7])
    whole = split(train={"a": names, "b": ("x y", "ü.png")}, annotator={"a": ("n",), "b": ()})
    path = tmp_path_factory.mktemp("splits") / "split.json"
    path.write_text(split_text(whole), encoding="utf8")
    assert read_split(path).digest == whole.digest
    assert path.stat().st_size < 9 * len(names) + 1000


@pytest.mark.parametrize("text", ["[" * 950 + "]" * 950, "[" * 100_000, '{"classes":' * 950 + "1" + "}" * 950])
def test_a_split_of_brackets_in_brackets_is_one_clear_line(tmp_path: Path, text: str) -> None:
    (path := tmp_path / "mine-0.json").write_text(text)
    with pytest.raises(DataError, match=r"mine-0\.json: not a split .* delete it to draw anew"):
        read_split(path)


def test_a_manifest_means_the_same_with_the_line_ends_of_another_system(tmp_path: Path) -> None:
    lines = [f"{i:064x}  picture {i}.png" for i in range(3)]
    (tmp_path / "unix").write_bytes("\n".join([*lines, ""]).encode())
    (tmp_path / "windows").write_bytes("\r\n".join([*lines, ""]).encode())
    assert read_manifest(tmp_path / "unix") == read_manifest(tmp_path / "windows")
    (tmp_path / "mixed").write_bytes("\n".join([lines[0], lines[1] + "\r", ""]).encode())
    assert "picture 1.png" not in read_manifest(tmp_path / "mixed")


def test_a_name_that_the_manifest_does_not_list_is_not_of_the_edition() -> None:
    pinned = Pinned("e", split(), {"a.png": "1"})
    assert differing(pinned, {"a.png": "1", "b.png": "2"}) == ["b.png"]
    assert differing(Pinned("e", split()), {"b.png": "2"}) == []


def test_a_part_is_pinned_by_its_sum() -> None:
    whole = split(train={"a": ("1",), "b": ("2",)}, test={"a": ("3",), "b": ()})
    found = {"1": "x", "2": "y", "3": "z"}
    sums = {part: summed({name: found[name] for name in whole.names(part)}) for part in ("train", "test")}
    pinned = Pinned("e", whole, sums=sums)
    assert differing(pinned, found) == [] and differing(pinned, {"1": "x"}) == []
    assert differing(pinned, found | {"2": "other"}) == ["1", "2"]


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 20))
def test_what_resembles_a_given_test_image_is_in_no_part(seed: int, n_pairs: int) -> None:
    test = {k: [f"test/{k}{i}" for i in range(20)] for k in "ab"}
    names = {k: [f"train/{k}{i}" for i in range(80)] for k in "ab"}
    rng = np.random.default_rng(seed)
    pool = rng.permutation([n for found in (test, names) for listed in found.values() for n in listed]).tolist()
    together = [pool[2 * i : 2 * i + 2] for i in range(n_pairs)]
    sizes = {"val": 10, "annotator": 10, "train": 20}
    parts = carve_beside(test, names, sizes, together, seed)
    home = {name: part for part in parts for found in parts[part].values() for name in found}
    assert parts["test"] == {k: tuple(found) for k, found in test.items()}
    for part, size in sizes.items():
        assert [len(parts[part][k]) for k in "ab"] == [size, size]
    for pair in together:
        if any(name.startswith("test/") for name in pair):
            assert all(name not in home or home[name] == "test" for name in pair)
        else:
            assert {home[name] for name in pair} <= {"train", "spare"}
    left_out = {name for pair in together if any(n.startswith("test/") for n in pair) for name in pair}
    assert set(home) == set(pool) - {name for name in left_out if name.startswith("train/")}
    with pytest.raises(DataError, match=r"class a: .* images for the part 'train', which needs 70"):
        carve_beside(test, names, sizes | {"train": 70}, together, seed)


def test_a_part_beside_a_given_test_part_takes_no_image_whose_double_trains() -> None:
    names = {"a": [f"a{i}" for i in range(10)]}
    with pytest.raises(DataError, match="class a: 2 images for the part 'val', which needs 4"):
        carve_beside({"a": ["t"]}, names, {"val": 4, "train": 6}, [names["a"][:8]])


@pytest.mark.parametrize(
    ("cls", "digest"),
    [
        (Horse2Zebra, "5c3b3c90191e85eb"),
        (CelebA, "d25e6d8bbb1b47de"),
        (Cub, "57ecfc6874eddc82"),
        (Digits, "65d635b6e8c59573"),
        (Stripes, "9363d5376f872422"),
    ],
)
def test_splits_that_records_rest_on_stay_as_they_were(cls: type[Dataset], digest: str, tmp_path: Path) -> None:
    assert cls(tmp_path / "absent").split().digest == digest
