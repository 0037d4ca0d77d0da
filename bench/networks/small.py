"""A tiny network that nobody trained, for tests and runs whose scores mean nothing."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from bench.networks.body import Architecture

WIDTHS = (3, 16, 32, 64)


class Small(nn.Module):
    """Three convolutions with stride 2, each with group normalisation and ReLU, pooled to 64 features."""

    def __init__(self) -> None:
        super().__init__()
        with torch.device("meta"):
            blocks = [
                nn.Sequential(nn.Conv2d(i, o, 3, stride=2, padding=1), nn.GroupNorm(4, o), nn.ReLU())
                for i, o in pairwise(WIDTHS)
            ]
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return features (N, 64) of images (N, 3, S, S)."""
        return (self.blocks(x).mean(dim=(2, 3)),)


def weights() -> dict[str, Tensor]:
    """Return the same random state at every call: He et al. 2015, arXiv:1502.01852; norms and biases neutral."""
    rng = torch.Generator().manual_seed(0)
    return {name: _initial(name, value.shape, rng) for name, value in Small().state_dict().items()}


def _initial(name: str, shape: torch.Size, rng: torch.Generator) -> Tensor:
    if len(shape) == 4:
        fan_in = math.prod(shape[1:])
        return torch.randn(shape, generator=rng).mul_((2 / fan_in) ** 0.5)
    return torch.ones(shape) if name.endswith("weight") else torch.zeros(shape)


SMALL = Architecture(
    name="small",
    title="small network (not pretrained)",
    input_size=32,
    mean=0.5,
    std=0.5,
    widths=(WIDTHS[-1],),
    layers=Small,
    weights=weights,
    at_hand=lambda: True,
)
