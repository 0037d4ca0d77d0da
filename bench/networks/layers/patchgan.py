"""The layers of the paper's classifier: the convolutions of a 70x70 PatchGAN, then three fully connected layers."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.networks.layers.classifier import Classifier

HIDDEN, FEATURES = 1024, 256
KERNEL, PADDING = 4, 1
STRIDES = (2, 2, 2, 1, 1)
LEAK = 0.2


class Readings(Protocol):
    """What the paper leaves open, see `bench.networks.paper_cnn.PaperCnnSettings`."""

    @property
    def width(self) -> int:
        """Filters of the first convolution."""

    @property
    def norm(self) -> str:
        """`instance` or `none`."""

    @property
    def head(self) -> str:
        """`flat` or `gap`."""

    @property
    def dropout(self) -> float:
        """On the features."""


class Dropout(nn.Module):
    """Dropout that draws from a stream of its own, so that it can be varied, or held, alone."""

    def __init__(self, p: float, rng: torch.Generator) -> None:
        super().__init__()
        self.p = p
        self.rng = rng

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        keep = torch.empty_like(x).bernoulli_(1 - self.p, generator=self.rng)
        return x * keep / (1 - self.p)


class Backbone(Classifier):
    """The classifier of Sahoo et al. 2020, §3 (its appendix leaves the head open; see `Readings`).

    Convolutions 4x4 with 1, 2, 4, 8 times `width` filters and a last one with a single filter, instance norm on the
    2nd to 4th, leaky ReLU 0.2 after the first four. At 256 pixels and width 64 with two classes: 3,950,275 parameters.
    """

    def __init__(self, settings: Readings, image_size: int, head: nn.Module, dropout: torch.Generator) -> None:
        super().__init__()
        widths = [3, *(settings.width * k for k in (1, 2, 4, 8)), 1]
        last = 4 if settings.head == "gap" else 5
        self.convolutions = nn.ModuleList(
            nn.Conv2d(i, o, KERNEL, stride, PADDING)
            for i, o, stride in list(zip(widths, widths[1:], STRIDES, strict=False))[:last]
        )
        normed = range(1, 4) if settings.norm == "instance" else range(0)
        self.norms = nn.ModuleList(
            nn.InstanceNorm2d(width) if k in normed else nn.Identity() for k, width in enumerate(widths[1:])
        )
        self.pooled = settings.head == "gap"
        flat = widths[4] if self.pooled else map_side(image_size) ** 2
        self.hidden = nn.Linear(flat, HIDDEN)
        self.features_layer = nn.Linear(HIDDEN, FEATURES)
        self.dropout = Dropout(settings.dropout, dropout)
        self.head = head

    def features(self, images: Tensor) -> Tensor:
        """Return the 256 activations (N, 256), after dropout while training, for images (N, 3, H, W) in [-1, 1]."""
        x = images
        for k, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=False)):
            x = norm(convolution(x))
            if k < 4:
                x = F.leaky_relu(x, LEAK)
        x = x.mean(dim=(2, 3)) if self.pooled else x.flatten(1)
        features: Tensor = self.dropout(F.relu(self.features_layer(F.relu(self.hidden(x)))))
        return features

    def explained(self) -> tuple[nn.Module, float]:
        """Return the norm after the 4th convolution: the 5th has a single map, and a norm hides its input's mean."""
        return self.norms[3], LEAK


def map_side(image_size: int) -> int:
    """Side in pixels of the one-channel map that the flat head reads: 30 at 256, 6 at 64, 2 at 32."""
    side = image_size
    for stride in STRIDES:
        side = (side + 2 * PADDING - KERNEL) // stride + 1
    return side
