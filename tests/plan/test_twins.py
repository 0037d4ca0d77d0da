"""What an experiment compares is of one processor: a fit that is of another is done again beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, reported_cells

from bench.analysis.decisions import decision_of
from bench.analysis.experiments import chances, oracle_gaps, training_key
from bench.errors import ConfigError
from bench.plan.audit import audit_pairs
from bench.plan.config import load_config
from bench.plan.grid import build_grid
from bench.plan.identity import protocol_identity
from bench.plan.twins import made_on, twin
from bench.record import Predictions, Record
from bench.running.worker import Order, perform
from bench.store.artifacts import Weights
from bench.store.store import Store

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    return bench_toml(tmp_path, methods=["Vanilla"], seeds=1)


def moved(store: Store, id: str, processor: str) -> None:
    """Let a stored record be one of another processor, whose fit took every image for the other class."""
    record = store.get(id)
    assert record and record.test
    wrong = record.test.probabilities.array()[:, ::-1]
    changed = {"environment": record.environment | {"device_name": processor}}
    store.save(record.model_copy(update=changed | {"test": Predictions.of(record.test.labels, wrong)}))


def test_an_audit_of_another_processors_fit_does_that_fit_again_and_is_held_against_this_one(path: Path) -> None:
    assert imbench("run", "--config", path).status == 0
    settings, store = load_config(path), Store(path.parent / "results")
    ((fit, audit),) = audit_pairs(settings)
    here = made_on(store.get(fit.id))  # type: ignore[arg-type]
    moved(store, fit.id, "Elsewhere 3000")
    assert imbench("run", "--config", path, "--oracle-audit").status == 0
    again = store.get(twin(fit, here).id)
    assert again and again.kind == "twin" and made_on(again) == here == made_on(store.get(audit.id))  # type: ignore[arg-type]
    (gap,) = oracle_gaps(settings, store.get, decision_of, "acsa")
    assert gap.records == (again.id, audit.id), "not the fit that was made elsewhere"
    assert "nothing left" in imbench("run", "--config", path, "--oracle-audit").err
    imbench("report", "--config", path, "--results", path.parent / "results")
    assert len(reported_cells(path.parent)) == 1, "no table has a twin"


def test_a_pair_of_two_processors_is_no_pair(path: Path) -> None:
    assert imbench("run", "--config", path, "--oracle-audit").status == 0
    settings, store = load_config(path), Store(path.parent / "results")
    ((_, audit),) = audit_pairs(settings)
    assert len(oracle_gaps(settings, store.get, decision_of, "acsa")) == 1
    moved(store, audit.id, "Elsewhere 3000")
    assert oracle_gaps(settings, store.get, decision_of, "acsa") == []
    assert "nothing left" in imbench("run", "--config", path, "--oracle-audit").err, "it cannot be mended here"


def test_a_twin_is_refused_on_another_processor(path: Path) -> None:
    settings = load_config(path)
    job = next(job for job in build_grid(settings).jobs if job.kind == "fit")
    other = twin(job, "Elsewhere 3000")
    assert other.id != job.id and other.id != twin(job, "Elsewhere 4000").id
    assert other.identity == job.identity | {"kind": "twin", "processor": "Elsewhere 3000"}
    assert other.label == f"{job.label} (twin)"
    with pytest.raises(ConfigError, match="it is to be done on Elsewhere 3000, this is "):
        perform(Order(other, {}, {}, {}), Weights(path.parent / "results"))


def test_noise_is_taken_from_repeats_of_one_processor(path: Path) -> None:
    assert imbench("noise", "--config", path, "--times", 3, "--method", "Vanilla").status == 0
    settings, store = load_config(path), Store(path.parent / "results")
    job = next(job for job in build_grid(settings).jobs if job.kind == "fit")
    moved(store, job.id, "Elsewhere 3000")
    assert imbench("noise", "--config", path, "--times", 3, "--method", "Vanilla").status == 0
    again = store.get(twin(job, made_on(_any_repeat(store, job.id))).id)
    assert again is not None
    protocol = protocol_identity(settings.profile.protocol("stripes"))
    rows = {training_key(again): job.expression}
    found = chances(store.records(), protocol, rows, decision_of, "acsa")  # type: ignore[arg-type]
    assert {it.name for it in found} == {
        "subset",
        "initialisation",
        "order",
        "augmentation",
        "dropout",
        "rounding",
    }
    assert all(again.id in it.records and job.id not in it.records and it.runs == 3 for it in found)
    assert all(np.isfinite(it.sd) for it in found)


def _any_repeat(store: Store, but: str) -> Record:
    return next(record for record in store.records() if record.id != but and record.kind == "fit")
