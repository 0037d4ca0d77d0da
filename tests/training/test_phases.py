"""Phases: how long each lasts, what it holds, what it draws, and that only the last one is selected from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from builders import alone, bench_toml, fitted, images, tiny, trainer
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from bench import registry
from bench.images import ImageSet
from bench.method import Method, Phase
from bench.plan.compose import compose
from bench.plan.config import load_config
from bench.plan.grid import build_grid
from bench.training.inputs import balanced
from bench.training.loop import run_epoch
from bench.training.trainer import Trainer, lengths

registry.load()


@given(st.lists(st.integers(1, 20), min_size=1, max_size=4), st.integers(0, 60))
def test_phases_share_the_epochs_and_none_is_left_out(parts: list[int], more: int) -> None:
    shares, epochs = np.array(parts) / sum(parts), len(parts) + more
    lasting = lengths([Phase(float(share)) for share in shares], epochs)
    assert sum(lasting) == epochs and min(lasting) >= 1
    if (shares * epochs >= 1).all():
        assert np.abs(np.array(lasting) - shares * epochs).max() <= 1


def test_a_share_of_a_fifth_is_a_fifth() -> None:
    assert lengths([Phase(0.8), Phase(0.2)], 20) == [16, 4]
    assert lengths([Phase(0.9), Phase(0.1)], 2) == [1, 1]


@pytest.mark.parametrize(("shares", "epochs", "says"), [((0.5, 0.5), 1, "2 phases"), ((0.5, 0.2), 9, "sum to 1")])
def test_phases_that_cannot_be_are_refused(shares: tuple[float, ...], epochs: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        lengths([Phase(share) for share in shares], epochs)


def test_too_few_epochs_for_the_phases_are_not_applicable_with_the_reason() -> None:
    assert compose("cRT").supports((9, 5), tiny(epochs=2)) == ""
    assert compose("cRT").supports((9, 5), tiny(epochs=1)) == "cRT needs 2 epochs, the protocol has 1"


def test_a_grid_leaves_out_what_has_too_few_epochs_and_says_why(tmp_path: Path) -> None:
    rows = ["Vanilla", "cRT"]
    config = load_config(bench_toml(tmp_path, methods=rows))
    assert config.profile.protocol("stripes").epochs == 1
    reasons = {cell.method: cell.not_applicable for cell in build_grid(config).cells}
    assert reasons["Vanilla"] == "" and "needs 2 epochs" in reasons["cRT"]


class Phased(Method):
    """Whatever phases a test wants."""

    def __init__(self, *phases: Phase, seen: Callable[[Trainer], None] | None = None) -> None:
        self._phases = phases

    def phases(self) -> tuple[Phase, ...]:
        return self._phases


def watch(monkeypatch: pytest.MonkeyPatch, note: Callable[[Trainer, Tensor], Any]) -> list[Any]:
    """Return a list that gets what `note` says of the trainer and the images, before each step."""
    noted: list[Any] = []
    step = Trainer.step

    def watched(self: Trainer, pictures: Tensor, labels: Tensor) -> Tensor:
        noted.append(note(self, labels))
        return step(self, pictures, labels)

    monkeypatch.setattr(Trainer, "step", watched)
    return noted


def test_a_phase_updates_what_it_trains_and_not_what_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    def learning(trainer: Trainer, _: Tensor) -> set[str]:
        return {name.split(".")[0] for name, p in trainer.model.named_parameters() if p.requires_grad}

    noted = watch(monkeypatch, learning)
    phases = Phase(0.4, holds="hidden"), Phase(0.2, trains="head"), Phase(0.4)
    fitted(alone(Phased(*phases)), (8, 4), epochs=5)
    whole = {"convolutions", "hidden", "features_layer", "head"}
    assert noted == [whole - {"hidden"}] * 4 + [{"head"}] * 2 + [whole] * 4


def test_what_a_network_holds_no_phase_lets_go() -> None:
    trained = trainer(alone(Phased(Phase(0.5), Phase(0.5))), images((8, 4)), epochs=2)
    trained._trainable = {"head.weight", "head.bias"}
    before = {name: value.detach().clone() for name, value in trained.model.named_parameters()}
    after = dict(trained.run().model.named_parameters())
    assert {name for name in before if not torch.equal(before[name], after[name])} == trained._trainable


def test_a_balanced_phase_draws_classes_alike_and_the_next_goes_back_to_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    noted = watch(monkeypatch, lambda _, labels: labels)
    phases = Phase(1 / 3), Phase(1 / 3, sampler="balanced"), Phase(1 / 3)
    fitted(alone(Phased(*phases)), (12, 4), epochs=3, epoch="dataset", batch_size=16)
    assert [torch.bincount(labels).tolist() for labels in noted] == [[12, 4], [8, 8], [12, 4]]


def test_balanced_positions_do_not_depend_on_how_classes_are_numbered() -> None:
    labels = images((9, 4, 2)).labels
    rename = torch.tensor([2, 0, 1])
    ours, theirs = (balanced(it, torch.Generator().manual_seed(0)) for it in (labels, rename[labels]))
    assert torch.equal(ours, theirs)


def test_only_epochs_of_the_last_phase_are_selected() -> None:
    trained = trainer(alone(Phased(Phase(0.5), Phase(0.5))), images((8, 4)), epochs=4)
    labels, script = trained.validation.labels.numpy(), iter([0.9, 0.9, 0.3, 0.6])

    def predict(model: nn.Module, pictures: ImageSet) -> np.ndarray:
        p = np.where(labels == 1, next(script), 0.2)
        return np.stack([1 - p, p], 1)

    trained.predict = predict  # type: ignore[method-assign]
    assert trained.run().selected_epoch == 4


def test_the_learning_rate_runs_its_course_in_each_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    noted = watch(monkeypatch, lambda trainer, _: trainer._optimiser.param_groups[0]["lr"])
    fitted(alone(Phased(Phase(0.5), Phase(0.5))), (8, 4), epochs=4, schedule="cosine")
    assert noted[:4] == noted[4:] and noted[0] == tiny().learning_rate > noted[3] > 0


def test_weights_hear_of_the_progress_of_the_whole_training() -> None:
    heard: list[float] = []

    class Listens(Phased):
        def class_weights(self, counts: np.ndarray, progress: float) -> np.ndarray:
            heard.append(progress)
            return np.ones(len(counts))

    fitted(alone(Listens(Phase(0.5), Phase(0.5))), (8, 4), epochs=4)
    assert heard[-4:] == [0, 0.25, 0.5, 0.75]


def test_batch_normalisation_that_is_held_keeps_its_statistics() -> None:
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 2))
    rng = torch.Generator().manual_seed(0)

    def step(batch: Tensor) -> tuple[Tensor, int]:
        return model(batch).sum(), len(batch)

    for held in (True, False):
        before = model[0].running_mean.clone()  # type: ignore[union-attr, operator]
        model[0].requires_grad_(not held)
        run_epoch(1, model, [torch.rand(4, 3, generator=rng)], step)
        assert torch.equal(before, model[0].running_mean) == held  # type: ignore[arg-type]
