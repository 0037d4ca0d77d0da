"""The image pool: a discriminator is shown earlier fakes as well as the newest (Shrivastava et al. 2017)."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.training.device import Device


class ImagePool:
    """Up to `size` earlier fakes. While it fills, fakes pass through; then half of them are swapped for an old one."""

    def __init__(self, size: int, rng: torch.Generator) -> None:
        self.size, self.rng = size, rng
        self.images: list[Tensor] = []

    def query(self, fakes: Tensor) -> Tensor:
        """Return as many fakes (N, 3, H, W) as were given, some of them old."""
        return torch.stack([self._shown(fake) for fake in fakes.detach()]) if self.size else fakes.detach()

    def _shown(self, fake: Tensor) -> Tensor:
        if len(self.images) < self.size:
            self.images.append(fake.clone())
            return fake
        swap, place = torch.rand(2, generator=self.rng).tolist()
        if swap < 0.5:
            return fake
        k = int(place * self.size)
        old, self.images[k] = self.images[k], fake.clone()
        return old

    def state(self) -> dict[str, Tensor]:
        """Return the images and the random state, as tensors."""
        kept = {"images": torch.stack(self.images).contiguous()} if self.images else {}
        return kept | {"rng": self.rng.get_state()}

    def restore(self, state: dict[str, Tensor], device: Device) -> None:
        """Go on from a state, its images where new ones will be."""
        images = state["images"].to(device.torch, memory_format=torch.channels_last) if "images" in state else ()
        self.images = list(images)
        self.rng.set_state(state["rng"])
