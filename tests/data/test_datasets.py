"""Datasets keep what their splits promise: disjoint parts, balanced tests, pixels that the edition fixes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bench.data.check import check
from bench.data.decoding import picture_of
from bench.data.manifest import combined, digests, manifest_text, read_manifest
from bench.data.splits import read_split, split_text
from bench.dataset import PARTS, Dataset, Split
from bench.datasets import cub, horse2zebra
from bench.datasets.celeba import CelebA
from bench.datasets.cub import Cub
from bench.datasets.digits import Digits, TenDigits, drawn
from bench.datasets.horse2zebra import Horse2Zebra
from bench.datasets.stripes import NOISE, SPREAD, Stripes, patterns
from bench.errors import DataError
from bench.registry import DATASETS, load

BUNDLED = (Digits, TenDigits, Stripes)
PUBLISHED = (Horse2Zebra, CelebA, Cub)
COUNTS = {
    "horse2zebra": {"train": (450, 100), "val": (100, 100), "test": (150, 150), "spare": (0, 0)},
    "celeba": {"train": (900, 900), "val": (300, 300), "test": (300, 300), "spare": (0, 0)},
    "cub": {"train": (250, 125), "val": (50, 50), "test": (51, 51), "spare": (308, 0)},
}


def picture(path: Path, seed: int | list[int], size: tuple[int, int] = (40, 30)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)


@pytest.mark.parametrize("cls", [*PUBLISHED, *BUNDLED])
def test_every_split_is_disjoint_balanced_and_large_enough_for_its_counts(cls: type[Dataset], tmp_path: Path) -> None:
    dataset = cls(tmp_path / "absent")
    split = dataset.split()
    names = split.names()
    assert len(set(names)) == len(names)
    assert split.classes == dataset.classes
    assert all(len(set(split.counts(part))) == 1 for part in ("val", "test", "extended"))
    whole = split.counts("train")
    assert whole[0] == max(whole)
    places = [imbalance.counts(whole) for imbalance in dataset.imbalances]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("cls", PUBLISHED)
def test_published_splits_have_the_papers_sizes_and_a_digest_for_every_file(cls: type[Dataset], tmp_path: Path) -> None:
    dataset = cls(tmp_path / "absent")
    split = dataset.split()
    assert {part: split.counts(part) for part in PARTS} == COUNTS[dataset.name]
    assert set(dataset.pinned.manifest) == {*split.names()}


@pytest.mark.parametrize("cls", PUBLISHED)
def test_missing_images_name_the_command_and_the_variable(cls: type[Dataset], tmp_path: Path) -> None:
    dataset = cls(tmp_path / cls.name)
    name = dataset.split().names("train")[0]
    for access in (partial(picture_of, dataset), dataset.content):
        with pytest.raises(DataError, match=f"imbench data prepare {dataset.name}.*IMBENCH_DATA"):
            access(name)


@pytest.mark.parametrize("cls", BUNDLED)
def test_bundled_images_are_the_same_every_time_and_pass_the_check(cls: type[Dataset], tmp_path: Path) -> None:
    first, second = cls(tmp_path), cls(tmp_path)
    for name in first.split().names("test")[::40]:
        assert first.content(name) == second.content(name)
        assert picture_of(first, name).mode == "RGB"
    assert {finding.level for finding in check(first, first.split())} == {"ok"}


@pytest.mark.parametrize("cls", BUNDLED)
def test_editions_of_bundled_images_end_in_the_digest_of_todays_pixels(cls: type[Dataset], tmp_path: Path) -> None:
    dataset = cls(tmp_path)
    assert dataset.edition.endswith(f"-{combined(digests(dataset, dataset.split().names()))}")


def test_the_splits_of_digits_are_what_their_rule_draws(tmp_path: Path) -> None:
    for cls in (Digits, TenDigits):
        assert drawn(cls(tmp_path)).digest == cls(tmp_path).split().digest
    # As it was before it was published.
    assert Digits(tmp_path).split().digest == "65d635b6e8c59573"


def test_planning_with_bundled_images_imports_no_heavy_module() -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from bench.datasets import digits, stripes, folder, cub, horse2zebra, celeba, cifar10, fashion_mnist\n"
        "names = [cls(Path()).split().digest for cls in (digits.Digits, digits.TenDigits, stripes.Stripes)]\n"
        "print([name for name in ('sklearn', 'scipy', 'matplotlib', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_stripes_reach_the_bayes_accuracy_that_they_state(tmp_path: Path) -> None:
    dataset = Stripes(tmp_path)
    vertical, horizontal = patterns()
    assert abs((vertical * horizontal).sum()) < 1e-9 and (vertical**2).sum() == pytest.approx(512)
    correct = []
    for label, sign in zip(dataset.classes, (1, -1), strict=True):
        for i in range(3000):
            image = np.asarray(picture_of(dataset, f"probe/{label}/{i}"), float)[..., 0]
            correct.append(sign * (image * (vertical - horizontal)).sum() > 0)
    # Three standard errors of 6,000 draws.
    assert np.mean(correct) == pytest.approx(Stripes.bayes_accuracy(), abs=3 * np.sqrt(0.95 * 0.05 / 6000))
    assert NOISE**2 / 512 < 0.01 * SPREAD**2


def cub_2011(root: Path) -> Path:
    for number, species, size in ((37, "Acadian_Flycatcher", 230), (113, "Baird_Sparrow", 360), (1, "Albatross", 3)):
        for i in range(size):
            picture(root / f"CUB_200_2011/images/{number:03d}.{species}/{species}_{i:04d}.jpg", number * 1000 + i)
    return root


def test_cub_2011_is_split_by_the_same_rule_from_the_files_found(tmp_path: Path) -> None:
    dataset = Cub(cub_2011(tmp_path))
    split = dataset.split()
    assert dataset.edition.startswith("2011-")
    assert {part: split.counts(part) for part in PARTS[:3]} == {"train": (250, 125), "val": (50, 50), "test": (51, 51)}
    assert all("Albatross" not in name for part in PARTS for name in split.names(part))
    assert Cub(tmp_path).split().digest == split.digest


def test_other_pictures_under_the_published_names_are_another_edition(tmp_path: Path) -> None:
    published = CelebA(tmp_path / "absent")
    for part in PARTS:
        for name in published.split().names(part):
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(name.encode())
    other = CelebA(tmp_path)
    assert other.edition.startswith("aligned-") and other.edition != published.edition
    assert other.split().digest == published.split().digest


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1), unique=True, min_size=8))
def test_splits_and_manifests_survive_being_written(names: list[str]) -> None:
    cut = [tuple(names[i::8]) for i in range(8)]
    split = Split(("a", "b"), {part: {"a": cut[2 * i], "b": cut[2 * i + 1]} for i, part in enumerate(PARTS)}, "why")
    with TemporaryDirectory() as folder:
        (Path(folder) / "s.json").write_text(split_text(split), encoding="utf8")
        assert read_split(Path(folder) / "s.json").digest == split.digest
        manifest = {name: f"{i:064x}" for i, name in enumerate(names)}
        (Path(folder) / "s.sha256").write_bytes(manifest_text(manifest).encode())
        assert read_manifest(Path(folder) / "s.sha256") == manifest


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "not a split"),
        ("[]", "not a split"),
        ('{"classes": ["a"], "parts": {}}', "not a split"),
        (
            '{"classes": ["a"], "parts": {"train": {"a": ["x"]}, "val": {"a": ["x"]}, "test": {"a": []},'
            ' "spare": {"a": []}}}',
            "x is listed twice",
        ),
    ],
)
def test_damaged_split_is_named(text: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "split.json").write_text(text)
    with pytest.raises(DataError, match=f"split.json.*{complaint}"):
        read_split(tmp_path / "split.json")


def test_every_dataset_is_registered() -> None:
    load()
    assert {"horse2zebra", "celeba", "cub", "digits", "digits10", "stripes", "folder", "infrared_solar_modules"} <= {
        entry.name for entry in DATASETS
    }


@pytest.mark.needs_data
@pytest.mark.parametrize("cls", PUBLISHED)
def test_real_images_are_the_published_edition(cls: type[Dataset], real: Callable[..., Dataset]) -> None:
    dataset = real(cls)
    names = dataset.split().names()
    assert digests(dataset, names) == dict(dataset.pinned.manifest)
    assert dataset.edition == cls(Path("absent")).edition


@pytest.mark.needs_data
def test_real_birds_hold_no_near_duplicates_across_parts(real: Callable[..., Dataset]) -> None:
    dataset = real(Cub)
    assert {finding.level for finding in check(dataset, dataset.split())} == {"ok"}


@pytest.mark.long
@pytest.mark.needs_data
def test_published_splits_are_what_their_rule_draws(real: Callable[..., Dataset]) -> None:
    birds, horses = real(Cub), real(Horse2Zebra)
    assert cub.drawn(birds, "images").digest == birds.split().digest
    assert horse2zebra.drawn(horses).digest == horses.split().digest
