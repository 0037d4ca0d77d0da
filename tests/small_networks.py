"""Classifiers of registered networks for tests."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from bench import registry
from bench.networks.layers.classifier import Classifier, Draws
from bench.networks.network import network_named

registry.load()


def classifier(
    text: str = "paper_cnn(width=2)", image_size: int = 32, classes: int = 2, init: int = 0, dropout: int = 0
) -> Any:
    """Return the classifier that a network makes with a linear last layer."""
    draws = Draws(torch.Generator().manual_seed(init), torch.Generator().manual_seed(dropout))
    made: Classifier = network_named(text).classifier(image_size, classes, nn.Linear, draws)
    return made


def spelled(name: str, **arguments: object) -> str:
    """Return a network as a profile spells it."""
    return f"{name}({', '.join(f'{key}={value}' for key, value in arguments.items())})"
