"""What must be so if the numbers are right is held against them, and what is not so is named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest
from evidences import SKILLS, found

from bench.findings.holding import Check, checks, holding
from bench.findings.printed import idles, weights_apart
from bench.findings.study import Evidence, Study
from bench.record import Record

METHODS = ["Vanilla", "CS", "OS", "US", "TS"]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Records whose skill does not depend on the count, nor on a threshold."""
    return found(tmp_path_factory.mktemp("known"), skills=dict.fromkeys(SKILLS, 1.0), lean={})


def rows(known: Evidence) -> tuple[Study, pd.DataFrame, Mapping[str, Record]]:
    """Return a study with its cells and records."""
    gathered = known.gathered["tiny"]
    return known.studies[0], gathered.frame, gathered.records


def about(word: str, study: Study, frame: pd.DataFrame, records: Mapping[str, Record]) -> Check:
    """Return the one check whose expectation holds a word."""
    (check,) = (it for it in checks(study, frame, records) if word in it.expected)
    return check


def test_what_is_so_is_said_to_be_so(known: Evidence) -> None:
    study, frame, records = rows(known)
    rising, order = (about(word, study, frame, records) for word in ("More images", "ROC-AUC"))
    assert rising.tried == len(METHODS) and [it for it in rising.broken if "TS" not in it] == [], rising
    assert order.tried == 10 and not order.broken, "TS and Vanilla, two counts, five seeds"
    section = holding(known)
    assert section.words[0] == f"Of 47 checks of what must be so if the numbers are right, {len(rising.broken)} failed."


def test_decisions_about_one_fit_that_differ_in_order_are_found(known: Evidence) -> None:
    study, frame, records = rows(known)
    wrong = frame.copy()
    where = wrong.index[(wrong["method"] == "TS") & (wrong["seed"] == 3)][0]
    wrong.loc[where, "roc_auc"] += 1e-12
    (broken,) = about("ROC-AUC", study, wrong, records).broken
    assert "Vanilla" in broken and "TS" in broken


def test_a_method_that_gets_worse_with_more_images_is_found(tmp_path: Path) -> None:
    study, frame, records = rows(found(tmp_path, lean={}, skills=dict.fromkeys(SKILLS, 1.0)))
    it = study.believed
    later = study.places[1].place
    us = it.methods.index("US")
    it.draws[it.headline][:, us, [place.place for place in study.places].index(later)] -= 0.3
    (broken,) = (text for text in about("More images", study, frame, records).broken if "TS" not in text)
    assert broken.startswith(f"US from {study.rarest} to {later}: -0.")


def test_an_early_epoch_of_a_training_that_rises_is_found(known: Evidence) -> None:
    study, frame, records = rows(known)
    scores = [0.5, 0.8, 0.5, 0.5, 0.5, 0.6, 0.7, 0.75]
    history = [{"validation_acsa": it} for it in scores]
    here = frame[(frame["place"] == study.rarest) & (frame["method"] == "OS")]["record"]
    for selected, broken in ((2, 5), (8, 0), (3, 0)):
        told = {id: records[id].model_copy(update={"history": history, "selected_epoch": selected}) for id in here}
        found_ones = [it for it in checks(study, frame, {**records, **told}) if "epoch" in it.expected]
        assert sum(len(it.broken) for it in found_ones) == broken, selected
    flat = [{"validation_acsa": it} for it in (0.5, 0.8, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6)]
    told = {id: records[id].model_copy(update={"history": flat, "selected_epoch": 2}) for id in here}
    assert not about("epoch", study, frame, {**records, **told}).broken, "nothing rises there any more"


def test_which_rows_must_do_nothing() -> None:
    assert weights_apart("CBL(beta=0.9)", (900, 50)) == pytest.approx(0.003, abs=0.003)
    assert weights_apart("Vanilla", (9, 9)) is None and weights_apart("OS", (9, 3)) is None
    assert weights_apart("CS", (9, 3)) == pytest.approx(0.5) and weights_apart("no such row", (9, 3)) is None
    assert idles("OS") and idles("TS") and idles("CBL(beta=0.99)") and not idles("AUG") and not idles("mixup")
