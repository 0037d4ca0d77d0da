"""What a gain is worth at other shares of the classes is said with ends only where there is enough to draw from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from evidences import found

from bench.findings.shares import gained_in_training, sentence, shares


def test_of_one_test_image_of_a_class_no_ends_of_the_gain_are_known(tmp_path: Path) -> None:
    known = found(tmp_path)
    (study,) = known.studies
    gathered, place = known.gathered[study.profile], (study.task, study.rarest)
    whole = gathered.outcomes[place]
    for alone in (0, 1):
        kept = np.r_[np.flatnonzero(whole.labels != alone), np.flatnonzero(whole.labels == alone)[:1]]
        few = replace(whole, labels=whole.labels[kept], decisions=whole.decisions[..., kept])
        seen = replace(gathered, outcomes={**gathered.outcomes, place: few})
        one = replace(known, gathered={study.profile: seen})
        assert gained_in_training(study, one) is None
        assert len(shares(one).grids[0].rows) == 1 and sentence(one) == ""
