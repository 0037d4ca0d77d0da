"""A model for other programs: ONNX, or torch's own exported program."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from bench.errors import ConfigError
from bench.model.saved import Model

Format = Literal["onnx", "pt2"]


class Probabilities(nn.Module):
    """A classifier from pixels to probabilities: images uint8 or float 0..255, (N, 3, S, S), to float32 (N, K)."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.classifier = model.classifier
        factors = torch.tensor(model.facts.factors or [1.0] * len(model.facts.classes), dtype=torch.float32)
        self.register_buffer("factors", factors)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return probabilities."""
        probabilities: Tensor = self.classifier(pixels.float() * (2 / 255) - 1).float().softmax(dim=1)
        return probabilities


def export_model(model: Model, path: Path, format: Format) -> None:
    """Write the model's network, from pixels to probabilities, for any number of images; the decision is in model.json.

    Raises
    ------
    ConfigError
        A package that the format needs is not installed.
    """
    network = Probabilities(model).eval()
    size = model.protocol.image_size
    example = (torch.zeros(2, 3, size, size),)
    batch = torch.export.Dim("images")
    path.parent.mkdir(parents=True, exist_ok=True)
    if format == "pt2":
        program = torch.export.export(network, example, dynamic_shapes=({0: batch},))
        torch.export.save(program, path)
        return
    try:
        import onnxscript  # noqa: F401  # torch's exporter needs it
    except ModuleNotFoundError:
        raise ConfigError('exporting to onnx needs: pip install "imbalance-bench[onnx]"') from None
    torch.onnx.export(
        network,
        example,
        path,
        dynamo=True,
        dynamic_shapes=({0: batch},),
        input_names=["pixels"],
        output_names=["probabilities"],
        external_data=False,
        verbose=False,
    )
