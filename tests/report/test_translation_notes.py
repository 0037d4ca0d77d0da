"""What stands below Table 2 is said once, however many datasets are in it."""

from __future__ import annotations

import numpy as np

from bench.analysis.compared import Rivals
from bench.analysis.spots import Spot
from bench.report.translation_notes import differences
from bench.statistics.judged import Judged

RIVALS = Rivals("CycleGAN", "ALT")
ROWS = RIVALS.joint, RIVALS.start, RIVALS.equal


def test_how_differences_are_judged_is_said_once_with_the_number_of_each_dataset() -> None:
    places = (("cub", "250:12"), ("horse2zebra", "450:50"), ("horse2zebra", "450:75"))
    shares = {row: np.full((2, 3), share) for row, share in zip(ROWS, (0.6, 0.5, 0.4), strict=True)}
    given = {Spot(row, *place): Judged(shares[row]) for place in places for row in ROWS}
    *lines, last = differences(given, RIVALS)
    assert [line.split(":")[0] for line in lines] == [
        f"{dataset}, ALT less {other}" for dataset in ("CUB", "Horse2Zebra") for other in (RIVALS.start, RIVALS.equal)
    ]
    assert last.startswith("In a difference") and last.endswith("hold together (CUB 3, Horse2Zebra 6).")
