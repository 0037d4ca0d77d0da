"""Logit adjustment (LA): the log of the class prior, added to the logits in training or taken off the trained ones."""

from __future__ import annotations

from copy import copy
from typing import Literal

import numpy as np
import torch

from bench.method import Method
from bench.registry import register
from bench.training.scores import acsa, confusion_matrix

GRID = tuple(round(0.1 * k, 1) for k in range(21))


@register("LA", reference="Menon et al. 2021, arXiv:2007.07314")
class LogitAdjustedLoss(Method):
    """Cross-entropy of f_k + tau log pi_k, pi the shares of the classes; the plain logits decide.

    tau = 1 is Balanced Softmax, tau = 0 cross-entropy.
    """

    def __init__(self, tau: float = 1.0) -> None:
        self.tau = float(tau)

    def loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        shares = torch.as_tensor(self.counts.effective / self.counts.effective.sum())
        offset = (self.tau * shares.log()).to(logits.device, logits.dtype)
        return super().loss(logits + offset, labels)


@register("PostHocLA", reference="Menon et al. 2021, arXiv:2007.07314")
class PostHocLogitAdjustment(Method):
    """Decide by f_k - tau log pi_k of a plainly trained network; tau = 1 is TS.

    Parameters
    ----------
    tau
        A number, or `validation`: that of 0, 0.1, ..., 2 with the best ACSA on validation images, of equals the one
        nearest to 1.
    """

    def __init__(self, tau: float | Literal["validation"] = 1.0) -> None:
        if isinstance(tau, str) and tau != "validation":
            raise ValueError(f"tau is a number or validation, not {tau!r}")
        self.tau = tau if isinstance(tau, str) else float(tau)
        self.tau_chosen: float | None = None

    def tuned(self, probabilities: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> Method:
        if self.tau != "validation":
            return self

        def quality(tau: float) -> tuple[float, float]:
            decided = adjusted(probabilities, counts, tau).argmax(axis=1)
            return round(acsa(confusion_matrix(labels, decided, len(counts))), 12), -abs(tau - 1)

        tuned = copy(self)
        tuned.tau_chosen = max(GRID, key=quality)
        return tuned

    @property
    def chosen(self) -> dict[str, float]:
        return {} if self.tau_chosen is None else {"tau": self.tau_chosen}

    def adjust(self, probabilities: np.ndarray, counts: np.ndarray) -> np.ndarray:
        tau = self.tau_chosen if self.tau == "validation" else float(self.tau)
        if tau is None:
            raise RuntimeError("PostHocLA(tau=validation) must choose tau first: use .tuned(...)")
        return adjusted(probabilities, counts, tau)


def adjusted(probabilities: np.ndarray, counts: np.ndarray, tau: float) -> np.ndarray:
    """Return p_k / pi_k^tau, (N, K), which ranks the classes as f_k - tau log pi_k does."""
    scores: np.ndarray = probabilities * (counts.sum() / counts) ** tau
    return scores
