"""A pretrained body: published layers behind their normalisation, alone or under a last layer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.errors import UserError
from bench.networks.layers.classifier import Classifier

AUXILIARY_WEIGHT = 0.4  # Szegedy et al. 2016, arXiv:1512.00567, as torchvision's training reference has it


class Architecture(Protocol):
    """What a body asks of the network that it belongs to, see `bench.networks.pretrained`."""

    name: str

    @property
    def input_size(self) -> int:
        """Side in pixels of what its layers take."""

    @property
    def mean(self) -> tuple[float, float, float]:
        """Of each channel, on the scale where black is 0 and white is 1."""

    @property
    def std(self) -> tuple[float, float, float]:
        """Of each channel, on that scale."""

    @property
    def trained_on(self) -> str:
        """What its weights have seen; "": nothing."""

    def body_layers(self) -> nn.Module:
        """Return the layers."""


class Body(nn.Module):
    """A network's layers behind its normalisation, without weights until a state is loaded into them."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.layers = architecture.body_layers()

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the features (N, D) of images (N, 3, H, W) in [-1, 1]; in training, auxiliary ones may follow."""
        branches = self.layers(self._normalised(resized(images, self.architecture.input_size)))
        return tuple(branches) if isinstance(branches, tuple) else (branches,)

    def train(self, mode: bool = True) -> Self:
        """Switch to training, but leave the statistics of batch normalisation alone if they are published.

        A few hundred images cannot re-estimate what ImageNet gave, and the network that is tested would not be the one
        that was trained: so both compute the same function, and no image's verdict depends on its batch.
        """
        super().train(mode)
        if self.architecture.trained_on:
            for layer in self.modules():
                if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                    layer.eval()
        return self

    def last_maps(self) -> str:
        """Return the name of the layer that is the last to give maps (N, C, h, w) of more than one place.

        Raises
        ------
        UserError
            No layer does.
        """
        found: list[str] = []

        def noted(name: str, output: object) -> None:
            if isinstance(output, Tensor) and output.ndim == 4 and output.shape[2] * output.shape[3] > 1:
                found.append(name)
            elif isinstance(output, Tensor) and output.ndim == 3:  # tokens: what was a map is one no longer
                found.clear()

        hooks = [
            layer.register_forward_hook(lambda _layer, _inputs, output, name=name: noted(name, output))
            for name, layer in self.layers.named_modules()
            if name
        ]
        size, weights = self.architecture.input_size, next(self.parameters())
        training = self.training
        try:
            with torch.no_grad():
                self.eval()(torch.zeros(1, 3, size, size, device=weights.device))
        finally:
            self.train(training)
            for hook in hooks:
                hook.remove()
        if not found:
            raise UserError(f"{self.architecture.name}: no layer gives maps, so Grad-CAM has nothing to show")
        return found[-1]

    def _normalised(self, images: Tensor) -> Tensor:
        means, deviations = self.architecture.mean, self.architecture.std
        scale, shift = (
            [0.5 / std for std in deviations],
            [(0.5 - mean) / std for mean, std in zip(means, deviations, strict=True)],
        )
        if len(set(scale)) == len(set(shift)) == 1:
            return images * scale[0] + shift[0]
        return images * images.new_tensor(scale)[:, None, None] + images.new_tensor(shift)[:, None, None]


class BodyAndHead(Classifier):
    """A body under a last layer, in one piece; auxiliary branches have no part in it."""

    def __init__(self, body: Body, head: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.head = head
        self._explained = ""

    def features(self, images: Tensor) -> Tensor:
        """Return the body's features (N, D) of images (N, 3, H, W) in [-1, 1]."""
        return self.body(images)[0]  # type: ignore[no-any-return]

    def explained(self) -> tuple[nn.Module, float]:
        """Return the last layer that gives maps, and slope 1: the maps are taken as they are."""
        self._explained = self._explained or self.body.last_maps()
        return self.body.layers.get_submodule(self._explained), 1.0


class Branched(BodyAndHead):
    """A body under a last layer, with one more on each of its auxiliary branches, which count while it trains."""

    def __init__(self, body: Body, head: nn.Module, auxiliary: Iterable[nn.Module]) -> None:
        super().__init__(body, head)
        self.auxiliary = nn.ModuleList(auxiliary)

    def loss(self, branches: tuple[Tensor, ...], labels: Tensor, samples: Tensor | None = None) -> Tensor:
        """Return the mean cross-entropy of what the body returned, plus 0.4 times that of each auxiliary branch.

        `samples` (N,) are weights of the images; without any, all weigh one.
        """
        weights = [1.0] + [AUXILIARY_WEIGHT] * (len(branches) - 1)
        losses = [
            weight * _mean_loss(head(features), labels, samples)
            for weight, head, features in zip(weights, (self.head, *self.auxiliary), branches, strict=False)
        ]
        return torch.stack(losses).sum()


def _mean_loss(logits: Tensor, labels: Tensor, samples: Tensor | None) -> Tensor:
    if samples is None:
        return F.cross_entropy(logits, labels)
    return (samples * F.cross_entropy(logits, labels, reduction="none")).mean()


def resized(images: Tensor, size: int) -> Tensor:
    """Return images (N, 3, H, W) as (N, 3, size, size), bilinear with antialiasing, whatever their aspect."""
    if images.shape[-2:] == (size, size):
        return images
    return F.interpolate(images, size=(size, size), mode="bilinear", antialias=True)
