"""Places: every way to spell an imbalance, under a profile's limits, with labels that tell them apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.dataset import Dataset, Imbalance, Pinned, Split, Task, exponential, natural, one, rare, step, vector
from bench.errors import ConfigError
from bench.plan.config import Config
from bench.plan.places import places, rarest, read_imbalance


def toy(*counts: int, imbalances: tuple[Imbalance, ...] = (natural(),)) -> Dataset:
    """Return a dataset with so many training names of each class, and no file."""

    class Toy(Dataset):
        name, classes = "toy", tuple(f"c{k}" for k in range(len(counts)))

        def pin(self) -> Pinned:
            names = {c: tuple(f"{c}/{i}" for i in range(n)) for c, n in zip(self.classes, counts, strict=True)}
            empty: dict[str, tuple[str, ...]] = dict.fromkeys(self.classes, ())
            return Pinned("toy", Split(self.classes, {"train": names, "val": empty, "test": empty, "spare": empty}))

    Toy.imbalances = imbalances
    return Toy(Path("nowhere"))


def config(profile: dict[str, Any] | None = None, datasets: dict[str, Any] | None = None, **run: Any) -> Config:
    asked = {"datasets": ["toy"], "methods": ["Vanilla"], "profile": "p"} | run
    return Config(run=asked, profiles={"p": profile or {}}, datasets=datasets or {})  # type: ignore[arg-type]


def made(dataset: Dataset, **settings: Any) -> dict[str, tuple[int, ...]]:
    return {task.place: task.counts for task in places(dataset, config(**settings))}


@pytest.mark.parametrize(
    ("spelled", "imbalance"),
    [
        (25, rare(25)),
        ("25", rare(25)),
        ("exp 100", exponential(100)),
        ("exp 1e+06", exponential(1e6)),
        ("rare 25", rare(25)),
        ("exp(100)", exponential(100)),
        ("exp 12.5", exponential(12.5)),
        ("step 10", step(10)),
        ("natural", natural()),
        ("one 6 2.5", one(6, 2.5)),
        ("450:25", vector((450, 25))),
        ([450, 25], vector((450, 25))),
        (" 450:25 ", vector((450, 25))),
    ],
)
def test_an_imbalance_is_read_however_it_is_spelled(spelled: object, imbalance: Imbalance) -> None:
    assert read_imbalance(spelled) == imbalance
    assert read_imbalance(imbalance.spelled) == imbalance, "and read back as it is printed"


@pytest.mark.parametrize(
    "spelled",
    [
        "",
        "exp",
        "exp 0.5",
        "exp -3",
        "tail 10",
        "450:",
        "1.5",
        "exp 1e3",
        "one 6",
        "one 6 0",
        "one 6 101",
        f"one {'9' * 5000} 5",
        f"exp {'9' * 400}",
        [],
        ["a"],
        None,
    ],
)
def test_what_is_no_imbalance_is_refused_with_what_there_is(spelled: object) -> None:
    with pytest.raises(ConfigError, match="is none of: a count of the rarest class, exp RATIO, step RATIO, natural"):
        read_imbalance(spelled)


def test_the_run_goes_before_the_profile_that_before_bench_toml_and_that_before_the_dataset() -> None:
    dataset = toy(40, 20, imbalances=(rare(5),))
    section = {"toy": {"minority": [7], "imbalances": ["natural"]}}
    assert made(dataset) == {"40:5": (40, 5)}
    assert made(dataset, datasets=section) == {"40:7": (40, 7), "natural": (40, 20)}
    assert made(dataset, profile={"minority_counts": [8]}) == {"40:8": (40, 8)}
    everything = made(dataset, datasets=section, profile={"minority_counts": [8]}, minority=[3], at=["exp 4"])
    assert everything == {"40:3": (40, 3), "exp 4": (40, 10)}


def test_counts_of_a_profile_replace_rare_counts_but_no_long_tail() -> None:
    tail = toy(100, 100, 100, imbalances=(exponential(100),))
    assert made(tail, profile={"minority_counts": [8]}) == {"exp 100": (100, 10, 1)}


def test_a_profile_limits_every_class_and_keeps_the_shape() -> None:
    dataset = toy(100, 100, 50)
    assert made(dataset, profile={"majority_count": 40}, at=["exp 4"]) == {"exp 4": (40, 20, 10)}
    assert made(dataset, profile={"majority_count": 40}, at=["natural"]) == {"natural": (40, 40, 20)}
    assert made(dataset, profile={"majority_count": 40}, at=["100:20:5"]) == {"40:8:2": (40, 8, 2)}
    assert made(dataset, profile={"majority_count": 40}, minority=[6]) == {"40:40:6": (40, 40, 6)}


def test_no_class_of_a_tail_falls_below_the_smallest_count_nor_above_what_there_is() -> None:
    dataset = toy(100, 100, 3)
    assert made(dataset, profile={"smallest_count": 6}, at=["exp 100"]) == {"exp 100": (100, 10, 3)}
    assert made(dataset, profile={"smallest_count": 6}, minority=[2]) == {"100:100:2": (100, 100, 2)}, "as asked for"


@pytest.mark.parametrize(
    ("spelled", "limit", "counts"),
    [
        ("5:5:5", None, (5, 5, 5)),
        ("40:9:2", 40, (40, 9, 2)),
        ("100:20:10", 40, (40, 8, 6)),  # cut to the limit it is floored as tails are, but never above what is spelled
        ("100:20:3", 40, (40, 8, 3)),
        ("exp 100", None, (100, 10, 6)),
        ("step 50", None, (100, 100, 6)),
        ("one 2 2", None, (100, 100, 6)),
    ],
)
def test_a_floor_raises_tails_and_no_count_that_is_spelled(
    spelled: str, limit: int | None, counts: tuple[int, ...]
) -> None:
    profile = {"smallest_count": 6, "majority_count": limit}
    assert list(made(toy(100, 100, 100), profile=profile, at=[spelled]).values()) == [counts]


def test_only_the_first_places_of_a_profile_are_taken() -> None:
    several = toy(40, 20, imbalances=(rare(5), rare(6)))
    assert list(made(several, profile={"most_places": 1})) == ["40:5"]
    assert list(made(several, profile={"most_places": 1}, minority=[7, 8])) == ["40:7", "40:8"], "those that are named"


def test_places_with_one_smallest_count_are_two_and_their_labels_differ() -> None:
    dataset = toy(*[100] * 10)
    found = made(dataset, at=["exp 10", "step 10", "natural"])
    assert len(found) == 3 and min(found["exp 10"]) == min(found["step 10"]) == 10
    crowded = toy(*[100] * 4)
    labels = made(crowded, at=["100:50:20:10", "100:40:20:10", "100:30:20:10"])
    assert len(labels) == 3 and len(set(labels.values())) == 3, labels


def test_one_place_spelled_twice_is_one() -> None:
    assert made(toy(40, 20), minority=[5], at=["40:5"]) == {"40:5": (40, 5)}


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"minority": [21]}, "toy: minority count 21 is not possible, it can be 1 to 20"),
        ({"minority": [0]}, "toy: minority count 0 is not possible, it can be 1 to 20"),
        ({"at": ["41:5"]}, "toy: count 41 is not possible, it can be 1 to 40"),
        ({"at": ["40:5:5"]}, "toy: 3 counts for 2 classes"),
    ],
)
def test_what_cannot_be_cut_is_refused_with_what_is_there(asked: dict[str, Any], line: str) -> None:
    with pytest.raises(ConfigError) as raised:
        made(toy(40, 20), **asked)
    assert str(raised.value) == f"{line}; the training part has 40 images of 'c0', 20 images of 'c1'"


def test_the_rarest_place_has_the_smallest_class_and_of_equals_the_largest_majority() -> None:
    def at(*counts: int) -> Task:
        return Task("toy", "", "", ("a", "b"), counts, ":".join(map(str, counts)))

    assert rarest([at(40, 9), at(30, 5), at(40, 5)]).counts == (40, 5)


def test_equal_counts_are_one_task_whatever_they_are_called() -> None:
    (cut,) = places(toy(40, 20), config(minority=[5]))
    (given,) = places(toy(40, 20), config(at=["40:5"]))
    assert cut == given and cut.place == "40:5"
