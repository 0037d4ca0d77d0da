"""Two ways to the features of training images: anew for every batch, or once for all epochs."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from bench.images import ImageSet
from bench.judging.judge import BATCH
from bench.networks.layers.body import Body, resized
from bench.training.device import Device


class View(Protocol):
    """Images of one set as a body sees them."""

    def __call__(self, positions: Tensor, mirrored: Tensor) -> tuple[Tensor, ...]:
        """Return what the body returns for the images at `positions` (n,), those in `mirrored` (n,) mirrored."""


class Anew:
    """Every batch goes through the body, so that gradients reach its layers; images are resized once, to uint8."""

    def __init__(self, images: ImageSet, body: Body, device: Device) -> None:
        self.body, self.device = body, device
        self.pixels = torch.cat([self._stored(images, batch) for batch in torch.arange(len(images)).split(BATCH)])

    def __call__(self, positions: Tensor, mirrored: Tensor) -> tuple[Tensor, ...]:
        """Return what the body returns, with its gradient."""
        pixels = self.pixels[positions]
        turned = torch.where(mirrored[:, None, None, None], pixels.flip(-1), pixels)
        branches: tuple[Tensor, ...] = self.body(self.device.images(turned))
        return branches

    def _stored(self, images: ImageSet, positions: Tensor) -> Tensor:
        pixels = images.batch(positions)[0].float()
        return resized(pixels, self.body.architecture.input_size).round().to(torch.uint8)


class Remembered:
    """The features of every image and of its mirror image, computed once: enough where the body does not change."""

    def __init__(self, view: Anew) -> None:
        view.body.eval()
        everything = torch.arange(len(view.pixels)).split(BATCH)
        with torch.no_grad():
            self.features = [
                torch.cat([view(batch, torch.full(batch.shape, side))[0] for batch in everything])
                for side in (False, True)
            ]

    def __call__(self, positions: Tensor, mirrored: Tensor) -> tuple[Tensor, ...]:
        """Return the features alone (auxiliary branches have no part in this), without gradient."""
        plain, turned = (features[positions] for features in self.features)
        return (torch.where(mirrored[:, None].to(plain.device), turned, plain),)
