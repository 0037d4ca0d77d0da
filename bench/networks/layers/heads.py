"""Last layers that own parameters beyond those of a linear one; `initialise(rng)` draws what a network does not."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class CosineHead(nn.Module):
    """Logits s cos(theta_k): features and the weights of each class are scaled to length one, there is no bias.

    The layer of Cao et al. 2019 (arXiv:1906.07413, `NormedLinear`), with the scale s inside, so that its softmax are
    the probabilities that training fits.
    """

    def __init__(self, in_features: int, out_features: int, scale: float = 1.0) -> None:
        super().__init__()
        self.in_features, self.out_features, self.scale = in_features, out_features, scale
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        self.initialise(torch.Generator().manual_seed(0))

    def initialise(self, rng: torch.Generator) -> None:
        """Draw directions at random, each of length one, from a generator on the CPU."""
        with torch.no_grad():
            drawn = torch.empty(self.weight.shape).uniform_(-1, 1, generator=rng)
            self.weight.copy_(F.normalize(drawn, dim=1))

    def forward(self, features: Tensor) -> Tensor:
        """Return logits (N, K) of features (N, D)."""
        return self.scale * F.linear(F.normalize(features, dim=1), F.normalize(self.weight, dim=1))


class ScaledHead(nn.Module):
    """A linear layer whose logits are multiplied by one learned number each (Kang et al. 2020, arXiv:1910.09217)."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.linear = nn.Linear(in_features, out_features)  # a network draws linear layers itself
        self.scales = nn.Parameter(torch.ones(out_features))

    def initialise(self, rng: torch.Generator) -> None:
        """Set every scale to one."""
        nn.init.ones_(self.scales)

    def forward(self, features: Tensor) -> Tensor:
        """Return logits (N, K) of features (N, D)."""
        logits: Tensor = self.linear(features) * self.scales
        return logits
