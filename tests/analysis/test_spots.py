"""Two spellings of a row are one row, and a claim finds its place by count or by label."""

from __future__ import annotations

import pytest

from bench.analysis.spots import method_key, resolved

LONG = ("long", f"{'9' * 5000}:9")  # more digits than Python makes a number of
PLACES = [("toy", "450:25"), ("toy", "450:50"), ("tail", "exp 100"), ("tail", "300:30:3"), ("other", "9:25"), LONG]
PLACES += [("both", "9:25"), ("both", "25:9"), ("even", "9:9")]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("US+CS", "CS + US", True),
        ("CBL(beta=0.9)", "CBL(beta = 0.90)", True),
        ("CBL(beta=1e+3)", "CBL(beta=1000.0)", True),
        ("US", "CS", False),
        ("real images", "real images", True),
        ("CycleGAN, equal GAN epochs", "CycleGAN", False),
    ],
)
def test_what_is_the_same_row(one: str, other: str, same: bool) -> None:
    assert (method_key(one) == method_key(other)) == same


@pytest.mark.parametrize(
    ("task", "at", "label"),
    [
        *[("toy", 25, "450:25"), ("toy", "450:50", "450:50")],
        *[("tail", "exp 100", "exp 100"), ("tail", 3, "3"), ("long", 9, "9")],
        *[("other", 9, "9"), ("other", "9:25", "9:25"), ("both", 9, "25:9"), ("even", 9, "9:9")],
    ],
)
def test_a_count_names_a_place_of_two_classes_alone_and_of_these_the_last(task: str, at: int | str, label: str) -> None:
    assert resolved(task, at, PLACES) == (task, label)
