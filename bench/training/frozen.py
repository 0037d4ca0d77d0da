"""A trained classifier put to use: its weights in the network that they were trained in, held still."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor

from bench.networks.network import Classifier, Draws, network_of
from bench.protocol import Protocol
from bench.training.composition import Composition
from bench.training.device import Device


def frozen_classifier(
    method: Composition, protocol: Protocol, n_classes: int, weights: Mapping[str, Tensor], device: Device
) -> Classifier:
    """Return the classifier that a fit left, in evaluation mode, its weights without gradients.

    Raises
    ------
    RuntimeError
        The weights are not those of this method, protocol and number of classes.
    """
    draws = Draws(torch.Generator(), torch.Generator())
    network = network_of(protocol.backbone)
    model = network.classifier(protocol.image_size, n_classes, method.hook("head"), draws)
    model.load_state_dict(dict(weights))
    return cast(Classifier, device.model(model.requires_grad_(False).eval()))
