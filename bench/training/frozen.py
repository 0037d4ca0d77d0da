"""A trained classifier put to use: its weights in the network that they were trained in, held still."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor

from bench.networks.layers.classifier import Classifier
from bench.networks.network import network_of
from bench.protocol import Protocol
from bench.training.composition import Composition
from bench.training.device import Device


def frozen_classifier(
    method: Composition, protocol: Protocol, n_classes: int, weights: Mapping[str, Tensor], device: Device
) -> Classifier:
    """Return the classifier that a fit left, in evaluation mode, its weights without gradients; it sees images.

    Raises
    ------
    RuntimeError
        The weights are not those of this method, protocol and number of classes.
    """
    network = network_of(protocol.backbone)
    model = network.blank(protocol.image_size, n_classes, method.hook("head"), torch.Generator())
    model.load_state_dict(dict(weights))
    model = network.on_images(model)
    return cast(Classifier, device.model(model.requires_grad_(False).eval()))
