"""A model for other programs: ONNX, or torch's own exported program; pixels in, probabilities and decision out."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn

from bench.errors import ConfigError, UserError
from bench.model.saved import Model
from bench.store.leftovers import write_anew

Format = Literal["onnx", "pt2"]
ABOUT = "imbench"  # key of an ONNX file's metadata: what `bench.model.exported` needs to use it
_TRIED = 200  # probabilities at which a decision is held against its factors


class Deciding(nn.Module):
    """A classifier from pixels to its decision.

    Images are float32 from 0 to 255, (N, 3, S, S); probabilities are float32 (N, K), decisions int64 (N,).
    """

    factors: Tensor

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.classifier = model.classifier
        self.register_buffer("factors", torch.from_numpy(factors_of(model)))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return probabilities and decisions."""
        probabilities: Tensor = self.classifier(pixels.float() * (2 / 255) - 1).float().softmax(dim=1)
        return probabilities, (probabilities.double() * self.factors).argmax(dim=1)


def factors_of(model: Model) -> np.ndarray:
    """Return what probabilities are multiplied with before the largest is taken, float64 (K,).

    Raises
    ------
    UserError
        The method decides in another way.
    """
    classes, counts = len(model.facts.classes), np.asarray(model.facts.counts)
    adjust = model.method.hook("adjust")
    factors = np.asarray(adjust(np.ones((1, classes)), counts), float)[0]
    tried = np.random.default_rng(0).dirichlet(np.ones(classes), _TRIED)
    if not np.allclose(adjust(tried, counts), tried * factors):
        raise UserError(f"{model.method.name} decides in a way of its own, which no exported file can hold")
    product: np.ndarray = factors * np.asarray(model.facts.factors or 1.0)
    return product


def export_model(model: Model, path: Path, format: Format) -> None:
    """Write a model as a program from pixels to probabilities and decisions, for any number of images.

    Raises
    ------
    ConfigError
        A package that the format needs is not installed.
    UserError
        The file cannot be written, its ending is another format's, or the method's decision cannot be exported.
    """
    ending = path.suffix.lower().removeprefix(".")
    if ending != format and (ending in get_args(Format) or format == "onnx"):  # `imbench predict` knows ONNX by it
        raise UserError(f"{path}: its ending says {ending or 'nothing'}, and --format says {format}; let them agree")
    network = Deciding(model).eval()
    size = model.protocol.image_size
    example, shapes = (torch.zeros(2, 3, size, size),), ({0: torch.export.Dim("images")},)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if format == "pt2":
            content = BytesIO()
            torch.export.save(torch.export.export(network, example, dynamic_shapes=shapes), content)
            write_anew(path, content.getvalue())
        else:
            write_anew(path, _onnx(network, example, shapes, about(model)))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None


def about(model: Model) -> str:
    """Return what a program has to know to use the exported file, as JSON."""
    facts = model.facts
    known = {"classes": facts.classes, "image_size": model.protocol.image_size}
    known |= {"shape": facts.shape, "colours": facts.colours}
    told = {"method": model.method.name, "decision_for": facts.factors_for, "records": facts.records}
    return json.dumps(known | told, ensure_ascii=False)


def _onnx(network: nn.Module, example: tuple[Tensor], shapes: tuple[dict[int, Any]], text: str) -> bytes:
    try:
        import onnxscript  # noqa: F401  # torch's exporter needs it
    except ModuleNotFoundError:
        raise ConfigError("exporting to onnx needs: pip install onnx onnxruntime onnxscript") from None
    program = torch.onnx.export(
        network,
        example,
        dynamo=True,
        dynamic_shapes=shapes,
        input_names=["pixels"],
        output_names=["probabilities", "decision"],
        verbose=False,
    )
    assert program is not None
    proto = program.model_proto
    entry = proto.metadata_props.add()
    entry.key, entry.value = ABOUT, text
    content: bytes = proto.SerializeToString()
    return content
