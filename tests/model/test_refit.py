"""A model of all images: as long as records say, decided as they chose, judged on images that it never saw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders import CPU, alone, as_on_a_fresh_machine, bench_toml, images, imbench, refused, tiny

from bench import registry
from bench.errors import TrainingDiverged, UserError
from bench.expression import Expression
from bench.method import Counts, Method, Phase
from bench.methods.vanilla import Vanilla
from bench.model.refit import AtEpoch, settled
from bench.model.saved import read_facts
from bench.record import Predictions, Record
from bench.streams import Streams
from bench.training.trainer import Trainer


def test_the_weights_of_the_wanted_epoch_are_kept_and_the_schedule_stays_whole() -> None:
    registry.load()
    train, protocol = images((12, 6)), tiny(epochs=3, schedule="cosine")
    common = train, images((4, 4), side=32), Counts.same(train.counts), protocol, Streams(), CPU
    told = AtEpoch(alone(Vanilla()), *common)
    told.wanted = 2
    kept = told.run()
    plain = Trainer(alone(Vanilla()), *common)
    for _ in range(2):
        plain.train_epoch()
    assert kept.selected_epoch == 2 and told.epoch == 3
    for name, value in plain.model.state_dict().items():
        np.testing.assert_array_equal(value, kept.model.state_dict()[name])


class TwoPhases(Method):
    """What the first phase selects does not count."""

    def phases(self) -> tuple[Phase, ...]:
        return Phase(2 / 3), Phase(1 / 3)


@pytest.mark.parametrize("wanted", [1, 5])
def test_an_epoch_that_is_not_checked_is_never_another_one(wanted: int) -> None:
    registry.load()
    train = images((12, 6))
    common = train, images((4, 4), side=32), Counts.same(train.counts), tiny(epochs=3), Streams(), CPU
    told = AtEpoch(alone(TwoPhases()), *common)
    told.wanted = wanted
    with pytest.raises(UserError, match=f"epoch {wanted} is wanted, and this training does not check it"):
        told.run()


def test_a_second_training_that_diverges_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    toml = bench_toml(tmp_path, methods=["TS"], minority=[])
    fit = ("fit", "stripes", "--method", "TS", "--at", "12:6", "--out", "mine", "--config", toml)
    assert imbench(*fit).status == 0
    before = read_facts(tmp_path / "mine")

    def diverging(trainer: Trainer) -> None:
        raise TrainingDiverged(1, float("nan"))

    monkeypatch.setattr(AtEpoch, "run", diverging)
    refused(imbench(*fit, "--all-data"), "nothing was written", "the loss became nan in epoch 1", "without --all-data")
    assert read_facts(tmp_path / "mine") == before


def record(**fields: object) -> Record:
    labels = np.array([0, 0, 0, 1, 1])
    said = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.7, 0.3], [0.65, 0.35]])
    part = Predictions.of(labels, said)
    return Record(id="x", identity={"counts": [30, 10]}, status="done", validation=part, test=part, **fields)


def test_numbers_that_validation_images_chose_are_written_out() -> None:
    registry.load()
    fixed, chosen = settled(Expression.parse("OS+PostHocLA(tau=validation)"), record())
    assert str(fixed) == "OS+PostHocLA(tau=1.0)" and chosen == {"tau": 1.0}
    assert settled(fixed, record()) == (fixed, {})
    assert str(settled(Expression.parse("tau-norm"), record(chosen={"tau": 1.3}))[0]) == "tau-norm(tau=1.3)"
    assert str(settled(Expression.parse("CBL(beta=0.9)"), record())[0]) == "CBL(beta=0.9)"


def test_fit_on_all_data_says_so_and_is_used_like_any_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    toml = bench_toml(tmp_path, methods=["TS"], minority=[])
    said = imbench("fit", "stripes", "--method", "TS", "--at", "12:6", "--out", "mine", "--all-data", "--config", toml)
    assert said.status == 0 and "training and validation images together, 1 epochs" in said.err, said.err
    facts = read_facts(tmp_path / "mine")
    assert facts.counts == (16, 10), "four validation images of each class came on top"
    assert facts.test is not None and facts.test.counts == (4, 4) and len(facts.records) == 1
    card = (tmp_path / "mine" / "README.md").read_text(encoding="utf8")
    assert "16 vertical, 10 horizontal" in card and "the median of those that records of 1 seeds selected (1)" in card
    said = imbench("threshold", "mine", "--recall", "horizontal=0.5")
    assert said.status == 0 and "horizontal" in said.out
