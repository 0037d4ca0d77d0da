"""Layers of generators and discriminators, and how their weights are drawn from a stream."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations, parametrize

from bench.methods.generators.blueprints import Start

NORMAL_STD = 0.02
EMBEDDING_BOUND = 0.05  # Keras draws embeddings from U(-0.05, 0.05)
SPECTRAL_EPSILON = 1e-6
POWER_ITERATIONS = 15  # at the start


class SameConvolution(nn.Conv2d):
    """A convolution padded as TensorFlow's "same": what is odd goes right and below."""

    def forward(self, input: Tensor) -> Tensor:
        height, width = (self._missing(side) for side in input.shape[-2:])
        if height == width and height % 2 == 0:
            return F.conv2d(input, self.weight, self.bias, self.stride, height // 2)
        padded = F.pad(input, (width // 2, width - width // 2, height // 2, height - height // 2))
        return F.conv2d(padded, self.weight, self.bias, self.stride)

    def _missing(self, side: int) -> int:
        kernel, stride = self.kernel_size[0], self.stride[0]
        return max((-(-side // stride) - 1) * stride + kernel - side, 0)


class SeededDropout(nn.Module):
    """Dropout whose masks come from a generator that each step hands over; without one it does nothing."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.rng: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Return x with a share of its values set to zero and the others enlarged as much."""
        if self.rng is None or not self.training or not self.share:
            return x
        kept = torch.rand(x.shape, generator=self.rng, device=x.device) >= self.share
        return x * kept / (1 - self.share)


class ConditionalNorm(nn.Module):
    """Batch norm whose gain 1 + e_y and offset b_y are those of an image's class (de Vries et al. 2017)."""

    def __init__(self, filters: int, n_classes: int, epsilon: float, momentum: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(filters, eps=epsilon, momentum=momentum, affine=False)
        self.gain, self.offset = nn.Embedding(n_classes, filters), nn.Embedding(n_classes, filters)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """Return normalised maps (N, C, H, W) of images of classes (N,)."""
        gain, offset = (table(labels)[:, :, None, None] for table in (self.gain, self.offset))
        return self.norm(x) * (1 + gain) + offset  # type: ignore[no-any-return]


def hand_over(networks: nn.Module, rng: torch.Generator | None) -> None:
    """Let every dropout below draw from a generator."""
    for module in networks.modules():
        if isinstance(module, SeededDropout):
            module.rng = rng


def initialised(network: nn.Module, dense: Start, convolutions: Start, rng: torch.Generator) -> None:
    """Draw all weights of a network; biases are 0, and batch norms as PyTorch makes them."""
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                _draw(module.weight, dense if isinstance(module, nn.Linear) else convolutions, rng)
                if module.bias is not None:
                    module.bias.zero_()
            elif isinstance(module, nn.Embedding):
                if dense == "orthogonal":
                    _draw(module.weight, dense, rng)
                else:
                    module.weight.uniform_(-EMBEDDING_BOUND, EMBEDDING_BOUND, generator=rng)


def _draw(weight: Tensor, how: Start, rng: torch.Generator) -> None:
    if how == "normal":
        weight.normal_(0.0, NORMAL_STD, generator=rng)
    elif how == "orthogonal":
        nn.init.orthogonal_(weight, generator=rng)
    elif how == "glorot_uniform":
        nn.init.xavier_uniform_(weight, generator=rng)
    else:
        nn.init.xavier_normal_(weight, generator=rng)


def spectrally_normed(network: nn.Module, rng: torch.Generator) -> None:
    """Divide every weight of a network by its spectral norm, from now on (Miyato et al. 2018).

    PyTorch starts its power iteration from the global stream; here it starts from `rng`.
    """
    for module in list(network.modules()):
        if isinstance(module, nn.Linear | nn.Conv2d | nn.Embedding):
            parametrizations.spectral_norm(module, eps=SPECTRAL_EPSILON)
            assert isinstance(module.parametrizations, nn.ModuleDict)
            kept = module.parametrizations["weight"]
            assert isinstance(kept, parametrize.ParametrizationList)
            norm: Any = kept[0]
            with torch.no_grad():
                for vector in (norm._u, norm._v):
                    vector.copy_(F.normalize(torch.randn(vector.shape, generator=rng), dim=0))
                norm._power_method(norm._reshape_weight_to_matrix(kept.original), POWER_ITERATIONS)
