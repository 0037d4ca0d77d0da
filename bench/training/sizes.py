"""Images at another side: one rule for all that reduces or enlarges them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from bench.images import ImageSet

AT_ONCE = 64  # images


def reduced(images: ImageSet, size: int | None) -> ImageSet:
    """Return a set with its images reduced to a side; as it is where there is none."""
    if size is None:
        return images
    batches = images.pixels[images.rows].split(AT_ONCE)
    small = torch.cat([as_pixels(at_size(batch.float() / 127.5 - 1, size)) for batch in batches])
    return ImageSet.of(small, images.labels, images.n_classes)


def at_size(images: Tensor, size: int) -> Tensor:
    """Return images (N, 3, H, W) in [-1, 1] at a side, bicubic with antialiasing, as every image is resized."""
    if images.shape[-2:] == (size, size):
        return images
    return F.interpolate(images, size=(size, size), mode="bicubic", antialias=True).clamp(-1, 1)


def as_pixels(images: Tensor) -> Tensor:
    """Return images in [-1, 1] as contiguous uint8 on the CPU."""
    return images.add(1).mul(127.5).round_().clamp_(0, 255).to("cpu", torch.uint8).contiguous()
