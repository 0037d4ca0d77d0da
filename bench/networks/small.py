"""A tiny network that nobody trained, for tests and runs whose scores mean nothing."""

from __future__ import annotations

import math
from itertools import pairwise

import torch

from bench.networks.pretrained import Pretrained, State
from bench.registry import register_network

WIDTHS = (3, 16, 32, 64)


@register_network("small")
class Small(Pretrained):
    """Three convolutions with stride 2, each with group normalisation and ReLU, pooled to 64 features."""

    input_size = 32
    mean = std = (0.5, 0.5, 0.5)
    widths = (WIDTHS[-1],)
    published = ""

    @property
    def title(self) -> str:
        return "small network (not pretrained)"

    def body_layers(self) -> torch.nn.Module:
        nn = torch.nn
        blocks = [
            nn.Sequential(nn.Conv2d(i, o, 3, stride=2, padding=1), nn.GroupNorm(4, o), nn.ReLU())
            for i, o in pairwise(WIDTHS)
        ]
        return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def body_weights(self, rng: torch.Generator | None = None) -> State:
        """Return the same random state at every call: He et al. 2015, arXiv:1502.01852; norms and biases neutral."""
        with torch.device("meta"):
            shapes = {name: value.shape for name, value in self.body_layers().state_dict().items()}
        same = torch.Generator().manual_seed(0)
        return {name: _initial(name, shape, same) for name, shape in shapes.items()}


def _initial(name: str, shape: torch.Size, rng: torch.Generator) -> torch.Tensor:
    if len(shape) == 4:
        fan_in = math.prod(shape[1:])
        return torch.randn(shape, generator=rng).mul_((2 / fan_in) ** 0.5)
    return torch.ones(shape) if name.endswith("weight") else torch.zeros(shape)
