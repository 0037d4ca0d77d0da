"""CycleGAN's networks: the ResNet generator and the 70x70 PatchGAN discriminator.

Zhu et al. 2017, arXiv:1703.10593, appendix; widths of the layers as in the authors' code.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.methods.translators.norm import LINEAR, RELU, instance_norm

INIT_STD = 0.02
LEAK = 0.2


class Convolution(nn.Conv2d):
    """A convolution that computes in its input's type; its own weights stay float32.

    `normed`: instance norm follows and removes every bias. The parameter exists, as published, but is left alone.
    """

    def __init__(self, i: int, o: int, kernel: int, stride: int = 1, padding: int = 0, normed: bool = True) -> None:
        super().__init__(i, o, kernel, stride, padding)
        self.normed = normed

    def forward(self, input: Tensor) -> Tensor:
        bias = None if self.normed or self.bias is None else self.bias.to(input.dtype)
        return F.conv2d(input, self.weight.to(input.dtype), bias, self.stride, self.padding)


class Upsampling(nn.ConvTranspose2d):
    """A transposed convolution that doubles the side; instance norm follows."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o, 3, stride=2, padding=1, output_padding=1)

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        return F.conv_transpose2d(input, self.weight.to(input.dtype), None, 2, 1, 1)


class Generator(nn.Module):
    """Down twice, residual blocks, up twice; fully convolutional, so that it translates larger images than it saw.

    With width 64: 11,378,179 parameters with 9 blocks, 7,837,699 with 6.
    """

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.first = Convolution(3, width, 7)
        self.down = nn.ModuleList(Convolution(k * width, 2 * k * width, 3, 2, 1) for k in (1, 2))
        self.residual = nn.ModuleList(Convolution(4 * width, 4 * width, 3) for _ in range(2 * blocks))
        self.up = nn.ModuleList(Upsampling(2 * k * width, k * width) for k in (2, 1))
        self.last = Convolution(width, 3, 7, normed=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return images of the same shape and type in [-1, 1]; sides must be multiples of 4."""
        x = instance_norm(self.first(padded(images, 3)), RELU)
        for layer in self.down:
            x = instance_norm(layer(x), RELU)
        for first, second in zip(self.residual[::2], self.residual[1::2], strict=True):
            y = instance_norm(first(padded(x, 1)), RELU)
            x = x + instance_norm(second(padded(y, 1)), LINEAR)
        for layer in self.up:
            x = instance_norm(layer(x), RELU)
        return torch.tanh(self.last(padded(x, 3)))


class Discriminator(nn.Module):
    """One logit for every 70x70 patch of an image: (N, 1, 30, 30) at 256 pixels; 2,764,737 parameters at width 64."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = Convolution(3, width, 4, 2, 1, normed=False)
        self.normed = nn.ModuleList(
            Convolution(k * width, 2 * k * width, 4, stride, 1) for k, stride in ((1, 2), (2, 2), (4, 1))
        )
        self.last = Convolution(8 * width, 1, 4, 1, 1, normed=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits in the type of the images."""
        x = F.leaky_relu(self.first(images), LEAK)
        for layer in self.normed:
            x = instance_norm(layer(x), LEAK)
        logits: Tensor = self.last(x)
        return logits


def padded(x: Tensor, by: int) -> Tensor:
    """Return images with a border that mirrors their inside."""
    return F.pad(x, (by, by, by, by), mode="reflect")


def initialised(network: nn.Module, rng: torch.Generator) -> nn.Module:
    """Draw every weight from N(0, 0.02) and set every bias to 0; return the network."""
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                module.weight.normal_(0.0, INIT_STD, generator=rng)
                if module.bias is not None:
                    module.bias.zero_()
    return network
