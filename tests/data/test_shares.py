"""Parts of one's own images: by share, natural or balanced, no group in two of them, and what that cost is said."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bench.data.carving import SplitError
from bench.data.census import census
from bench.data.dealing import deal, sizes_by_share
from bench.data.grouping import groups_by_pattern, sign
from bench.data.splits import keep_split
from bench.dataset import PARTS
from bench.datasets.folder import FolderDataset
from bench.errors import ConfigError, DataError

SHARES = {"val": 0.15, "test": 0.15}


def smears(root: Path, sources: int = 20, rare: int = 1) -> Path:
    """Write 6 red cells and `rare` white ones of every smear."""
    for source in range(sources):
        for label, n in (("red", 6), ("white", rare)):
            for i in range(n):
                path = root / label / f"Smear_{source:03d}_{i}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                noise = np.random.default_rng([source, i, n]).integers(0, 256, (12, 12, 3), dtype=np.uint8)
                Image.fromarray(noise).save(path)
    return root


def test_natural_parts_are_as_rare_as_the_whole_and_balanced_ones_are_even() -> None:
    counts = {"a": 4153, "b": 372, "c": 361}
    assert sizes_by_share(counts, SHARES, "natural") == {
        "train": {"a": 2907, "b": 260, "c": 253},
        "val": {"a": 623, "b": 56, "c": 54},
        "test": {"a": 623, "b": 56, "c": 54},
    }
    balanced = sizes_by_share(counts, SHARES, "balanced")
    assert balanced["test"] == {"a": 54, "b": 54, "c": 54} and balanced["train"]["a"] == 4153 - 108
    assert min(sizes_by_share({"a": 3, "b": 10}, SHARES, "natural")["val"].values()) == 1


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.integers(12, 60), st.booleans())
def test_dealing_never_divides_a_group_and_stays_near_the_shares(seed: int, sources: int, surplus: bool) -> None:
    rng = np.random.default_rng(seed)
    of = rng.integers(0, sources, 400)
    names = {"a": [f"a{i}" for i in range(300)], "b": [f"b{i}" for i in range(100)]}
    everything = names["a"] + names["b"]
    groups = [[everything[i] for i in np.flatnonzero(of == source)] for source in range(sources)]
    sizes = sizes_by_share({"a": 300, "b": 100}, SHARES, "natural")
    parts = deal(names, sizes, groups, seed, surplus=surplus)
    home = {name: part for part in PARTS for found in parts[part].values() for name in found}
    assert sorted(home) == sorted(everything)
    assert all(len({home[name] for name in group}) == 1 for group in groups if group)
    if not surplus:
        assert all(abs(len(parts[part]["a"]) - 45) <= 400 / sources * 1.5 for part in ("val", "test"))
    assert deal(names, sizes, groups, seed, surplus=surplus) == parts


@pytest.mark.parametrize("few", [{"train": 1, "test": 2}, {"train": 1, "val": 2}])
def test_a_class_that_would_have_no_image_left_to_train_on_is_refused(few: dict[str, int], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for part, count in few.items():
        for label, n in (("big", 20), ("one", count)):
            (tmp_path / part / label).mkdir(parents=True)
            for i in range(n):
                noise = Image.fromarray(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8))
                noise.save(tmp_path / part / label / f"{i}.png")
    with pytest.raises(
        DataError, match=rf"class one: of its {few['train']} images 1 to (val|test) leave none to train on"
    ):
        FolderDataset("mine", tmp_path).split()


def test_a_class_of_too_few_groups_is_refused_with_numbers() -> None:
    names = {"a": [f"a{i}" for i in range(30)], "b": [f"b{i}" for i in range(30)]}
    groups = [names["a"][:20], names["a"][20:]]
    with pytest.raises(SplitError, match="class a: its 30 images are of 2 groups, which cannot be dealt to 3 parts"):
        deal(names, sizes_by_share({"a": 30, "b": 30}, SHARES, "natural"), groups, seed=0)


def test_a_group_that_is_the_class_itself_is_asked_about(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"are of 1 groups, .*; one holds all of them: is it the class itself"):
        FolderDataset("mine", smears(tmp_path), group="^([^/]+)/").split()


@pytest.mark.parametrize("balance", ["natural", "balanced"])
def test_no_group_of_a_folder_is_in_two_parts_and_how_even_they_are_is_said(balance: str, tmp_path: Path) -> None:
    dataset = FolderDataset("mine", smears(tmp_path, rare=2), group=r"Smear_(\d+)_", parts=balance)  # type: ignore[arg-type]
    split = dataset.split()
    homes: dict[str, set[str]] = {}
    for part in PARTS:
        for name in split.names(part):
            homes.setdefault(name.split("_")[1], set()).add(part)
    assert len(homes) == 20 and all(len(parts) == 1 for parts in homes.values())
    assert "20 groups, none in two parts" in split.note and f"({balance}:" in split.note
    if balance == "natural":
        assert split.counts("test") == (18, 6) and split.counts("val") == (18, 6)
    else:
        assert len(set(split.counts("test"))) == 1 and "for the sake of balance" in split.note


def test_a_sign_of_groups_is_told_with_the_line_to_write(tmp_path: Path) -> None:
    note = FolderDataset("mine", smears(tmp_path)).split().note
    assert "names share 20 pieces such as 'Smear_0" in note and "in training too" in note
    pattern = note.split("say group = '")[1].split("'")[0]
    assert FolderDataset("mine", tmp_path, group=pattern).split().note.count("20 groups, none in two parts") == 1


def test_numbered_names_are_no_sign_and_subfolders_are() -> None:
    plain = {label: [f"{label}/{label}_{i:04d}.jpg" for i in range(50)] for label in ("cat", "dog")}
    assert sign(plain) == ""
    assert sign({label: [f"{label}/IMG{i}.jpg" for i in range(50)] for label in ("cat", "dog")}) == ""
    nested = {label: [f"{label}/site {i % 5}/{i:03d}.jpg" for i in range(50)] for label in ("cat", "dog")}
    assert sign(nested) == "^[^/]+/([^/]+)/"
    tracks = {label: [f"{label}/00{i % 7}-{i:05d}.jpg" for i in range(50)] for label in ("cat", "dog")}
    assert sign(tracks) == r"(?:^|/)(\d+)\-[^/]*$"


@pytest.mark.parametrize(
    ("group", "error", "complaint"),
    [
        (r"Smear_(\d+", ConfigError, "no regular expression"),
        (r"Smear_(00\d)_", DataError, "70 of 140 names do not match, such as red/Smear_010_0.png"),
    ],
)
def test_a_wrong_pattern_is_one_line(group: str, error: type[Exception], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=complaint):
        FolderDataset("mine", smears(tmp_path), group=group).split()


def test_a_kept_split_is_not_used_under_other_settings(tmp_path: Path) -> None:
    keep_split(FolderDataset("mine", smears(tmp_path)))
    assert FolderDataset("mine", tmp_path).split().counts("test") == (18, 3)
    with pytest.raises(DataError, match=r"imbench-split-0.json was drawn for 15 % of each class .* now asks for 10 %"):
        FolderDataset("mine", tmp_path, val=0.1).split()


def test_groups_in_two_given_parts_are_counted(tmp_path: Path) -> None:
    smears(tmp_path / "train", 12), smears(tmp_path / "test", 4)
    split = FolderDataset("mine", tmp_path, group=r"Smear_(\d+)_").split()
    assert "4 groups are in two of the given parts" in split.note
    assert any("4 groups are in two" in it for it in census(FolderDataset("mine", tmp_path, group=r"_(\d+)_")).warnings)


def test_the_block_says_what_is_an_image_a_class_and_a_part(tmp_path: Path) -> None:
    dataset = FolderDataset("mine", smears(tmp_path))
    (tmp_path / "red" / "notes.txt").write_text("no picture")
    found = census(dataset)
    assert found.rows == (("red", (84, 18, 18)), ("white", (14, 3, 3))) and found.parts == ("train", "val", "test")
    text = str(found)
    assert "mine: 140 images of 2 classes" in text and "1 *.txt" in text and "natural: as rare as found" in text
    assert "test has 3 of white" in text and "not written down yet" in text


def cells(root: Path, patients: list[str], **options: str) -> FolderDataset:
    """Return a dataset of 40 pictures in two classes, with a csv that says whose each is."""
    lines = ["file,label,patient"]
    for i in range(40):
        noise = np.random.default_rng(i).integers(0, 256, (12, 12, 3), dtype=np.uint8)
        Image.fromarray(noise).save(root / f"{i:02d}.png")
        lines.append(f"{i:02d}.png,{'red' if i % 3 else 'white'},{patients[i % len(patients)]}")
    (root / "labels.csv").write_text("\n".join(lines), encoding="utf8")
    return FolderDataset("mine", root, labels=root / "labels.csv", group="patient", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("one", "other"), [("P01", "p01"), ("001", "1"), ("1", "1.0"), ("P 01", "P01")])
def test_a_group_spelled_in_two_ways_is_pointed_at(one: str, other: str, tmp_path: Path) -> None:
    found = cells(tmp_path, [one, other, *(f"Q{k}" for k in range(9))])
    said = f"have nearly one name: {one!r}, {other!r}"
    assert any(it.startswith("Groups") and said in it for it in census(found).warnings)


def test_a_group_is_one_whatever_codes_its_accents_and_blanks_around_it(tmp_path: Path) -> None:
    found = cells(tmp_path, ["Zo\u00eb", "Zoe\u0308", " Zo\u00eb\u00a0", *(f"Q{k}" for k in range(9))])
    assert {*found.collected().group.values()} == {"Zo\u00eb", *(f"Q{k}" for k in range(9))}
    assert not [it for it in census(found).warnings if it.startswith("Groups")]
    named = groups_by_pattern(["Zo\u00eb_1", "Zoe\u0308_2"], r"^(.+)_", "group")
    assert {*named.values()} == {"Zo\u00eb"}


def test_of_many_groups_spelled_in_two_ways_some_are_named(tmp_path: Path) -> None:
    patients = [f"{letter}{k}" for k in range(8) for letter in "Pp"]
    assert "'P4', 'p4' and 3 more" in " ".join(census(cells(tmp_path, patients)).warnings)


def test_a_bracket_that_matches_nothing_names_no_group() -> None:
    names = ["a_P1-2.png", "b_P3.png", "c_.png", "d_.png"]
    assert groups_by_pattern(names[:2], r"_P(\d+)(?:-(\d+))?", "group") == {names[0]: "1/2", names[1]: "3"}
    with pytest.raises(DataError, match=r"its brackets match nothing in 2 of 4 names, such as c_.png"):
        groups_by_pattern(names, r"_(P\d+)?", "group")


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(a*)*(a*)*b"])
def test_a_pattern_that_would_never_end_is_refused(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.data.matching.SECONDS", 1)
    with pytest.raises(ConfigError, match=r"group = '.*not done with 2 names in 1 s; write it without a repeat"):
        groups_by_pattern(["aaa", "a" * 60 + "!"], pattern, "group")


@pytest.mark.parametrize("pattern", ["(", "a{99999999999}", "(" * 3000 + ")" * 3000])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigError, match="no regular expression"):
        groups_by_pattern(["a"], pattern, "group")


@pytest.mark.parametrize("pattern", [r"^(.+?)_", r"_(\w+)\.", r"(?i)ZO.|\udcff", r"(o.)_(\d)?"])
def test_groups_are_what_a_pattern_finds_in_this_process(pattern: str) -> None:
    names = ["Zo\u00eb_1.png", "zo\udcff_2.png", "Zo\u2028_\u00e4.png"]
    compiled = re.compile(pattern)
    wanted = [compiled.search(name) for name in names]
    texts = ["/".join(filter(None, it.groups())) if compiled.groups else it[0] for it in wanted if it]
    assert [*groups_by_pattern(names, pattern, "group").values()] == [text.strip() for text in texts]
