"""The contract of a registered network: settings, and the classifier that it makes with any last layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import torch
from pydantic import ValidationError
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from bench.errors import ConfigError, unknown
from bench.expression import Call
from bench.protocol import Settings as Base
from bench.registry import NETWORKS

Head = Callable[[int, int], nn.Module]  # from the number of features and of classes


@dataclass(frozen=True, eq=False)
class Draws:
    """Where a classifier's random numbers come from: its first weights, and its dropout while it trains."""

    initialisation: torch.Generator
    dropout: torch.Generator


class Classifier(nn.Module):
    """Layers that end in features, then a last layer `head`; what every registered network makes."""

    head: nn.Module

    def features(self, images: Tensor) -> Tensor:
        """Return the numbers that the last layer reads, (N, D), of images (N, 3, H, W) in [-1, 1]."""
        raise NotImplementedError

    def explained(self) -> tuple[nn.Module, float]:
        """Return the layer whose maps Grad-CAM weighs, and the slope for negative values of what follows it."""
        raise NotImplementedError

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (N, K), float32 in every precision: bfloat16 would make many of them equal."""
        features = self.features(images)
        with torch.autocast(images.device.type, enabled=False):
            logits: Tensor = self.head(features.float())
        return logits


class Network:
    """A registered network with its settings; a constructor only stores them."""

    Settings: ClassVar[type[Base]] = Base
    title: ClassVar[str] = ""
    trained_on: ClassVar[str] = ""  # what its weights have seen, such as ImageNet; "": nothing, they are drawn

    def __init__(self, settings: Base) -> None:
        self.settings = settings

    @property
    def views(self) -> int:
        """0: the classifier sees images. Else its body is frozen, and it sees features of one of so many views."""
        return 0

    @property
    def head_std(self) -> float:
        """Standard deviation of the first weights of the last layer."""
        return 0.02

    def classifier(self, image_size: int, n_classes: int, head: Head, draws: Draws) -> Classifier:
        """Return a classifier for images of this side, or for features where there are views.

        Its weights are drawn on the CPU, the same on every device.
        """
        raise NotImplementedError


def network_of(call: Call) -> Network:
    """Return the registered network that `paper_cnn(width=8)` names, with its settings.

    Raises
    ------
    ConfigError
        There is no such network, it has no such argument, or the value cannot be.
    """
    cls: type[Network] = NETWORKS[call.name].cls
    for key in call.all_arguments:
        if key not in cls.Settings.model_fields:
            raise ConfigError(f"{call.name}: {unknown('argument', key, cls.Settings.model_fields)}")
    try:
        return cls(cls.Settings(**call.all_arguments))
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{call.name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def draw_linear(layers: nn.Module, std: float, rng: torch.Generator) -> None:
    """Draw weights of convolutions and linear layers from N(0, std), set biases to 0; others draw their own.

    A layer with other parameters has a method `initialise(rng)`.
    """
    with torch.no_grad():
        for module in layers.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.weight.normal_(0.0, std, generator=rng)
                if module.bias is not None:
                    module.bias.zero_()
            elif initialise := getattr(module, "initialise", None):
                initialise(rng)


@lru_cache
def step_operations(call: Call, image_size: int, n_classes: int) -> float:
    """Count the floating-point operations of one image's forward and backward pass."""
    network = network_of(call)
    draws = Draws(torch.Generator(), torch.Generator())
    model = network.classifier(image_size, n_classes, nn.Linear, draws).eval()
    shape = (1, int(model.head.in_features)) if network.views else (1, 3, image_size, image_size)  # type: ignore[arg-type]
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(shape)).sum().backward()
    return float(counter.get_total_flops())
