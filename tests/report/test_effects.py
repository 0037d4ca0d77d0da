"""Dots of one place stand round its count, each beside the others, and away from those of the next."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure

from bench.report.pictures import effects


@pytest.mark.parametrize("counts", [(12,), (8, 32), (50, 55), (25, 50, 100)])
@pytest.mark.parametrize("mine", [("ALT",), ("ALT", "AUG"), ("ACGAN", "ALT", "AUG", "BAGAN", "CBGAN", "GAMO")])
def test_dots_stand_round_their_count(
    monkeypatch: pytest.MonkeyPatch, counts: tuple[int, ...], mine: tuple[str, ...]
) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(effects, "chart", drawn.append)
    dots = [effects.Dot(count, 0.0, -0.1, 0.1) for count in counts]
    effects.figure({("other", "cGAN"): dots} | {("here", it): dots for it in mine}, "name", "another", "F1")
    axes = next(it for it in drawn[0].axes if it.get_title("left") == "here")
    at = {str(it.get_label()): np.log(it.get_xdata()) for it in axes.lines if it.get_marker() != "None"}
    placed = np.array([at[method] for method in mine])
    assert np.allclose(placed.mean(0), np.log(counts)), "round the count, whatever other panels show"
    ends = placed.ravel("F")
    assert all(a < b for a, b in itertools.pairwise(ends)), "no dot on another, no count within the next"
    assert axes.get_xlim()[0] < np.exp(ends[0]) and np.exp(ends[-1]) < axes.get_xlim()[1]
