"""Threshold scaling (TS): correct the class prior after training, in the decision alone."""

from __future__ import annotations

import numpy as np

from bench.method import Method
from bench.registry import register


@register("TS", reference="Richard & Lippmann 1991, doi:10.1162/neco.1991.3.4.461")
class ThresholdScaling(Method):
    """Divide each class's probability by its share of the training set.

    The network estimates p(k|x) under the training prior; p(k|x) / pi_k ranks the classes as under a uniform one. With
    two classes the minority is predicted when p > 1 / (1 + gamma).
    """

    def adjust(self, probabilities: np.ndarray, counts: np.ndarray) -> np.ndarray:
        scores: np.ndarray = probabilities * (counts.sum() / counts)
        return scores
