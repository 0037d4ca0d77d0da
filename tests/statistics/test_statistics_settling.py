"""What would settle a doubt is found where it lies: in seeds, in the test images, in what all seeds share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bench.statistics.observed import Luck, Observed
from bench.statistics.settling import Settling, settling

BOTH, COSTS = np.arange(2), np.ones(2)


def seen(gap: float = 0.03, sd: float = 0.06, images: float = 1e-4) -> Observed:
    """Return two methods at one place that differ by so much, five seeds each."""
    means = np.array([[0.8 + gap], [0.8]])
    return Observed(means, np.full((2, 1), sd**2), np.full((2, 1), 5), images**2 * np.eye(2), np.array([5.0]))


def asked(observed: Observed, delta: float = 0.003) -> Settling:
    return settling(observed, 0, BOTH, BOTH, COSTS, delta)


def test_more_seeds_settle_what_seeds_leave_open() -> None:
    found = asked(seen())
    assert found.doubt == "seeds" and found.seeds and found.seeds > 5
    wilder = asked(seen(sd=0.12))
    assert wilder.seeds is None or wilder.seeds > found.seeds


def test_seeds_that_would_take_more_than_are_tried_are_not_passed_off_as_images() -> None:
    assert asked(seen(sd=0.4)).doubt == "seeds" and asked(seen(sd=0.4)).seeds is None


def test_no_number_of_seeds_makes_up_for_test_images() -> None:
    found = asked(seen(images=0.05))
    assert found.seeds is None and found.doubt == "images" and found.regret > 0.003


def test_nor_for_a_subset_or_a_stage_that_all_seeds_share() -> None:
    assert asked(replace(seen(), subset=Luck(0.05**2, 20.0))).doubt == "shared"
    assert asked(replace(seen(), stage={0: Luck(0.07**2, 20.0)})).doubt == "shared"
    both = replace(seen(images=0.05), subset=Luck(0.05**2, 20.0))
    assert asked(both).doubt == "both" and asked(both).seeds is None
