"""The rows of a report are recomputed another way: by scikit-learn, and by what a measurement's record holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_records import identity_of

from bench.analysis.metrics import figures
from bench.record import Predictions, Record, digest
from bench.report.verification.checks import check_translators
from bench.report.verification.recompute import recomputed
from bench.store.store import Store


@pytest.mark.parametrize("by_prior", [False, True])
@pytest.mark.parametrize("counts", [(90, 10), (10, 90), (50, 20, 20), (30, 30), (150, 60, 5, 3)])
def test_the_other_way_gives_the_tables_figures(by_prior: bool, counts: tuple[int, ...]) -> None:
    rng = np.random.default_rng(len(counts))
    labels = np.repeat(np.arange(len(counts)), 20)
    test = Predictions.of(labels, rng.dirichlet(np.ones(len(counts)), len(labels)))
    probabilities = test.probabilities.array()
    scores = probabilities / np.array(counts) if by_prior else probabilities
    record = Record(id="r", identity={"counts": list(counts)}, status="done", test=test)
    ours = figures(labels, probabilities, scores, counts)
    assert recomputed(record, scores) == pytest.approx(ours, abs=1e-6)


def test_a_translators_figures_are_those_of_its_record(tmp_path: Path) -> None:
    identity = identity_of("measurement", dataset="digits")
    measurement = Record(
        id=digest(identity), identity=identity, status="done", figures={"accuracy_to_1/seed0": 0.625, "kid/seed0": 0.1}
    )
    store = Store(tmp_path)
    store.save(measurement)
    header = "task,minority_count,place,counts,generator,status,record,accuracy_to_minority/seed0,kid/seed0\n"
    row = f"digits,6,12:6,12:6,CycleGAN,done,{measurement.id},0.625,0.1\n"
    path = tmp_path / "translators.csv"
    path.write_text(header + row)
    assert check_translators(path, [store]) == (2, [])
    for old, new, what in (
        ("0.625", "0.526", "accuracy_to_minority/seed0"),
        ("12:6,Cycle", "12:7,Cycle", "counts"),
        (",0.1", ",", "kid/seed0"),
        (measurement.id, "lost", "record"),
    ):
        path.write_text(header + row.replace(old, new))
        assert [it.what for it in check_translators(path, [store])[1]] == [f"digits 6 CycleGAN: {what}"]
