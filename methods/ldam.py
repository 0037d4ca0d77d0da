"""LDAM: the rarer a class, the wider the margin by which it must win."""

from __future__ import annotations

import numpy as np
import torch

from bench.method import Method
from bench.registry import register


@register("LDAM", reference="Cao et al. 2019, arXiv:1906.07413")
class LDAM(Method):
    """Label-distribution-aware margins: cross-entropy of s (cos theta_k - m_y [k = y]), m_k = C / n_k^(1/4).

    C makes the largest margin `margin`. The last layer gives s cos theta_k. `LDAM+DRW` is the paper's best method.
    """

    differs_when_balanced = "the last layer compares directions, and equal classes keep a margin, too"

    def __init__(self, margin: float = 0.5, s: float = 30.0) -> None:
        if margin < 0 or s <= 0:
            raise ValueError(f"margin = {margin} must be at least 0, and s = {s} above 0")
        self.margin, self.s = float(margin), float(s)

    @property
    def margins(self) -> np.ndarray:
        """The margin of each class, float64 (K,)."""
        raw = self.counts.effective**-0.25
        return np.asarray(self.margin * raw / raw.max())

    def head(self, features: int, n_classes: int) -> torch.nn.Module:
        from bench.networks.layers.heads import CosineHead

        return CosineHead(features, n_classes, self.s)

    def loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        margins = torch.as_tensor(self.s * self.margins, dtype=logits.dtype, device=logits.device)
        true = torch.nn.functional.one_hot(labels, logits.shape[1])
        return super().loss(logits - margins * true, labels)
