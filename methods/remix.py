"""Remix: mixup whose label leans to the rarer of the two classes."""

from __future__ import annotations

import torch

from bench.method import Method
from bench.methods.mixup import blend, drawn
from bench.registry import register


@register("Remix", reference="Chou et al. 2020, arXiv:2007.03943")
class Remix(Method):
    """Blend images as mixup does; where a class has kappa times the images of the other, the label is the rarer's.

    The label's share of x_i is 0 if n_i / n_j >= kappa and lambda < tau; 1 if n_i / n_j <= 1 / kappa and
    1 - lambda < tau; else lambda.
    """

    differs_when_balanced = "trains on blends of two images"

    def __init__(self, alpha: float = 1.0, kappa: float = 3.0, tau: float = 0.5) -> None:
        if alpha <= 0 or kappa <= 1 or not 0 <= tau <= 1:
            raise ValueError(f"alpha = {alpha} must be above 0, kappa = {kappa} above 1, and tau = {tau} from 0 to 1")
        self.alpha, self.kappa, self.tau = float(alpha), float(kappa), float(tau)

    def batch(
        self, images: torch.Tensor, labels: torch.Tensor, rng: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        partner, share = drawn(len(labels), self.alpha, rng)
        label_share = self.label_share(labels, labels[partner], share)
        return blend(images, labels, partner, share, label_share, len(self.counts.original))

    def label_share(self, labels: torch.Tensor, others: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
        """Return how much of each label is that of `labels` (N,) rather than that of `others` (N,), float (N,)."""
        counts = torch.as_tensor(self.counts.effective, dtype=torch.float32, device=labels.device)
        ratio, shares = counts[labels] / counts[others], share.expand(len(labels)).to(labels.device)
        shares = torch.where((ratio >= self.kappa) & (share < self.tau), 0.0, shares)
        return torch.where((ratio <= 1 / self.kappa) & (1 - share < self.tau), 1.0, shares)
