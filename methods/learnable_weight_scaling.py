"""Learnable weight scaling (LWS): one factor a class is learned on balanced batches, all else is held."""

from __future__ import annotations

import torch

from bench.method import Method, Phase
from bench.registry import register


@register("LWS", reference="Kang et al. 2020, arXiv:1910.09217")
class LearnableWeightScaling(Method):
    """Train plainly; for the last `share` of the epochs learn only a factor for each class's logit, classes equal.

    Made for long tails. Of two classes, a plainly trained linear head has weights that mirror each other: one factor
    or the other then changes how sure it is, and next to no decision.
    """

    differs_when_balanced = "the factors of the logits are trained alone at the end"

    def __init__(self, share: float = 0.1) -> None:
        if not 0 < share < 1:
            raise ValueError(f"share = {share} must lie between 0 and 1")
        self.share = float(share)

    def head(self, features: int, n_classes: int) -> torch.nn.Module:
        from bench.networks.layers.heads import ScaledHead

        return ScaledHead(features, n_classes)

    def phases(self) -> tuple[Phase, ...]:
        return (
            Phase(1 - self.share, holds="head.scales"),
            Phase(self.share, trains="head.scales", sampler="balanced"),
        )
