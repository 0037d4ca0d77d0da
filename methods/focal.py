"""Focal loss: an image that is classified well already counts for less."""

from __future__ import annotations

import torch

from bench.method import Method
from bench.registry import register


@register("Focal", reference="Lin et al. 2017, arXiv:1708.02002")
class FocalLoss(Method):
    """Multiply softmax cross-entropy by (1 - p_t)^gamma, p_t the probability of the true class.

    gamma = 0 is cross-entropy; 2 is the paper's choice. `CBL(beta=0.9999)+Focal(gamma=1)` is class-balanced focal loss;
    weights stay outside of p_t.
    """

    rebalances = False
    differs_when_balanced = "easy images count for less, whatever the counts"

    def __init__(self, gamma: float = 2.0) -> None:
        if gamma < 0:
            raise ValueError(f"gamma = {gamma} must be at least 0")
        self.gamma = float(gamma)

    def loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        cross_entropy = super().loss(logits, labels)
        # 1 - p_t without cancellation; a power below one has no gradient at zero.
        missed = (-torch.expm1(-cross_entropy)).clamp_min(1e-12)
        return missed**self.gamma * cross_entropy
