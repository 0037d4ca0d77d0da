"""The published networks as lists of layers: what is built, counted and scaled comes from the same list."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal

CHANNELS = 3
Start = Literal["glorot_uniform", "glorot_normal", "normal", "orthogonal"]


@dataclass(frozen=True)
class Layer:
    """One layer with weights: `dense`, `conv`, or `transposed` (a convolution that doubles the side by its stride).

    `side` is that of the maps it makes; `enlarged`: what it reads is doubled first, each pixel four times.
    """

    kind: Literal["dense", "conv", "transposed"]
    inputs: int
    outputs: int
    kernel: int = 1
    stride: int = 1
    side: int = 1
    enlarged: bool = False

    @property
    def operations(self) -> float:
        """Floating-point operations of one image's forward pass."""
        places = (self.side // self.stride if self.kind == "transposed" else self.side) ** 2
        return 2.0 * self.inputs * self.outputs * self.kernel**2 * places


class Blueprint:
    """A published pair of networks at any side and width (filters relative to those published)."""

    latent: ClassVar[int]  # numbers of noise
    hidden: ClassVar[tuple[int, ...]] = ()  # dense layers before the one that makes the first maps
    first: ClassVar[int]  # filters of the first maps
    bias: ClassVar[bool] = True  # of the generator's layers
    batch_norm: ClassVar[tuple[float, float] | None]  # epsilon and momentum, as PyTorch counts it
    first_slope: ClassVar[float]  # of what follows the first maps, for negative values: 0 is ReLU, 1 is nothing
    slope: ClassVar[float]  # after the generator's other layers
    judge_slope: ClassVar[float]  # after the discriminator's convolutions
    dropout: ClassVar[float] = 0.0  # after each of them
    pooled: ClassVar[bool] = False  # the discriminator sums over places before its last layer
    spectral: ClassVar[bool] = False  # its weights are divided by their spectral norm
    code_slope: ClassVar[float] = 1.0  # after an encoder's last layer
    dense_start: ClassVar[Start]  # how weights are drawn
    generator_start: ClassVar[Start]
    judge_start: ClassVar[Start]

    def start(self, size: int) -> int:
        """Return the side of the first maps.

        Raises
        ------
        ValueError
            No doubling of it leads to this side.
        """
        raise NotImplementedError

    def up(self, size: int) -> list[Layer]:
        """Return the generator's layers from the first maps to the image, at the published width."""
        raise NotImplementedError

    def down(self, size: int) -> list[Layer]:
        """Return the discriminator's convolutions at the published width."""
        raise NotImplementedError

    def generator(self, size: int, width: float) -> list[Layer]:
        """Return all layers of the generator, from noise to image."""
        up = _scaled(self.up(size), width)
        dense = [self.latent, *(_filters(n, width) for n in self.hidden), up[0].inputs * self.start(size) ** 2]
        return [Layer("dense", i, o) for i, o in pairwise(dense)] + up

    def trunk(self, size: int, width: float) -> list[Layer]:
        """Return the convolutions that a discriminator, or an encoder, begins with."""
        return _scaled(self.down(size), width)

    def features(self, size: int, width: float) -> int:
        """Return how many numbers of an image a discriminator's last layer reads."""
        last = self.trunk(size, width)[-1]
        return last.outputs if self.pooled else last.outputs * last.side**2

    def operations(self, size: int, width: float) -> tuple[float, float]:
        """Return the operations of one image's forward pass: of the generator, and of a discriminator's convolutions.

        What follows the convolutions is left out: at most a few per cent, but for BAGAN-GP's dense layers.
        """
        plans = self.generator(size, width), self.trunk(size, width)
        made, judged = (sum(layer.operations for layer in plan) for plan in plans)
        return made, judged


class BaganNetworks(Blueprint):
    """BAGAN's: doubling, then 5x5 convolutions; a discriminator with dropout (Mariani et al. 2018, IBM/BAGAN)."""

    latent, hidden, first, bias = 100, (1024,), 128, False
    batch_norm, first_slope, slope = None, 0.0, 0.0
    judge_slope, dropout = 0.3, 0.3
    dense_start: ClassVar[Start] = "glorot_uniform"
    generator_start: ClassVar[Start] = "glorot_normal"
    judge_start: ClassVar[Start] = "glorot_uniform"

    def start(self, size: int) -> int:
        side = size
        while side > 8 and side % 2 == 0:
            side //= 2
        if side not in (7, 8) or side == size:
            raise ValueError(f"image_size = {size} is not 7 or 8 doubled")
        return side

    def up(self, size: int) -> list[Layer]:
        layers, filters, side = [], self.first, self.start(size)
        while side < size:
            side *= 2
            wanted = 128 if side == size else 256
            layers.append(Layer("conv", filters, wanted, 5, side=side, enlarged=True))
            filters = wanted
        return [*layers, Layer("conv", filters, CHANNELS, 2, side=size)]

    def down(self, size: int) -> list[Layer]:
        plan = [(32, 2), (64, 1), (128, 2), (256, 1)]
        while size // 2 ** sum(stride == 2 for _, stride in plan) > 8:
            plan += [(256, 2), (256, 1)]
        return _convolutions(size, [(filters, 3, stride) for filters, stride in plan])


class BaganGPNetworks(Blueprint):
    """BAGAN-GP's: DCGAN-like, four halvings at 64 pixels (Huang & Jafari 2021, GH920/improved-bagan-gp).

    Smaller images have fewer of the middle layers: all nets meet at maps of 4x4.
    """

    latent, first = 128, 256
    batch_norm, first_slope, slope = (1e-3, 0.01), 0.2, 0.2
    judge_slope, code_slope = 0.2, 0.2
    dense_start: ClassVar[Start] = "glorot_uniform"
    generator_start: ClassVar[Start] = "normal"
    judge_start: ClassVar[Start] = "normal"

    def start(self, size: int) -> int:
        if size not in (16, 32, 64):
            raise ValueError(f"image_size = {size} is none of 16, 32, 64")
        return 4

    def _between(self, size: int) -> list[int]:
        self.start(size)
        return {16: [64], 32: [64, 128], 64: [64, 128, 128]}[size]

    def up(self, size: int) -> list[Layer]:
        start, filters = self.start(size), [self.first, *reversed(self._between(size)), CHANNELS]
        sides = [start * 2**i for i in range(1, len(filters))]
        pairs = zip(filters, filters[1:], sides, strict=False)
        return [Layer("transposed", i, o, 4, 2, side) for i, o, side in pairs]

    def down(self, size: int) -> list[Layer]:
        return _convolutions(size, [(filters, 4, 2) for filters in (*self._between(size), 256)])


class SndcganNetworks(Blueprint):
    """The class-balancing GAN's: SNDCGAN without norm after the first maps (Rangwani et al. 2021, as in their code)."""

    latent, first = 128, 512
    batch_norm, first_slope, slope = (1e-4, 0.1), 1.0, 0.1
    judge_slope, pooled, spectral = 0.1, True, True
    dense_start: ClassVar[Start] = "orthogonal"
    generator_start: ClassVar[Start] = "orthogonal"
    judge_start: ClassVar[Start] = "orthogonal"

    def start(self, size: int) -> int:
        if size % 8:
            raise ValueError(f"image_size = {size} is no multiple of 8")
        return size // 8

    def up(self, size: int) -> list[Layer]:
        start, filters = self.start(size), (self.first, 256, 128, 64)
        doubled = [Layer("transposed", filters[i], filters[i + 1], 4, 2, start * 2 ** (i + 1)) for i in range(3)]
        return [*doubled, Layer("conv", filters[-1], CHANNELS, 3, side=size)]

    def down(self, size: int) -> list[Layer]:
        plan = [layer for filters in (64, 128, 256) for layer in ((filters, 3, 1), (filters, 4, 2))]
        return _convolutions(size, [*plan, (512, 3, 1)])


BLUEPRINTS: dict[str, Blueprint] = {
    "bagan": BaganNetworks(),
    "bagan_gp": BaganGPNetworks(),
    "sndcgan": SndcganNetworks(),
}


def _convolutions(size: int, plan: list[tuple[int, int, int]]) -> list[Layer]:
    """Return convolutions of (filters, kernel, stride), from an image of a side."""
    layers, filters, side = [], CHANNELS, size
    for wanted, kernel, stride in plan:
        side = -(-side // stride)
        layers.append(Layer("conv", filters, wanted, kernel, stride, side))
        filters = wanted
    return layers


def _scaled(layers: list[Layer], width: float) -> list[Layer]:
    """Return layers with their filters scaled; an image keeps its three channels."""

    def filters(n: int) -> int:
        return n if n == CHANNELS else _filters(n, width)

    return [
        Layer(it.kind, filters(it.inputs), filters(it.outputs), it.kernel, it.stride, it.side, it.enlarged)
        for it in layers
    ]


def _filters(n: int, width: float) -> int:
    return max(1, round(n * width))
