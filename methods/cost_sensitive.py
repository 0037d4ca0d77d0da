"""Cost-sensitive learning (CS): a mistake on a rare class costs more."""

from __future__ import annotations

import numpy as np

from bench.method import Method, normalised
from bench.registry import register


@register("CS", reference="Zhou & Liu 2006, doi:10.1109/TKDE.2006.17")
class CostSensitive(Method):
    """Weight each class by the inverse of its frequency."""

    def class_weights(self, counts: np.ndarray, progress: float) -> np.ndarray:
        return normalised(1 / counts)
