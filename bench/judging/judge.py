"""Judges: fine-tuned networks that say which class an image is of, whatever its size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from bench.networks.layers.body import Body
from bench.networks.layers.body import resized as resized
from bench.networks.pretrained import pretrained_named
from bench.training.device import Device

BATCH = 32


class Verdict(NamedTuple):
    """What a judge says: class probabilities, float32 (N, K), and the features behind them, float32 (N, D)."""

    probabilities: np.ndarray
    features: np.ndarray


@dataclass(frozen=True, eq=False)
class Embedding:
    """Features of images by one body, in evaluation mode on one device; `published` if no layer was fine-tuned."""

    body: Body
    device: Device
    published: bool

    def __call__(self, images: Tensor) -> np.ndarray:
        """Return features, float32 (N, D), of images (N, 3, H, W), floats in [-1, 1].

        Raises
        ------
        ValueError
            A feature is not finite: an image held NaN, or values far outside [-1, 1].
        """
        size, parts = self.body.architecture.input_size, []
        with torch.inference_mode():
            for batch in images.split(BATCH):
                moved = resized(batch.to(self.device.torch, torch.float32), size).contiguous(
                    memory_format=torch.channels_last
                )
                parts.append(self.body(moved)[0].float().cpu())
        features = torch.cat(parts).numpy()
        if not np.isfinite(features).all():
            raise ValueError("an image cannot be judged: its features are not finite")
        return features


@dataclass(frozen=True, eq=False)
class Judge:
    """An embedding with the last layer that fine-tuning gave it: `weight` float32 (K, D) and `bias` (K,)."""

    embedding: Embedding
    weight: Tensor
    bias: Tensor

    def predict(self, images: Tensor) -> Verdict:
        """Judge images (N, 3, H, W), floats in [-1, 1]."""
        features = self.embedding(images)
        return Verdict(self.probabilities(features), features)

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Return class probabilities, float32 (N, K), from features (N, D) of this judge's embedding."""
        return F.linear(torch.from_numpy(features), self.weight, self.bias).softmax(dim=1).numpy()


def pretrained(network: str, device: Device) -> Embedding:
    """Return the embedding by a network as it was published, the one to measure distances with.

    Raises
    ------
    UserError
        There is no such network, or its packages or weights are missing.
    """
    return _embedding(pretrained_named(network).body(), device, published=True)


def load(network: str, weights: Mapping[str, Tensor], device: Device) -> Judge:
    """Return the judge that `finetune` left.

    Parameters
    ----------
    network
        The network that was fine-tuned, as its settings spell it.
    weights
        `Tuned.weights`: the whole network, or its head alone, which then goes onto the published body.

    Raises
    ------
    UserError
        As in `pretrained`; whole weights need the network's package, but not its published weights.
    """
    prefix = "body.layers."
    state = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
    if state:
        embedding = _embedding(pretrained_named(network).body(state), device, published=False)
    else:
        embedding = pretrained(network, device)
    return Judge(embedding, weights["head.weight"].cpu(), weights["head.bias"].cpu())


def _embedding(layers: Body, device: Device, published: bool) -> Embedding:
    made = device.model(layers.eval().requires_grad_(False))
    assert isinstance(made, Body)
    return Embedding(made, device, published)
