"""Class-aware sampling (CAS): every batch draws from all classes alike."""

from __future__ import annotations

import torch

from bench.method import Method
from bench.registry import register


@register("CAS", reference="Shen et al. 2016, arXiv:1512.05830")
class ClassAwareSampling(Method):
    """Draw each class equally often, the images of a class in random order, all of them once before any twice."""

    differs_when_balanced = "classes are equal in every pass over the images, not only on average"

    def sampler(self, labels: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
        from bench.training.inputs import balanced

        return balanced(labels, rng)
