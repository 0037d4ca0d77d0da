"""What an edition says of its images is held against all that its sums speak of, and no false memo goes before it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused
from PIL import Image

from bench.data.drift import drift
from bench.data.manifest import digests, summed
from bench.data.pinned import as_pinned
from bench.dataset import Dataset, Pinned, Split, rare
from bench.errors import DataError

PARTS = {
    part: {label: tuple(f"{part}/{label}{i}.png" for i in range(3)) for label in "ab"} for part in ("train", "val")
}
SPLIT = Split(("a", "b"), PARTS | {part: {"a": (), "b": ()} for part in ("test", "spare")})
Make = Callable[[Path], Dataset]


class Tiny(Dataset):
    """Twelve files in a folder."""

    name = "tiny"
    classes = ("a", "b")
    imbalances = (rare(1),)

    def pin(self) -> Pinned:
        return Pinned("tiny-1", SPLIT)


def made(root: Path, by: str) -> Dataset:
    """Write the files, and pin them one by one or by a sum per part."""
    dataset = Tiny(root / "tiny")
    for name in SPLIT.names():
        dataset.path(name).parent.mkdir(parents=True, exist_ok=True)
        dataset.path(name).write_bytes(name.encode())
    every = digests(dataset, SPLIT.names())
    sums = {part: summed({name: every[name] for name in SPLIT.names(part)}) for part in PARTS}
    dataset.__dict__["pinned"] = Pinned("tiny-1", SPLIT, **({"manifest": every} if by == "name" else {"sums": sums}))
    return dataset


@pytest.fixture(params=["name", "part"])
def make(request: pytest.FixtureRequest) -> Make:
    """Make a dataset that is pinned one way or the other."""
    return partial(made, by=request.param)


@pytest.mark.parametrize("asked", [1, 3, 6])
@pytest.mark.parametrize("replaced", [0, 2, 5])
def test_an_image_that_its_part_is_pinned_by_is_judged_whoever_is_asked_for(
    tmp_path: Path, asked: int, replaced: int
) -> None:
    dataset, names = made(tmp_path, "part"), SPLIT.names("train")
    found = as_pinned(dataset, names[:asked], tmp_path)
    assert [*found] == names[:asked]
    dataset.path(names[replaced]).write_bytes(b"another")
    for _ in range(2):  # without a memo of it, and with one
        with pytest.raises(DataError, match="is not the image of edition 'tiny-1'"):
            as_pinned(dataset, names[:asked], tmp_path)
    assert as_pinned(dataset, SPLIT.names("val")[:1], tmp_path), "of another part nothing is wrong"


def test_one_that_is_pinned_by_its_name_is_judged_by_itself(tmp_path: Path) -> None:
    dataset, names = made(tmp_path, "name"), SPLIT.names("train")
    dataset.path(names[-1]).unlink()
    assert [*as_pinned(dataset, names[:1], tmp_path)] == names[:1]


@pytest.mark.parametrize("false", ["0" * 64, "", 3, None, ["x"]], ids=str)
@pytest.mark.parametrize("locked", [False, True])
def test_a_memo_that_is_wrong_refuses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Make, false: Any, locked: bool
) -> None:
    dataset, names, memo = make(tmp_path), SPLIT.names("train"), tmp_path / "tiny-digests.json"
    right = as_pinned(dataset, names, tmp_path)
    known = json.loads(memo.read_text())
    memo.write_text(json.dumps({**known, next(it for it in known if names[2] in it): false}))
    if locked:
        monkeypatch.setattr(Path, "unlink", forbidden)
    assert drift(dataset, memo) == []
    if not locked:
        memo.write_text(json.dumps({**known, next(it for it in known if names[2] in it): false}))
    for _ in range(2):
        assert as_pinned(dataset, names, tmp_path) == right
    assert locked or {*json.loads(memo.read_text()).values()} == {*right.values()}


def forbidden(*_: object, **__: object) -> None:
    raise PermissionError(30, "Read-only file system")


def test_a_right_memo_stays_though_an_image_is_another(tmp_path: Path, make: Make) -> None:
    dataset, names, memo = make(tmp_path), SPLIT.names("train"), tmp_path / "tiny-digests.json"
    dataset.path(names[1]).write_bytes(b"another")
    with pytest.raises(DataError):
        as_pinned(dataset, names, tmp_path)
    assert len(json.loads(memo.read_text())) == len(names)


PICTURES = """
import json
from bench.dataset import Dataset, Pinned, Split, rare
from bench.registry import register_dataset

@register_dataset("pictures")
class Pictures(Dataset):
    name, classes, imbalances = "pictures", ("a", "b"), (rare(4),)

    def pin(self):
        parts = json.loads((self.root / "parts.json").read_text())
        return Pinned("1", Split(self.classes, parts["parts"]), sums=parts["sums"])
"""


def test_a_run_that_takes_the_first_images_of_a_part_holds_the_part_against_its_sum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    (tmp_path / "pictures.py").write_text(PICTURES)
    root, parts = tmp_path / "data" / "pictures", {}
    root.mkdir(parents=True)
    for part, count in (("train", 20), ("val", 6), ("test", 6), ("spare", 0)):
        parts[part] = {label: [f"{part}-{label}{i:02d}.png" for i in range(count)] for label in "ab"}
        for k, name in enumerate(name for names in parts[part].values() for name in names):
            Image.fromarray(np.full((9, 9, 3), 7 * k % 256, np.uint8)).save(root / name)
    split = Split(("a", "b"), {part: {label: tuple(it) for label, it in of.items()} for part, of in parts.items()})
    every = digests(Tiny(root), split.names())
    sums = {part: summed({name: every[name] for name in split.names(part)}) for part in ("train", "val", "test")}
    (root / "parts.json").write_text(json.dumps({"parts": parts, "sums": sums}))
    bench_toml(tmp_path, plugins=[tmp_path / "pictures.py"], datasets=["pictures"], methods=["CS"], minority=[4])
    assert imbench("run").status == 0
    (root / "train-a19.png").write_bytes((root / "train-a18.png").read_bytes())  # no image of this profile's
    refused(imbench("run", "--seeds", 2), "is not the image of edition '1'", "imbench data check pictures")
