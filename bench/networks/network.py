"""The contract of a registered network: settings, and the classifier that it makes with any last layer."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import torch
from pydantic import ValidationError

from bench.dataset import Dataset
from bench.errors import ConfigError, unknown
from bench.expression import Call
from bench.protocol import Settings as Base
from bench.registry import NETWORKS

if TYPE_CHECKING:  # what plans and lists networks needs none of their layers
    from bench.networks.layers.classifier import Classifier, Draws, Head


class Network:
    """A registered network with its settings; a constructor only stores them, and how the network was spelled."""

    Settings: ClassVar[type[Base]] = Base

    def __init__(self, settings: Base, name: str = "") -> None:
        self.settings, self.name = settings, name

    @property
    def title(self) -> str:
        """How reports call it."""
        return self.name

    @property
    def trained_on(self) -> str:
        """What its weights have seen with labels, such as ImageNet; "": nothing, they are drawn."""
        return ""

    @property
    def at_hand(self) -> bool:
        """Whether it can be made here without a download."""
        return True

    @property
    def views(self) -> int:
        """0: the classifier sees images. Else its body is frozen, and it sees features of one of so many views."""
        return 0

    @property
    def head_std(self) -> float:
        """Standard deviation of the first weights of the last layer."""
        return 0.02

    def blank(self, image_size: int, n_classes: int, head: Head, dropout: torch.Generator) -> Classifier:
        """Return the classifier's layers, for weights to be loaded into; those that they have mean nothing."""
        raise NotImplementedError

    def classifier(self, image_size: int, n_classes: int, head: Head, draws: Draws) -> Classifier:
        """Return a classifier for images of this side, or for features where there are views.

        Its weights are published or drawn on the CPU, the same on every device.

        Raises
        ------
        UserError
            A package or published weights are missing.
        """
        raise NotImplementedError

    def on_images(self, classifier: Classifier) -> Classifier:
        """Return a classifier that sees images: the same one, or a frozen body under a head that saw its features."""
        return classifier


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
        return cls(cls.Settings(**call.all_arguments), str(call))
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{call.name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def network_named(text: str) -> Network:
    """Return the registered network that a text spells; raises as `network_of`."""
    return network_of(Call.parse(text, "network"))


def seen_before(network: Network, dataset: type[Dataset] | Dataset) -> str:
    """Return the warning for a network whose weights have seen a dataset's photographs with labels, "" elsewhere."""
    if network.trained_on and network.trained_on in dataset.seen_by:
        return (
            f"{network.title} was trained on {network.trained_on}, which holds photographs of {dataset.name} with "
            "their labels: what it reaches here says little of images that it has never seen."
        )
    return ""


@lru_cache
def step_operations(call: Call, image_size: int, n_classes: int) -> float:
    """Count the floating-point operations of one image's forward and backward pass."""
    from torch.utils.flop_counter import FlopCounterMode

    network = network_of(call)
    with torch.random.fork_rng(devices=[]):
        model = network.blank(image_size, n_classes, torch.nn.Linear, torch.Generator()).eval()
    shape = (1, int(model.head.in_features)) if network.views else (1, 3, image_size, image_size)  # type: ignore[arg-type]
    with FlopCounterMode(display=False) as counter:
        logits = model(torch.zeros(shape))
        if any(getattr(layer, "groups", 1) > 1 for layer in model.modules()):
            # The counter takes the way back through a grouped convolution for that of a full one.
            return 3.0 * float(counter.get_total_flops())
        logits.sum().backward()
    return float(counter.get_total_flops())
