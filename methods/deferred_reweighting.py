"""Deferred re-weighting (DRW): plain training first, class-balanced weights for the rest."""

from __future__ import annotations

import numpy as np

from bench.method import Method
from bench.methods.class_balanced_loss import ClassBalancedLoss
from bench.registry import register


@register("DRW", reference="Cao et al. 2019, arXiv:1906.07413")
class DeferredReweighting(Method):
    """Weigh all classes alike until a `share` of the epochs is done, then as CBL(beta) does.

    The paper's is from epoch 160 of 200. With fewer than five epochs a share of 0.8 never comes.
    """

    def __init__(self, beta: float = 0.9999, share: float = 0.8) -> None:
        if not 0 <= share <= 1:
            raise ValueError(f"share = {share} must be from 0 to 1")
        self.later = ClassBalancedLoss(beta)
        self.beta, self.share = float(beta), float(share)

    def class_weights(self, counts: np.ndarray, progress: float) -> np.ndarray:
        return np.ones(len(counts)) if progress < self.share else self.later.class_weights(counts, progress)
