"""Findings at the shares of training: as if test images were drawn so, with ends where there is anything to draw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from evidences import found
from sklearn.metrics import f1_score

from bench.findings.shares import gained_in_training, in_training, sentence, shares
from bench.findings.study import Evidence


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """CS is Vanilla with another threshold, OS is better by training."""
    return found(tmp_path_factory.mktemp("known"), ("tiny", "other"))


def test_shares_of_training_are_those_of_images_drawn_so(known: Evidence) -> None:
    study = known.studies[0]
    training = in_training(study, known)
    outcomes = known.gathered[study.profile].outcomes[study.task, study.rarest].complete()
    labels, decisions = outcomes.labels, outcomes.decisions[outcomes.methods.index("CS")]
    common, rare = study.places[0].counts
    weights = np.where(labels == 1, rare / (labels == 1).sum(), common / (labels == 0).sum())
    expected = [f1_score(labels, row, sample_weight=weights) for row in decisions]
    assert training["CS"] == pytest.approx(np.mean(expected))
    (row, _) = shares(known).grids[0].rows
    assert str(row[3]).startswith("CS ") and str(row[5]).startswith(f"{training['CS']:.3f}, ")


def test_a_gain_at_the_shares_of_training_has_ends_for_other_seeds_and_images(known: Evidence) -> None:
    study = known.studies[0]
    training, gain = in_training(study, known), gained_in_training(study, known)
    assert (
        gain and gain.mean == pytest.approx(training["CS"] - training["Vanilla"]) and gain.low < gain.mean < gain.high
    )
    surely = (gain.high < 0, gain.low > 0)
    one = replace(known, studies=(study,))
    named = f" ({study.name(study.rarest)})" if surely[1] else ""
    said = f"below that of plain training in {surely[0]:d} of 1 setting, surely above it in {surely[1]:d}{named}."
    assert said in sentence(one)


@pytest.mark.parametrize("alone", [0, 1])
def test_of_one_test_image_of_a_class_no_ends_of_the_gain_are_known(known: Evidence, alone: int) -> None:
    study = known.studies[0]
    gathered, place = known.gathered[study.profile], (study.task, study.rarest)
    labels, decisions = gathered.outcomes[place].labels, gathered.outcomes[place].decisions
    kept = np.r_[np.flatnonzero(labels != alone), np.flatnonzero(labels == alone)[:1]]
    few = replace(gathered.outcomes[place], labels=labels[kept], decisions=decisions[..., kept])
    seen = replace(gathered, outcomes={**gathered.outcomes, place: few})
    one = replace(known, studies=(study,), gathered={**known.gathered, study.profile: seen})
    assert gained_in_training(study, one) is None
    assert len(shares(one).grids[0].rows) == 1 and sentence(one) == ""


def test_always_rare_has_what_its_recall_and_precision_give_it(known: Evidence) -> None:
    study = known.studies[0]
    common, rare = study.places[0].counts
    share = rare / (common + rare)
    (row, _) = shares(known).grids[0].rows
    assert float(str(row[6])) == pytest.approx(2 * share / (1 + share), abs=0.0005)
