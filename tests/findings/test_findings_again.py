"""What second opinions say together: fits of one kind of processor apart from those of another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from evidences import found

from bench.analysis.second import Opinion
from bench.analysis.spots import Spot
from bench.findings.again import again


def opinion(second: float, *processors: str) -> Opinion:
    """Return a fit with an F1 of 0.5, then another, of a cell whose two seeds lie 0.2 apart."""
    spot, moved = Spot("CS", "digits", "12:6"), abs(second - 0.5)
    first, other = processors
    return Opinion(spot, 0, "f1_minority", 0.5, second, moved, np.array([0.5, 0.7]), (first, other), ("a", "b"))


def test_the_same_bits_of_one_processor_do_not_dilute_what_another_moves(tmp_path: Path) -> None:
    known = found(tmp_path)
    mine = [opinion(0.5, "A", "A"), opinion(0.5, "A", "A"), opinion(0.6, "A", "B")]
    section = again(replace(known, studies=(replace(known.studies[0], opinions=mine),)))
    assert section.words == (
        "On the same kind of processor 2 of 2 whole networks, trained again, came out to the same bit. "
        "On another processor 0 of 1 whole network, trained again, came out to the same bit. "
        "Where some did not, they moved by 0.50 of what another seed moves them (root mean squares).",
    )
    assert again(known).words == () and again(known).lacking
