"""Imbalances cut what they say, never ask a class for more than it has, and are called as they are spelled."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.dataset import Imbalance, Task, exponential, natural, one, rare, step, vector
from bench.plan.places import read_imbalance

WHOLES = st.lists(st.integers(1, 5000), min_size=2, max_size=12)
TAILS = st.builds(lambda make, rho: make(rho), st.sampled_from([exponential, step]), st.floats(1, 1000))


@given(WHOLES, TAILS)
def test_a_tail_leaves_every_class_between_one_image_and_what_it_has(whole: list[int], tail: Imbalance) -> None:
    counts = tail.counts(whole)
    assert len(counts) == len(whole)
    assert all(1 <= n <= there for n, there in zip(counts, whole, strict=True))


@given(st.integers(2, 12), st.integers(1, 5000), TAILS)
def test_a_tail_of_equal_classes_falls_from_whole_to_a_share_of_rho(classes: int, most: int, tail: Imbalance) -> None:
    counts = tail.counts([most] * classes)
    assert list(counts) == sorted(counts, reverse=True)
    assert counts[0] == most and counts[-1] == max(1, round(most / tail.value))


def test_cifar10_with_rho_100_has_the_counts_of_the_field() -> None:
    # Cao et al. 2019 cut 5,000 a class; their code takes whole numbers downwards, so a count can differ by one.
    published = (5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50)
    assert all(0 <= a - b <= 1 for a, b in zip(exponential(100).counts([5000] * 10), published, strict=True))
    assert step(10).counts([100] * 5) == (100, 100, 100, 10, 10)


@given(WHOLES, st.data())
def test_a_rare_class_is_the_last_one_and_the_others_stay_whole(whole: list[int], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, min(whole)))
    assert rare(count).counts(whole) == (*whole[:-1], count)


@given(WHOLES)
def test_natural_counts_and_a_ratio_of_one_change_nothing(whole: list[int]) -> None:
    assert natural().counts(whole) == tuple(whole)
    assert exponential(1).counts(whole) == step(1).counts(whole) == tuple(whole)


@pytest.mark.parametrize(
    ("imbalance", "complaint"),
    [
        (rare(41), "minority count 41 is not possible, it can be 1 to 40"),
        (rare(0), "minority count 0 is not possible, it can be 1 to 40"),
        (vector((10, 20)), "2 counts for 3 classes"),
        (vector((100, 51, 40)), "count 51 is not possible, it can be 1 to 50"),
        (vector((100, 50, 0)), "count 0 is not possible, it can be 1 to 40"),
    ],
)
def test_counts_that_are_not_there_are_refused_with_those_that_are(imbalance: Imbalance, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        imbalance.counts((100, 50, 40))


@pytest.mark.parametrize(
    ("imbalance", "counts", "label"),
    [
        (rare(25), (450, 25), "450:25"),
        (rare(25), (450, 450, 450, 25), "rare 25"),
        (exponential(100), (500, 50, 5), "exp 100"),
        (step(2.5), (5, 2), "step 2.5"),
        (natural(), (9, 8), "natural"),
        (one(1, 2.5), (9, 1), "one 1 2.5"),
        (vector((7, 3)), (7, 3), "7:3"),
        (vector((7, 6, 5, 4)), (7, 6, 5, 4), "7 to 4"),
        (vector((7, 6, 5, 4), "BAGAN-GP"), (7, 6, 5, 4), "BAGAN-GP"),
    ],
)
def test_a_place_is_called_by_what_cut_it(imbalance: Imbalance, counts: tuple[int, ...], label: str) -> None:
    assert imbalance.label(counts) == label


@given(
    st.one_of(
        st.builds(rare, st.integers(1, 10_000)),
        st.builds(lambda make, rho: make(rho), st.sampled_from([exponential, step]), st.integers(1, 9999)),
        st.just(natural()),
        st.builds(one, st.integers(0, 11), st.integers(1, 100)),
        st.builds(vector, st.lists(st.integers(1, 10_000), min_size=2, max_size=12)),
    )
)
def test_what_an_imbalance_is_spelled_as_reads_back_as_itself(imbalance: Imbalance) -> None:
    again = read_imbalance(imbalance.spelled)
    assert (again.kind, again.value, again.of) == (imbalance.kind, imbalance.value, imbalance.of)


def test_two_tasks_of_equal_counts_are_one_whatever_they_are_called() -> None:
    task = Task("mine", "1", "s", ("a", "b"), (9, 3), "9:3")
    assert replace(task, place="rare") == task and hash(replace(task, place="rare")) == hash(task)
    assert replace(task, counts=(9, 4)) != task


def test_one_class_keeps_a_share_of_the_largest_other_rounded_up() -> None:
    assert one(1, 2.5).counts((50, 90, 70)) == (50, 2, 70), "2.5 % of 70 are 1.75"
    assert one(1, 60).counts((50, 30, 70)) == (50, 30, 70), "it is never more than there are"
    assert one(0, 0.1).counts((50, 90)) == (1, 90)
    with pytest.raises(ValueError, match="no class 3"):
        one(3, 5).counts((50, 90, 70))
