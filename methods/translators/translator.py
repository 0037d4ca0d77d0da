"""A trained translator at work, and the whole training set translated by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.images import ImageSet
from bench.methods.translators.cyclegan import part
from bench.methods.translators.networks import Generator
from bench.methods.translators.settings import CycleGANSettings
from bench.methods.translators.training import majority_and_minority
from bench.stage import Tensors
from bench.training.device import Device
from bench.training.sizes import as_pixels, at_size

BATCH = 4  # images translated at once
MULTIPLE = 4  # a generator halves a side twice


class PairTranslator:
    """Both generators of a CycleGAN, frozen."""

    def __init__(self, networks: Mapping[int, nn.Module], dtype: torch.dtype, scale: float = 1.0) -> None:
        self.networks, self.dtype, self.scale = networks, dtype, scale

    def translate(self, images: Tensor, source: int) -> Tensor:
        """Return images (N, 3, H, W) of class `source`, floats in [-1, 1], as float32 images of the other class.

        Where the generators were trained on reduced images, they see these reduced as much.
        """
        if self.scale != 1:
            side = images.shape[-1]
            small = at_size(images, round(side * self.scale))
            return at_size(self._translated(small, source), side)
        return self._translated(images, source)

    def _translated(self, images: Tensor, source: int) -> Tensor:
        height, width = images.shape[-2:]
        missing = -width % MULTIPLE, -height % MULTIPLE
        with torch.no_grad():
            whole = F.pad(images, (0, missing[0], 0, missing[1]), mode="reflect") if any(missing) else images
            whole = whole.to(self.dtype, memory_format=torch.channels_last)
            translated = torch.cat([self.networks[source](batch) for batch in whole.split(BATCH)])
        return translated[..., :height, :width].float()


@dataclass(frozen=True, eq=False)
class TrainedCycleGAN:
    """A CycleGAN as a stage leaves it: to translate with, or to train on."""

    state: Tensors
    settings: CycleGANSettings
    labels: tuple[int, int]
    device: Device

    @property
    def scale(self) -> float:
        """The side at which it was trained, relative to that of the stored images."""
        return float(self.state["scale"]) if "scale" in self.state else 1.0

    @cached_property
    def translator(self) -> PairTranslator:
        """Its generators, frozen."""
        networks = {}
        for label, name in zip(self.labels, ("AB", "BA"), strict=True):
            network = self.device.model(Generator(self.settings.width, self.settings.blocks))
            network.load_state_dict(part(self.state, f"weights.{name}"))
            networks[label] = network.requires_grad_(False).eval()
        dtype = torch.bfloat16 if self.settings.precision == "bfloat16" else torch.float32
        return PairTranslator(networks, dtype, self.scale)

    def translate(self, images: Tensor, source: int) -> Tensor:
        """See `PairTranslator.translate`."""
        return self.translator.translate(images, source)


def opened(state: Tensors, settings: CycleGANSettings, counts: Sequence[int], device: Device) -> TrainedCycleGAN:
    """Return the CycleGAN of a state, for a task with these counts."""
    return TrainedCycleGAN(state, settings, majority_and_minority(counts), device)


def views(translator: PairTranslator, train: ImageSet, count: int, device: Device) -> Tensor:
    """Translate a training set whole, at load size: any crop of a translated image is then at hand.

    Parameters
    ----------
    count
        1: every image as it is; 2: mirrored as well, for a generator does not treat both alike.

    Returns
    -------
    Tensor
        uint8 (count * N, 3, load_size, load_size), on the CPU; row i shows image i modulo N as the other class.
    """
    out = torch.empty(count * len(train), *train.pixels.shape[1:], dtype=torch.uint8)
    for view in range(count):
        for label in range(train.n_classes):
            for positions in train.positions(label).split(BATCH):
                pixels = train.batch(positions)[0]
                mirrored = pixels.flip(-1) if view % 2 else pixels
                translated = as_pixels(translator.translate(device.images(mirrored), label))
                out[view * len(train) + positions] = translated.flip(-1) if view % 2 else translated
    return out
