"""The classifier of Sahoo et al. 2020: the convolutions of a 70x70 PatchGAN, then three fully connected layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from pydantic import Field

from bench.networks.network import Network
from bench.protocol import Settings
from bench.registry import register_network

if TYPE_CHECKING:
    from bench.networks.layers.classifier import Draws, Head
    from bench.networks.layers.patchgan import Backbone


class PaperCnnSettings(Settings):
    """What the paper leaves open; the defaults are the readings taken."""

    width: int = Field(64, ge=1, description="filters of the first convolution; the next have 2, 4 and 8 times as many")
    norm: Literal["instance", "none"] = Field("instance", description="normalisation after convolutions 2 to 4")
    head: Literal["flat", "gap"] = Field("flat", description="flatten the one-channel map, or pool the 4th convolution")
    dropout: float = Field(0.5, ge=0, lt=1, description="dropout on the 256 features before the last layer")
    init: Literal["normal", "he"] = Field(
        "normal", description="first weights: N(0, init_std), or N(0, 2 / fan-in) before the last layer; biases 0"
    )
    init_std: float = Field(0.02, gt=0, description="standard deviation of the first weights")


@register_network("paper_cnn", reference="Sahoo et al. 2020, arXiv:2008.05524, appendix A")
class PaperCnn(Network):
    """Five convolutions of a PatchGAN discriminator and three fully connected layers."""

    Settings = PaperCnnSettings
    settings: PaperCnnSettings

    @property
    def title(self) -> str:
        return "the paper's CNN"

    @property
    def head_std(self) -> float:
        return self.settings.init_std

    def blank(self, image_size: int, n_classes: int, head: Head, dropout: torch.Generator) -> Backbone:
        from bench.networks.layers.patchgan import FEATURES, Backbone

        return Backbone(self.settings, image_size, head(FEATURES, n_classes), dropout)

    def classifier(self, image_size: int, n_classes: int, head: Head, draws: Draws) -> Backbone:
        from bench.networks.layers.classifier import draw_linear

        model = self.blank(image_size, n_classes, head, draws.dropout)
        draw_linear(model, self.settings.init_std, draws.initialisation)
        if self.settings.init == "he":
            with torch.no_grad():
                for layer in (*model.convolutions, model.hidden, model.features_layer):
                    fan_in = layer.weight[0].numel()
                    layer.weight.mul_((2 / fan_in) ** 0.5 / self.settings.init_std)
        return model
