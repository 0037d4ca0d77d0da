"""A trained generator at work: images of wanted classes, from noise that a stream gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from bench.errors import StoreError
from bench.methods.generators.latents import Latents
from bench.training.device import Device

BATCH = 128  # images at once


class TrainedGenerator:
    """A frozen generator (`bench.stage.Generator`).

    Parameters
    ----------
    conditional
        False: the classes asked for are not listened to; as many images are drawn as labels are given.
    native
        The noise that a generator was trained on that no class is told; None: it is told one.
    """

    def __init__(
        self,
        network: nn.Module,
        latents: Latents,
        image_size: int,
        n_classes: int,
        device: Device,
        conditional: bool = True,
        native: Latents | None = None,
    ) -> None:
        self.network = device.model(network).requires_grad_(False).eval()
        self.latents, self.device, self.conditional = latents, device, conditional
        self.image_size, self.n_classes, self.native = image_size, n_classes, native

    def generate(self, labels: Tensor, rng: torch.Generator) -> Tensor:
        """Return an image of each class in `labels`, int64 (N,), float32 (N, 3, S, S) in [-1, 1], on the device.

        Raises
        ------
        ValueError
            A label is not one of the classes it was trained on.
        """
        labels = labels.cpu()
        if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < self.n_classes:
            raise ValueError(f"labels must be 0 to {self.n_classes - 1}, some are {labels.unique().tolist()}")
        return self._made(labels, self.latents, rng)

    def unasked(self, count: int, rng: torch.Generator) -> Tensor | None:
        """Return images as they come, whatever classes they are of; None where a generator makes what it is asked for.

        Shapes are those of `generate`.
        """
        if self.native is None:
            return None
        return self._made(torch.zeros(count, dtype=torch.int64), self.native, rng)

    def _made(self, labels: Tensor, latents: Latents, rng: torch.Generator) -> Tensor:
        made = [torch.zeros(0, 3, self.image_size, self.image_size, device=self.device.torch)]
        with torch.no_grad():
            noise = latents(labels, rng)
            for some, batch in zip(noise.split(BATCH), labels.split(BATCH), strict=True) if len(labels) else ():
                made.append(self.network(some.to(self.device.torch), batch.to(self.device.torch)))
        return torch.cat(made).clamp(-1, 1)  # a weighted mean may end a rounding error beyond


def marks(counts: Sequence[int], size: int) -> dict[str, Tensor]:
    """Return what an artifact tells of the task that it was trained on."""
    return {"made.counts": torch.tensor(list(counts), dtype=torch.int64), "made.image_size": torch.tensor([size])}


def check_marks(name: str, tensors: Mapping[str, Tensor], counts: Sequence[int], size: int) -> None:
    """Refuse an artifact of another task or size.

    Raises
    ------
    StoreError
        Number, counts or order of the classes, or the side of the images, are others; the text names the stage.
    """
    made, side = tensors["made.counts"].tolist(), int(tensors["made.image_size"])
    if len(made) != len(counts):
        raise StoreError(f"{name}: this generator has {len(made)} classes, the task has {len(counts)}")
    if side != size:
        raise StoreError(f"{name}: this generator makes images of {side} pixels, its settings say {size}")
    if made != list(counts):
        theirs, ours = (":".join(map(str, values)) for values in (made, counts))
        order = " (the same classes in another order)" if sorted(made) == sorted(counts) else ""
        raise StoreError(f"{name}: this generator was trained on {theirs} images, the task has {ours}{order}")
