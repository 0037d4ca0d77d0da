"""Balanced Softmax: train with the class prior inside the softmax, decide without it."""

from __future__ import annotations

import torch

from bench.method import Method
from bench.registry import register


@register("BalancedSoftmax", reference="Ren et al. 2020, arXiv:2007.10740")
class BalancedSoftmax(Method):
    """Cross-entropy of f_k + log n_k, n_k the training images of class k; the plain logits decide."""

    def loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        counts = torch.as_tensor(self.counts.effective, dtype=logits.dtype, device=logits.device)
        return super().loss(logits + counts.log(), labels)
