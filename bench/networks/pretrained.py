"""Networks with a pretrained body: what its classifier, its features and its judges are made of."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import torch
from pydantic import Field

from bench.errors import ConfigError
from bench.networks.network import Network, network_named
from bench.protocol import Settings
from bench.registry import NETWORKS

if TYPE_CHECKING:
    from bench.networks.layers.body import Body
    from bench.networks.layers.classifier import Classifier, Draws, Head

State = dict[str, "torch.Tensor"]
MOST_VIEWS = 12


class PretrainedSettings(Settings):
    """What trains of a pretrained network, and what a frozen body sees of an image."""

    train: Literal["all", "head"] = Field("all", description="train every layer, or only a new last one")
    views: int = Field(
        2,
        ge=1,
        le=MOST_VIEWS,
        description="views of a training image that a frozen body sees: whole, mirrored, then crops and their mirrors",
    )
    init_std: float = Field(0.01, gt=0, description="weights of the last layer start as N(0, init_std), its bias at 0")


_COMMON = frozenset(PretrainedSettings.model_fields)


class Pretrained(Network):
    """A body whose weights are published, under a last layer that is new."""

    Settings = PretrainedSettings
    settings: PretrainedSettings
    published: ClassVar[str] = "ImageNet"

    @property
    def input_size(self) -> int:
        """Side in pixels of what the body was trained on; images of another size are resized to it."""
        raise NotImplementedError

    @property
    def mean(self) -> tuple[float, float, float]:
        """Of each channel in its normalisation, on the scale where black is 0 and white is 1."""
        raise NotImplementedError

    @property
    def std(self) -> tuple[float, float, float]:
        """Of each channel in its normalisation, on that scale."""
        raise NotImplementedError

    @property
    def widths(self) -> tuple[int, ...]:
        """Numbers of features: D of the body, then of each auxiliary branch."""
        raise NotImplementedError

    @property
    def trained_on(self) -> str:
        return self.published

    @property
    def views(self) -> int:
        return self.settings.views if self.settings.train == "head" else 0

    @property
    def head_std(self) -> float:
        return self.settings.init_std

    @property
    def body_identity(self) -> dict[str, object]:
        """What the body depends on: its class, and the settings that are not those of every such network."""
        own = {key: value for key, value in self.settings.identity().items() if key not in _COMMON}
        return {"network": type(self).__name__} | own

    def body_layers(self) -> torch.nn.Module:
        """Return the body's layers without weights of any meaning.

        They take normalised images (N, 3, S, S) and return features (N, D), in training mode perhaps a tuple that goes
        on with those of auxiliary branches.

        Raises
        ------
        UserError
            Their package is missing.
        """
        raise NotImplementedError

    def body_weights(self, rng: torch.Generator | None = None) -> State:
        """Return the published state of these layers.

        Parameters
        ----------
        rng
            Where weights that nobody trained come from; None gives the same ones at every call.

        Raises
        ------
        UserError
            It cannot be had.
        """
        raise NotImplementedError

    def body(self, state: State | None = None, rng: torch.Generator | None = None) -> Body:
        """Return the body with the weights in `state`, by default those of `body_weights`."""
        made = self.blank_body()
        made.layers.load_state_dict(self.body_weights(rng) if state is None else state, assign=True)
        return made

    def blank(self, image_size: int, n_classes: int, head: Head, dropout: torch.Generator) -> Classifier:
        from bench.networks.layers.body import BodyAndHead
        from bench.networks.layers.classifier import HeadAlone

        last = head(self.widths[0], n_classes)
        return HeadAlone(last) if self.views else BodyAndHead(self.blank_body(meta=False), last)

    def classifier(self, image_size: int, n_classes: int, head: Head, draws: Draws) -> Classifier:
        from bench.networks.layers.body import BodyAndHead
        from bench.networks.layers.classifier import HeadAlone, draw_linear

        last = head(self.widths[0], n_classes)
        draw_linear(last, self.head_std, draws.initialisation)
        return HeadAlone(last) if self.views else BodyAndHead(self.body(rng=draws.initialisation), last)

    def on_images(self, classifier: Classifier) -> Classifier:
        from bench.networks.layers.body import BodyAndHead

        return BodyAndHead(self.body(), classifier.head) if self.views else classifier

    def blank_body(self, meta: bool = True) -> Body:
        """Return the body with weights that mean nothing, on the CPU or (`meta`) without any."""
        from bench.networks.layers.body import Body

        # On the meta device neither time nor random numbers go into weights that are about to be replaced.
        with torch.device("meta" if meta else "cpu"):
            return Body(self)


def hub_file(address: str) -> Path:
    """Return where torch's hub keeps what it downloads from an address, there or not; torch need not be imported."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = Path(os.environ.get("TORCH_HOME", Path(cache, "torch"))).expanduser()
    return home / "hub" / "checkpoints" / address.rsplit("/", 1)[-1]


def pretrained_named(text: str) -> Pretrained:
    """Return the registered network with a pretrained body that a text spells.

    Raises
    ------
    ConfigError
        There is no such network, or it has no such body.
    """
    network = network_named(text)
    if not isinstance(network, Pretrained):
        known = ", ".join(entry.name for entry in NETWORKS if issubclass(entry.cls, Pretrained))
        raise ConfigError(f"{text} has no pretrained body; these have: {known}")
    return network


@lru_cache
def body_operations(text: str) -> float:
    """Count the floating-point operations of one image's way forward through a network's body; none is done."""
    from torch.utils.flop_counter import FlopCounterMode

    network = pretrained_named(text)
    body = network.blank_body()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        body.layers.eval()(torch.empty(1, 3, network.input_size, network.input_size, device="meta"))
    return float(counter.get_total_flops())
