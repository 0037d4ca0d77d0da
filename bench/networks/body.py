"""The contract of a network that judges: a body that was trained on ImageNet, and new heads for K classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

AUXILIARY_WEIGHT = 0.4  # Szegedy et al. 2016, arXiv:1512.00567, as torchvision's training reference has it


@dataclass(frozen=True)
class Architecture:
    """One named network.

    Parameters
    ----------
    name, title
        Name in the settings, and how reports call it.
    input_size
        Side in pixels of what it was trained on.
    mean, std
        Of its normalisation, on the scale where black is 0 and white is 1.
    widths
        Numbers of features: D of the body, then of each auxiliary branch.
    layers
        Makes the layers of the body, on the meta device: neither time nor random numbers go into weights that are about
        to be replaced. They take normalised images (N, 3, S, S) and return features (N, D) first and, in training mode,
        those of each auxiliary branch. Raises UserError where their package is missing.
    weights
        Returns the state of these layers. Raises UserError where it cannot be had.
    at_hand
        Whether `weights` works here without a download.
    """

    name: str
    title: str
    input_size: int
    mean: float
    std: float
    widths: tuple[int, ...]
    layers: Callable[[], nn.Module]
    weights: Callable[[], dict[str, Tensor]]
    at_hand: Callable[[], bool]


class Body(nn.Module):
    """An architecture's layers behind its normalisation, without weights until a state is loaded into it."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.layers = architecture.layers()

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the features (N, D) of images (N, 3, S, S) in [-1, 1]; in training, auxiliary ones follow."""
        scale, shift = 0.5 / self.architecture.std, (0.5 - self.architecture.mean) / self.architecture.std
        branches: tuple[Tensor, ...] = self.layers(images * scale + shift)
        return branches

    def train(self, mode: bool = True) -> Self:
        """Switch to training, but leave the statistics of batch normalisation alone.

        A few hundred images cannot re-estimate what ImageNet gave, and the network that is judged with would not be the
        one that was trained: so both compute the same function, and no image's verdict depends on its batch.
        """
        super().train(mode)
        for layer in self.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.eval()
        return self


class Network(nn.Module):
    """A body with a linear head for K classes on its features, and one on each auxiliary branch.

    The dropout that some networks have before their last layer is left out.
    """

    def __init__(self, body: Body, n_classes: int, rng: torch.Generator) -> None:
        super().__init__()
        self.body = body
        self.heads = nn.ModuleList(nn.Linear(width, n_classes, device="meta") for width in body.architecture.widths)
        state = {name: torch.zeros(value.shape) for name, value in self.heads.state_dict().items()}
        for name in state:
            if name.endswith("weight"):
                state[name].normal_(0, 0.01, generator=rng)
        self.heads.load_state_dict(state, assign=True)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (N, K) of images (N, 3, S, S) in [-1, 1]."""
        return self.logits(self.body(images)[0])

    def logits(self, features: Tensor) -> Tensor:
        """Return logits (N, K) of features (N, D)."""
        logits: Tensor = self.heads[0](features)
        return logits

    def loss(self, branches: tuple[Tensor, ...], labels: Tensor) -> Tensor:
        """Return the mean cross-entropy of what the body returned, plus 0.4 times that of each auxiliary branch."""
        weights = [1.0] + [AUXILIARY_WEIGHT] * (len(branches) - 1)
        losses = [
            weight * F.cross_entropy(head(features), labels)
            for weight, head, features in zip(weights, self.heads, branches, strict=False)
        ]
        return torch.stack(losses).sum()
