"""Any image model of timm by its name there, an optional dependency, with its published weights or none."""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch
from pydantic import Field

from bench.errors import ConfigError, UserError
from bench.networks.pretrained import Pretrained, PretrainedSettings, State
from bench.registry import register_network

INSTALL = "pip install timm"


class TimmSettings(PretrainedSettings):
    """Which model, and whether with its weights."""

    name: str = Field("resnet18", description="model, as timm.list_models() calls it, perhaps with the tag of weights")
    weights: str = Field("DEFAULT", description="DEFAULT: the published ones; none: drawn, not trained")


@register_network("timm", reference="https://huggingface.co/docs/timm")
class TimmModel(Pretrained):
    """A model of timm without its last layer; dropout and dropped layers are left out."""

    Settings = TimmSettings
    settings: TimmSettings

    @property
    def title(self) -> str:
        return f"timm's {self.settings.name} ({self.trained_on or 'not pretrained'})"

    @property
    def trained_on(self) -> str:
        return "" if self.settings.weights == "none" else self.published

    @property
    def at_hand(self) -> bool:
        return find_spec("timm") is not None and self.settings.weights == "none"

    @property
    def input_size(self) -> int:
        """What the model was made for."""
        return int(self._published["input_size"][-1])

    @property
    def mean(self) -> tuple[float, float, float]:
        """Of the model's own normalisation."""
        return tuple(self._published["mean"])

    @property
    def std(self) -> tuple[float, float, float]:
        """Of the model's own normalisation."""
        return tuple(self._published["std"])

    @property
    def widths(self) -> tuple[int, ...]:
        """Features that a last layer reads."""
        with torch.device("meta"):
            return (int(self._model().num_features),)

    def body_layers(self) -> torch.nn.Module:
        from bench.networks.layers.library import without_dropping

        return without_dropping(self._model())

    def body_weights(self, rng: torch.Generator | None = None) -> State:
        from bench.networks.layers.library import drawn

        if self.settings.weights == "none":
            return drawn(self.body_layers, rng)
        try:
            return dict(self._model(pretrained=True).state_dict())
        except (OSError, RuntimeError, ValueError) as error:
            raise UserError(
                f"{self.name}: its weights cannot be downloaded ({_first_line(error)}); weights=none has none"
            ) from error

    @cached_property
    def _published(self) -> dict[str, Any]:
        with torch.device("meta"):
            return dict(self._model().pretrained_cfg)

    def _model(self, pretrained: bool = False) -> Any:
        try:
            timm = import_module("timm")
        except ModuleNotFoundError as error:
            raise UserError(f"the network timm needs a package: `{INSTALL}`") from error
        if self.settings.weights not in ("DEFAULT", "none"):
            raise ConfigError(f"timm: weights is DEFAULT or none, not {self.settings.weights!r}")
        if not timm.is_model(self.settings.name):
            raise ConfigError(f"timm: unknown model {self.settings.name!r}; timm.list_models() has their names")
        return timm.create_model(self.settings.name, pretrained=pretrained, num_classes=0)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
