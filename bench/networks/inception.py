"""Inception-v3 with torchvision's ImageNet weights, the paper's judge."""

from __future__ import annotations

import torch

from bench.errors import UserError
from bench.networks.pretrained import Pretrained, State, hub_file
from bench.registry import register_network

ADDRESS = "https://download.pytorch.org/models/inception_v3_google-0cc3c7bd.pth"
UNUSED = ("fc.", "AuxLogits.fc.")  # the layers of 1000 ways


@register_network("inception_v3", reference="Szegedy et al. 2016, arXiv:1512.00567")
class InceptionV3(Pretrained):
    """Factorised convolutions in parallel, pooled to 2,048 features; an auxiliary branch of 768."""

    input_size = 299
    mean = std = (0.5, 0.5, 0.5)  # ImageNet's mean and deviation followed by torchvision's `transform_input` come to it
    widths = (2048, 768)

    @property
    def title(self) -> str:
        return "Inception-v3 (ImageNet)"

    @property
    def at_hand(self) -> bool:
        return hub_file(ADDRESS).is_file()

    def body_layers(self) -> torch.nn.Module:
        from torchvision.models import Inception3

        made: torch.nn.Module = Inception3(init_weights=False, dropout=0.0)
        for last in ("fc", "AuxLogits.fc"):
            made.set_submodule(last, torch.nn.Identity())
        return made

    def body_weights(self, rng: torch.Generator | None = None) -> State:
        """Return the published state, downloaded if it is not in torch's hub cache yet."""
        from bench.networks.layers.weights_file import read_weights

        path = hub_file(ADDRESS)
        if not path.is_file():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                torch.hub.download_url_to_file(ADDRESS, str(path), ADDRESS[-12:-4], progress=False)
            except (OSError, RuntimeError) as error:
                raise UserError(
                    f"the network inception_v3 needs {ADDRESS}, which cannot be downloaded ({error}); "
                    f"put that file at {path}, or choose efficientnet_lite0"
                ) from error
        return {name: value for name, value in read_weights(path).items() if not name.startswith(UNUSED)}
