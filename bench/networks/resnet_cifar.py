"""The residual network for pictures of 32 pixels that the papers on long tails train."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from pydantic import Field, field_validator

from bench.networks.network import Network
from bench.protocol import Settings
from bench.registry import register_network

if TYPE_CHECKING:
    from bench.networks.layers.classifier import Draws, Head
    from bench.networks.layers.residual import SmallResNet


class ResNetSettings(Settings):
    """How large it is; the defaults are the ResNet-32 of the papers."""

    depth: int = Field(32, ge=8, description="layers with weights: 6 n + 2, for n blocks in each of three stages")
    width: int = Field(16, ge=1, description="filters of the first stage; the next have 2 and 4 times as many")

    @field_validator("depth")
    @classmethod
    def _of_whole_blocks(cls, depth: int) -> int:
        if (depth - 2) % 6:
            raise ValueError(f"{depth} is not 6 n + 2, as 8, 14, 20, 26, 32, 44 and 56 are")
        return depth


@register_network("resnet_cifar", reference="He et al. 2016, arXiv:1512.03385, section 4.2")
class ResNetCifar(Network):
    """A convolution, then three stages of residual blocks of two each, pooled; shortcuts without weights."""

    Settings = ResNetSettings
    settings: ResNetSettings

    @property
    def title(self) -> str:
        return f"ResNet-{self.settings.depth} for small pictures"

    def blank(self, image_size: int, n_classes: int, head: Head, dropout: torch.Generator) -> SmallResNet:
        from bench.networks.layers.residual import SmallResNet

        blocks, width = (self.settings.depth - 2) // 6, self.settings.width
        return SmallResNet(blocks, width, head(4 * width, n_classes))

    def classifier(self, image_size: int, n_classes: int, head: Head, draws: Draws) -> SmallResNet:
        from bench.networks.layers.classifier import draw_linear

        model = self.blank(image_size, n_classes, head, draws.dropout)
        draw_linear(model.head, self.head_std, draws.initialisation)
        with torch.no_grad():
            for layer in model.convolutions():  # He et al. 2015, arXiv:1502.01852: N(0, 2 / fan-in)
                layer.weight.normal_(0.0, (2 / layer.weight[0].numel()) ** 0.5, generator=draws.initialisation)
        return model
