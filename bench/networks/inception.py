"""Inception-v3 with torchvision's ImageNet weights, the paper's judge."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from bench.errors import UserError
from bench.networks.body import Architecture
from bench.networks.weights_file import read_weights

ADDRESS = "https://download.pytorch.org/models/inception_v3_google-0cc3c7bd.pth"


class InceptionV3(nn.Module):
    """The layers up to the pooled 2,048 features, and those of the auxiliary branch up to its 768."""

    def __init__(self) -> None:
        super().__init__()
        from torchvision.models import Inception3  # here, for it takes long to import

        with torch.device("meta"):
            self.network = Inception3(init_weights=False, dropout=0.0)
        self.network.fc = self.network.AuxLogits.fc = nn.Identity()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return features (N, 2048) of normalised images (N, 3, 299, 299); in training also the auxiliary (N, 768)."""
        returned = self.network(x)
        return tuple(returned) if self.training else (returned,)


def file() -> Path:
    """Return where torch's hub keeps the weights, there or not."""
    return Path(torch.hub.get_dir(), "checkpoints", ADDRESS.rsplit("/", 1)[-1])


def weights() -> dict[str, Tensor]:
    """Return the published state without its 1000-way layers, downloaded if it is not in torch's hub cache yet.

    Raises
    ------
    UserError
        It cannot be downloaded, or the file is damaged.
    """
    path = file()
    if not path.is_file():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(ADDRESS, str(path), ADDRESS[-12:-4], progress=False)
        except (OSError, RuntimeError) as error:
            raise UserError(
                f"the evaluator inception_v3 needs {ADDRESS}, which cannot be downloaded ({error}); "
                f"put that file at {path}, or choose efficientnet_lite0"
            ) from error
    unused = ("fc.", "AuxLogits.fc.")
    return {f"network.{name}": value for name, value in read_weights(path).items() if not name.startswith(unused)}


INCEPTION_V3 = Architecture(
    name="inception_v3",
    title="Inception-v3 (ImageNet)",
    input_size=299,
    # ImageNet's mean and deviation followed by torchvision's `transform_input` come to this.
    mean=0.5,
    std=0.5,
    widths=(2048, 768),
    layers=InceptionV3,
    weights=weights,
    at_hand=lambda: file().is_file(),
)
