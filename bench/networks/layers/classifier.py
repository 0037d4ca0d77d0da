"""The classifier that every registered network makes: layers that end in features, then a last layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Head = Callable[[int, int], nn.Module]  # from the number of features and of classes


@dataclass(frozen=True, eq=False)
class Draws:
    """Where a classifier's random numbers come from: its first weights, and its dropout while it trains."""

    initialisation: torch.Generator
    dropout: torch.Generator


class Classifier(nn.Module):
    """Layers that end in features, then a last layer `head`; what every registered network makes."""

    head: nn.Module

    def features(self, images: Tensor) -> Tensor:
        """Return the numbers that the last layer reads, (N, D), of images (N, 3, H, W) in [-1, 1]."""
        raise NotImplementedError

    def explained(self) -> tuple[nn.Module, float]:
        """Return the layer whose maps Grad-CAM weighs, and the slope for negative values of what follows it."""
        raise NotImplementedError

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (N, K), float32 in every precision: bfloat16 would make many of them equal."""
        features = self.features(images)
        with torch.autocast(images.device.type, enabled=False):
            logits: Tensor = self.head(features.float())
        return logits


class HeadAlone(Classifier):
    """The last layer of a frozen body: what it sees are features (N, D), not images."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def features(self, images: Tensor) -> Tensor:
        """Return what came: features (N, D)."""
        return images


def draw_linear(layers: nn.Module, std: float, rng: torch.Generator) -> None:
    """Draw weights of convolutions and linear layers from N(0, std), set biases to 0; others draw their own.

    A layer with other parameters has a method `initialise(rng)`.
    """
    with torch.no_grad():
        for module in layers.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.weight.normal_(0.0, std, generator=rng)
                if module.bias is not None:
                    module.bias.zero_()
            elif initialise := getattr(module, "initialise", None):
                initialise(rng)
