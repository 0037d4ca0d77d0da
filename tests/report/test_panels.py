"""Panels: inner ones, that the layout does not ask, stand in line with the outer ones, and all have one scale."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bench.report.pictures.panels import arranged, level, titled
from bench.report.pictures.picture import chart
from bench.report.pictures.style import drawing


@pytest.mark.parametrize("name", ["US+CS", "a name that is longer than its panel is wide"])
def test_inner_panels_stand_in_line_with_the_outer_ones_and_have_their_limits(name: str) -> None:
    with drawing("title", 8.0, 5.0) as whole:
        table = arranged(whole, 8, 3)
        panels = list(table.flat[:8])
        for k, axes in enumerate(panels):
            axes.plot([1, 2 + k], [0, 1000 * k])
            titled(axes, name if k == 4 else "OS")
        level(panels)
        chart(whole)
        corners = np.array([[axes.get_position().p0 for axes in row] for row in table])
        titles = [axes.title.get_window_extent() for axes in panels]
    assert len({(*axes.get_xlim(), *axes.get_ylim()) for axes in panels}) == 1 and panels[0].get_ylim()[1] > 7000
    assert corners[:2, :, 0] == pytest.approx(np.tile(corners[0, :, 0], (2, 1)), abs=1e-6)
    assert corners[:, :2, 1] == pytest.approx(np.tile(corners[:, :1, 1], 2), abs=1e-6)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(titles, 2)), "a long name has room"
