"""Class-balanced loss (CBL): weigh a class by the inverse of its effective number of images."""

from __future__ import annotations

import numpy as np

from bench.method import Method, normalised
from bench.registry import register


@register("CBL", reference="Cui et al. 2019, arXiv 1901.05555")
class ClassBalancedLoss(Method):
    """Weigh softmax cross-entropy by 1 / E_n with E_n = (1 - beta^n) / (1 - beta).

    beta = 0 gives equal weights, beta -> 1 inverse frequency. At beta = 0.9 and 50 or more images E_n has saturated
    at 10, so the loss is the plain one.
    """

    def __init__(self, beta: float = 0.999) -> None:
        if not 0 <= beta < 1:
            raise ValueError(f"beta = {beta} must be at least 0 and below 1")
        self.beta = float(beta)

    def class_weights(self, counts: np.ndarray, progress: float) -> np.ndarray:
        return normalised((1 - self.beta) / (1 - self.beta ** counts.astype(float)))
