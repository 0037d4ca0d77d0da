"""The layers of a residual network for small pictures: He et al. 2016, arXiv:1512.03385, section 4.2."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn
from torch.nn import functional as F

from bench.networks.layers.classifier import Classifier


class Block(nn.Module):
    """Two convolutions with batch normalisation beside a shortcut, (N, C, H, W) to (N, C', H / stride, W / stride).

    Where maps become smaller the shortcut takes every second pixel, and zeros for the channels that come in: option A,
    which has no weights. As many come in before those that were there as behind them.
    """

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, width, 3, stride, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)
        self.stride, self.more = stride, width - before

    def forward(self, maps: Tensor) -> Tensor:
        inner = F.relu(self.first_norm(self.first(maps)))
        beside = F.pad(
            maps[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.more // 2, self.more - self.more // 2)
        )
        return F.relu(self.second_norm(self.second(inner)) + beside)


class SmallResNet(Classifier):
    """A convolution, three stages of blocks at full, half and a quarter of the side, the mean of their last maps.

    With 5 blocks a stage and width 16 it is the ResNet-32: 464,154 parameters for ten classes.
    """

    def __init__(self, blocks: int, width: int, head: nn.Module) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(width)
        sizes = [(width, width, 1), (width, 2 * width, 2), (2 * width, 4 * width, 2)]
        self.blocks = nn.Sequential(
            *(
                Block(before if k == 0 else after, after, stride if k == 0 else 1)
                for before, after, stride in sizes
                for k in range(blocks)
            )
        )
        self.head = head

    def features(self, images: Tensor) -> Tensor:
        """Return the means of the last stage's maps, (N, 4 width)."""
        maps: Tensor = self.blocks(F.relu(self.stem_norm(self.stem(images))))
        return maps.mean((2, 3))

    def explained(self) -> tuple[nn.Module, float]:
        """Return the last block, and slope 1: its maps are taken as they are."""
        return self.blocks[-1], 1.0

    def convolutions(self) -> Iterator[nn.Conv2d]:
        """Give every convolution."""
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                yield layer
