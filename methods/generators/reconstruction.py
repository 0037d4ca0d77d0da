"""BAGAN's autoencoder and BAGAN-GP's supervised one: what their adversarial trainings start from."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from bench.images import ImageSet
from bench.methods.generators.blueprints import Blueprint
from bench.methods.generators.latents import Gaussians
from bench.methods.generators.networks import Encoder, ImageGenerator, Told, drawn_encoder, drawn_generator
from bench.methods.generators.recipe import Dice, Recipe, below, prefixed
from bench.methods.generators.settings import AutoencoderSettings
from bench.stage import Tensors
from bench.streams import Streams
from bench.training.device import Device

BATCH = 256  # images encoded at once


@dataclass(frozen=True)
class Shape:
    """What a generator and its autoencoder have in common."""

    blueprint: Blueprint
    size: int
    width: float
    n_classes: int


class Reconstruction(Recipe):
    """Encoder and decoder trained to give an image back: Dec(Enc(x)), or Dec(Enc(x) * Emb(y)) where supervised."""

    losses = ("reconstruction_loss",)

    def __init__(self, settings: AutoencoderSettings, shape: Shape, streams: Streams, device: Device) -> None:
        rng = streams.torch("stage", use="initialisation")
        told: Told = "product" if settings.supervised else "nothing"
        self.distance = F.mse_loss if settings.distance == "squared" else F.l1_loss
        encoder = drawn_encoder(shape.blueprint, shape.size, shape.width, rng)
        decoder = drawn_generator(shape.blueprint, shape.size, shape.width, shape.n_classes, told, rng)
        super().__init__(settings, {"encoder": encoder, "generator": decoder}, device)

    def step(self, images: Tensor, labels: Tensor, number: int, dice: Dice) -> Tensor:
        made = self.networks["generator"](self.networks["encoder"](images), labels)
        return torch.stack([self.descend(self.distance(made, images), "encoder", "generator")])

    def artifact(self) -> dict[str, Tensor]:
        return super().artifact() | prefixed("encoder", self.networks["encoder"].state_dict())


@dataclass(frozen=True, eq=False)
class TrainedAutoencoder:
    """An autoencoder as its stage leaves it: weights to start from, and latents of images."""

    tensors: Tensors
    shape: Shape
    device: Device

    def start(self, decoder: ImageGenerator) -> None:
        """Give a generator the decoder's weights."""
        decoder.load_state_dict(below(self.tensors, "generator"))

    @property
    def trunk(self) -> dict[str, Tensor]:
        """The encoder's convolutions."""
        return below(self.tensors, "encoder.trunk")

    def gaussians(self, train: ImageSet) -> Gaussians:
        """Return the class-conditional distributions of the latents of images at this size, dropout switched off."""
        encoder = Encoder(self.shape.blueprint, self.shape.size, self.shape.width)
        encoder.load_state_dict(below(self.tensors, "encoder"))
        frozen = self.device.model(encoder).eval()
        with torch.no_grad():
            positions = torch.arange(len(train)).split(BATCH)
            latents = torch.cat([frozen(self.device.images(train.batch(batch)[0])) for batch in positions])
        return Gaussians.fitted(latents, train.labels.to(latents.device), train.n_classes)
