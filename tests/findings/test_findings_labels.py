"""What labelled rare images are worth, on stores whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from evidences import found

from bench.findings.labels import labels
from bench.findings.printing import change


def test_labels_are_worth_what_plain_training_is_at_the_count_that_holds_them_all(tmp_path: Path) -> None:
    known = found(tmp_path)
    few, more = (it.place for it in known.studies[0].places)
    both = [replace(it, validation=5) for it in known.studies]
    section = labels(replace(known, studies=tuple(both)))
    it = both[0].believed
    best = it.best(few, it.at(few))
    expected = it.mean(it.headline, "Vanilla", more).mean() - it.mean(it.headline, best, few).mean()
    assert str(section.grids[0].rows[0][4]).startswith(change(float(expected)))
    assert section.words[0].startswith("Plain training on about as many rare images as ")
    far = labels(replace(known, studies=tuple(replace(it, validation=500) for it in both)))
    assert far.grids == () and far.lacking, "no count is about as large as both together"
