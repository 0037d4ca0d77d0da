"""Any classification model of torchvision by its name there, with its published weights or none."""

from __future__ import annotations

from functools import cached_property

import torch
from pydantic import Field

from bench.errors import ConfigError, UserError, unknown
from bench.networks.pretrained import Pretrained, PretrainedSettings, State, hub_file
from bench.registry import register_network


class TorchvisionSettings(PretrainedSettings):
    """Which model, and which of its weights."""

    name: str = Field("resnet18", description="model, as torchvision.models calls it")
    weights: str = Field("DEFAULT", description="name of its weights, such as IMAGENET1K_V1; none: drawn, not trained")


@register_network("torchvision", reference="https://docs.pytorch.org/vision/stable/models.html")
class TorchvisionModel(Pretrained):
    """A model of torchvision up to its last linear layer; dropout and dropped layers are left out."""

    Settings = TorchvisionSettings
    settings: TorchvisionSettings
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

    @property
    def title(self) -> str:
        return f"torchvision's {self.settings.name} ({self.trained_on or 'not pretrained'})"

    @property
    def trained_on(self) -> str:
        return "" if self.settings.weights == "none" else self.published

    @property
    def at_hand(self) -> bool:
        pattern = hub_file(f"{self.settings.name}-*.pth")  # torchvision itself takes long to import
        return self.settings.weights == "none" or any(pattern.parent.glob(pattern.name))

    @property
    def input_size(self) -> int:
        """The crop that the published weights are tested on; 224 without any."""
        if self.settings.weights == "none":
            return 224
        return int(self._published.transforms().crop_size[0])

    @property
    def widths(self) -> tuple[int, ...]:
        """Features that the last layer reads."""
        from bench.networks.layers.library import last_linear

        with torch.device("meta"):
            model = self._model()
        return (last_linear(model, self.name)[1].in_features,)

    def body_layers(self) -> torch.nn.Module:
        from bench.networks.layers.library import without_last_layer

        return without_last_layer(self._model(), self.name)

    def body_weights(self, rng: torch.Generator | None = None) -> State:
        from bench.networks.layers.library import drawn, last_linear

        if self.settings.weights == "none":
            return drawn(self.body_layers, rng)
        with torch.device("meta"):
            last, _ = last_linear(self._model(), self.name)
        try:
            state: State = self._published.get_state_dict(progress=False, check_hash=True)
        except (OSError, RuntimeError) as error:
            raise UserError(
                f"{self.name}: its weights {self._published.url} cannot be downloaded ({error}); weights=none has none"
            ) from error
        return {name: value for name, value in state.items() if not name.startswith(f"{last}.")}

    def _model(self) -> torch.nn.Module:
        import torchvision.models

        known = torchvision.models.list_models(module=torchvision.models)
        if self.settings.name not in known:
            raise ConfigError(f"torchvision: {unknown('model', self.settings.name, known)}")
        model: torch.nn.Module = torchvision.models.get_model(self.settings.name, weights=None)
        return model

    @cached_property
    def _published(self):  # type: ignore[no-untyped-def]  # torchvision ships no types
        import torchvision.models

        known = torchvision.models.list_models(module=torchvision.models)
        if self.settings.name not in known:
            raise ConfigError(f"torchvision: {unknown('model', self.settings.name, known)}")
        names = torchvision.models.get_model_weights(self.settings.name)
        if self.settings.weights not in names.__members__:
            raise ConfigError(f"{self.name}: {unknown('weights', self.settings.weights, [*names.__members__, 'none'])}")
        return names[self.settings.weights]
