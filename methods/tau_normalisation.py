"""tau-normalisation: the weights of the classes in the last layer are made more alike in length."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import torch

from bench.method import Method, Trained, Training
from bench.registry import register
from bench.training.scores import acsa, confusion_matrix

GRID = tuple(round(0.1 * k, 1) for k in range(21))


@register("tau-norm", reference="Kang et al. 2020, arXiv:1910.09217")
class TauNormalisation(Method):
    """Train plainly, then divide each class's weights by the tau-th power of their length and drop the bias.

    Parameters
    ----------
    tau
        A number, or `validation`: that of 0, 0.1, ..., 2 with the best ACSA on validation images, of equals the
        smallest.
    """

    differs_when_balanced = "the last layer loses its bias, and its weights their lengths"

    def __init__(self, tau: float | Literal["validation"] = "validation") -> None:
        if isinstance(tau, str) and tau != "validation":
            raise ValueError(f"tau is a number or validation, not {tau!r}")
        self.tau = tau if isinstance(tau, str) else float(tau)

    def fit(self, trainer: Training) -> Trained:
        trained = trainer.run()
        head, weight = trained.model.head, trained.model.head.weight.detach().clone()
        if not isinstance(self.tau, str):
            normalise(head, weight, self.tau)
            return trained

        def quality(tau: float) -> float:
            normalise(head, weight, tau)
            decided = trainer.predict(trained.model, trainer.validation).argmax(axis=1)
            labels = np.asarray(trainer.validation.labels)
            return round(acsa(confusion_matrix(labels, decided, trainer.validation.n_classes)), 12)

        tau = max(GRID, key=quality)
        normalise(head, weight, tau)
        return replace(trained, chosen={"tau": tau})


def normalise(head: Any, weight: torch.Tensor, tau: float) -> None:
    """Give a linear layer the weights (K, D), each row divided by the tau-th power of its length, and no bias."""
    with torch.no_grad():
        head.weight.copy_(weight / weight.norm(dim=1, keepdim=True) ** tau)
        if getattr(head, "bias", None) is not None:
            head.bias.zero_()
