"""Classifier re-training (cRT): features learned plainly, the last layer learned again on balanced batches."""

from __future__ import annotations

from bench.method import Method, Phase
from bench.registry import register


@register("cRT", reference="Kang et al. 2020, arXiv:1910.09217")
class ClassifierRetraining(Method):
    """Train plainly; for the last `share` of the epochs draw the last layer anew and train it alone, classes equal."""

    differs_when_balanced = "the last layer is drawn anew and trained alone at the end"

    def __init__(self, share: float = 0.1) -> None:
        if not 0 < share < 1:
            raise ValueError(f"share = {share} must lie between 0 and 1")
        self.share = float(share)

    def phases(self) -> tuple[Phase, ...]:
        return (
            Phase(1 - self.share),
            Phase(self.share, trains="head", sampler="balanced", fresh_head=True),
        )
