"""Methods that touch only the last layer, the sampling or the decision: cRT, LWS, tau-norm, CAS, PostHocLA."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from builders import fitted, images, trainer
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import outcome
from torch import Tensor, nn

from bench import registry
from bench.expression import Call, Expression
from bench.method import Method, Trained
from bench.methods.tau_normalisation import TauNormalisation
from bench.networks.layers.heads import ScaledHead
from bench.plan.compose import compose
from bench.training.composition import Composition
from bench.training.scores import acsa, confusion_matrix
from bench.training.trainer import Trainer

registry.load()
LAST: dict[str, Any] = {"selection": "last", "epochs": 4}


def after_each_epoch(monkeypatch: pytest.MonkeyPatch, expression: str) -> list[dict[str, Tensor]]:
    """Fit a method for four epochs and return its weights after each."""
    seen: list[dict[str, Tensor]] = []
    check = Trainer.check

    def watched(self: Trainer) -> None:
        check(self)
        seen.append({name: value.detach().clone() for name, value in self.model.state_dict().items()})

    monkeypatch.setattr(Trainer, "check", watched)
    done = fitted(compose(expression), (12, 4), **LAST)
    assert done.selected_epoch == 4
    return seen


@pytest.mark.parametrize(("method", "learns"), [("cRT(share=0.5)", "head."), ("LWS(share=0.5)", "head.scales")])
def test_the_second_phase_leaves_all_but_the_last_layer_bit_identical(
    monkeypatch: pytest.MonkeyPatch, method: str, learns: str
) -> None:
    first, second, third, fourth = after_each_epoch(monkeypatch, method)
    held = [name for name in second if not name.startswith(learns)]
    assert held and all(torch.equal(second[name], fourth[name]) for name in held)
    assert all(not torch.equal(first[name], second[name]) for name in held if name.endswith("weight"))
    assert all(not torch.equal(third[name], fourth[name]) for name in second if name.startswith(learns))


def test_before_its_second_phase_retraining_is_vanilla(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, retrained = (fitted(compose(name), (12, 4), **LAST) for name in ("Vanilla", "cRT(share=0.25)"))
    losses = [[row["loss"] for row in done.history] for done in (plain, retrained)]
    assert losses[0][:3] == losses[1][:3] and losses[0][3] != losses[1][3]


def test_the_second_phase_starts_from_a_new_head(monkeypatch: pytest.MonkeyPatch) -> None:
    _, second, third, _ = after_each_epoch(monkeypatch, "cRT(share=0.5)")
    drawn = (third["head.weight"] - second["head.weight"]).std()
    assert drawn > 0.02, "N(0, 0.02) twice, which no three steps of Adam bridge"


def test_factors_of_the_logits_stand_at_one_until_their_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    *_, second, _, fourth = after_each_epoch(monkeypatch, "LWS(share=0.5)")
    assert second["head.scales"].tolist() == [1, 1] != fourth["head.scales"].tolist()
    head = ScaledHead(3, 2)
    head.scales.data = torch.tensor([2.0, 0.5])
    features = torch.rand(4, 3)
    torch.testing.assert_close(head(features), head.linear(features) * torch.tensor([2.0, 0.5]))


class WithoutBias(Method):
    def head(self, features: int, n_classes: int) -> nn.Module:
        return nn.Linear(features, n_classes, bias=False)


def joined(*methods: Method) -> Composition:
    return Composition(Expression(tuple(Call(type(it).__name__) for it in methods)), methods)


def test_normalising_with_tau_0_changes_nothing_on_a_head_without_bias() -> None:
    plain, normed = joined(WithoutBias()), joined(WithoutBias(), TauNormalisation(0.0))
    assert outcome(fitted(plain)) == outcome(fitted(normed))


@pytest.mark.parametrize("tau", [0.5, 1.0, 2.0])
def test_normalised_weights_are_divided_by_a_power_of_their_length_and_lose_the_bias(tau: float) -> None:
    before = fitted(compose("Vanilla"), **LAST).weights
    after = fitted(compose(f"tau-norm(tau={tau})"), **LAST).weights
    rows = before["head.weight"].double().numpy()
    expected = rows / (rows**2).sum(axis=1, keepdims=True) ** (tau / 2)
    np.testing.assert_allclose(after["head.weight"].numpy(), expected, rtol=1e-5)
    assert before["head.bias"].any() and not after["head.bias"].any()
    assert all(torch.equal(before[name], after[name]) for name in before if not name.startswith("head."))


def test_tau_is_the_best_on_validation_and_the_record_names_it() -> None:
    train = images((12, 4))
    trained = trainer(compose("Vanilla"), train, **LAST)
    chosen: Trained = compose("tau-norm").hook("fit")(trained)
    labels, head = trained.validation.labels.numpy(), chosen.model.head
    best: list[float] = []
    for tau in np.arange(21) / 10:
        fresh = trainer(compose("Vanilla"), train, **LAST)
        again: Trained = compose(f"tau-norm(tau={tau})").hook("fit")(fresh)
        decided = fresh.predict(again.model, fresh.validation).argmax(axis=1)
        best.append(acsa(confusion_matrix(labels, decided, 2)))
        if tau == chosen.chosen["tau"]:
            assert torch.equal(again.model.head.weight, head.weight)
    assert chosen.chosen == {"tau": int(np.argmax(best)) / 10}
    assert fitted(compose("tau-norm")).chosen.keys() == {"tau"}


def test_class_aware_sampling_shows_classes_equally_and_no_image_twice_before_all_once() -> None:
    labels = torch.tensor([0] * 20 + [1] * 3 + [2] * 7)
    order = compose("CAS").hook("sampler")(labels, torch.Generator().manual_seed(0))
    assert torch.bincount(labels[order]).tolist() == [10, 10, 10]
    times = torch.bincount(order, minlength=30)
    for k in range(3):
        of_class = times[labels == k]
        assert int(of_class.max() - of_class.min()) <= 1
    assert labels[order].tolist() != sorted(labels[order].tolist())


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 900), min_size=2, max_size=5))
def test_post_hoc_adjustment_with_tau_1_decides_as_threshold_scaling(seed: int, counts: list[int]) -> None:
    logits, n = np.random.default_rng(seed).normal(size=(50, len(counts))) * 4, np.array(counts)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    ours, theirs = (compose(name).hook("adjust")(p, n).argmax(axis=1) for name in ("PostHocLA(tau=1)", "TS"))
    assert ours.tolist() == theirs.tolist()
    for tau in (0.0, 0.6, 2.0):
        decided = compose(f"PostHocLA(tau={tau})").hook("adjust")(p, n).argmax(axis=1)
        assert decided.tolist() == (logits - tau * np.log(n / n.sum())).argmax(axis=1).tolist()


def test_tau_of_the_decision_is_chosen_on_validation_data_and_named() -> None:
    counts, labels = np.array([90, 10]), np.array([0, 0, 1, 1])
    minority = np.array([0.05, 0.3, 0.25, 0.6])  # separated nowhere; best between 0.25 / 0.75 and 0.05 / 0.95
    p = np.stack([1 - minority, minority], axis=1)
    method = compose("PostHocLA(tau=validation)")
    with pytest.raises(RuntimeError, match="choose tau first"):
        method.hook("adjust")(p, counts)
    tuned = method.tuned(p, labels, counts)
    by_tau = {tau: (p[:, 1] * 10**tau > p[:, 0] * (10 / 9) ** tau) for tau in np.arange(21) / 10}
    quality = {tau: np.mean([(~said[:2]).mean(), said[2:].mean()]) for tau, said in by_tau.items()}
    best = max(quality.values())
    (tau,) = tuned.chosen.values()
    assert quality[tau] == best and abs(tau - 1) == min(abs(t - 1) for t in quality if quality[t] == best)
    assert compose("PostHocLA").tuned(p, labels, counts).chosen == {}


def test_a_decision_shares_vanillas_fit() -> None:
    assert compose("PostHocLA(tau=validation)").training_part == compose("Vanilla").training_part == []
